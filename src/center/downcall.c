/* Devices' answers to calls that went down (M-2, M-4), and receipts for what went with the reply before. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "center/hand_over.h"
#include "center/upcall.h"

/* A call of ours, as much of it as an answer needs. */
struct asked {
    bool there, down;
    struct device_number number;
    enum call_state state;
    enum soap_message message;
    int64_t interval_s; /* that was asked for, with a PollingIntervalRequest */
};

static enum soap_message message_of(const char *operation)
{
    for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++) {
        const struct soap_message_row *row = soap_message_row((enum soap_message)m);
        if ((row->services & SERVICE_BIT(REMOTE)) != 0 && strcmp(row->operation, operation) == 0)
            return (enum soap_message)m;
    }
    return SOAP_MESSAGE_COUNT;
}

static enum err take_asked(void *context, const struct center_call *c)
{
    struct asked *a = context;
    *a = (struct asked){ true, c->down, c->number, c->state, message_of(c->operation), 0 };
    AUTO_PARSED parsed = { 0 };
    if (a->message == SOAP_POLLING_INTERVAL && soap_read_request(SERVICE_REMOTE, c->envelope, &parsed, NULL) == OK)
        a->interval_s = ((const struct polling_interval_request *)parsed.body)->interval;
    return OK;
}

static enum err find_asked(struct job *job, const char *id, struct asked *ret, struct why *why)
{
    *ret = (struct asked){ .there = false };
    enum err err = center_call_find(job->center->db, id, take_asked, ret, why);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err move(struct job *job, const char *id, enum call_event event, int64_t due_s, struct span answer, const char *reason,
                     struct why *why)
{
    enum call_state now;
    char text[CENTER_TEXT];
    snprintf(text, sizeof text, "%.*s", (int)sizeof text - 1, reason);
    text_mend(text);
    enum err err = center_call_move(job->center->db, id, event, due_s, answer, text, &now, why);
    return err == ERR_BAD_TRANSITION ? OK : err; /* it is over already: nothing more follows from it */
}

static enum err use_counters(struct job *job, const struct field_answer *a, const struct charge_counter_response *r,
                             struct verdict *v, struct why *why)
{
    struct reading reading;
    if (!number_equal(&r->number, &a->number)) {
        *v = (struct verdict){ .err = ERR_NUMBER_MISMATCH, .incident = "other-number" };
        (void)!why_set(&v->why, v->err, "%s answered with the counters of %s", a->number.text, r->number.text);
        return job_incident(job, v->incident, r->number.text, a->envelope, &v->why, why);
    }
    v->err = reading_from(r->epoch, r->boots, r->sequence, r->counters, r->counters_n, &reading, &v->why);
    return v->err != OK ? OK : reading_take(job, a->number.text, a->id, &reading, v, why);
}

/* What the centre itself learns from an answer; the rest is for whoever called. */
static enum err use(struct job *job, const struct asked *asked, const struct field_answer *a, const void *body, struct verdict *v,
                    struct why *why)
{
    if (asked->message == SOAP_CHARGE_COUNTER)
        return use_counters(job, a, body, v, why);
    if (asked->message == SOAP_POLLING_INTERVAL && ((const struct polling_interval_response *)body)->accepted &&
        asked->interval_s >= LIMIT_POLL_LEAST_S && asked->interval_s <= LIMIT_POLL_MOST_S)
        return center_device_interval(job->center->db, a->number.text, asked->interval_s, why);
    return OK;
}

static enum err take_response(struct job *job, const struct asked *asked, const struct field_answer *a, struct verdict *v,
                              struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    struct why text = { "" };
    enum err read = soap_read_response(SERVICE_REMOTE, asked->message, a->envelope, &parsed, &text);
    if (read == ERR_NO_MEMORY)
        return read;
    if (read == OK && strcmp(parsed.header.relates_to, a->id) != 0)
        read = why_set(&text, ERR_BAD_INPUT, "the answer's envelope relates to another call");
    enum err err = read == OK ? use(job, asked, a, parsed.body, v, why) : OK;
    if (err != OK)
        return err;
    if (asked->message == SOAP_COUNTER_HAND_OVER && (asked->state == CALL_EXPIRED || read == ERR_EXPIRED)) /* told anew, or soon */
        return read == OK ? hand_over_answered(job->center->db, &a->number, a->envelope, why) : OK;
    if (read != OK || v->err == ERR_NUMBER_MISMATCH || v->err == ERR_BAD_INPUT) /* a fault, or what cannot be used */
        return move(job, a->id, CALL_EVENT_REFUSE, 0, a->envelope, read != OK ? why_text(&text, read) : v->why.text, why);
    return move(job, a->id, CALL_EVENT_ANSWER, 0, a->envelope, v->err == OK ? "" : v->why.text, why);
}

/* A gateway can bring an old call to a device again, after the device forgot it: the reading that it then makes has used up
 * a number, and counts, or the next one would seem to skip it. An answer that only comes twice has no effect (I10). */
static enum err take_again(struct job *job, const struct asked *asked, const struct field_answer *a, struct verdict *v, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    struct reading reading, last;
    if (asked->message != SOAP_CHARGE_COUNTER || soap_read_response(SERVICE_REMOTE, asked->message, a->envelope, &parsed, NULL) != OK)
        return OK;
    const struct charge_counter_response *r = parsed.body;
    if (!number_equal(&r->number, &a->number) ||
        reading_from(r->epoch, r->boots, r->sequence, r->counters, r->counters_n, &reading, NULL) != OK)
        return OK;
    enum err err = center_reading_last(job->center->db, a->number.text, &last, why);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    enum reading_verdict verdict = reading_judge(&last, &reading);
    bool counts = verdict == READING_FOLLOWS || (verdict == READING_SEQUENCE_SKIPS && job->letters_missing);
    return counts ? reading_take(job, a->number.text, a->id, &reading, v, why) : OK;
}

static enum err take_known(struct job *job, const struct asked *asked, const struct field_answer *a, struct verdict *v,
                           struct why *why)
{
    int64_t after = a->after < 1 ? 1 : a->after > LIMIT_POLL_MOST_S ? LIMIT_POLL_MOST_S : a->after;
    if (strcmp(a->kind, "delay") == 0)
        return move(job, a->id, CALL_EVENT_DELAY, job->now_s + after, span_of(NULL, 0), "", why);
    bool first = asked->state != CALL_ANSWERED && asked->state != CALL_REFUSED;
    return first ? take_response(job, asked, a, v, why) : take_again(job, asked, a, v, why);
}

/* From an expired identity, and in quarantine, what comes is kept as evidence and has no effect. */
static enum err check_standing(struct job *job, const struct field_answer *a, enum reach reach, struct node *node, struct verdict *v,
                               struct why *why)
{
    *v = decide_answer(reach);
    if (v->err != OK)
        return v->incident[0] == '\0' ? OK : job_incident(job, v->incident, a->number.text, a->envelope, &v->why, why);
    enum err err = node_find(job->center, a->number.text, node, why);
    if (err != OK)
        return err;
    if (node->device.standing != CENTER_NORMAL) {
        *v = decide_letter(node, LETTER_ANYTHING, job->now_s);
        return job_incident(job, "in-quarantine", a->number.text, a->envelope, &v->why, why);
    }
    if (!node->has_chain)
        v->err = why_set(&v->why, ERR_BUSY, "%s has to show its presence first", a->number.text);
    return OK;
}

static enum err take_in_place(struct job *job, const struct node *node, const struct asked *asked, const struct field_answer *a,
                              struct verdict *v, struct why *why)
{
    struct letter_outcome place;
    const struct letter_place_of of = { &a->number, { a->id, a->token, a->maker, a->serial }, a->envelope };
    enum err err = place_judge(job, node, &of, &place, why);
    *v = place.verdict;
    if (err == OK && v->err == OK)
        err = take_known(job, asked, a, v, why);
    return err == OK && v->err == OK ? place_keep(job, &of, &place, why) : err;
}

static enum err judge(struct job *job, const struct field_answer *a, struct node *node, struct verdict *v, struct why *why)
{
    enum reach reach;
    const struct letter_facts facts = { LETTER_ANSWER, a, &a->number, a->signature, a->envelope, NULL };
    enum err err = letter_judge(job, &facts, v, &reach, why);
    return err == OK && v->err == OK ? check_standing(job, a, reach, node, v, why) : err;
}

enum err answer_take(struct job *job, const struct field_answer *a, struct why *why)
{
    struct asked asked;
    struct node node;
    struct verdict v;
    enum err err = judge(job, a, &node, &v, why);
    if (err == OK)
        err = find_asked(job, a->id, &asked, why);
    if (err != OK)
        return err;
    if (v.err == OK && (!asked.there || !asked.down || !number_equal(&asked.number, &a->number)))
        v.err = why_set(&v.why, ERR_NOT_FOUND, "%s was not called with this id", a->number.text);
    else if (v.err == OK)
        err = take_in_place(job, &node, &asked, a, &v, why);
    if (v.err == ERR_COUNTER_CHAIN)
        v.err = OK; /* it was taken: as evidence */
    if (err == ERR_BUSY && job->put_off)
        return OK;
    if (err == OK || err == ERR_BUSY)
        response_receipt(job, a->id, strcmp(a->kind, "delay") == 0 ? "delay" : "answer", err == OK ? v.err : err, err == OK ? &v.why : why);
    return err == ERR_BUSY ? OK : err;
}

static bool speaks_for(struct job *job, const struct device_number *number, enum err *ret_err, struct why *why)
{
    bool bound = number_equal(number, &job->number);
    if (!bound && job->peer.role == ROLE_GATEWAY)
        *ret_err = center_bound(job->center->db, number->text, job->number.text, &bound, why);
    return bound;
}

enum err receipt_take(struct job *job, const struct field_receipt *r, struct why *why)
{
    struct asked asked;
    bool for_call = strcmp(r->what, "call") == 0, for_delay = strcmp(r->what, "delay") == 0;
    enum err err = find_asked(job, r->id, &asked, why);
    if (err != OK || !asked.there || asked.down != for_call || !speaks_for(job, &asked.number, &err, why))
        return err; /* about nothing of ours: nothing follows */
    if (!for_call) /* a receipt for the delay says nothing about the answer that came after it */
        return for_delay == (asked.state == CALL_DELAYED) ? center_call_settle(job->center->db, r->id, why) : OK;
    if (r->accepted)
        return move(job, r->id, CALL_EVENT_TAKE, 0, span_of(NULL, 0), "", why);
    char reason[CENTER_TEXT];
    snprintf(reason, sizeof reason, "%.30s: %.90s", r->error, r->reason);
    return move(job, r->id, CALL_EVENT_REFUSE, 0, span_of(NULL, 0), reason, why);
}
