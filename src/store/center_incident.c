#include "store/center_page.h"
#include "store/center_schema.h"

enum { WITHIN_S = 3600 };

/* Whoever sends garbage chooses what an incident says, a number that does not exist for example: the rows of one sender,
 * and of one kind (the sender of a certificate that was refused is nobody's word), are bounded. Beyond, they are counted. */
static enum err count_more(struct db *db, const struct center_incident *i, bool *ret_counted, struct why *why)
{
    int64_t by = 0, kind = 0, since_s = i->at_s - WITHIN_S;
    enum err err = db_first_int(db, ASK_INCIDENT_OF_BY, DB_ARGS(db_text(i->by), db_int(since_s), db_int(LIMIT_INCIDENTS_OF_SENDER)), &by, why);
    if (err == OK)
        err = db_first_int(db, ASK_INCIDENT_OF_KIND, DB_ARGS(db_text(i->kind), db_int(since_s), db_int(LIMIT_INCIDENTS_OF_KIND)), &kind, why);
    if (err == OK && by >= LIMIT_INCIDENTS_OF_SENDER)
        err = db_run(db, ASK_INCIDENT_MORE_BY, DB_ARGS(db_text(i->by)), why);
    else if (err == OK && kind >= LIMIT_INCIDENTS_OF_KIND)
        err = db_run(db, ASK_INCIDENT_MORE_KIND, DB_ARGS(db_text(i->kind)), why);
    if (err == OK)
        *ret_counted = by >= LIMIT_INCIDENTS_OF_SENDER || kind >= LIMIT_INCIDENTS_OF_KIND;
    return err;
}

enum err center_incident_add(struct db *db, const struct center_incident *i, struct why *why)
{
    bool counted = false;
    enum err err = db_run(db, ASK_INCIDENT_AGAIN,
                          DB_ARGS(db_text(i->kind), db_text(i->number), db_text(i->by), db_int(i->at_s - WITHIN_S)), why);
    if (err != OK || db_changes(db) > 0)
        return err;
    err = count_more(db, i, &counted, why);
    if (err != OK || counted)
        return err;
    return db_run(db, ASK_INCIDENT_ADD,
                  DB_ARGS(db_int(i->at_s), db_text(i->kind), db_text(i->number), db_text(i->by), db_text(i->text),
                          db_blob(i->evidence)),
                  why);
}

struct listing {
    center_incident_fn *incident;
    center_event_fn *event;
    void *context;
    struct center_page page;
};

static enum err page_incident(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct center_incident i = { .id = db_row_int(row, 0), .at_s = db_row_int(row, 1), .times = db_row_int(row, 6) };
    const struct center_page_row r = { .key = i.id, .from_s = i.at_s, .until_s = i.at_s + 1, .kind = db_row_text(row, 2),
                                       .customer = db_row_text(row, 7), .site = db_row_text(row, 8) };
    if (!center_page_shows(&l->page, &r))
        return OK;
    db_row_copy(row, 2, sizeof i.kind, i.kind);
    db_row_copy(row, 3, sizeof i.number, i.number);
    db_row_copy(row, 4, sizeof i.by, i.by);
    db_row_copy(row, 5, sizeof i.text, i.text);
    return l->incident(l->context, &i);
}

enum err center_incident_page(struct db *db, const struct center_filter *f, center_incident_fn *fn, void *context, int64_t *ret_next,
                              struct why *why)
{
    static const struct center_pages of = { ASK_INCIDENT_PAGE, ASK_INCIDENT_PAGE_NUMBER, ASK_INCIDENT_AT };
    struct listing l = { .incident = fn, .context = context, .page = center_page_begin(f, f->number == NULL) };
    enum err err = center_page_ask(db, &of, &l.page, page_incident, &l, why);
    *ret_next = center_page_next(&l.page);
    return err;
}

enum err center_event_add(struct db *db, const char *number, int64_t now_s, const char *kind, const char *detail, struct why *why)
{
    int64_t lately = 0;
    enum err err = db_first_int(db, ASK_EVENT_LATELY, DB_ARGS(db_text(number), db_int(now_s - WITHIN_S), db_int(LIMIT_EVENTS_LATELY)), &lately, why);
    if (err == OK && lately >= LIMIT_EVENTS_LATELY)
        err = why_set(why, ERR_BUSY, "%s reported %lld events in the last hour: the next one comes later", number, (long long)lately);
    return err != OK ? err : db_run(db, ASK_EVENT_ADD, DB_ARGS(db_text(number), db_int(now_s), db_text(kind), db_text(detail)), why);
}

static enum err page_event(void *context, const struct db_row *row)
{
    struct listing *l = context;
    const struct center_page_row r = { .key = db_row_int(row, 4), .from_s = db_row_int(row, 1), .until_s = db_row_int(row, 1) + 1,
                                       .kind = db_row_text(row, 2), .customer = db_row_text(row, 5), .site = db_row_text(row, 6) };
    return center_page_shows(&l->page, &r)
               ? l->event(l->context, db_row_text(row, 0), r.from_s, r.kind, db_row_text(row, 3))
               : OK;
}

enum err center_event_page(struct db *db, const struct center_filter *f, center_event_fn *fn, void *context, int64_t *ret_next,
                           struct why *why)
{
    static const struct center_pages of = { ASK_EVENT_PAGE, ASK_EVENT_PAGE_NUMBER, ASK_EVENT_AT };
    struct listing l = { .event = fn, .context = context, .page = center_page_begin(f, f->number == NULL) };
    enum err err = center_page_ask(db, &of, &l.page, page_event, &l, why);
    *ret_next = center_page_next(&l.page);
    return err;
}
