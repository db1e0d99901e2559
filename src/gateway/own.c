/* Calls of the gateway itself, in its own name and signed by its identity; they go the way of all letters. */
#include <stdio.h>

#include "base/clock.h"
#include "base/rng.h"
#include "field/letter.h"
#include "gateway/gateway.h"
#include "log/log.h"

enum { OWN_LIMIT_S = 24 * 3600, OWN_ANSWERS = 100 };

/* Of ourselves nothing is refused for its number's sake: how many printers report through us is the operator's choice. */
static enum err put_call(struct gateway *g, const struct field_call *c, struct why *why)
{
    struct relay_bounds bounds = gateway_bounds(&g->settings);
    AUTO_BUF no_signers = BUF_INIT;
    struct relay_letter l;
    bool fresh;
    bounds.per_number = 0;
    enum err err = letter_of_call(c, &no_signers, &l, why);
    if (err != OK)
        return err;
    snprintf(l.via, sizeof l.via, "%s", OWN_VIA);
    l.taken_s = clock_wall_s();
    return relay_put(g->db, &l, &bounds, &fresh, why);
}

/* With a serial of the gateway's own, as it has no presence: its agent shows that. */
static enum err sign_and_put(struct gateway *g, struct field_call *call, struct why *why)
{
    AUTO_BUF signature = BUF_INIT;
    enum err err = relay_own_serial(g->db, clock_wall_s(), &call->serial, why);
    if (err == OK)
        err = letter_sign_call(g->identity->board.identity.key, call, &signature, why);
    call->signature = buf_span(&signature);
    return err == OK ? put_call(g, call, why) : err;
}

enum err own_call(struct gateway *g, enum soap_message message, const void *body, char ret_id[LIMIT_MESSAGE_ID + 1], struct why *why)
{
    struct soap_header header = { .version = SOAP_1_2 };
    AUTO_BUF envelope = BUF_INIT;
    enum err err = rng_uuid_urn(header.message_id);
    if (err == OK)
        err = soap_write_request(SERVICE_CENTER, message, &header, body, &envelope);
    struct field_call call = { .id = header.message_id, .number = g->identity->number, .limit = OWN_LIMIT_S, .envelope = buf_span(&envelope),
                               .token = "", .maker = OWN_VIA };
    if (err == OK)
        err = db_begin(g->db, why);
    if (err != OK)
        return err;
    err = sign_and_put(g, &call, why);
    if (err == OK)
        err = db_commit(g->db, why);
    else
        db_rollback(g->db);
    if (err != OK)
        return err;
    memcpy(ret_id, header.message_id, LIMIT_MESSAGE_ID + 1);
    uplink_news(g);
    return OK;
}

enum err own_report(struct gateway *g, const struct agentless_report_request *report, struct why *why)
{
    char id[LIMIT_MESSAGE_ID + 1];
    enum err err = own_call(g, SOAP_AGENTLESS_REPORT, report, id, why);
    if (err == OK)
        log_event(LOG_INFO, "agentless-report", "number", report->number.text, "source", report->source, "id", id, NULL);
    return err;
}

void own_refused(struct gateway *g, const char *peer, const char *number)
{
    char detail[3 * LIMIT_NUMBER_TEXT], id[LIMIT_MESSAGE_ID + 1];
    struct why why = { "" };
    int64_t now_s = clock_wall_s();
    g->refused_n++;
    if (g->refused_told_s != 0 && now_s - g->refused_told_s < LIMIT_RELAY_REFUSED_S)
        return;
    snprintf(detail, sizeof detail, "%s spoke for %.41s; %u refusals", peer, number, g->refused_n);
    enum err err = own_call(g, SOAP_EVENT_REPORT, &(struct event_report_request){ .kind = "refused-below", .detail = detail }, id, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "queue", err, &why, NULL);
    g->refused_told_s = now_s;
    g->refused_n = 0;
}

/* --- What the centre says to it --- */

struct answers {
    struct gateway *g;
    size_t n;
    struct {
        enum relay_kind kind;
        char id[LIMIT_MESSAGE_ID + 1];
    } list[OWN_ANSWERS];
};

static enum err read_answer(void *context, const struct relay_letter *l)
{
    struct answers *a = context;
    AUTO_PARSED report = { 0 };
    AUTO_PARSED event = { 0 };
    struct why why = { "" };
    if (l->kind == RELAY_ANSWER && soap_read_response(SERVICE_CENTER, SOAP_EVENT_REPORT, l->envelope, &event, NULL) != OK) {
        enum err err = soap_read_response(SERVICE_CENTER, SOAP_AGENTLESS_REPORT, l->envelope, &report, &why);
        if (err != OK)
            log_failure(LOG_WARN, "own-report-refused", err, &why, "number", a->g->identity->number.text, "id", l->id, NULL);
    }
    a->list[a->n].kind = l->kind;
    snprintf(a->list[a->n].id, sizeof a->list[a->n].id, "%s", l->id);
    a->n++;
    return OK;
}

static enum err take_answers(struct answers *a, struct why *why)
{
    struct db *db = a->g->db;
    bool found;
    enum err err = relay_letters_down(db, OWN_VIA, span_of(NULL, 0), OWN_ANSWERS, read_answer, a, why);
    if (err != OK || a->n == 0)
        return err;
    err = db_begin(db, why);
    for (size_t i = 0; err == OK && i < a->n; i++)
        err = relay_passed(db, a->list[i].kind, a->list[i].id, OWN_VIA, clock_wall_s(), &found, why);
    if (err == OK)
        return db_commit(db, why);
    db_rollback(db);
    return err;
}

void own_answers(struct gateway *g)
{
    struct answers answers;
    struct why why = { "" };
    enum err err;
    do {
        answers = (struct answers){ .g = g };
        err = take_answers(&answers, &why);
    } while (err == OK && answers.n == OWN_ANSWERS);
    if (err != OK)
        log_failure(LOG_ERROR, "queue", err, &why, NULL);
}
