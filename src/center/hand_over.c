#include "center/hand_over.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "center/decide.h"
#include "log/log.h"
#include "soap/soap.h"

enum { LEAST_S = 900, POLLS = 3, ANEW_MOST = 32, OPEN_MOST = 8 };

static const char *operation(void) { return soap_message_row(SOAP_COUNTER_HAND_OVER)->operation; }

/* A gateway drops a call at its limit. It may come there when the board has just asked, and its next poll may fail. */
static int64_t limit_of(const struct center *center, const struct center_device *d)
{
    int64_t limit = POLLS * decide_interval(d, center->settings.poll_s);
    return limit < LEAST_S ? LEAST_S : limit > LIMIT_POLL_MOST_S ? LIMIT_POLL_MOST_S : limit;
}

static enum err write_request(const struct center_call *c, const struct reading *last, struct buf *to)
{
    struct counter_value values[LIMIT_COUNTERS];
    struct soap_header header = { .version = SOAP_1_2 };
    for (size_t i = 0; i < last->counters_n; i++)
        values[i] = (struct counter_value){ last->counters[i].name, last->counters[i].value };
    memcpy(header.message_id, c->id, sizeof header.message_id);
    return soap_write_request(SERVICE_REMOTE, SOAP_COUNTER_HAND_OVER, &header,
                              &(struct counter_hand_over_request){
                                  .epoch = last->epoch, .sequence = last->sequence, .counters = values, .counters_n = last->counters_n },
                              to);
}

static enum err tell(struct center *center, const struct center_device *d, int64_t now_s, struct why *why)
{
    struct reading last = { .sequence = 0 };
    AUTO_BUF envelope = BUF_INIT;
    enum err err = center_reading_last(center->db, d->number.text, &last, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    struct center_call c = { .number = d->number, .down = true, .state = CALL_WAITING, .accepted_s = now_s,
                             .limit_s = now_s + limit_of(center, d), .actor = "replacement" };
    snprintf(c.operation, sizeof c.operation, "%s", operation());
    err = rng_uuid_urn(c.id); /* nobody can take it before us */
    if (err == OK)
        err = write_request(&c, &last, &envelope);
    c.envelope = buf_span(&envelope);
    return err != OK ? err : center_call_put(center->db, &c, why);
}

enum err hand_over_tell(struct center *center, const struct device_number *number, int64_t now_s, struct why *why)
{
    struct center_device d;
    enum err err = center_device_find(center->db, number->text, &d, why);
    return err == OK ? tell(center, &d, now_s, why) : err;
}

struct unanswered {
    struct center_call calls[ANEW_MOST];
    size_t n;
};

static enum err take_unanswered(void *context, const struct center_call *c)
{
    struct unanswered *u = context;
    u->calls[u->n] = *c;
    u->calls[u->n].envelope = u->calls[u->n].answer = span_of(NULL, 0); /* not ours to keep */
    u->n++;
    return OK;
}

static enum err expire(struct center *center, const struct center_call *c, const char *reason, struct why *why)
{
    enum call_state now;
    return center_call_move(center->db, c->id, CALL_EVENT_EXPIRE, 0, span_of(NULL, 0), reason, &now, why);
}

/* Its row stays: the answer may come yet. One that nobody took waits on as it is, as for a board that is switched off, in quarantine or
 * under no agreement. */
static enum err tell_anew(struct center *center, const struct center_call *c, int64_t now_s, struct why *why)
{
    struct center_device d;
    enum err err = center_device_find(center->db, c->number.text, &d, why);
    if (err == ERR_NOT_FOUND || (err == OK && d.standing == CENTER_SCRAPPED)) /* nobody waits for it */
        return expire(center, c, "no response within its time limit", why);
    if (err == OK && c->state == CALL_WAITING)
        return center_call_prolong(center->db, c->id, now_s + limit_of(center, &d), why);
    if (err == OK)
        err = expire(center, c, "no response within its time limit; told anew", why);
    if (err == OK)
        err = tell(center, &d, now_s, why);
    return err;
}

static enum err commit_anew(struct center *center, const struct center_call *c, int64_t now_s, struct why *why)
{
    enum err err = db_begin(center->db, why);
    if (err == OK)
        err = tell_anew(center, c, now_s, why);
    if (err == OK)
        err = db_commit(center->db, why);
    db_rollback(center->db);
    return err;
}

/* Those of the other numbers must not wait behind it. */
static void put_off(struct center *center, const struct center_call *c, int64_t now_s, enum err err, const struct why *why)
{
    log_failure(LOG_ERROR, "hand-over-failed", err, why, "number", c->number.text, NULL);
    (void)!center_call_prolong(center->db, c->id, now_s + LEAST_S, NULL);
}

enum err hand_over_anew(struct center *center, int64_t now_s, struct why *why)
{
    struct unanswered u = { .n = 0 };
    enum err err = center_call_due(center->db, operation(), now_s, ANEW_MOST, take_unanswered, &u, why);
    for (size_t i = 0; err == OK && i < u.n; i++) {
        struct why reason = { "" };
        enum err one = commit_anew(center, &u.calls[i], now_s, &reason);
        if (one != OK)
            put_off(center, &u.calls[i], now_s, one, &reason);
    }
    return err;
}

struct open_ones {
    char ids[OPEN_MOST][LIMIT_MESSAGE_ID + 1];
    size_t n;
};

static enum err take_open(void *context, const struct center_call *c)
{
    struct open_ones *o = context;
    memcpy(o->ids[o->n++], c->id, sizeof c->id);
    return OK;
}

enum err hand_over_answered(struct db *db, const struct device_number *number, struct span answer, struct why *why)
{
    struct open_ones open = { .n = 0 };
    enum call_state now;
    enum err err = center_call_open(db, number->text, operation(), OPEN_MOST, take_open, &open, why);
    for (size_t i = 0; err == OK && i < open.n; i++)
        err = center_call_move(db, open.ids[i], CALL_EVENT_ANSWER, 0, answer, "answered under an earlier id", &now, why);
    return err;
}
