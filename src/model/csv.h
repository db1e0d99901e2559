/* Tables as CSV, the way spreadsheets write them: comma or semicolon (the first line that holds one decides), byte
 * order mark, CRLF, quoted fields, blank lines, one header line. Mistakes are collected with line and column, so that
 * whoever made the file can mend all of them at once. */
#ifndef MODEL_CSV_H
#define MODEL_CSV_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum { CSV_FIELDS = 16, CSV_TEXT = 256, CSV_MISTAKES = 100 };

struct csv_mistake {
    size_t line, column; /* from 1; columns count characters, not bytes */
    struct why why;
};
struct csv_mistakes {
    struct csv_mistake *list; /* owned */
    size_t n;
    bool more; /* there were further ones, beyond CSV_MISTAKES */
};
void csv_mistakes_done(struct csv_mistakes *mistakes); /* frees; NULL is fine */
/* Errors: NO_MEMORY. */
enum err csv_note(struct csv_mistakes *mistakes, size_t line, size_t column, const char *fmt, ...) MUST_CHECK PRINTF_LIKE(4, 5);
void csv_mistakes_sort(struct csv_mistakes *mistakes); /* in the order of the file */
/* BAD_INPUT with the first mistake in `why` when there is one. */
enum err csv_verdict(const struct csv_mistakes *mistakes, struct why *why) MUST_CHECK;

/* What a line of the file holds. */
struct csv_shape {
    const char *const *names; /* of the fields, as the header line has them in any case */
    size_t most, least;       /* fields in a line; `most` names there are */
    size_t text_max;          /* bytes of a field, less than CSV_TEXT */
};

struct csv_field {
    char text[CSV_TEXT]; /* blanks around it are gone; no control characters */
    size_t column;
};
struct csv_line {
    size_t line, n;
    struct csv_field fields[CSV_FIELDS];
};

struct csv_reader {
    const struct csv_shape *shape;
    struct csv_mistakes *mistakes;
    const uint8_t *at, *end;
    size_t line, column;
    char separator; /* 0 until there was one */
    bool header_seen;
    bool wide; /* UTF-16, which cannot be read; told by the first csv_next */
};
void csv_start(struct csv_reader *reader, const struct csv_shape *shape, struct span csv, struct csv_mistakes *mistakes);
/* The next line that has a row, is no header and has no mistake of its own (those are noted and passed over); false at
 * the end. Errors: NO_MEMORY. */
enum err csv_next(struct csv_reader *reader, struct csv_line *ret_line, bool *ret_more) MUST_CHECK;

#endif
