#include "model/plan_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"

enum { FIELDS_MAX = 4, FIELD_SIZE = 64 };

static const char *const field_names[FIELDS_MAX] = { "date", "model", "quantity", "first_serial" };

struct field {
    char text[FIELD_SIZE];
    size_t column;
};

/* Where the reader stands in the file. */
struct cursor {
    const uint8_t *at, *end;
    size_t line, column;
    char separator; /* 0 until the first line that holds one */
};

struct line {
    struct field fields[FIELDS_MAX];
    size_t n;
    bool bad; /* a mistake was noted already */
};

void plan_done(struct plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->rows);
    free(plan->errors);
    *plan = (struct plan){ 0 };
}

enum err plan_note(struct plan *plan, size_t line, size_t column, const char *fmt, ...)
{
    if (plan->errors_n == PLAN_ERRORS_MAX) {
        plan->more_errors = true;
        return OK;
    }
    if (plan->errors == NULL && (plan->errors = calloc(PLAN_ERRORS_MAX, sizeof *plan->errors)) == NULL)
        return ERR_NO_MEMORY;
    struct plan_error *e = &plan->errors[plan->errors_n++];
    char text[WHY_MAX];
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof text, fmt, args) < 0)
        text[0] = '\0';
    va_end(args);
    *e = (struct plan_error){ .line = line, .column = column };
    return why_set(&e->why, OK, "%s", text);
}

enum err plan_verdict(const struct plan *plan, struct why *why)
{
    if (plan->errors_n == 0)
        return OK;
    const struct plan_error *first = &plan->errors[0];
    if (plan->errors_n == 1)
        return why_set(why, ERR_BAD_INPUT, "line %zu, column %zu: %s", first->line, first->column, first->why.text);
    return why_set(why, ERR_BAD_INPUT, "line %zu, column %zu: %s (and %zu more mistakes)", first->line, first->column,
                   first->why.text, plan->errors_n - 1);
}

static bool at_line_end(const struct cursor *c)
{
    return c->at == c->end || *c->at == '\n' || *c->at == '\r';
}

/* Columns count characters, so bytes that go on a UTF-8 character do not count. */
static void step(struct cursor *c)
{
    if ((*c->at & 0xc0) != 0x80)
        c->column++;
    c->at++;
}

static void next_line(struct cursor *c)
{
    while (!at_line_end(c))
        step(c);
    if (c->at != c->end && *c->at == '\r')
        c->at++;
    if (c->at != c->end && *c->at == '\n')
        c->at++;
    c->line++;
    c->column = 1;
}

static bool is_separator(struct cursor *c)
{
    if (at_line_end(c) || (*c->at != ',' && *c->at != ';'))
        return false;
    if (c->separator == '\0')
        c->separator = (char)*c->at;
    return *c->at == (uint8_t)c->separator;
}

static void skip_blanks(struct cursor *c)
{
    while (!at_line_end(c) && (*c->at == ' ' || *c->at == '\t'))
        step(c);
}

/* The inside of a quoted field, the opening quote being taken. */
static enum err take_quoted(struct cursor *c, struct plan *plan, char *text, size_t *n, bool *bad)
{
    for (; !at_line_end(c); step(c)) {
        if (*c->at == '"') {
            step(c);
            if (at_line_end(c) || *c->at != '"')
                return OK;
        }
        if (*n < FIELD_SIZE - 1)
            text[(*n)++] = (char)*c->at;
    }
    *bad = true;
    return plan_note(plan, c->line, c->column, "the quoted field has no closing quote on its line");
}

static void trim(char *text, size_t *n)
{
    while (*n > 0 && (text[*n - 1] == ' ' || text[*n - 1] == '\t'))
        (*n)--;
    text[*n] = '\0';
}

static enum err check_text(struct plan *plan, const struct cursor *c, const struct field *f, size_t n, bool *bad)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)f->text[i] < 0x20 || f->text[i] == 0x7f) {
            *bad = true;
            return plan_note(plan, c->line, f->column, "the field holds a control character");
        }
    }
    if (n < FIELD_SIZE - 1)
        return OK;
    *bad = true;
    return plan_note(plan, c->line, f->column, "the field is longer than any that a plan can hold");
}

static enum err take_field(struct cursor *c, struct plan *plan, struct field *ret_field, bool *bad)
{
    size_t n = 0;
    enum err err = OK;
    skip_blanks(c);
    *ret_field = (struct field){ .column = c->column };
    if (!at_line_end(c) && *c->at == '"') {
        step(c);
        err = take_quoted(c, plan, ret_field->text, &n, bad);
        skip_blanks(c);
        if (err == OK && !*bad && !at_line_end(c) && !is_separator(c)) {
            *bad = true;
            err = plan_note(plan, c->line, c->column, "only a separator may follow the closing quote");
        }
        ret_field->text[n] = '\0';
    } else {
        for (; !at_line_end(c) && !is_separator(c); step(c))
            if (n < FIELD_SIZE - 1)
                ret_field->text[n++] = (char)*c->at;
        trim(ret_field->text, &n);
    }
    return err != OK || *bad ? err : check_text(plan, c, ret_field, n, bad);
}

static enum err take_line(struct cursor *c, struct plan *plan, struct line *ret_line)
{
    *ret_line = (struct line){ 0 };
    for (;;) {
        struct field field;
        enum err err = take_field(c, plan, &field, &ret_line->bad);
        if (err != OK || ret_line->bad)
            return err;
        if (ret_line->n == FIELDS_MAX) {
            ret_line->bad = true;
            return plan_note(plan, c->line, field.column, "more than the four fields date, model, quantity, first_serial");
        }
        ret_line->fields[ret_line->n++] = field;
        if (!is_separator(c))
            return OK;
        step(c);
    }
}

static bool is_blank(const struct line *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->fields[i].text[0] != '\0')
            return false;
    return true;
}

static bool is_header(const struct line *l)
{
    if (l->n < 3)
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (strcasecmp(l->fields[i].text, field_names[i]) != 0)
            return false;
    return true;
}

/* Whole number from 1 to the greatest; 0 when it is none such. */
static uint32_t parse_quantity(const char *text)
{
    uint64_t value = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || value > PLAN_QUANTITY_MAX)
            return 0;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    return value > PLAN_QUANTITY_MAX ? 0 : (uint32_t)value;
}

static enum err read_day(struct plan *plan, size_t line, const struct field *f, struct plan_row *row)
{
    return clock_parse_day(f->text, &row->day) == OK
               ? OK
               : plan_note(plan, line, f->column, "\"%s\" is not a day of the calendar: write it as 2026-03-19", f->text);
}

static enum err read_model(struct plan *plan, size_t line, const struct field *f, struct plan_row *row)
{
    if (!number_is_model(span_text(f->text)))
        return plan_note(plan, line, f->column, "\"%s\" is not a model code: 1 to %d digits or capital letters", f->text,
                         LIMIT_MODEL_CODE);
    memcpy(row->model, f->text, strlen(f->text) + 1);
    return OK;
}

static enum err read_quantity(struct plan *plan, size_t line, const struct field *f, struct plan_row *row)
{
    row->quantity = parse_quantity(f->text);
    return row->quantity != 0 ? OK
                              : plan_note(plan, line, f->column, "\"%s\" is not a quantity: a whole number from 1 to %d", f->text,
                                          PLAN_QUANTITY_MAX);
}

static enum err read_serial(struct plan *plan, size_t line, const struct field *f, struct plan_row *row)
{
    char last[LIMIT_SERIAL + 1];
    struct why why;
    if (f->text[0] == '\0')
        return OK;
    if (!number_is_serial(span_text(f->text)) || f->text[strspn(f->text, "0123456789")] != '\0')
        return plan_note(plan, line, f->column, "\"%s\" is not a serial number to count from: 1 to %d digits", f->text,
                         LIMIT_SERIAL);
    memcpy(row->first_serial, f->text, strlen(f->text) + 1);
    if (row->quantity != 0 && plan_last_serial(row->first_serial, row->quantity, last, &why) != OK)
        return plan_note(plan, line, f->column, "%u serial numbers from %s run out of its %zu digits", row->quantity, f->text,
                         strlen(f->text));
    return OK;
}

static enum err add_row(struct plan *plan, const struct plan_row *row, struct why *why)
{
    if (plan->rows_n == LIMIT_PLAN_ROWS)
        return why_set(why, ERR_TOO_LARGE, "the plan has more than %d rows", LIMIT_PLAN_ROWS);
    if (plan->rows_n == plan->rows_cap) {
        size_t cap = plan->rows_cap == 0 ? 64 : 2 * plan->rows_cap;
        struct plan_row *grown = realloc(plan->rows, cap * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        plan->rows = grown;
        plan->rows_cap = cap;
    }
    plan->rows[plan->rows_n++] = *row;
    return OK;
}

typedef enum err read_fn(struct plan *, size_t, const struct field *, struct plan_row *);

static enum err read_row(struct plan *plan, size_t line, const struct line *l, struct why *why)
{
    static read_fn *const readers[FIELDS_MAX] = { read_day, read_model, read_quantity, read_serial };
    struct plan_row row = { .line = line };
    enum err err = OK;
    if (l->n < 3)
        return plan_note(plan, line, l->fields[l->n - 1].column, "a plan row needs at least date, model and quantity");
    for (size_t i = 0; i < FIELDS_MAX; i++)
        row.columns[i] = i < l->n ? l->fields[i].column : 1;
    for (size_t i = 0; err == OK && i < l->n; i++)
        err = readers[i](plan, line, &l->fields[i], &row);
    return err != OK ? err : add_row(plan, &row, why);
}

enum err plan_parse(struct span csv, struct plan *ret_plan, struct why *why)
{
    *ret_plan = (struct plan){ 0 };
    if (csv.n > LIMIT_PLAN_BYTES)
        return why_set(why, ERR_TOO_LARGE, "the plan is larger than %d bytes", LIMIT_PLAN_BYTES);
    struct cursor c = { .at = csv.at, .end = csv.n == 0 ? csv.at : csv.at + csv.n, .line = 1, .column = 1 };
    if (csv.n >= 3 && memcmp(csv.at, "\xef\xbb\xbf", 3) == 0)
        c.at += 3;
    bool may_be_header = true;
    while (c.at != c.end) {
        struct line l;
        enum err err = take_line(&c, ret_plan, &l);
        if (err == OK && !l.bad && !is_blank(&l) && !(may_be_header && is_header(&l)))
            err = read_row(ret_plan, c.line, &l, why);
        if (err != OK)
            return err;
        may_be_header = may_be_header && is_blank(&l) && !l.bad;
        next_line(&c);
    }
    if (ret_plan->rows_n == 0 && ret_plan->errors_n == 0)
        return why_set(why, ERR_BAD_INPUT, "the plan has no rows");
    return plan_verdict(ret_plan, why);
}
