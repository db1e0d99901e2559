/* The picture: plain ANSI, no knowledge of any terminal but its size. From top to bottom a status line, the word
 * in block letters, the number in block letters, what goes on, the reason and what to do. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "station/screen.h"

struct look {
    const char *word;   /* in block letters; at most 8 characters for 80 columns */
    const char *colour; /* SGR */
    const char *plain;  /* SGR without colours: what somebody must see from afar is in reverse video */
};

static struct look choose_look(const struct screen *s)
{
    switch (s->bench->state) {
    case BENCH_IDLE: return s->ready ? (struct look){ "SCAN", "0;1", "0;1" } : (struct look){ "WAIT", "0;30;43", "0" };
    case BENCH_KEYED: return (struct look){ "AGAIN", "0;30;46", "0" };
    case BENCH_PASSED: return (struct look){ "PASS", "0;1;97;42", "0;1" };
    case BENCH_FAILED: return (struct look){ "FAIL", "0;1;97;41", "0;1;7" };
    case BENCH_ASK_WAIT:
    case BENCH_FETCH_WAIT:
    case BENCH_CHECK_WAIT:
    case BENCH_REPORT_WAIT:
    case BENCH_INIT_WAIT: return (struct look){ "WAIT", "0;30;43", "0" };
    case BENCH_ASKING:
    case BENCH_FETCHING:
    case BENCH_SENDING:
    case BENCH_WRITING:
    case BENCH_CHECKING:
    case BENCH_RESULT_ASKED:
    case BENCH_REPORTING:
    case BENCH_INITIALISING: return (struct look){ "WORK", "0;1;97;44", "0" };
    case BENCH_STATE_COUNT:
    default: return (struct look){ "?", "0", "0" };
    }
}

struct canvas {
    struct buf *to;
    int columns, rows, at; /* at: rows written so far */
    bool utf8;
    enum err err;
};

static void put(struct canvas *c, const char *text)
{
    if (c->err == OK)
        c->err = buf_put_text(c->to, text);
}

/* One row of text, cut and centred; the rest of the row takes the background too. */
static void put_row(struct canvas *c, const char *text)
{
    int n = (int)strlen(text);
    if (c->at >= c->rows || c->err != OK)
        return;
    n = n > c->columns ? c->columns : n;
    int left = (c->columns - n) / 2;
    c->err = buf_putf(c->to, "\033[%d;1H%*s%.*s\033[K", c->at + 1, left, "", n, text);
    c->at++;
}

static void put_glyph_row(struct canvas *c, const char *text, unsigned row, int scale)
{
    const char *cell = c->utf8 ? "\xe2\x96\x88" : "#";
    for (const char *at = text; *at != '\0'; at++) {
        uint8_t bits = glyph_row(*at, row);
        for (int x = GLYPH_CELLS - 1; x >= -1; x--) /* a blank column behind each letter */
            for (int i = 0; i < scale; i++)
                put(c, x >= 0 && (bits >> x & 1) != 0 ? cell : " ");
    }
}

/* A text in block letters, each cell scale columns wide and scale_y rows high. */
static void put_big(struct canvas *c, const char *text, int scale, int scale_y)
{
    int width = (int)strlen(text) * (GLYPH_CELLS + 1) * scale - scale;
    if (width > c->columns) {
        put_row(c, text);
        return;
    }
    for (unsigned row = 0; row < GLYPH_CELLS; row++) {
        for (int i = 0; i < scale_y && c->at < c->rows; i++) {
            if (c->err == OK)
                c->err = buf_putf(c->to, "\033[%d;1H%*s", c->at + 1, (c->columns - width) / 2, "");
            put_glyph_row(c, text, row, scale);
            put(c, "\033[K");
            c->at++;
        }
    }
}

static void put_head(struct canvas *c, const struct screen *s)
{
    char clock[CLOCK_TEXT_SIZE], left[200], line[512];
    int32_t minute = clock_local_minute(clock_wall_s());
    snprintf(clock, sizeof clock, "%02d:%02d", (int)(minute / 60), (int)(minute % 60));
    snprintf(left, sizeof left, " %.60s  line %.60s", s->station, s->line[0] == '\0' ? "-" : s->line);
    int room = c->columns > 40 ? c->columns - 34 : 6;
    snprintf(line, sizeof line, "%-*.*s PASS %u  FAIL %u  %s ", room, room, left, s->passed, s->failed, clock);
    put_row(c, line);
}

/* A long sentence over at most two rows, broken at a space. */
static void put_sentence(struct canvas *c, const char *text)
{
    size_t room = (size_t)(c->columns > 4 ? c->columns - 4 : 1), cut = strlen(text);
    char row[512];
    if (cut > room) {
        for (cut = room; cut > room / 2 && text[cut] != ' ';)
            cut--;
    }
    snprintf(row, sizeof row, "%.*s", (int)cut, text);
    put_row(c, row);
    if (text[cut] != '\0')
        put_row(c, text + cut + (text[cut] == ' ' ? 1 : 0));
}

static void put_what(struct canvas *c, const struct screen *s, int64_t now_ms)
{
    const struct bench *b = s->bench;
    char line[2 * WHY_MAX];
    switch (b->state) {
    case BENCH_IDLE:
        put_sentence(c, s->ready ? "Scan the nameplate of the device on the bench."
                                 : "The factory server does not answer yet. Trying again.");
        break;
    case BENCH_KEYED: put_sentence(c, "Key the same number in a second time."); break;
    case BENCH_PASSED:
        put_sentence(c, b->already ? "It had its identity already. Take the device off the bench." : "Take the device off the bench.");
        break;
    case BENCH_FAILED:
        put_sentence(c, why_text(&b->why, b->err));
        put_row(c, "");
        put_sentence(c, b->advice);
        break;
    case BENCH_ASKING:
    case BENCH_ASK_WAIT:
    case BENCH_FETCHING:
    case BENCH_FETCH_WAIT:
    case BENCH_SENDING:
    case BENCH_WRITING:
    case BENCH_CHECKING:
    case BENCH_CHECK_WAIT:
    case BENCH_RESULT_ASKED:
    case BENCH_REPORTING:
    case BENCH_REPORT_WAIT:
    case BENCH_INITIALISING:
    case BENCH_INIT_WAIT:
    case BENCH_STATE_COUNT:
    default:
        snprintf(line, sizeof line, "%s  %s  (%lld s)", bench_state_row(b->state)->step, bench_state_row(b->state)->text,
                 (long long)((now_ms - b->started_ms) / 1000));
        put_sentence(c, line);
        break;
    }
    put_row(c, "");
    put_sentence(c, s->note);
}

enum err screen_draw(const struct screen *s, int columns, int rows, int64_t now_ms, struct buf *to)
{
    const struct look look = choose_look(s);
    struct canvas c = { .to = to, .columns = columns, .rows = rows, .utf8 = s->utf8, .err = OK };
    const char *number = s->bench->state == BENCH_IDLE ? "" : s->bench->state == BENCH_KEYED ? s->bench->keyed.text : s->bench->number.text;
    int tall = rows >= 40 ? 3 : rows >= 22 ? 2 : 1, wide = columns >= 120 ? 3 : columns >= 72 ? 2 : 1;
    if ((int)strlen(look.word) * (GLYPH_CELLS + 1) * wide > columns)
        wide = 1;
    put(&c, "\033[");
    put(&c, s->colourless ? look.plain : look.colour);
    put(&c, "m\033[H");
    put_head(&c, s);
    put_row(&c, "");
    put_big(&c, look.word, wide, tall);
    put_row(&c, "");
    if (number[0] != '\0' && rows >= 20)
        put_big(&c, number, columns >= 160 ? 2 : 1, 1);
    else
        put_row(&c, number);
    put_row(&c, "");
    put_what(&c, s, now_ms);
    put(&c, "\033[J");
    return c.err;
}
