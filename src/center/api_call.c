/* Calls to devices: queued here, carried by exchanges (M-2 to M-5). */
#include <stdio.h>

#include "base/rng.h"
#include "center/answer.h"
#include "center/api.h"
#include "center/decide.h"

static json_t *make_row(const struct center_call *c)
{
    char accepted[CLOCK_TEXT_SIZE], limit[CLOCK_TEXT_SIZE], due[CLOCK_TEXT_SIZE];
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", c->id, "number", c->number.text, "direction",
                     c->down ? "down" : "up", "operation", c->operation, "state", call_state_name(c->state), "actor", c->actor,
                     "accepted", console_time(c->accepted_s, accepted), "limit", console_time(c->limit_s, limit), "due",
                     console_time(c->due_s, due), "reason", c->reason);
}

static enum err add_call(void *context, const struct center_call *c)
{
    return api_push(context, make_row(c));
}

static enum err check_state(const char *name, struct why *why)
{
    enum call_state state;
    return name == NULL || call_state_parse(name, &state) == OK
               ? OK
               : why_set(why, ERR_BAD_INPUT, "a call is not \"%s\": waiting, taken, delayed, answered, refused or expired is", name);
}

enum err api_call_list(struct api_call *call, struct why *why)
{
    struct console_filter f;
    char open[4];
    int64_t next = 0;
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    enum err err = console_read_filter(call, "state", &f, why);
    f.filter.open = console_query(call, "open", sizeof open, open) != NULL;
    if (err == OK)
        err = check_state(f.filter.kind, why);
    if (err == OK)
        err = console_check_number(call, &f.filter, why);
    if (err == OK)
        err = center_call_page(call->service->people.db, &f.filter, add_call, rows, &next, why);
    console_set_next_key(call, next);
    return err;
}

static enum err take_call(void *context, const struct center_call *c)
{
    json_t *row = make_row(c);
    if (row == NULL)
        return ERR_NO_MEMORY;
    json_object_set_new(row, "over", json_boolean(call_is_over(c->state)));
    if (c->down && c->state == CALL_ANSWERED)
        json_object_set_new(row, "answer", answer_as_json(c->operation, c->answer));
    *(json_t **)context = row;
    return OK;
}

enum err api_call_show(struct api_call *call, struct why *why)
{
    return center_call_find(call->service->people.db, call->rest, take_call, &call->answer, why);
}

/* --- Making one --- */

/* What the body of each message may need. */
struct making {
    const struct operation *operation;
    struct polling_interval_request interval;
    struct fetch_program_request program;
    struct counter_threshold_request threshold;
    char application[LIMIT_NAME + 1];
    struct certificate signers[CREDENTIALS_CHAIN];
    char version[LIMIT_NAME + 1];
    uint8_t sha256[32];
    struct buf signature; /* owned */
};

static enum err take_program(void *context, const struct center_program *p)
{
    struct making *m = context;
    memcpy(m->sha256, p->sha256, sizeof m->sha256);
    m->program.version = m->version;
    m->program.size = p->size;
    m->program.sha256 = span_of(m->sha256, sizeof m->sha256);
    enum err err = buf_put_span(&m->signature, p->signature);
    m->program.signature = buf_span(&m->signature);
    return err;
}

static enum err read_program(struct api_call *call, struct making *m, struct why *why)
{
    const struct credentials *own = console_of(call)->credentials;
    enum err err = api_text(call, "version", NULL, sizeof m->version, m->version, why);
    if (err == OK)
        err = center_program_find(call->service->people.db, m->version, take_program, m, why);
    for (size_t i = 0; err == OK && i < own->chain_n; i++)
        m->signers[i].der = cert_der(own->chain[i]);
    m->program.signers = m->signers;
    m->program.signers_n = own->chain_n;
    return err;
}

static enum err read_threshold(struct api_call *call, struct making *m, struct why *why)
{
    enum err err = api_text(call, "application", NULL, sizeof m->application, m->application, why);
    if (err == OK && json_object_get(call->json, "at") == NULL)
        err = why_set(why, ERR_BAD_INPUT, "\"at\" is missing: the value that is to be reported, or 0 for none");
    m->threshold.application = m->application;
    return err == OK ? api_integer(call, "at", 0, 0, LIMIT_THRESHOLD, &m->threshold.at, why) : err;
}

static enum err read_making(struct api_call *call, struct making *m, struct why *why)
{
    char word[32];
    enum err err = api_text(call, "operation", NULL, sizeof word, word, why);
    if (err != OK)
        return err;
    m->operation = answer_operation(word);
    if (m->operation == NULL)
        return why_set(why, ERR_BAD_INPUT,
                       "there is no call \"%s\": counters, information, interval, threshold, restart, renew or program is needed", word);
    if (m->operation->message == SOAP_POLLING_INTERVAL) {
        if (json_object_get(call->json, "interval") == NULL)
            return why_set(why, ERR_BAD_INPUT, "\"interval\" is missing: seconds between polls");
        return api_integer(call, "interval", 0, LIMIT_POLL_LEAST_S, LIMIT_POLL_MOST_S, &m->interval.interval, why);
    }
    if (m->operation->message == SOAP_COUNTER_THRESHOLD)
        return read_threshold(call, m, why);
    return m->operation->message == SOAP_FETCH_PROGRAM ? read_program(call, m, why) : OK;
}

static enum err write_envelope(const struct making *m, const char *id, struct buf *to)
{
    static const struct charge_counter_request nothing; /* as are the requests of the others */
    struct soap_header header = { .version = SOAP_1_2 };
    const void *body = m->operation->message == SOAP_POLLING_INTERVAL ? (const void *)&m->interval
                       : m->operation->message == SOAP_COUNTER_THRESHOLD ? (const void *)&m->threshold
                       : m->operation->message == SOAP_FETCH_PROGRAM     ? (const void *)&m->program
                                                                         : (const void *)&nothing;
    snprintf(header.message_id, sizeof header.message_id, "%s", id);
    return soap_write_request(SERVICE_REMOTE, m->operation->message, &header, body, to);
}

/* A call that could never go down is refused here, with the reason. */
static enum err check_callable(const struct center_device *d, int64_t now_s, struct why *why)
{
    if (d->kind == CENTER_AGENTLESS)
        return why_set(why, ERR_UNSUPPORTED, "%s has no agent: its gateway %s reads its counters", d->number.text,
                       d->gateway.text);
    if (d->standing == CENTER_SCRAPPED)
        return why_set(why, ERR_CONFLICT, "%s is scrapped", d->number.text);
    if (d->standing == CENTER_QUARANTINED)
        return why_set(why, ERR_QUARANTINED, "%s is in quarantine: %s", d->number.text, d->standing_reason);
    enum err err = agreement_check(&d->agreement, now_s, why);
    return err == OK ? OK : why_prefix(why, err, "%s", d->number.text);
}

static enum err queue(struct api_call *call, const struct making *m, struct center_call *c, struct why *why)
{
    struct db *db = call->service->people.db;
    AUTO_BUF envelope = BUF_INIT;
    bool added;
    enum err err = rng_uuid_urn(c->id);
    if (err == OK)
        err = write_envelope(m, c->id, &envelope);
    c->envelope = buf_span(&envelope);
    snprintf(c->operation, sizeof c->operation, "%s", soap_message_row(m->operation->message)->operation);
    snprintf(c->actor, sizeof c->actor, "%s", call->op.name);
    if (err == OK && c->envelope.n > LIMIT_ENVELOPE)
        err = why_set(why, ERR_TOO_LARGE, "the call is larger than %d bytes", LIMIT_ENVELOPE);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = center_call_add(db, c, &added, why);
    /* The sessions from now on say the same. */
    if (err == OK && m->operation->message == SOAP_POLLING_INTERVAL)
        err = center_device_interval(db, c->number.text, m->interval.interval, why);
    call->answer = json_pack("{s:s,s:s,s:s}", "id", c->id, "number", c->number.text, "operation", c->operation);
    return console_commit(call, err, "call", c->number.text, c->operation, why);
}

enum err api_call_add(struct api_call *call, struct why *why)
{
    struct center_device d;
    struct center_call c = { .down = true, .state = CALL_WAITING, .accepted_s = clock_wall_s() };
    struct making making = { .operation = NULL };
    char number[LIMIT_NUMBER_TEXT + 1];
    int64_t limit = 0;
    enum err err = api_text(call, "number", NULL, sizeof number, number, why);
    if (err == OK)
        err = console_number(number, &c.number, why);
    if (err == OK)
        err = center_device_find(call->service->people.db, number, &d, why);
    if (err == OK)
        err = check_callable(&d, c.accepted_s, why);
    if (err == OK)
        err = api_integer(call, "limit", console_of(call)->settings->call_limit_s, 1, LIMIT_POLL_MOST_S, &limit, why);
    if (err == OK)
        err = read_making(call, &making, why);
    c.limit_s = c.accepted_s + limit;
    if (err == OK)
        err = queue(call, &making, &c, why);
    if (call->answer != NULL) { /* how long it may take */
        char seen[CLOCK_TEXT_SIZE];
        json_object_set_new(call->answer, "seen", json_string(console_time(d.seen_s, seen)));
        json_object_set_new(call->answer, "interval", json_integer(decide_interval(&d, console_of(call)->settings->poll_s)));
    }
    buf_done(&making.signature);
    return err;
}
