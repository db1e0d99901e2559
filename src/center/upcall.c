/* Calls from devices to the centre (M-2): judged, kept, answered; once, however often they come (I10). */
#include "center/upcall.h"

#include <stdio.h>
#include <string.h>

enum { DELAY_S = 5, LIMIT_MOST_S = 31 * 86400 };

static upcall_step *const steps[SOAP_MESSAGE_COUNT] = {
    [SOAP_EVENT_REPORT] = upcall_event,       [SOAP_COUNTER_REPORT] = upcall_counters,
    [SOAP_AGENTLESS_REPORT] = upcall_agentless, [SOAP_RENEWAL] = upcall_renewal,
    [SOAP_RENEWAL_CONFIRMATION] = upcall_renewal, [SOAP_PROGRAM_PART] = upcall_program,
};

bool upcall_is_ours(enum err err)
{
    return err == ERR_IO || err == ERR_NO_SPACE || err == ERR_NO_MEMORY || err == ERR_DAMAGED || err == ERR_BUG || err == ERR_BUSY;
}

enum err upcall_answer(struct upcall *u, const void *body)
{
    const struct soap_header header = soap_reply_header(&u->parsed.header);
    return soap_write_response(SERVICE_CENTER, u->parsed.message, &header, body, &u->answer);
}

enum err upcall_envelope(struct span request, enum soap_message message, const void *body, enum err err, const char *reason,
                         struct buf *to)
{
    AUTO_PARSED parsed = { 0 };
    enum err read = soap_read_request(SERVICE_CENTER, request, &parsed, NULL);
    const struct soap_header header = soap_reply_header(&parsed.header);
    if (read == ERR_NO_MEMORY)
        return read;
    return body == NULL ? soap_write_fault(&header, err, reason, to)
                        : soap_write_response(SERVICE_CENTER, message, &header, body, to);
}

struct earlier {
    const struct field_call *call;
    bool there, same;
};

static enum err compare(void *context, const struct center_call *c)
{
    struct earlier *e = context;
    e->there = true;
    e->same = !c->down && number_equal(&c->number, &e->call->number);
    return OK;
}

static enum err look_earlier(struct job *job, struct earlier *e, struct why *why)
{
    enum err err = center_call_find(job->center->db, e->call->id, compare, e, why);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err keep(struct upcall *u, struct why *why)
{
    const struct field_call *call = u->call;
    struct job *job = u->job;
    int64_t limit = call->limit < 1 ? 1 : call->limit > LIMIT_MOST_S ? LIMIT_MOST_S : call->limit;
    struct center_call c = { .number = call->number,
                             .state = u->later ? CALL_DELAYED : CALL_ANSWERED,
                             .accepted_s = job->now_s,
                             .limit_s = job->now_s + limit,
                             .due_s = u->later ? job->now_s + DELAY_S : 0,
                             .envelope = call->envelope,
                             .answer = buf_span(&u->answer) };
    bool fresh;
    snprintf(c.id, sizeof c.id, "%s", call->id);
    snprintf(c.operation, sizeof c.operation, "%s", soap_message_row(u->parsed.message)->operation);
    snprintf(c.actor, sizeof c.actor, "%s", u->node.device.number.text);
    return center_call_add(job->center->db, &c, &fresh, why);
}

/* What is wrong with the call itself, before anybody looks at what it asks. */
static enum err check_call(struct upcall *u, struct why *why)
{
    const struct field_call *c = u->call;
    size_t n = strlen(c->id);
    if (n == 0 || n > LIMIT_MESSAGE_ID)
        return why_set(why, ERR_BAD_INPUT, "the id of a call has 1 to %d characters", LIMIT_MESSAGE_ID);
    if (c->envelope.n > LIMIT_ENVELOPE)
        return why_set(why, ERR_TOO_LARGE, "an envelope has %d bytes at most", LIMIT_ENVELOPE);
    enum err err = soap_read_request(SERVICE_CENTER, c->envelope, &u->parsed, why);
    if (err == OK && strcmp(u->parsed.header.message_id, c->id) != 0)
        return why_set(why, ERR_BAD_INPUT, "the call's id is not its envelope's MessageID");
    return err;
}

/* The call is answered or put off, and kept. A refusal of the step is an answer too: a fault. */
static enum err serve(struct upcall *u, struct why *why)
{
    struct why refused = { "" };
    enum err err = steps[u->parsed.message] == NULL ? ERR_UNSUPPORTED : steps[u->parsed.message](u, &refused);
    if (err != OK && upcall_is_ours(err))
        return why_set(why, err, "%s", why_text(&refused, err));
    if (err != OK) {
        const struct soap_header header = soap_reply_header(&u->parsed.header);
        buf_clear(&u->answer);
        err = soap_write_fault(&header, err, why_text(&refused, err), &u->answer);
    }
    return err != OK ? err : keep(u, why);
}

/* Who may send the message at all, as when it were posted. */
static struct verdict judge_role(const struct upcall *u)
{
    const struct soap_message_row *row = soap_message_row(u->parsed.message);
    struct verdict v = { .incident = "" };
    if ((row->roles & ROLE_BIT(u->job->signer_role)) != 0)
        return v;
    v = (struct verdict){ .err = ERR_NOT_ALLOWED, .incident = "wrong-role" };
    (void)!why_set(&v.why, v.err, "a %s may not send %s", role_name(u->job->signer_role), row->operation);
    return v;
}

/* Who may ask this now: the role, the agreement, the standing, how far the identity reaches. */
static enum err admit(struct upcall *u, enum reach reach, struct verdict *v, struct why *why)
{
    *v = judge_role(u);
    if (v->err == OK)
        *v = decide_letter(&u->node, u->parsed.message == SOAP_COUNTER_REPORT ? LETTER_READING : LETTER_ANYTHING, u->job->now_s);
    if (v->err == ERR_BUSY && !u->node.has_chain && u->call->maker != NULL && u->call->maker[0] != '\0')
        *v = (struct verdict){ .incident = "" }; /* the program beside the agent has no presence to show */
    if (v->err == OK)
        *v = decide_call(reach, u->parsed.message);
    if (v->incident[0] == '\0')
        return OK;
    return job_incident(u->job, v->incident, u->call->number.text, u->call->envelope, &v->why, why);
}

/* What the program beside a gateway's agent may send on its own (doc/protocol/field.md). */
static struct verdict judge_maker(const struct upcall *u)
{
    struct verdict v = { .incident = "" };
    const char *maker = u->call->maker == NULL ? "" : u->call->maker;
    bool may = u->job->signer_role == ROLE_GATEWAY &&
               (u->parsed.message == SOAP_AGENTLESS_REPORT || u->parsed.message == SOAP_EVENT_REPORT);
    if (maker[0] == '\0' || may)
        return v;
    v = (struct verdict){ .err = ERR_NOT_ALLOWED, .incident = "wrong-role" };
    (void)!why_set(&v.why, v.err, "%s is not for the program beside the agent of a %s to send",
                   soap_message_row(u->parsed.message)->operation, role_name(u->job->signer_role));
    return v;
}

/* ret_outcome->again: it was served long ago, and is only receipted. */
static enum err judge_place(struct upcall *u, const struct letter_place_of *of, struct verdict *v, struct letter_outcome *ret_outcome,
                            struct why *why)
{
    *ret_outcome = (struct letter_outcome){ .again = false };
    *v = judge_maker(u);
    if (v->err != OK)
        return job_incident(u->job, v->incident, u->call->number.text, u->call->envelope, &v->why, why);
    enum err err = place_judge(u->job, &u->node, of, ret_outcome, why);
    *v = ret_outcome->verdict;
    return err;
}

static enum err serve_in_place(struct upcall *u, const struct letter_place_of *of, const struct letter_outcome *place, struct why *why)
{
    if (place->again)
        return OK;
    enum err err = center_call_room(u->job->center->db, u->call->number.text, false, why);
    if (err == OK)
        err = serve(u, why);
    return err == OK ? place_keep(u->job, of, place, why) : err;
}

static enum err take_new(struct upcall *u, enum reach reach, struct why *why)
{
    struct verdict v;
    struct letter_outcome place;
    const struct field_call *c = u->call;
    const struct letter_place_of of = { &c->number, { c->id, c->token, c->maker, c->serial }, c->envelope };
    struct why refused = { "" };
    enum err err = check_call(u, &refused);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK) {
        response_receipt(u->job, c->id, "call", err, &refused);
        return OK;
    }
    err = node_find(u->job->center, c->number.text, &u->node, why);
    if (err == OK)
        err = admit(u, reach, &v, why);
    if (err == OK && v.err == OK) /* before it has any effect */
        err = judge_place(u, &of, &v, &place, why);
    if (err == OK && v.err == OK)
        err = serve_in_place(u, &of, &place, why);
    if (err == ERR_BUSY && u->job->put_off)
        return OK;
    if (err == ERR_BUSY) /* too many calls of it are open, too many events or readings came: it comes again */
        response_receipt(u->job, c->id, "call", err, why);
    if (err == OK)
        response_receipt(u->job, c->id, "call", v.err, &v.why);
    if (err == ERR_BUSY)
        return OK;
    return err;
}

enum err upcall_take(struct job *job, const struct field_call *c, struct why *why)
{
    struct upcall u = { .job = job, .call = c };
    struct earlier earlier = { .call = c };
    struct verdict v;
    enum reach reach;
    const struct letter_facts facts = { LETTER_CALL, c, &c->number, c->signature, c->envelope, NULL };
    enum err err = letter_judge(job, &facts, &v, &reach, why);
    if (err == OK && v.err == OK)
        err = look_earlier(job, &earlier, why);
    if (err != OK)
        return err;
    if (v.err == OK && earlier.there && !earlier.same)
        v.err = why_set(&v.why, ERR_CONFLICT, "this id belongs to another call");
    if (v.err == OK && earlier.there) /* I10: the same question, the same answer */
        err = center_call_tell_again(job->center->db, c->id, why);
    if (v.err != OK || earlier.there) {
        response_receipt(job, c->id, "call", v.err, &v.why);
        return err;
    }
    err = take_new(&u, reach, why);
    soap_parsed_done(&u.parsed);
    buf_done(&u.answer);
    return err;
}
