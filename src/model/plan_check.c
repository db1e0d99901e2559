#include "model/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* A run of serials of one model, wherever it comes from: row NULL means the plan in force. */
struct run {
    const char *model;
    char first[LIMIT_SERIAL + 1], last[LIMIT_SERIAL + 1];
    int32_t day;
    struct plan_row *row;
};

enum err plan_last_serial(const char *first, uint32_t quantity, char ret_last[LIMIT_SERIAL + 1], struct why *why)
{
    struct device_number from, to;
    enum err err = number_make("0", first, &from, why);
    if (err == OK)
        err = number_add(&from, quantity - 1, &to, why);
    if (err == OK)
        memcpy(ret_last, number_serial(&to), strlen(number_serial(&to)) + 1);
    return err;
}

static const struct plan_model *find_model(const struct plan_known *known, const char *code)
{
    for (size_t i = 0; i < known->models_n; i++)
        if (strcmp(known->models[i].code, code) == 0)
            return &known->models[i];
    return NULL;
}

static int compare_day_model(const void *a, const void *b)
{
    const struct plan_row *x = *(struct plan_row *const *)a, *y = *(struct plan_row *const *)b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    int order = strcmp(x->model, y->model);
    return order != 0 ? order : x->line < y->line ? -1 : 1;
}

static int compare_range(const void *a, const void *b)
{
    const struct plan_range *x = *(const struct plan_range *const *)a, *y = *(const struct plan_range *const *)b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return strcmp(x->model, y->model);
}

static enum err check_twice(struct plan *plan, struct plan_row *const *sorted, size_t rows_n)
{
    enum err err = OK;
    for (size_t i = 1; err == OK && i < rows_n; i++) {
        const struct plan_row *a = sorted[i - 1], *b = sorted[i];
        if (a->day == b->day && strcmp(a->model, b->model) == 0)
            err = csv_note(&plan->mistakes, b->line, b->columns[1], "model %s is planned for this day in line %zu already", b->model,
                            a->line);
    }
    return err;
}

/* The row says what the plan in force says (and is then marked as known), or something else. */
static enum err compare_with_known(struct plan *plan, struct plan_row *row, const struct plan_range *old)
{
    char day[CLOCK_DAY_SIZE];
    clock_format_day(row->day, day);
    if (row->quantity != old->quantity)
        return csv_note(&plan->mistakes, row->line, row->columns[2], "model %s is planned for %s with %u units already, not %u", row->model,
                         day, old->quantity, row->quantity);
    if (row->first_serial[0] != '\0' && strcmp(row->first_serial, old->first_serial) != 0)
        return csv_note(&plan->mistakes, row->line, row->columns[3], "model %s is planned for %s from serial %s already, not from %s",
                         row->model, day, old->first_serial, row->first_serial);
    memcpy(row->first_serial, old->first_serial, sizeof row->first_serial);
    row->known = true;
    return OK;
}

static enum err check_known(struct plan *plan, struct plan_row *const *sorted, size_t rows_n, const struct plan_range *const *ranges,
                            size_t n)
{
    size_t at = 0;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < rows_n; i++) {
        struct plan_range key = { .day = sorted[i]->day };
        memcpy(key.model, sorted[i]->model, sizeof key.model);
        const struct plan_range *p = &key;
        while (at < n && compare_range(&ranges[at], &p) < 0)
            at++;
        if (at < n && compare_range(&ranges[at], &p) == 0)
            err = compare_with_known(plan, sorted[i], ranges[at]);
    }
    return err;
}

static enum err check_days(struct plan *plan, const struct plan_known *known)
{
    struct plan_row **sorted = calloc(plan->rows_n + 1, sizeof *sorted);
    const struct plan_range **ranges = calloc(known->ranges_n + 1, sizeof *ranges);
    enum err err = sorted == NULL || ranges == NULL ? ERR_NO_MEMORY : OK;
    size_t n = 0;
    if (err == OK) {
        for (size_t i = 0; i < plan->rows_n; i++)
            if (!plan->rows[i].wrong)
                sorted[n++] = &plan->rows[i];
        for (size_t i = 0; i < known->ranges_n; i++)
            ranges[i] = &known->ranges[i];
        qsort(sorted, n, sizeof *sorted, compare_day_model);
        qsort(ranges, known->ranges_n, sizeof *ranges, compare_range);
        err = check_twice(plan, sorted, n);
    }
    if (err == OK)
        err = check_known(plan, sorted, n, ranges, known->ranges_n);
    free(sorted);
    free(ranges);
    return err;
}

static bool needs_identity(const struct plan_known *known, const char *code)
{
    const struct plan_model *model = find_model(known, code);
    return model != NULL && !model->no_identity;
}

/* A day that is over, without what is in force: nothing of it that needs an identity could be made any more. */
static enum err check_past(struct plan *plan, const struct plan_known *known)
{
    char day[CLOCK_DAY_SIZE], oldest[CLOCK_DAY_SIZE];
    enum err err = OK;
    clock_format_day(known->oldest, oldest);
    for (size_t i = 0; err == OK && i < plan->rows_n; i++) {
        struct plan_row *row = &plan->rows[i];
        if (row->wrong || row->known || row->day >= known->oldest || !needs_identity(known, row->model))
            continue;
        row->past = known->leave_out_past;
        clock_format_day(row->day, day);
        if (!row->past)
            err = csv_note(&plan->mistakes, row->line, row->columns[0], "%s is over, and nothing more is made for a day before %s", day, oldest);
    }
    return err;
}

static enum err check_models(struct plan *plan, const struct plan_known *known)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < plan->rows_n; i++) {
        const struct plan_row *row = &plan->rows[i];
        const struct plan_model *model = find_model(known, row->model);
        if (row->model[0] == '\0')
            continue;
        if (model == NULL)
            err = csv_note(&plan->mistakes, row->line, row->columns[1], "model %s is not in the model list", row->model);
        else if (model->discontinued)
            err = csv_note(&plan->mistakes, row->line, row->columns[1], "model %s is discontinued", row->model);
    }
    return err;
}

/* Raises *highest (text of `digits` digits, "" none) to the last serial of a run of that width. */
static void raise_highest(char *highest, int digits, const char *first, uint32_t quantity)
{
    char last[LIMIT_SERIAL + 1];
    if ((int)strlen(first) == digits && plan_last_serial(first, quantity, last, NULL) == OK && strcmp(last, highest) > 0)
        memcpy(highest, last, strlen(last) + 1);
}

/* Rows that are left out count too: who wrote their serials holds them for used. */
static void find_highest(const struct plan *plan, const struct plan_known *known, const struct plan_model *m, char *highest)
{
    for (size_t i = 0; i < known->ranges_n; i++)
        if (strcmp(known->ranges[i].model, m->code) == 0)
            raise_highest(highest, m->digits, known->ranges[i].first_serial, known->ranges[i].quantity);
    for (size_t i = 0; i < plan->rows_n; i++)
        if (plan->rows[i].first_serial[0] != '\0' && strcmp(plan->rows[i].model, m->code) == 0)
            raise_highest(highest, m->digits, plan->rows[i].first_serial, plan->rows[i].quantity);
}

static enum err give_serial(struct plan *plan, struct plan_row *row, int digits, char *highest)
{
    char first[LIMIT_SERIAL + 1], last[LIMIT_SERIAL + 1];
    if (highest[0] == '\0')
        snprintf(highest, LIMIT_SERIAL + 1, "%0*d", digits, 0);
    if (plan_last_serial(highest, 2, first, NULL) != OK || plan_last_serial(first, row->quantity, last, NULL) != OK)
        return csv_note(&plan->mistakes, row->line, row->columns[2],
                         "%u more units of model %s run out of its %d digits: the last serial is %s", row->quantity, row->model,
                         digits, highest);
    memcpy(row->first_serial, first, sizeof first);
    memcpy(highest, last, sizeof last);
    return OK;
}

static enum err give_serials(struct plan *plan, const struct plan_known *known)
{
    enum err err = OK;
    for (size_t m = 0; m < known->models_n; m++) {
        char highest[LIMIT_SERIAL + 1] = "";
        find_highest(plan, known, &known->models[m], highest);
        for (size_t i = 0; err == OK && i < plan->rows_n; i++)
            if (plan->rows[i].first_serial[0] == '\0' && !plan->rows[i].past && strcmp(plan->rows[i].model, known->models[m].code) == 0)
                err = give_serial(plan, &plan->rows[i], known->models[m].digits, highest);
    }
    return err;
}

/* By model, then width (serials of different widths are different numbers), then first serial. */
static int compare_run(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    int order = strcmp(x->model, y->model);
    if (order != 0)
        return order;
    if (strlen(x->first) != strlen(y->first))
        return strlen(x->first) < strlen(y->first) ? -1 : 1;
    order = strcmp(x->first, y->first);
    return order != 0 ? order : (x->row != NULL) - (y->row != NULL);
}

static bool is_new(const struct run *run) { return run->row != NULL && !run->row->past; }

static enum err note_overlap(struct plan *plan, const struct run *a, const struct run *b)
{
    const struct run *mine = is_new(b) ? b : a, *other = is_new(b) ? a : b;
    char day[CLOCK_DAY_SIZE];
    if (!is_new(mine) || other->day == mine->day) /* nothing comes of it; the same day of the same model was told already */
        return OK;
    clock_format_day(other->day, day);
    return csv_note(&plan->mistakes, mine->row->line, mine->row->columns[3], "serials %s to %s of model %s overlap with %s to %s, planned for %s",
                     mine->first, mine->last, mine->model, other->first, other->last, day);
}

static size_t collect_runs(struct plan *plan, const struct plan_known *known, struct run *runs)
{
    size_t n = 0;
    for (size_t i = 0; i < known->ranges_n; i++) {
        runs[n] = (struct run){ .model = known->ranges[i].model, .day = known->ranges[i].day };
        memcpy(runs[n].first, known->ranges[i].first_serial, sizeof runs[n].first);
        n += plan_last_serial(runs[n].first, known->ranges[i].quantity, runs[n].last, NULL) == OK;
    }
    for (size_t i = 0; i < plan->rows_n; i++) {
        if (plan->rows[i].known || plan->rows[i].wrong)
            continue;
        runs[n] = (struct run){ .model = plan->rows[i].model, .day = plan->rows[i].day, .row = &plan->rows[i] };
        memcpy(runs[n].first, plan->rows[i].first_serial, sizeof runs[n].first);
        n += runs[n].first[0] != '\0' && plan_last_serial(runs[n].first, plan->rows[i].quantity, runs[n].last, NULL) == OK;
    }
    return n;
}

static enum err check_overlaps(struct plan *plan, const struct plan_known *known)
{
    struct run *runs = calloc(known->ranges_n + plan->rows_n + 1, sizeof *runs);
    if (runs == NULL)
        return ERR_NO_MEMORY;
    size_t n = collect_runs(plan, known, runs), widest = 0;
    qsort(runs, n, sizeof *runs, compare_run);
    enum err err = OK;
    for (size_t i = 1; err == OK && i < n; i++) {
        const struct run *a = &runs[widest], *b = &runs[i];
        bool same = strcmp(a->model, b->model) == 0 && strlen(a->first) == strlen(b->first);
        if (same && strcmp(b->first, a->last) <= 0)
            err = note_overlap(plan, a, b);
        if (!same || strcmp(b->last, a->last) > 0)
            widest = i;
    }
    free(runs);
    return err;
}

enum err plan_check(struct plan *plan, const struct plan_known *known, struct why *why)
{
    enum err err = check_models(plan, known);
    if (err == OK)
        err = check_days(plan, known);
    if (err == OK)
        err = check_past(plan, known);
    if (err == OK && plan->mistakes.n == 0)
        err = give_serials(plan, known);
    if (err == OK)
        err = check_overlaps(plan, known);
    csv_mistakes_sort(&plan->mistakes);
    return err != OK ? why_set(why, err, "%s", err_row(err)->text) : csv_verdict(&plan->mistakes, why);
}
