#include "store/center_schema.h"

enum { SAME_WITHIN_S = 3600 };

enum err center_incident_add(struct db *db, const struct center_incident *i, struct why *why)
{
    enum err err = db_run(db, ASK_INCIDENT_AGAIN,
                          DB_ARGS(db_text(i->kind), db_text(i->number), db_text(i->by), db_int(i->at_s - SAME_WITHIN_S)), why);
    if (err != OK || db_changes(db) > 0)
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
    return db_run(db, ASK_EVENT_ADD, DB_ARGS(db_text(number), db_int(now_s), db_text(kind), db_text(detail)), why);
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
