/* The half of the session that faces the factory server: S5, S6, S11, S12. */
#include <string.h>

#include "station/bench_part.h"

/* What the operator does about a refusal of the factory server. */
static const struct advice_row {
    enum err err;
    const char *advice;
} advice_rows[] = {
    { ERR_NOT_PLANNED, "Put the device aside and tell the shift leader: the number is not planned." },
    { ERR_NO_IDENTITY_MODEL, "Nothing to do: this model gets no identity. Pass the device on." },
    { ERR_WRONG_LINE, "Take the device to its own line." },
    { ERR_CLAIMED, "The other station finishes it, or wait a few minutes and scan again." },
    { ERR_CONFLICT, "Put the device aside: another board has this number already." },
    { ERR_ALREADY_WRITTEN, "Put the device aside: a device with this number has been made." },
    { ERR_TOO_MANY_CLAIMS, "Scan the devices begun before and finish them, then this one." },
    { ERR_NO_PACK, "Wait a few minutes and scan again; if it stays so, tell the shift leader." },
    { ERR_BAD_CERTIFICATE, "Put the device aside: its identity was revoked. Tell the shift leader." },
    { ERR_PROOF_FAILED, "Put the device aside: it could not prove its identity." },
};

static const char *advice_for(enum err err)
{
    for (size_t i = 0; i < sizeof advice_rows / sizeof *advice_rows; i++)
        if (advice_rows[i].err == err)
            return advice_rows[i].advice;
    return bench_is_passing_error(err) ? "Nothing is lost: scan again when the factory server is back."
                                       : "Put the device aside and tell the shift leader.";
}

void bench_fetch(struct bench_turn *t) { bench_request(t, BENCH_FETCHING, BENCH_DO_REQUEST_PACK, t->b->patience.factory_ms); }

/* The factory server is out of reach or busy: the same request again after a pause, until patience is over. */
static bool wait_for_factory(struct bench_turn *t, enum bench_state state)
{
    struct bench *b = t->b;
    bool fault = t->event->kind == BENCH_EVENT_FAULT;
    enum err err = fault ? t->event->err : ERR_TIMEOUT;
    if (!bench_is_passing_error(err) || t->now_ms - b->silent_ms >= b->patience.factory_patience_ms)
        return false;
    why_set(&b->note, err, "%s", fault ? why_text(&t->event->why, err) : "no answer in time");
    bench_enter(t, state, b->patience.factory_retry_ms);
    return true;
}

void bench_on_fetch_fault(struct bench_turn *t)
{
    struct bench *b = t->b;
    enum err err = t->event->kind == BENCH_EVENT_FAULT ? t->event->err : ERR_TIMEOUT;
    if (err == ERR_ALREADY_WRITTEN && b->status.individual) {
        bench_fail(t, err, "Put the device aside: its identity was withdrawn, or is a copy. Exchange its board.",
                   "the device's identity is not the one on record: %.250s", why_text(&t->event->why, err));
        return;
    }
    if (!wait_for_factory(t, BENCH_FETCH_WAIT))
        bench_fail(t, err, advice_for(err), "%.300s", t->event->kind == BENCH_EVENT_FAULT ? why_text(&t->event->why, err) : "no answer");
}

/* The same number scanned again: the device has what is on record, and proves it before it passes. */
static void ask_for_proof(struct bench_turn *t)
{
    struct bench *b = t->b;
    if (!b->status.individual) {
        bench_fail(t, ERR_CONFLICT, "Tell the shift leader: the factory server mixed up two devices.",
                   "the factory server takes %s for written, and the device has no identity", b->number.text);
        return;
    }
    memcpy(b->fingerprint, b->status.fingerprint, BENCH_FINGERPRINT);
    b->sends = 0;
    bench_request(t, BENCH_RESULT_ASKED, BENCH_DO_ASK_RESULT, b->patience.device_ms);
}

void bench_on_pack(struct bench_turn *t)
{
    struct bench *b = t->b;
    const struct bench_event *e = t->event;
    b->silent_ms = t->now_ms;
    if (!number_equal(&e->number, &b->number) || !number_equal(&e->certificate_number, &b->number)) {
        bench_fail(t, ERR_NUMBER_MISMATCH, "Tell the shift leader: the factory server mixed up two devices.",
                   "asked for %s, got a pack of %s with the certificate of %s", b->number.text, e->number.text, e->certificate_number.text);
        return;
    }
    memcpy(b->nonce, e->nonce, BENCH_NONCE);
    if (e->known) {
        ask_for_proof(t);
        return;
    }
    memcpy(b->fingerprint, e->fingerprint, BENCH_FINGERPRINT);
    b->has_pack = true;
    b->packs++;
    b->sends = 0;
    if (b->status.individual && memcmp(b->status.fingerprint, b->fingerprint, BENCH_FINGERPRINT) == 0)
        bench_request(t, BENCH_RESULT_ASKED, BENCH_DO_ASK_RESULT, b->patience.device_ms);
    else
        bench_send_pack(t);
}

void bench_report(struct bench_turn *t) { bench_request(t, BENCH_REPORTING, BENCH_DO_FORWARD_RESULT, t->b->patience.factory_ms); }

/* S13 follows S12, never the other way: what the device is told is on record. */
static void answer_device(struct bench_turn *t)
{
    if (t->b->exchange == 0)
        return;
    t->b->answered = t->b->exchange;
    t->b->exchange = 0;
    bench_do(t, BENCH_DO_ANSWER_DEVICE);
}

/* F-16: the failed one is voided; a new pack is asked for. */
static void start_over(struct bench_turn *t)
{
    struct bench *b = t->b;
    b->has_pack = false;
    memset(b->fingerprint, 0, sizeof b->fingerprint);
    why_set(&b->note, ERR_FLASH_FAILED, "the device did not take it (%.200s): a new one is made", b->result.reason);
    bench_do(t, BENCH_DO_FORGET_PACK);
    bench_enter(t, BENCH_FETCH_WAIT, b->patience.device_retry_ms);
}

void bench_on_reported(struct bench_turn *t)
{
    struct bench *b = t->b;
    b->silent_ms = t->now_ms;
    answer_device(t);
    if (b->result.good) {
        bench_initialise(t);
        return;
    }
    if (t->event->again && b->packs < b->patience.packs_most) {
        start_over(t);
        return;
    }
    bench_fail(t, ERR_FLASH_FAILED, "Put the device aside: its board must be exchanged.", "the device could not write its identity: %.200s",
               b->result.reason);
}

void bench_on_report_fault(struct bench_turn *t)
{
    enum err err = t->event->kind == BENCH_EVENT_FAULT ? t->event->err : ERR_TIMEOUT;
    if (!wait_for_factory(t, BENCH_REPORT_WAIT))
        bench_fail(t, err, advice_for(err), "the result was not recorded: %.300s",
                   t->event->kind == BENCH_EVENT_FAULT ? why_text(&t->event->why, err) : "no answer");
}
