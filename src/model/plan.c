#include "model/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { FIELDS = 4 };

static const char *const field_names[FIELDS] = { "date", "model", "quantity", "first_serial" };
static const struct csv_shape shape = { field_names, FIELDS, 3, 62 };

void plan_done(struct plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->rows);
    csv_mistakes_done(&plan->mistakes);
    *plan = (struct plan){ 0 };
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

static enum err read_day(struct plan *plan, size_t line, const struct csv_field *f, struct plan_row *row)
{
    return clock_parse_day(f->text, &row->day) == OK
               ? OK
               : csv_note(&plan->mistakes, line, f->column, "\"%s\" is not a day of the calendar: write it as 2026-03-19",
                          f->text);
}

static enum err read_model(struct plan *plan, size_t line, const struct csv_field *f, struct plan_row *row)
{
    if (!number_is_model(span_text(f->text)))
        return csv_note(&plan->mistakes, line, f->column, "\"%s\" is not a model code: 1 to %d digits or capital letters",
                        f->text, LIMIT_MODEL_CODE);
    memcpy(row->model, f->text, strlen(f->text) + 1);
    return OK;
}

static enum err read_quantity(struct plan *plan, size_t line, const struct csv_field *f, struct plan_row *row)
{
    row->quantity = parse_quantity(f->text);
    return row->quantity != 0 ? OK
                              : csv_note(&plan->mistakes, line, f->column,
                                         "\"%s\" is not a quantity: a whole number from 1 to %d", f->text, PLAN_QUANTITY_MAX);
}

static enum err read_serial(struct plan *plan, size_t line, const struct csv_field *f, struct plan_row *row)
{
    char last[LIMIT_SERIAL + 1];
    struct why why;
    if (f->text[0] == '\0')
        return OK;
    if (!number_is_serial(span_text(f->text)) || f->text[strspn(f->text, "0123456789")] != '\0')
        return csv_note(&plan->mistakes, line, f->column, "\"%s\" is not a serial number to count from: 1 to %d digits", f->text,
                        LIMIT_SERIAL);
    memcpy(row->first_serial, f->text, strlen(f->text) + 1);
    if (row->quantity != 0 && plan_last_serial(row->first_serial, row->quantity, last, &why) != OK)
        return csv_note(&plan->mistakes, line, f->column, "%u serial numbers from %s run out of its %zu digits", row->quantity,
                        f->text, strlen(f->text));
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

static bool has_digit(const struct csv_field *f) { return strpbrk(f->text, "0123456789") != NULL; }

/* Other words than the header's, or those in another order: not a row with three mistakes. */
static bool is_other_header(const struct plan *plan, const struct csv_line *l)
{
    return plan->rows_n == 0 && plan->mistakes.n == 0 && !has_digit(&l->fields[0]) && !has_digit(&l->fields[2]);
}

typedef enum err read_fn(struct plan *, size_t, const struct csv_field *, struct plan_row *);

static enum err read_row(struct plan *plan, const struct csv_line *l, struct why *why)
{
    static read_fn *const readers[FIELDS] = { read_day, read_model, read_quantity, read_serial };
    struct plan_row row = { .line = l->line };
    enum err err = OK;
    for (size_t i = 0; i < FIELDS; i++)
        row.columns[i] = i < l->n ? l->fields[i].column : 1;
    size_t mistakes = plan->mistakes.n;
    for (size_t i = 0; err == OK && i < l->n; i++)
        err = readers[i](plan, l->line, &l->fields[i], &row);
    row.wrong = plan->mistakes.n > mistakes;
    return err != OK ? err : add_row(plan, &row, why);
}

enum err plan_parse(struct span csv, struct plan *ret_plan, struct why *why)
{
    *ret_plan = (struct plan){ 0 };
    if (csv.n > LIMIT_PLAN_BYTES)
        return why_set(why, ERR_TOO_LARGE, "the plan is larger than %d bytes", LIMIT_PLAN_BYTES);
    struct csv_reader reader;
    struct csv_line line;
    bool more = true;
    enum err err = OK;
    csv_start(&reader, &shape, csv, &ret_plan->mistakes);
    while (err == OK && more) {
        err = csv_next(&reader, &line, &more);
        if (err == OK && more && is_other_header(ret_plan, &line))
            err = csv_note(&ret_plan->mistakes, line.line, 1, "\"%s\" begins no row and not the header, which is "
                           "date,model,quantity[,first_serial]: these columns, in this order", line.fields[0].text);
        else if (err == OK && more)
            err = read_row(ret_plan, &line, why);
    }
    if (err != OK)
        return err;
    if (ret_plan->rows_n == 0 && ret_plan->mistakes.n == 0)
        return why_set(why, ERR_BAD_INPUT, "the plan has no rows");
    return csv_verdict(&ret_plan->mistakes, why);
}
