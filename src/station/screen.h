/* What the operator sees: the whole terminal, readable from two metres, or plain lines for scripts and logs.
 *
 * Plain lines, one per thing that happens (doc/protocol/bench.md):
 *   STEP NUMBER S5 text      KEY NUMBER text      NOTE text      WAIT text
 *   PASS NUMBER SECONDS      PASS NUMBER already
 *   FAIL NUMBER CODE reason; what to do           (NUMBER is - when the scan could not be read) */
#ifndef STATION_SCREEN_H
#define STATION_SCREEN_H

#include "base/buf.h"
#include "station/bench.h"

enum { GLYPH_CELLS = 5 };

struct screen {
    bool full, utf8;
    bool colourless; /* $NO_COLOR: shown by bold and reverse video alone */
    bool ready;
    char station[LIMIT_NAME + 1], line[LIMIT_NAME + 1];
    unsigned passed, failed; /* of the shift: since the program started */
    char note[WHY_MAX];
    const struct bench *bench;
    int columns, rows; /* 0: asked of the terminal */
};

/* mode: "auto", "full", "plain". */
void screen_open(struct screen *s, const char *mode, const char *station, const struct bench *bench);
void screen_close(struct screen *s); /* the terminal as it was */

void screen_waiting(struct screen *s, const char *reason); /* for the factory server, before the first scan */
void screen_ready(struct screen *s, const char *line);
void screen_state(struct screen *s, const struct bench *b, int64_t now_ms);
void screen_note(struct screen *s, const char *text);
void screen_misread(struct screen *s, enum err err, const struct why *why);
void screen_pass(struct screen *s, const struct bench *b, int64_t now_ms);
void screen_fail(struct screen *s, const struct bench *b);
void screen_tick(struct screen *s, int64_t now_ms); /* once a second: clock and seconds */

/* draw.c: one whole picture as bytes for a terminal of columns x rows. Errors: those of buf_put. */
enum err screen_draw(const struct screen *s, int columns, int rows, int64_t now_ms, struct buf *to) MUST_CHECK;

/* glyph.c: the cells of a character's row, bit 4 the left one; those of '?' for one that has none. */
uint8_t glyph_row(char c, unsigned row);

#endif
