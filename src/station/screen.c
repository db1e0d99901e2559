#include "station/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

static struct termios former; /* of the one terminal that a process has */
static bool former_known;

static bool locale_is_utf8(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0')
            return strstr(value, "UTF-8") != NULL || strstr(value, "utf8") != NULL;
    }
    return false;
}

static void put(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

/* A scanner that types into the terminal must not write across the picture. */
static void hide_typing(void)
{
    if (tcgetattr(STDIN_FILENO, &former) != 0)
        return;
    former_known = true;
    struct termios t = former;
    t.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &t) != 0)
        former_known = false;
}

/* Somebody looks at it, on a terminal that knows more than lines. */
static bool is_screen(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

void screen_open(struct screen *s, const char *mode, const char *station, const struct bench *bench)
{
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org */
    *s = (struct screen){ .bench = bench, .utf8 = locale_is_utf8(), .colourless = no_colour != NULL && *no_colour != '\0' };
    snprintf(s->station, sizeof s->station, "%.*s", LIMIT_NAME, station);
    s->full = strcmp(mode, "full") == 0 || (strcmp(mode, "auto") == 0 && is_screen());
    if (!s->full)
        return;
    hide_typing();
    put("\033[?1049h\033[?25l");
}

void screen_close(struct screen *s)
{
    if (!s->full)
        return;
    put("\033[0m\033[?25h\033[?1049l");
    if (former_known && tcsetattr(STDIN_FILENO, TCSANOW, &former) == 0)
        former_known = false;
    s->full = false;
}

static void redraw(const struct screen *s, int64_t now_ms)
{
    struct winsize size = { .ws_col = 80, .ws_row = 24 };
    AUTO_BUF picture = BUF_INIT;
    if (!s->full)
        return;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
    if (screen_draw(s, s->columns != 0 ? s->columns : size.ws_col, s->rows != 0 ? s->rows : size.ws_row, now_ms, &picture) != OK)
        return;
    fwrite(picture.data, 1, picture.len, stdout);
    fflush(stdout);
}

static void print_line(const struct screen *s, const char *line)
{
    if (s->full)
        return;
    fputs(line, stdout);
    fputc('\n', stdout);
    fflush(stdout);
}

void screen_waiting(struct screen *s, const char *reason)
{
    char line[WHY_MAX + 64];
    if (strcmp(s->note, reason) == 0)
        return;
    snprintf(s->note, sizeof s->note, "%s", reason);
    snprintf(line, sizeof line, "WAIT the factory server does not answer yet: %s", reason);
    print_line(s, line);
    redraw(s, clock_mono_ms());
}

void screen_ready(struct screen *s, const char *line_name)
{
    char line[128];
    s->ready = true;
    s->note[0] = '\0';
    snprintf(s->line, sizeof s->line, "%.*s", LIMIT_NAME, line_name);
    snprintf(line, sizeof line, "STEP - S3 waiting for a scan on line %s", s->line);
    print_line(s, line);
    redraw(s, clock_mono_ms());
}

void screen_state(struct screen *s, const struct bench *b, int64_t now_ms)
{
    const struct bench_state_row *row = bench_state_row(b->state);
    char line[WHY_MAX + 256];
    bool waiting = b->state == BENCH_ASK_WAIT || b->state == BENCH_FETCH_WAIT || b->state == BENCH_CHECK_WAIT ||
                   b->state == BENCH_REPORT_WAIT || b->state == BENCH_INIT_WAIT;
    snprintf(s->note, sizeof s->note, "%s", waiting ? b->note.text : "");
    if (b->state == BENCH_KEYED)
        snprintf(line, sizeof line, "KEY %s key the same number in again", b->keyed.text);
    else
        snprintf(line, sizeof line, "STEP %s %s %s%s%s", b->number.text, row->step, row->text, s->note[0] == '\0' ? "" : ": ", s->note);
    if (b->state != BENCH_IDLE && b->state != BENCH_PASSED && b->state != BENCH_FAILED)
        print_line(s, line);
    redraw(s, now_ms);
}

void screen_note(struct screen *s, const char *text)
{
    char line[WHY_MAX + 16];
    snprintf(s->note, sizeof s->note, "%s", text);
    snprintf(line, sizeof line, "NOTE %s", text);
    print_line(s, line);
    redraw(s, clock_mono_ms());
}

void screen_misread(struct screen *s, enum err err, const struct why *why)
{
    char line[WHY_MAX + 64];
    snprintf(s->note, sizeof s->note, "%s", why_text(why, err));
    snprintf(line, sizeof line, "FAIL - %s %s", err_row(err)->name, why_text(why, err));
    print_line(s, line);
    redraw(s, clock_mono_ms());
}

void screen_pass(struct screen *s, const struct bench *b, int64_t now_ms)
{
    char line[128];
    s->passed++;
    if (b->already)
        snprintf(line, sizeof line, "PASS %s already", b->number.text);
    else
        snprintf(line, sizeof line, "PASS %s %.1f s", b->number.text, (double)(now_ms - b->started_ms) / 1000.0);
    print_line(s, line);
    redraw(s, now_ms);
}

void screen_fail(struct screen *s, const struct bench *b)
{
    char line[2 * WHY_MAX];
    s->failed++;
    snprintf(line, sizeof line, "FAIL %s %s %s; %s", b->number.text, err_row(b->err)->name, why_text(&b->why, b->err), b->advice);
    print_line(s, line);
    redraw(s, clock_mono_ms());
}

void screen_tick(struct screen *s, int64_t now_ms) { redraw(s, now_ms); }
