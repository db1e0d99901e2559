#include "device/remote.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "log/log.h"

remote_fn *remote_row(enum soap_message message)
{
    static remote_fn *const rows[SOAP_MESSAGE_COUNT] = {
        [SOAP_CHARGE_COUNTER] = remote_charge_counter,
        [SOAP_DEVICE_INFORMATION] = remote_device_information,
        [SOAP_POLLING_INTERVAL] = remote_polling_interval,
        [SOAP_RESTART] = remote_restart,
        [SOAP_RENEW_IDENTITY] = remote_renew_identity,
        [SOAP_FETCH_PROGRAM] = remote_fetch_program,
        [SOAP_COUNTER_HAND_OVER] = remote_counter_hand_over,
        [SOAP_COUNTER_THRESHOLD] = remote_counter_threshold,
    };
    return message < SOAP_MESSAGE_COUNT ? rows[message] : NULL;
}

/* One call between the memory and its answer. */
struct turn {
    struct item call;
    struct soap_parsed request;
    struct remote_reply reply;
    struct item answer;
};

static void turn_done(struct turn *t)
{
    item_done(&t->call);
    item_done(&t->answer);
    soap_parsed_done(&t->request);
}

static bool is_over_its_limit(const struct field *f, const struct item *call)
{
    int64_t since_ms = f->taken_ms[call->slot] == 0 ? 0 : clock_mono_ms() - f->taken_ms[call->slot];
    return call->limit_s > 0 && since_ms > call->limit_s * 1000 && call->epoch == (int64_t)f->board->ledger.now.values[LEDGER_EPOCH];
}

static bool is_delayed(const struct field *f, uint32_t slot)
{
    for (int i = 0; i < QUEUE_SLOTS; i++)
        if (f->delayed[i].used && f->delayed[i].slot == slot)
            return true;
    return false;
}

static enum err ask(struct field *f, struct turn *t, struct why *why)
{
    enum err err = soap_read_request(SERVICE_REMOTE, buf_span(&t->call.bytes), &t->request, why);
    if (err != OK)
        return err;
    if (is_over_its_limit(f, &t->call) && !is_delayed(f, t->call.slot))
        return why_set(why, ERR_EXPIRED, "the call was not begun within its %lld s", (long long)t->call.limit_s);
    remote_fn *fn = remote_row(t->request.message);
    if (fn == NULL)
        return why_set(why, ERR_UNSUPPORTED, "a device does not answer %s", soap_message_row(t->request.message)->operation);
    return fn(f, &t->call, t->request.body, &t->reply, why);
}

static enum err write_answer(struct turn *t, enum err err, const struct why *why, struct buf *to)
{
    struct soap_header header = { .version = t->request.header.version };
    snprintf(header.relates_to, sizeof header.relates_to, "%s", t->call.id);
    if (err != OK)
        return soap_write_fault(&header, err, why_text(why, err), to);
    return soap_write_response(SERVICE_REMOTE, t->request.message, &header, &t->reply.body, to);
}

static void forget_delay(struct field *f, uint32_t slot)
{
    for (int i = 0; i < QUEUE_SLOTS; i++)
        if (f->delayed[i].used && f->delayed[i].slot == slot)
            f->delayed[i].used = false;
}

/* The answer is durable before the call goes; a reading's number is used up in between (reading_recover). */
static enum err keep_answer(struct field *f, struct turn *t, enum err err, const struct why *asked, struct why *why)
{
    t->answer = (struct item){
        .kind = ITEM_ANSWER, .epoch = (int64_t)f->board->ledger.now.values[LEDGER_EPOCH], .sequence = err == OK ? t->reply.sequence : 0,
    };
    memcpy(t->answer.id, t->call.id, sizeof t->answer.id);
    enum err kept = write_answer(t, err, asked, &t->answer.bytes);
    if (kept == OK)
        kept = letter_put(f->board, &t->answer, why);
    if (kept == OK && t->answer.sequence != 0)
        kept = reading_commit(f->board, &t->reply.body.charge_counter, why);
    if (kept == OK)
        kept = option_drop(f->option, t->call.slot, why);
    if (kept == OK)
        forget_delay(f, t->call.slot);
    return kept;
}

static void notify_delay(struct field *f, const struct turn *t)
{
    if (is_delayed(f, t->call.slot))
        return;
    for (int i = 0; i < QUEUE_SLOTS; i++) {
        struct delayed_call *d = &f->delayed[i];
        if (d->used)
            continue;
        *d = (struct delayed_call){ .used = true, .restart = t->reply.restart, .slot = t->call.slot, .after_s = t->reply.after_s };
        memcpy(d->id, t->call.id, sizeof d->id);
        return;
    }
}

static void log_turn(const struct field *f, const struct turn *t, enum err err, const struct why *why)
{
    const char *what = t->request.body == NULL ? "?" : soap_message_row(t->request.message)->operation;
    if (err != OK)
        log_failure(LOG_WARN, "call", err, why, "number", f->board->values.number, "operation", what, "id", t->call.id, NULL);
    else
        log_event(LOG_INFO, t->reply.outcome == REMOTE_LATER ? "call-delayed" : "call-answered", "number", f->board->values.number,
                  "operation", what, "id", t->call.id, NULL);
}

static void take_turn(struct field *f, uint32_t slot)
{
    struct turn t = { .call = { .slot = slot } };
    struct why asked = { "" }, why = { "" };
    enum err err = option_get(f->option, slot, &t.call, &why);
    if (err == OK && option_find(f->option, ITEM_ANSWER, t.call.id) < QUEUE_SLOTS) { /* a power cut after the answer */
        err = option_drop(f->option, slot, &why);
    } else if (err == OK) {
        bool before = is_delayed(f, slot);
        enum err answer = ask(f, &t, &asked);
        if (answer == OK && t.reply.outcome == REMOTE_LATER)
            notify_delay(f, &t);
        else
            err = keep_answer(f, &t, answer, &asked, &why);
        if (!before || answer != OK || t.reply.outcome != REMOTE_LATER)
            log_turn(f, &t, answer, &asked);
    }
    if (err != OK)
        log_failure(LOG_ERROR, "call", err, &why, "number", f->board->values.number, NULL);
    turn_done(&t);
}

/* In the order in which they came; one that is delayed does not hold up the next. */
void remote_work(struct field *f)
{
    uint64_t after = 0;
    uint32_t slot;
    while ((slot = option_next(f->option, ITEM_CALL_DOWN, after)) < QUEUE_SLOTS) {
        after = f->option->queue.entries[slot].serial;
        take_turn(f, slot);
    }
}

static void restart(void *context)
{
    struct field *f = context;
    f->restart_timer = 0;
    board_history(f->board, "restart", "");
    f->options.restart(f->options.context);
}

/* In the next turn of the loop: whatever else the exchange brought is taken first. */
void remote_told(struct field *f, struct delayed_call *d)
{
    if (d->restart && f->restart_timer == 0 && loop_timer(f->loop, 0, restart, f, &f->restart_timer) != OK)
        log_event(LOG_ERROR, "restart", "number", f->board->values.number, "why", "out of memory", NULL);
}

void remote_answered(struct field *f, const struct live_call *call, struct span envelope)
{
    switch ((int)call->message) {
    case SOAP_RENEWAL: renewal_answered(f, envelope); break;
    case SOAP_RENEWAL_CONFIRMATION: confirmation_answered(f, envelope); break;
    case SOAP_PROGRAM_PART: program_answered(f, envelope); break;
    default: break;
    }
    remote_work(f);
}

/* The answer stays in the memory and goes out by an exchange too, where it gets a receipt. */
enum err remote_post(struct field *f, const struct soap_header *header, struct span envelope, struct buf *to, struct why *why)
{
    enum { POSTED_LIMIT_S = 24 * 3600 };
    AUTO_ITEM answer = { 0 };
    if (*header->message_id == '\0')
        return why_set(why, ERR_BAD_INPUT, "a call needs a MessageID");
    enum err err = field_take_call(f, header->message_id, POSTED_LIMIT_S, envelope, why);
    if (err != OK)
        return err;
    remote_work(f);
    field_kick(f);
    uint32_t slot = option_find(f->option, ITEM_ANSWER, header->message_id);
    if (slot < QUEUE_SLOTS) {
        err = option_get(f->option, slot, &answer, why);
        return err == OK ? buf_put_span(to, buf_span(&answer.bytes)) : err;
    }
    if (option_find(f->option, ITEM_CALL_DOWN, header->message_id) < QUEUE_SLOTS)
        return why_set(why, ERR_BUSY, "response delay notification: the answer follows with an exchange");
    return why_set(why, ERR_NOT_FOUND, "the call was answered before, and the answer was received");
}
