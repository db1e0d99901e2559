#include "model/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

void csv_mistakes_done(struct csv_mistakes *mistakes)
{
    if (mistakes == NULL)
        return;
    free(mistakes->list);
    *mistakes = (struct csv_mistakes){ 0 };
}

enum err csv_note(struct csv_mistakes *m, size_t line, size_t column, const char *fmt, ...)
{
    if (m->n == CSV_MISTAKES) {
        m->more = true;
        return OK;
    }
    if (m->list == NULL && (m->list = calloc(CSV_MISTAKES, sizeof *m->list)) == NULL)
        return ERR_NO_MEMORY;
    struct csv_mistake *e = &m->list[m->n++];
    char text[WHY_MAX];
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof text, fmt, args) < 0)
        text[0] = '\0';
    va_end(args);
    *e = (struct csv_mistake){ .line = line, .column = column };
    return why_set(&e->why, OK, "%s", text);
}

static int compare_mistakes(const void *a, const void *b)
{
    const struct csv_mistake *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

void csv_mistakes_sort(struct csv_mistakes *m)
{
    if (m->n > 1)
        qsort(m->list, m->n, sizeof *m->list, compare_mistakes);
}

enum err csv_verdict(const struct csv_mistakes *m, struct why *why)
{
    if (m->n == 0)
        return OK;
    const struct csv_mistake *first = &m->list[0];
    if (m->n == 1)
        return why_set(why, ERR_BAD_INPUT, "line %zu, column %zu: %s", first->line, first->column, first->why.text);
    return why_set(why, ERR_BAD_INPUT, "line %zu, column %zu: %s (and %zu more mistakes)", first->line, first->column,
                   first->why.text, m->n - 1);
}

static bool at_line_end(const struct csv_reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

/* Bytes that go on a UTF-8 character do not count as columns. */
static void step(struct csv_reader *r)
{
    if ((*r->at & 0xc0) != 0x80)
        r->column++;
    r->at++;
}

static void next_line(struct csv_reader *r)
{
    while (!at_line_end(r))
        step(r);
    if (r->at != r->end && *r->at == '\r')
        r->at++;
    if (r->at != r->end && *r->at == '\n')
        r->at++;
    r->line++;
    r->column = 1;
}

static bool is_separator(struct csv_reader *r)
{
    if (at_line_end(r) || (*r->at != ',' && *r->at != ';'))
        return false;
    if (r->separator == '\0')
        r->separator = (char)*r->at;
    return *r->at == (uint8_t)r->separator;
}

static void skip_blanks(struct csv_reader *r)
{
    while (!at_line_end(r) && (*r->at == ' ' || *r->at == '\t'))
        step(r);
}

/* The inside of a quoted field, the opening quote being taken. */
static enum err take_quoted(struct csv_reader *r, char *text, size_t *n, bool *bad)
{
    for (; !at_line_end(r); step(r)) {
        if (*r->at == '"') {
            step(r);
            if (at_line_end(r) || *r->at != '"')
                return OK;
        }
        if (*n <= r->shape->text_max)
            text[(*n)++] = (char)*r->at;
    }
    *bad = true;
    return csv_note(r->mistakes, r->line, r->column, "the quoted field has no closing quote on its line");
}

static void trim(char *text, size_t *n)
{
    while (*n > 0 && (text[*n - 1] == ' ' || text[*n - 1] == '\t'))
        (*n)--;
    text[*n] = '\0';
}

static enum err check_text(struct csv_reader *r, const struct csv_field *f, size_t n, bool *bad)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)f->text[i] < 0x20 || f->text[i] == 0x7f) {
            *bad = true;
            return csv_note(r->mistakes, r->line, f->column, "the field holds a control character");
        }
    }
    if (n <= r->shape->text_max) {
        *bad = !text_is_utf8(f->text);
        return !*bad ? OK : csv_note(r->mistakes, r->line, f->column, "the field is not UTF-8: save the table as \"CSV UTF-8\"");
    }
    *bad = true;
    return csv_note(r->mistakes, r->line, f->column, "the field is longer than %zu bytes", r->shape->text_max);
}

static enum err take_field(struct csv_reader *r, struct csv_field *ret_field, bool *bad)
{
    size_t n = 0;
    enum err err = OK;
    skip_blanks(r);
    ret_field->column = r->column;
    if (!at_line_end(r) && *r->at == '"') {
        step(r);
        err = take_quoted(r, ret_field->text, &n, bad);
        skip_blanks(r);
        if (err == OK && !*bad && !at_line_end(r) && !is_separator(r)) {
            *bad = true;
            err = csv_note(r->mistakes, r->line, r->column, "only a separator may follow the closing quote");
        }
        ret_field->text[n] = '\0';
    } else {
        for (; !at_line_end(r) && !is_separator(r); step(r))
            if (n <= r->shape->text_max)
                ret_field->text[n++] = (char)*r->at;
        trim(ret_field->text, &n);
    }
    return err != OK || *bad ? err : check_text(r, ret_field, n, bad);
}

static enum err note_too_many(struct csv_reader *r, size_t column)
{
    char names[256];
    size_t n = 0;
    names[0] = '\0';
    for (size_t i = 0; i < r->shape->most && n < sizeof names; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i == 0 ? "" : ", ", r->shape->names[i]);
    return csv_note(r->mistakes, r->line, column, "more than the %zu fields %s", r->shape->most, names);
}

static enum err take_line(struct csv_reader *r, struct csv_line *l, bool *ret_bad)
{
    static const struct csv_field empty = { .column = 0 };
    *ret_bad = false;
    l->n = 0;
    l->line = r->line;
    for (;;) {
        struct csv_field field = empty;
        enum err err = take_field(r, &field, ret_bad);
        if (err != OK || *ret_bad)
            return err;
        if (l->n == r->shape->most) {
            *ret_bad = true;
            return note_too_many(r, field.column);
        }
        l->fields[l->n++] = field;
        if (!is_separator(r))
            return OK;
        step(r);
    }
}

static bool is_blank(const struct csv_line *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->fields[i].text[0] != '\0')
            return false;
    return true;
}

static bool is_header(const struct csv_reader *r, const struct csv_line *l)
{
    if (l->n < r->shape->least)
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (strcasecmp(l->fields[i].text, r->shape->names[i]) != 0)
            return false;
    return true;
}

static enum err note_too_few(struct csv_reader *r, const struct csv_line *l)
{
    return csv_note(r->mistakes, l->line, l->fields[l->n - 1].column, "%zu fields are needed at least, up to %s", r->shape->least,
                    r->shape->names[r->shape->least - 1]);
}

void csv_start(struct csv_reader *reader, const struct csv_shape *shape, struct span csv, struct csv_mistakes *mistakes)
{
    *reader = (struct csv_reader){
        .shape = shape, .mistakes = mistakes, .at = csv.at, .end = csv.n == 0 ? csv.at : csv.at + csv.n, .line = 1, .column = 1
    };
    if (csv.n >= 3 && memcmp(csv.at, "\xef\xbb\xbf", 3) == 0)
        reader->at += 3;
    reader->wide = csv.n >= 2 && (memcmp(csv.at, "\xff\xfe", 2) == 0 || memcmp(csv.at, "\xfe\xff", 2) == 0 || csv.at[0] == 0 || csv.at[1] == 0);
}

enum err csv_next(struct csv_reader *r, struct csv_line *l, bool *ret_more)
{
    *ret_more = false;
    if (r->wide) {
        r->wide = false;
        r->at = r->end;
        return csv_note(r->mistakes, 1, 1, "the file is UTF-16: save the table as \"CSV UTF-8\"");
    }
    while (r->at != r->end) {
        bool bad;
        enum err err = take_line(r, l, &bad);
        if (err != OK)
            return err;
        next_line(r);
        if (!bad && is_blank(l))
            continue;
        bool header = !bad && !r->header_seen && is_header(r, l);
        r->header_seen = true;
        if (bad || header)
            continue;
        if (l->n >= r->shape->least) {
            *ret_more = true;
            return OK;
        }
        err = note_too_few(r, l);
        if (err != OK)
            return err;
    }
    return OK;
}
