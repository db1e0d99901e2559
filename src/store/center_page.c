#include "store/center_page.h"

#include <string.h>

#include "store/center_schema.h"

/* --- Which rows --- */

static bool is_picky(const struct center_filter *f, bool by_time)
{
    bool times = !by_time && (f->since_s != 0 || f->until_s != 0);
    return times || f->customer != NULL || f->site != NULL || f->kind != NULL || f->open;
}

/* One row more than the page shows tells that there are more. */
struct center_page center_page_begin(const struct center_filter *f, bool by_time)
{
    int64_t looks = f->most + 1;
    if (is_picky(f, by_time) && looks < CENTER_PAGE_LOOKS)
        looks = CENTER_PAGE_LOOKS;
    return (struct center_page){ .filter = f, .by_time = by_time, .limit = looks };
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

enum err center_page_lost(const struct center_filter *f, struct why *why)
{
    return why_set(why, ERR_NOT_FOUND, "the list has no row %lld to go on behind: begin it anew, without --after", (long long)f->after);
}

/* --- The newest first --- */

/* The first row that is not part of the page, nor of those before it: one of that moment, with that key. */
static enum err find_begin(struct db *db, const struct center_pages *of, const struct center_filter *f, int64_t *ret_at, int64_t *ret_key,
                           struct why *why)
{
    int64_t at = f->until_s == 0 ? INT64_MAX : f->until_s, behind = INT64_MAX;
    enum err err = f->after == 0 ? OK : db_first_int(db, of->moment, DB_ARGS(db_int(f->after)), &behind, why);
    if (err == OK && behind == 0)
        err = center_page_lost(f, why);
    if (err != OK)
        return err;
    *ret_at = behind < at ? behind : at;
    *ret_key = behind < at ? f->after : 0;
    return OK;
}

enum err center_page_ask(struct db *db, const struct center_pages *of, const struct center_page *page, db_row_fn *fn, void *context,
                         struct why *why)
{
    const struct center_filter *f = page->filter;
    int64_t at = 0, key = 0;
    enum err err = find_begin(db, of, f, &at, &key, why);
    if (err != OK)
        return err;
    if (page->by_time)
        return db_query(db, of->by_time, DB_ARGS(db_int(at), db_int(key), db_int(f->since_s), db_int(page->limit)), fn, context, why);
    const struct db_value args[] = { db_int(f->after == 0 ? INT64_MAX : f->after), db_int(page->limit), db_text(f->number) };
    return db_query(db, of->by_key, args, f->number == NULL ? 2 : 3, fn, context, why);
}
