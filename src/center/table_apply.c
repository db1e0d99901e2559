/* A table compared with the database and put into it. */
#include <stdlib.h>

#include "center/check.h"
#include "center/table.h"

/* Of a device, as table.c has them. */
enum { COLUMN_CUSTOMER = 2, COLUMN_SITE = 3, COLUMN_GATEWAY = 4 };

/* Notes what the database refused; other errors go on. */
static enum err note(struct table *t, const struct table_row *row, size_t column, enum err err, const struct why *why)
{
    if (err == OK || err_row(err)->action != ERR_ACTION_REFUSE)
        return err;
    return csv_note(&t->mistakes, row->line, row->columns[column], "%s", why_text(why, err));
}

typedef enum err row_fn(struct table *t, struct table_row *row, struct db *db, int64_t now_s);

static enum err apply_customer(struct table *t, struct table_row *row, struct db *db, int64_t now_s)
{
    struct why why = { "" };
    (void)now_s;
    return note(t, row, 0, center_customer_put(db, &row->customer, &why), &why);
}

static enum err apply_site(struct table *t, struct table_row *row, struct db *db, int64_t now_s)
{
    struct why why = { "" };
    (void)now_s;
    return note(t, row, 1, center_site_put(db, &row->site, &why), &why);
}

/* Which of the two the database does not know: customer or site. */
static size_t unknown_column(struct db *db, const struct center_device *d)
{
    struct center_device without = *d;
    without.site[0] = '\0';
    return center_device_put(db, &without, NULL) == OK ? COLUMN_SITE : COLUMN_CUSTOMER;
}

/* Without its gateway, which may stand further down. */
static enum err apply_device(struct table *t, struct table_row *row, struct db *db, int64_t now_s)
{
    struct why why = { "" };
    struct center_device d = row->device, known;
    (void)now_s;
    enum err err = center_device_find(db, d.number.text, &known, NULL);
    if (err == OK && known.standing == CENTER_SCRAPPED)
        return csv_note(&t->mistakes, row->line, row->columns[0], "%s is scrapped", d.number.text);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    err = check_device(&d, &why);
    d.gateway.text[0] = '\0';
    if (err == OK)
        err = center_device_put(db, &d, &why);
    return note(t, row, err == ERR_NOT_FOUND ? unknown_column(db, &d) : err == ERR_CONFLICT ? COLUMN_SITE : 0, err, &why);
}

static enum err apply_gateway(struct table *t, struct table_row *row, struct db *db, int64_t now_s)
{
    struct why why = { "" };
    (void)now_s;
    if (row->device.gateway.text[0] == '\0')
        return OK;
    enum err err = check_gateway(db, row->device.gateway.text, &why);
    if (err == OK)
        err = center_device_put(db, &row->device, &why);
    return note(t, row, COLUMN_GATEWAY, err, &why);
}

struct same {
    const struct agreement *wanted;
    int64_t now_s;
    bool found;
};

static enum err find_same(void *context, const char *number, const struct agreement *a)
{
    struct same *s = context;
    (void)number;
    if (a->from_s == s->wanted->from_s && a->until_s == s->wanted->until_s &&
        (a->state == s->wanted->state || agreement_now(a, s->now_s) == s->wanted->state))
        s->found = true;
    return OK;
}

static enum err apply_agreement(struct table *t, struct table_row *row, struct db *db, int64_t now_s)
{
    struct why why = { "" };
    const struct agreement *a = &row->device.agreement;
    const char *number = row->device.number.text;
    struct same same = { a, now_s, false };
    struct center_device known;
    if (center_device_find(db, number, &known, NULL) == OK && known.standing == CENTER_SCRAPPED)
        return csv_note(&t->mistakes, row->line, row->columns[0], "%s is scrapped", number);
    if (a->state == AGREEMENT_ENDED && (a->until_s == 0 || a->until_s > now_s))
        return csv_note(&t->mistakes, row->line, row->columns[3], "an agreement that is ended needs its end, in the past");
    enum err err = center_agreement_list(db, number, find_same, &same, &why);
    if (err != OK || same.found)
        return err;
    err = center_agreement_add(db, number, a->from_s, a->until_s, &why);
    if (err == OK && a->state == AGREEMENT_SUSPENDED)
        err = center_agreement_set(db, number, AGREEMENT_SUSPENDED, now_s, &why);
    return note(t, row, 0, err, &why);
}

static enum err pass(struct table *t, enum table_kind kind, row_fn *fn, struct db *db, int64_t now_s)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < t->rows_n; i++)
        if (t->rows[i].kind == kind)
            err = fn(t, &t->rows[i], db, now_s);
    return err;
}

/* What a line is about; NULL: it may stand beside another one. */
static const char *key_of(const struct table_row *row)
{
    switch (row->kind) {
    case TABLE_CUSTOMER: return row->customer.id;
    case TABLE_SITE: return row->site.id;
    case TABLE_DEVICE: return row->device.number.text;
    case TABLE_AGREEMENT:
    case TABLE_KIND_COUNT: break;
    }
    return NULL;
}

static bool same_key(const struct table_row *x, const struct table_row *y)
{
    return x->kind == y->kind && strcmp(key_of(x), key_of(y)) == 0;
}

static int compare_key(const void *a, const void *b)
{
    const struct table_row *x = *(const struct table_row *const *)a, *y = *(const struct table_row *const *)b;
    int order = x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(key_of(x), key_of(y));
    return order != 0 ? order : x->line < y->line ? -1 : 1;
}

/* Two lines about one customer, site or device: whoever made the file meant one of them. */
static enum err check_twice(struct table *t)
{
    const struct table_row **sorted = calloc(t->rows_n + 1, sizeof *sorted);
    size_t n = 0;
    enum err err = OK;
    if (sorted == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < t->rows_n; i++)
        if (key_of(&t->rows[i]) != NULL)
            sorted[n++] = &t->rows[i];
    qsort(sorted, n, sizeof *sorted, compare_key);
    for (size_t i = 1; err == OK && i < n; i++)
        if (same_key(sorted[i], sorted[i - 1]))
            err = csv_note(&t->mistakes, sorted[i]->line, sorted[i]->columns[0], "%s stands in line %zu already", key_of(sorted[i]),
                           sorted[i - 1]->line);
    free(sorted);
    return err;
}

static int compare_place(const void *a, const void *b)
{
    const struct csv_mistake *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

enum err table_apply(struct table *t, struct db *db, int64_t now_s, struct why *why)
{
    static const struct {
        enum table_kind kind;
        row_fn *fn;
    } passes[] = { { TABLE_CUSTOMER, apply_customer },
                   { TABLE_SITE, apply_site },
                   { TABLE_DEVICE, apply_device },
                   { TABLE_DEVICE, apply_gateway },
                   { TABLE_AGREEMENT, apply_agreement } };
    enum err err = check_twice(t);
    for (size_t i = 0; err == OK && i < sizeof passes / sizeof *passes; i++)
        err = pass(t, passes[i].kind, passes[i].fn, db, now_s);
    if (t->mistakes.n > 0)
        qsort(t->mistakes.list, t->mistakes.n, sizeof *t->mistakes.list, compare_place);
    return err != OK ? err : csv_verdict(&t->mistakes, why);
}
