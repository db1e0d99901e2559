#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "station/screen.h"

/* A terminal that understands what draw.c writes: positions, colours (dropped), erasing. */
enum { COLUMNS = 200, ROWS = 60 };
struct terminal {
    char cell[ROWS][COLUMNS + 1];
    int row, column, most_row, most_column;
};

static void terminal_escape(struct terminal *t, const char **at)
{
    int row = 1, column = 1;
    char end = 0;
    const char *p = *at + 2;
    size_t n = strspn(p, "0123456789;?");
    end = p[n];
    assert_true(end == 'm' || end == 'H' || end == 'K' || end == 'J');
    if (end == 'H') {
        if (n > 0)
            assert_int_equal(sscanf(p, "%d;%d", &row, &column), 2);
        t->row = row - 1;
        t->column = column - 1;
    }
    *at = p + n + 1;
}

static void terminal_show(struct terminal *t, const struct buf *picture)
{
    *t = (struct terminal){ .most_row = -1, .most_column = -1 };
    memset(t->cell, ' ', sizeof t->cell);
    const char *at = (const char *)picture->data, *end = at + picture->len;
    while (at < end) {
        if (*at == '\033') {
            terminal_escape(t, &at);
            continue;
        }
        assert_in_range(t->row, 0, ROWS - 1);
        assert_in_range(t->column, 0, COLUMNS - 1);
        t->most_row = t->row > t->most_row ? t->row : t->most_row;
        t->most_column = t->column > t->most_column ? t->column : t->most_column;
        t->cell[t->row][t->column++] = *at++;
    }
    for (int i = 0; i < ROWS; i++)
        t->cell[i][COLUMNS] = '\0';
}

static bool shows(const struct terminal *t, const char *text)
{
    for (int i = 0; i < ROWS; i++)
        if (strstr(t->cell[i], text) != NULL)
            return true;
    return false;
}

/* All five rows of the word in block letters, below each other, each `tall` times. */
static bool shows_big(const struct terminal *t, const char *word, int wide, int tall)
{
    char rows[GLYPH_CELLS][COLUMNS + 1];
    for (unsigned row = 0; row < GLYPH_CELLS; row++) {
        size_t n = 0;
        for (const char *c = word; *c != '\0'; c++)
            for (int x = GLYPH_CELLS; x >= 0; x--)
                for (int i = 0; i < wide; i++)
                    rows[row][n++] = x > 0 && (glyph_row(*c, row) >> (x - 1) & 1) != 0 ? '#' : ' ';
        rows[row][n] = '\0';
    }
    for (int top = 0; top + GLYPH_CELLS * tall <= ROWS; top++) {
        int row = 0;
        while (row < GLYPH_CELLS * tall && strstr(t->cell[top + row], rows[row / tall]) != NULL)
            row++;
        if (row == GLYPH_CELLS * tall)
            return true;
    }
    return false;
}

static void nothing_has_a_colour_where_none_is_wanted(void **state)
{
    (void)state;
    static const char *const colours[] = { ";3", ";4", ";9", "\033[3", "\033[4", "\033[9" };
    struct bench bench = { .state = BENCH_IDLE, .advice = "" };
    for (unsigned i = 0; i < BENCH_STATE_COUNT; i++) {
        AUTO_BUF picture = BUF_INIT;
        const struct screen s = { .bench = &bench, .ready = true, .colourless = true };
        bench.state = (enum bench_state)i;
        assert_ok(screen_draw(&s, 80, 24, 5000, &picture));
        char *text = strdup(buf_text(&picture));
        text[strcspn(text, "m")] = '\0'; /* how it begins */
        for (size_t j = 0; j < sizeof colours / sizeof *colours; j++)
            assert_null(strstr(text, colours[j]));
        assert_true((strstr(text, ";7") != NULL) == (bench.state == BENCH_FAILED));
        free(text);
    }
}

static void number_of(struct device_number *number)
{
    assert_ok(number_parse(span_text("3012-000042"), number, NULL));
}

static void draw(const struct screen *s, int columns, int rows, struct terminal *ret_terminal)
{
    AUTO_BUF picture = BUF_INIT;
    assert_ok(screen_draw(s, columns, rows, 5000, &picture));
    terminal_show(ret_terminal, &picture);
}

static void each_state_shows_its_word_in_letters_to_be_read_from_two_metres(void **state)
{
    (void)state;
    static const struct {
        enum bench_state state;
        const char *word;
    } rows[] = {
        { BENCH_IDLE, "SCAN" },     { BENCH_KEYED, "AGAIN" },     { BENCH_ASKING, "WORK" },       { BENCH_ASK_WAIT, "WAIT" },
        { BENCH_FETCHING, "WORK" }, { BENCH_FETCH_WAIT, "WAIT" }, { BENCH_SENDING, "WORK" },      { BENCH_WRITING, "WORK" },
        { BENCH_CHECKING, "WORK" }, { BENCH_CHECK_WAIT, "WAIT" }, { BENCH_RESULT_ASKED, "WORK" }, { BENCH_REPORTING, "WORK" },
        { BENCH_REPORT_WAIT, "WAIT" }, { BENCH_INITIALISING, "WORK" }, { BENCH_INIT_WAIT, "WAIT" }, { BENCH_PASSED, "PASS" },
        { BENCH_FAILED, "FAIL" },
    };
    assert_int_equal(sizeof rows / sizeof *rows, BENCH_STATE_COUNT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b = { .state = rows[i].state, .advice = "" };
        struct screen s = { .bench = &b, .ready = true };
        struct terminal *t = malloc(sizeof *t);
        draw(&s, 80, 24, t);
        if (!shows_big(t, rows[i].word, 2, 2))
            fail_msg("%s does not show %s", bench_state_row(rows[i].state)->name, rows[i].word);
        free(t);
    }
}

static void a_failure_says_number_reason_and_what_to_do(void **state)
{
    (void)state;
    struct bench b = { .state = BENCH_FAILED, .err = ERR_NOT_PLANNED, .advice = "Put the device aside." };
    struct screen s = { .bench = &b, .ready = true, .passed = 12, .failed = 3, .station = "line-1", .line = "A" };
    struct terminal *t = malloc(sizeof *t);
    number_of(&b.number);
    why_set(&b.why, ERR_NOT_PLANNED, "this number is not in the production plan");
    draw(&s, 80, 24, t);
    assert_true(shows_big(t, "3012-000042", 1, 1));
    assert_true(shows(t, "this number is not in the production plan"));
    assert_true(shows(t, "Put the device aside."));
    assert_true(shows(t, "PASS 12  FAIL 3"));
    assert_true(shows(t, "line-1  line A"));
    free(t);
}

static void work_says_which_step_and_how_long(void **state)
{
    (void)state;
    struct bench b = { .state = BENCH_FETCHING, .started_ms = 2000 };
    struct screen s = { .bench = &b, .ready = true };
    struct terminal *t = malloc(sizeof *t);
    number_of(&b.number);
    draw(&s, 80, 24, t);
    assert_true(shows(t, "S5  fetching the identity from the factory server  (3 s)"));
    free(t);
}

static void nothing_is_written_outside_of_the_terminal(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 200, 60 }, { 132, 43 }, { 80, 24 }, { 72, 22 }, { 40, 12 }, { 20, 6 }, { 8, 3 }, { 1, 1 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (unsigned at = 0; at < BENCH_STATE_COUNT; at++) {
            struct bench b = { .state = (enum bench_state)at, .advice = "Tell the shift leader, and put the device aside." };
            struct screen s = { .bench = &b, .ready = true, .note = "a note that is far longer than a narrow terminal is wide" };
            struct terminal *t = malloc(sizeof *t);
            number_of(&b.number);
            number_of(&b.keyed);
            memset(b.why.text, 'x', sizeof b.why.text - 1);
            draw(&s, sizes[i][0], sizes[i][1], t);
            if (t->most_column >= sizes[i][0] || t->most_row >= sizes[i][1])
                fail_msg("%s at %d x %d writes to column %d, row %d", bench_state_row(b.state)->name, sizes[i][0], sizes[i][1],
                         t->most_column + 1, t->most_row + 1);
            free(t);
        }
}

/* What screen.c prints while `fn` runs. */
static void capture(void (*fn)(struct screen *s, struct bench *b), char ret_text[1024])
{
    char path[] = "/tmp/nameplate-screen-XXXXXX";
    int file = mkstemp(path), out = dup(STDOUT_FILENO);
    struct bench b = { .state = BENCH_IDLE };
    struct screen s;
    assert_true(file >= 0 && out >= 0);
    number_of(&b.number);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    screen_open(&s, "plain", "line-1", &b);
    fn(&s, &b);
    screen_close(&s);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    ssize_t n = pread(file, ret_text, 1023, 0);
    ret_text[n < 0 ? 0 : n] = '\0';
    close(file);
    close(out);
    unlink(path);
}

static void a_shift(struct screen *s, struct bench *b)
{
    screen_waiting(s, "connection refused");
    screen_waiting(s, "connection refused"); /* told once */
    screen_ready(s, "A");
    b->state = BENCH_FETCHING;
    screen_state(s, b, 1000);
    b->state = BENCH_PASSED;
    b->started_ms = 1000;
    screen_state(s, b, 2500);
    screen_pass(s, b, 2500);
    b->already = true;
    screen_pass(s, b, 2500);
    b->state = BENCH_FAILED;
    b->err = ERR_NOT_PLANNED;
    b->advice = "Put it aside.";
    why_set(&b->why, ERR_NOT_PLANNED, "not planned");
    screen_fail(s, b);
    screen_misread(s, ERR_BAD_NUMBER, &(struct why){ "no number" });
    screen_note(s, "busy");
    screen_tick(s, 3000);
    assert_int_equal(s->passed, 2);
    assert_int_equal(s->failed, 1);
}

static void without_a_terminal_there_is_a_plain_line_for_each_thing(void **state)
{
    (void)state;
    char text[1024];
    capture(a_shift, text);
    assert_string_equal(text, "WAIT the factory server does not answer yet: connection refused\n"
                              "STEP - S3 waiting for a scan on line A\n"
                              "STEP 3012-000042 S5 fetching the identity from the factory server\n"
                              "PASS 3012-000042 1.5 s\n"
                              "PASS 3012-000042 already\n"
                              "FAIL 3012-000042 NOT_PLANNED not planned; Put it aside.\n"
                              "FAIL - BAD_NUMBER no number\n"
                              "NOTE busy\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_shows_its_word_in_letters_to_be_read_from_two_metres),
        cmocka_unit_test(nothing_has_a_colour_where_none_is_wanted),
        cmocka_unit_test(a_failure_says_number_reason_and_what_to_do),
        cmocka_unit_test(work_says_which_step_and_how_long),
        cmocka_unit_test(nothing_is_written_outside_of_the_terminal),
        cmocka_unit_test(without_a_terminal_there_is_a_plain_line_for_each_thing),
    };
    return cmocka_run_group_tests_name("draw", tests, NULL, NULL);
}
