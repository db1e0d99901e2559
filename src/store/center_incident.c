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
};

static enum err pass_incident(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct center_incident i = { .id = db_row_int(row, 0), .at_s = db_row_int(row, 1), .evidence = db_row_blob(row, 6),
                                 .times = db_row_int(row, 7) };
    db_row_copy(row, 2, sizeof i.kind, i.kind);
    db_row_copy(row, 3, sizeof i.number, i.number);
    db_row_copy(row, 4, sizeof i.by, i.by);
    db_row_copy(row, 5, sizeof i.text, i.text);
    return l->incident(l->context, &i);
}

enum err center_incident_list(struct db *db, const char *number, int64_t most, center_incident_fn *fn, void *context, struct why *why)
{
    struct listing l = { .incident = fn, .context = context };
    if (number == NULL)
        return db_query(db, ASK_INCIDENT_EACH, DB_ARGS(db_int(most)), pass_incident, &l, why);
    return db_query(db, ASK_INCIDENT_EACH_NUMBER, DB_ARGS(db_text(number), db_int(most)), pass_incident, &l, why);
}

enum err center_event_add(struct db *db, const char *number, int64_t now_s, const char *kind, const char *detail, struct why *why)
{
    int64_t lately = 0;
    enum err err = db_first_int(db, ASK_EVENT_LATELY, DB_ARGS(db_text(number), db_int(now_s - WITHIN_S), db_int(LIMIT_EVENTS_LATELY)), &lately, why);
    if (err == OK && lately >= LIMIT_EVENTS_LATELY)
        err = why_set(why, ERR_BUSY, "%s reported %lld events in the last hour: the next one comes later", number, (long long)lately);
    return err != OK ? err : db_run(db, ASK_EVENT_ADD, DB_ARGS(db_text(number), db_int(now_s), db_text(kind), db_text(detail)), why);
}

static enum err pass_event(void *context, const struct db_row *row)
{
    struct listing *l = context;
    return l->event(l->context, db_row_text(row, 0), db_row_int(row, 1), db_row_text(row, 2), db_row_text(row, 3));
}

enum err center_event_list(struct db *db, const char *number, int64_t most, center_event_fn *fn, void *context, struct why *why)
{
    struct listing l = { .event = fn, .context = context };
    if (number == NULL)
        return db_query(db, ASK_EVENT_EACH, DB_ARGS(db_int(most)), pass_event, &l, why);
    return db_query(db, ASK_EVENT_EACH_NUMBER, DB_ARGS(db_text(number), db_int(most)), pass_event, &l, why);
}
