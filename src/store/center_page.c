#include "store/center_page.h"

#include <string.h>

#include "store/center_schema.h"

/* --- Which rows --- */

static bool is_picky(const struct center_filter *f) { return f->customer != NULL || f->site != NULL || f->kind != NULL || f->open; }

/* One row more than the page shows tells that there are more. */
struct center_page center_page_begin(const struct center_filter *f)
{
    int64_t looks = f->most + 1;
    if (is_picky(f) && looks < CENTER_PAGE_LOOKS)
        looks = CENTER_PAGE_LOOKS;
    return (struct center_page){ .filter = f, .limit = looks };
}

static bool is_it(const char *wanted, const char *text) { return wanted == NULL || strcmp(wanted, text) == 0; }

bool center_page_shows(struct center_page *p, const struct center_page_row *row)
{
    const struct center_filter *f = p->filter;
    p->looked++;
    p->over = p->shown == f->most;
    if (p->over)
        return false;
    p->last = row->key;
    bool in_time = (f->until_s == 0 || row->from_s < f->until_s) && (row->until_s == 0 || row->until_s > f->since_s);
    bool shown = in_time && !(f->open && row->closed) && is_it(f->customer, row->customer) && is_it(f->site, row->site) && is_it(f->kind, row->kind);
    p->shown += shown;
    return shown;
}

int64_t center_page_next(const struct center_page *p)
{
    return p->over || p->looked == p->limit ? p->last : 0;
}

/* --- Keys that grow with time --- */

static enum err find_range(struct db *db, const struct center_pages *of, const struct center_filter *f, int64_t *ret_low, int64_t *ret_high,
                           struct why *why)
{
    int64_t low = 0, high = INT64_MAX;
    enum err err = f->since_s == 0 ? OK : db_first_int(db, of->before, DB_ARGS(db_int(f->since_s)), &low, why);
    if (err == OK && f->until_s != 0)
        err = db_first_int(db, of->before, DB_ARGS(db_int(f->until_s)), &high, why);
    if (err != OK)
        return err;
    *ret_low = low;
    *ret_high = f->after != 0 && f->after - 1 < high ? f->after - 1 : high;
    return OK;
}

enum err center_page_ask(struct db *db, const struct center_pages *of, const struct center_page *page, db_row_fn *fn, void *context,
                         struct why *why)
{
    const char *number = page->filter->number;
    int64_t low = 0, high = 0;
    enum err err = find_range(db, of, page->filter, &low, &high, why);
    if (err != OK)
        return err;
    if (number == NULL)
        return db_query(db, of->each, DB_ARGS(db_int(low), db_int(high), db_int(page->limit)), fn, context, why);
    return db_query(db, of->of_number, DB_ARGS(db_int(low), db_int(high), db_int(page->limit), db_text(number)), fn, context, why);
}
