/* The half of the session that faces the device: which number it has, S7, S8, S10, S1709, and what to do when it
 * goes silent. */
#include <string.h>

#include "station/bench_part.h"

static const char advice_cable[] = "Check the cable and that the device is on, then scan again.";
static const char advice_nameplate[] = "Put the device aside: its nameplate and its board do not belong together.";
static const char advice_board[] = "Put the device aside: its board must be exchanged.";

/* Waits before the device is asked again, unless it has been silent for too long. */
static void wait_for_device(struct bench_turn *t, enum bench_state state)
{
    struct bench *b = t->b;
    enum err err = t->event->kind == BENCH_EVENT_FAULT ? t->event->err : ERR_TIMEOUT;
    if (t->now_ms - b->silent_ms >= b->patience.device_patience_ms) {
        bench_fail(t, err, advice_cable, "the device does not answer");
        return;
    }
    why_set(&b->note, err, "%s", t->event->kind == BENCH_EVENT_FAULT ? why_text(&t->event->why, err) : "no answer in time");
    bench_enter(t, state, b->patience.device_retry_ms);
}

static bool is_lasting_fault(const struct bench_turn *t)
{
    return t->event->kind == BENCH_EVENT_FAULT && !bench_is_passing_error(t->event->err);
}

static void fail_with_fault(struct bench_turn *t)
{
    enum err err = t->event->err;
    const char *advice = advice_board;
    if (err == ERR_BAD_CERTIFICATE || err == ERR_NOT_ALLOWED)
        advice = "Put the device aside: its board was not prepared, or is not ours.";
    if (err == ERR_CONFLICT || err == ERR_NUMBER_MISMATCH)
        advice = advice_nameplate;
    bench_fail(t, err, advice, "the device refuses: %.300s", why_text(&t->event->why, err));
}

void bench_ask_device(struct bench_turn *t) { bench_request(t, BENCH_ASKING, BENCH_DO_ASK_STATUS, t->b->patience.device_ms); }

void bench_on_ask_fault(struct bench_turn *t)
{
    if (is_lasting_fault(t))
        fail_with_fault(t);
    else
        wait_for_device(t, BENCH_ASK_WAIT);
}

/* Invariant 7: the number on the nameplate is the one in the NVRAM. Fails the session and says false otherwise. */
static bool number_agrees(struct bench_turn *t)
{
    struct bench *b = t->b;
    const char *nvram = t->event->status.number;
    if (strcmp(nvram, b->number.text) == 0)
        return true;
    if (*nvram == '\0')
        bench_fail(t, ERR_NUMBER_MISMATCH, advice_board, "the device has no number in its memory yet");
    else
        bench_fail(t, ERR_NUMBER_MISMATCH, advice_nameplate, "the nameplate says %s and the device says %s", b->number.text, nvram);
    return false;
}

void bench_on_status(struct bench_turn *t)
{
    struct bench *b = t->b;
    b->silent_ms = t->now_ms;
    if (t->event->status.blank) {
        bench_fail(t, ERR_BAD_TRANSITION, advice_board, "the board has no bootstrap certificate: the board step was left out");
        return;
    }
    if (!number_agrees(t))
        return;
    b->status = t->event->status;
    bench_fetch(t);
}

void bench_send_pack(struct bench_turn *t)
{
    struct bench *b = t->b;
    if (!b->has_pack) { /* it had its identity when it was asked first */
        bench_fail(t, ERR_PROOF_FAILED, advice_board, "the device did not prove the identity that it has");
        return;
    }
    if (b->sends++ >= b->patience.sends_most) {
        bench_fail(t, ERR_TIMEOUT, advice_board, "the device took the identity %u times and never reported a result",
                   b->patience.sends_most);
        return;
    }
    bench_request(t, BENCH_SENDING, BENCH_DO_SEND_PACK, b->patience.device_ms);
}

/* S8, and with it S9. It says that the pack was received, not that it was written. */
void bench_on_received(struct bench_turn *t)
{
    struct bench *b = t->b;
    b->silent_ms = t->now_ms;
    bench_enter(t, BENCH_WRITING, b->patience.write_ms);
    bench_do(t, BENCH_DO_FORWARD_RECEPTION);
}

/* Nobody knows whether the pack arrived: the device is asked. */
void bench_on_send_fault(struct bench_turn *t)
{
    if (is_lasting_fault(t))
        fail_with_fault(t);
    else
        wait_for_device(t, BENCH_CHECK_WAIT);
}

void bench_check_device(struct bench_turn *t) { bench_request(t, BENCH_CHECKING, BENCH_DO_ASK_STATUS, t->b->patience.device_ms); }

void bench_on_write_timer(struct bench_turn *t) { bench_check_device(t); }

void bench_on_check_fault(struct bench_turn *t)
{
    if (is_lasting_fault(t))
        fail_with_fault(t);
    else
        wait_for_device(t, BENCH_CHECK_WAIT);
}

static bool device_has_pack(const struct bench *b, const struct bench_status *status)
{
    return status->individual && memcmp(status->fingerprint, b->fingerprint, BENCH_FINGERPRINT) == 0;
}

void bench_on_check_status(struct bench_turn *t)
{
    struct bench *b = t->b;
    b->silent_ms = t->now_ms;
    if (!number_agrees(t))
        return;
    if (strcmp(t->event->status.board, b->status.board) != 0) { /* the pack is bound to the board that was scanned first */
        bench_fail(t, ERR_CONFLICT, advice_nameplate, "board %s was exchanged for board %s in the middle", b->status.board,
                   t->event->status.board);
        return;
    }
    b->status = t->event->status;
    if (device_has_pack(b, &b->status) && b->sends++ < b->patience.sends_most)
        bench_request(t, BENCH_RESULT_ASKED, BENCH_DO_ASK_RESULT, b->patience.device_ms);
    else
        bench_send_pack(t);
}

void bench_on_result_promised(struct bench_turn *t)
{
    t->b->silent_ms = t->now_ms;
    bench_enter(t, BENCH_WRITING, t->b->patience.write_ms);
}

/* Proof, not claim: OK counts only from a TLS peer that used the very key of the pack (S10). The proof signature
 * is for the factory server. NG must name the pack that failed, or a repeated one would void its successor. */
static enum err judge_result(const struct bench *b, const struct bench_result *r, struct why *why)
{
    char model[LIMIT_MODEL_CODE + 1];
    number_model(&b->number, model);
    if (!number_equal(&r->number, &b->number))
        return why_set(why, ERR_NUMBER_MISMATCH, "%s is being written and the result is about %s", b->number.text, r->number.text);
    if (!r->has_fingerprint || memcmp(r->fingerprint, b->fingerprint, BENCH_FINGERPRINT) != 0)
        return why_set(why, ERR_CONFLICT, "the result is about another identity than the one that was sent");
    bool has_identity = r->peer.role == ROLE_DEVICE || r->peer.role == ROLE_GATEWAY; /* the model decides which */
    bool same_device = has_identity && strcmp(r->peer.name, b->number.text) == 0;
    if (!r->good)
        return same_device || (r->peer.role == ROLE_BOOTSTRAP && strcmp(r->peer.name, model) == 0)
                   ? OK
                   : why_set(why, ERR_NOT_ALLOWED, "the result comes from %s %s", role_name(r->peer.role), r->peer.name);
    if (!same_device || memcmp(r->peer.fingerprint, b->fingerprint, BENCH_FINGERPRINT) != 0 || r->proof_n == 0)
        return why_set(why, ERR_PROOF_FAILED, "the device did not prove that it has the identity");
    return OK;
}

static void refuse(struct bench_turn *t, enum err err, const struct why *why)
{
    t->b->refused = t->event->result.exchange;
    t->b->refusal = err;
    t->b->note = *why;
    bench_do(t, BENCH_DO_REFUSE_DEVICE);
}

void bench_on_result(struct bench_turn *t)
{
    struct bench *b = t->b;
    struct why why = { "" };
    enum err err = judge_result(b, &t->event->result, &why);
    if (err != OK) {
        refuse(t, err, &why);
        return;
    }
    b->result = t->event->result;
    b->exchange = b->result.exchange;
    b->silent_ms = t->now_ms;
    bench_report(t);
}

/* The device says it a second time while the first is on its way to the factory server: the answer goes to the
 * newer exchange, nothing is reported twice. */
void bench_on_result_again(struct bench_turn *t)
{
    struct bench *b = t->b;
    struct why why = { "" };
    enum err err = judge_result(b, &t->event->result, &why);
    if (err == OK && t->event->result.good != b->result.good)
        err = why_set(&why, ERR_CONFLICT, "the device says OK and NG about the same identity");
    if (err == OK)
        b->exchange = t->event->result.exchange;
    else
        refuse(t, err, &why);
}

/* The factory server has it; only S13 was lost. */
void bench_on_result_late(struct bench_turn *t)
{
    struct bench *b = t->b;
    const struct bench_result *r = &t->event->result;
    struct why why = { "" };
    if (r->good && b->result.good && judge_result(b, r, &why) == OK) {
        b->answered = r->exchange;
        bench_do(t, BENCH_DO_ANSWER_DEVICE);
        return;
    }
    bench_on_result_unasked(t);
}

void bench_on_result_unasked(struct bench_turn *t)
{
    struct why why = { "" };
    why_set(&why, ERR_BAD_TRANSITION, "no identity is being written here");
    refuse(t, ERR_BAD_TRANSITION, &why);
}

void bench_initialise(struct bench_turn *t) { bench_request(t, BENCH_INITIALISING, BENCH_DO_INITIALISE, t->b->patience.device_ms); }

void bench_on_initialised(struct bench_turn *t) { bench_pass(t, !t->b->has_pack); }

/* The identity is written and recorded; a later scan of the same number comes here again. */
void bench_on_init_fault(struct bench_turn *t)
{
    if (is_lasting_fault(t))
        bench_fail(t, t->event->err, "The identity is written. Scan again to set the parameters.", "parameters not set: %.300s",
                   why_text(&t->event->why, t->event->err));
    else
        wait_for_device(t, BENCH_INIT_WAIT);
}
