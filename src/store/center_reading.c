#include <stdio.h>

#include "store/center_page.h"
#include "store/center_schema.h"

enum err center_reading_room(struct db *db, const char *number, int64_t now_s, struct why *why)
{
    enum { WITHIN_S = 3600 };
    int64_t before_s = 0;
    enum err err = db_first_int(db, ASK_READING_BEFORE, DB_ARGS(db_text(number), db_int(LIMIT_READINGS_LATELY - 1)), &before_s, why);
    if (err == OK && before_s > 0 && before_s > now_s - WITHIN_S)
        return why_set(why, ERR_BUSY, "%s sent %d readings in the last hour: the next one is taken in %lld s", number, LIMIT_READINGS_LATELY,
                       (long long)(before_s + WITHIN_S - now_s));
    return err;
}

enum err center_reading_add(struct db *db, const struct center_reading *r, struct why *why)
{
    int64_t id = 0;
    enum err err = db_run(db, ASK_READING_ADD,
                          DB_ARGS(db_text(r->number.text), db_int(r->reading.epoch), db_int(r->reading.boots),
                                  db_int(r->reading.sequence), db_int(r->received_s), db_text(r->via), db_text(r->call),
                                  db_int(r->billable), db_text(r->verdict)),
                          why);
    if (err == OK)
        err = db_first_int(db, ASK_READING_NEWEST_ID, DB_ARGS(db_text(r->number.text)), &id, why);
    for (size_t i = 0; err == OK && i < r->reading.counters_n; i++)
        err = db_run(db, ASK_READING_COUNTER_ADD,
                     DB_ARGS(db_int(id), db_text(r->reading.counters[i].name), db_int(r->reading.counters[i].value)), why);
    return err == OK && r->billable ? db_run(db, ASK_READING_BREAK_FIND, DB_ARGS(db_int(id)), why) : err;
}

struct listing {
    center_reading_fn *fn;
    void *context;
    struct db *db;
};

static enum err take_counter(void *context, const struct db_row *row)
{
    struct reading *r = context;
    if (r->counters_n == LIMIT_COUNTERS)
        return ERR_DAMAGED;
    struct counter *c = &r->counters[r->counters_n++];
    db_row_copy(row, 0, sizeof c->name, c->name);
    c->value = db_row_int(row, 1);
    return OK;
}

static enum err pass_reading(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct center_reading r = {
        .reading = { .epoch = db_row_int(row, 2), .boots = db_row_int(row, 3), .sequence = db_row_int(row, 4) },
        .received_s = db_row_int(row, 5),
        .billable = db_row_int(row, 8) != 0,
    };
    db_row_copy(row, 1, sizeof r.number.text, r.number.text);
    db_row_copy(row, 6, sizeof r.via, r.via);
    db_row_copy(row, 7, sizeof r.call, r.call);
    db_row_copy(row, 9, sizeof r.verdict, r.verdict);
    enum err err =
        db_query(l->db, ASK_READING_COUNTERS, DB_ARGS(db_int(db_row_int(row, 0))), take_counter, &r.reading, NULL);
    return err == OK ? l->fn(l->context, &r) : err;
}

static enum err take_reading(void *context, const struct center_reading *r)
{
    *(struct reading *)context = r->reading;
    return OK;
}

enum err center_reading_last(struct db *db, const char *number, struct reading *ret_reading, struct why *why)
{
    struct listing l = { take_reading, ret_reading, db };
    return center_one(db, ASK_READING_LAST, DB_ARGS(db_text(number)), pass_reading, &l, number, why);
}

enum err center_reading_find(struct db *db, const char *number, int64_t sequence, struct reading *ret_reading, struct why *why)
{
    struct listing l = { take_reading, ret_reading, db };
    return center_one(db, ASK_READING_OF_SEQUENCE, DB_ARGS(db_text(number), db_int(sequence)), pass_reading, &l, number, why);
}

enum err center_reading_believed(struct db *db, const char *number, int64_t *ret_sequence, struct why *why)
{
    *ret_sequence = 0;
    enum err err = db_first_int(db, ASK_READING_BELIEVED, DB_ARGS(db_text(number)), ret_sequence, why);
    return err == ERR_NOT_FOUND ? OK : err;
}

struct paging {
    struct listing listing;
    struct center_page page;
};

static enum err page_reading(void *context, const struct db_row *row)
{
    struct paging *p = context;
    const struct center_page_row r = { .key = db_row_int(row, 0), .from_s = db_row_int(row, 5), .until_s = db_row_int(row, 5) + 1,
                                       .kind = db_row_text(row, 9), .customer = db_row_text(row, 10), .site = db_row_text(row, 11) };
    return center_page_shows(&p->page, &r) ? pass_reading(&p->listing, row) : OK;
}

enum err center_reading_page(struct db *db, const struct center_filter *f, center_reading_fn *fn, void *context, int64_t *ret_next,
                             struct why *why)
{
    static const struct center_pages of = { ASK_READING_PAGE, ASK_READING_PAGE_NUMBER, ASK_READING_RECEIVED };
    struct paging p = { { fn, context, db }, center_page_begin(f, f->number == NULL) };
    enum err err = center_page_ask(db, &of, &p.page, page_reading, &p, why);
    *ret_next = center_page_next(&p.page);
    return err;
}

enum err center_reading_list(struct db *db, const char *number, int64_t most, center_reading_fn *fn, void *context, struct why *why)
{
    const struct center_filter newest = { .number = number, .most = most };
    int64_t next;
    return center_reading_page(db, &newest, fn, context, &next, why);
}

/* --- What is billed --- */

struct period {
    struct db *db;
    const char *number;
    center_period_fn *fn;
    void *context;
    int64_t last; /* id of the one that was passed on */
    bool follows;
    struct why *why;
};

static enum err pass_end(void *context, const struct center_reading *r)
{
    const struct period *p = context;
    return p->fn(p->context, r, p->follows);
}

/* A chain may have one reading only. */
static enum err take_end(void *context, const struct db_row *row)
{
    struct period *p = context;
    struct listing l = { pass_end, p, p->db };
    int64_t id = db_row_int(row, 0);
    if (id == p->last)
        return OK;
    p->last = id;
    return pass_reading(&l, row);
}

static enum err begin_chain(struct period *p, int64_t id)
{
    p->follows = false;
    return db_query(p->db, ASK_READING_FROM, DB_ARGS(db_text(p->number), db_int(id)), take_end, p, p->why);
}

static enum err end_chain(struct period *p, int64_t id)
{
    p->follows = true;
    return db_query(p->db, ASK_READING_UPTO, DB_ARGS(db_text(p->number), db_int(id)), take_end, p, p->why);
}

static enum err take_break(void *context, const struct db_row *row)
{
    int64_t id = db_row_int(row, 0);
    enum err err = end_chain(context, id - 1);
    return err == OK ? begin_chain(context, id) : err;
}

enum err center_reading_period(struct db *db, const char *number, int64_t from_s, int64_t until_s, center_period_fn *fn,
                               void *context, struct why *why)
{
    struct period p = { .db = db, .number = number, .fn = fn, .context = context, .why = why };
    int64_t opening = 0, closing = 0;
    enum err err = db_first_int(db, ASK_READING_AT, DB_ARGS(db_text(number), db_int(from_s)), &opening, why);
    if (err == OK)
        err = db_first_int(db, ASK_READING_AT, DB_ARGS(db_text(number), db_int(until_s)), &closing, why);
    if (err != OK || closing == 0 || closing < opening)
        return err;
    err = begin_chain(&p, opening);
    if (err == OK)
        err = db_query(db, ASK_READING_BREAK_EACH, DB_ARGS(db_text(number), db_int(p.last), db_int(closing)), take_break, &p, why);
    return err == OK ? end_chain(&p, closing) : err;
}

/* --- Readings that wait for those before them --- */

static enum err take_gap(void *context, const struct db_row *row)
{
    *(struct center_gap *)context = (struct center_gap){ db_row_int(row, 0), db_row_int(row, 1), db_row_int(row, 2) };
    return OK;
}

enum err center_gap_find(struct db *db, const char *number, struct center_gap *ret_gap, struct why *why)
{
    *ret_gap = (struct center_gap){ .since_s = 0 };
    return db_query(db, ASK_GAP_GET, DB_ARGS(db_text(number)), take_gap, ret_gap, why);
}

enum err center_gap_put(struct db *db, const char *number, const struct center_gap *gap, struct why *why)
{
    return db_run(db, ASK_GAP_PUT, DB_ARGS(db_text(number), db_int(gap->since_s), db_int(gap->position), db_int(gap->sequence)), why);
}

enum err center_gap_forget(struct db *db, const char *number, struct why *why)
{
    return db_run(db, ASK_GAP_FORGET, DB_ARGS(db_text(number)), why);
}
