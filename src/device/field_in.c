/* What an exchange brought: session, receipts, answers to our calls, calls from the centre (M-2 to M-4, M-6). */
#include "device/field.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "field/letter.h"
#include "log/log.h"

void field_note(struct field *f, const char *what, const char *id, enum err err, const struct why *why)
{
    if (f->notes_n == FIELD_RECEIPTS) /* without its receipt it comes again */
        return;
    struct field_note *n = &f->notes[f->notes_n++];
    *n = (struct field_note){ .what = what, .accepted = err == OK };
    snprintf(n->id, sizeof n->id, "%s", id);
    snprintf(n->error, sizeof n->error, "%s", err == OK ? "" : err_row(err)->name);
    snprintf(n->reason, sizeof n->reason, "%s", err == OK ? "" : why_text(why, err));
}

/* What went out with this exchange needs no repetition: the reply shows that it arrived. */
static void forget_notes(struct field *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->notes_n; i++)
        if (!f->notes[i].sent)
            f->notes[kept++] = f->notes[i];
    f->notes_n = kept;
}

/* --- Session --- */

/* The centre itself on the line needs no signature; what came through a gateway does. */
static enum err check_session_letter(const struct field *f, const struct field_session *s, const struct peer *peer, struct why *why)
{
    AUTO_CERT center = NULL;
    if (peer->role == ROLE_CENTER)
        return OK;
    enum err err = letter_center(f->board->trust, s->signers, s->signers_n, clock_wall_s(), &center, why);
    return err == OK ? letter_check_session(center, s, why) : err;
}

static bool is_our_nonce(const struct field *f, const char *text)
{
    uint8_t nonce[LEDGER_NONCE];
    return strlen(text) == 2 * LEDGER_NONCE && hex_decode(text, LEDGER_NONCE, nonce) == OK &&
           memcmp(nonce, f->board->ledger.now.nonce, LEDGER_NONCE) == 0;
}

/* The new token, and the nonce that will be shown with it, are durable before either is used. */
static enum err keep_token(struct field *f, const char *token, struct why *why)
{
    uint8_t padded[LEDGER_TOKEN] = { 0 }, nonce[LEDGER_NONCE];
    if (*token == '\0' || strncmp(token, (const char *)f->board->ledger.now.token, LEDGER_TOKEN) == 0)
        return OK;
    if (strlen(token) >= LEDGER_TOKEN)
        return why_set(why, ERR_TOO_LARGE, "the session's token has more than %d characters", LEDGER_TOKEN - 1);
    memcpy(padded, token, strlen(token));
    f->challenge[0] = '\0';
    enum err err = rng_fill(nonce, sizeof nonce);
    return err == OK ? flash_error(ledger_set_session(&f->board->ledger, padded, nonce), "NVRAM", why) : err;
}

/* Readings that were refused while the device was, go out again in letters of their own. */
static void send_held_readings(struct field *f)
{
    for (uint32_t i = option_next(f->option, ITEM_READING, 0); i < QUEUE_SLOTS; i = option_next(f->option, ITEM_READING, 0)) {
        AUTO_ITEM item = { 0 };
        AUTO_PARSED parsed = { 0 };
        struct why why = { "" };
        enum err err = option_get(f->option, i, &item, &why);
        if (err == OK)
            err = soap_read_request(SERVICE_CENTER, buf_span(&item.bytes), &parsed, &why);
        if (err == OK)
            err = field_put_call(f->board, SOAP_COUNTER_REPORT, parsed.body, item.sequence, &why);
        if (err == OK)
            err = option_drop(f->option, i, &why);
        if (err != OK) {
            log_failure(LOG_WARN, "held-reading", err, &why, "number", f->board->values.number, NULL);
            return;
        }
    }
}

static void change_session(struct field *f, enum session_step step, const struct field_session *s)
{
    bool first = !f->greeted, changed = first || f->session != step || strcmp(f->session_error, s->error) != 0;
    f->greeted = true;
    f->session = step;
    snprintf(f->session_error, sizeof f->session_error, "%s", s->error);
    if (!changed)
        return;
    log_event(step == SESSION_ADMITTED ? LOG_INFO : LOG_WARN, "session", "number", s->number.text, "state", s->state, "error", s->error,
              "why", s->reason, NULL);
    if (step == SESSION_ADMITTED)
        send_held_readings(f);
}

/* A presence of ours came late to the centre, or an older memory of ours speaks: we say that we are here now. Or a new
 * chain begins, and the centre wants to know that it begins with us. */
static void take_challenge(struct field *f, const char *challenge)
{
    if (strlen(challenge) >= sizeof f->challenge || strcmp(challenge, f->challenge) == 0)
        return;
    snprintf(f->challenge, sizeof f->challenge, "%s", challenge);
    f->answers_challenge = false;
    log_event(LOG_INFO, "challenged", "number", f->board->values.number, NULL);
}

static enum err take_session(struct field *f, const struct field_session *s, const struct peer *peer, struct why *why)
{
    if (strcmp(s->number.text, f->board->values.number) != 0)
        return why_set(why, ERR_NUMBER_MISMATCH, "a session for %s came to %s", s->number.text, f->board->values.number);
    if (*s->token != '\0' && strncmp(s->token, (const char *)f->board->ledger.now.token, LEDGER_TOKEN) == 0)
        return OK; /* said twice in one reply */
    if (!is_our_nonce(f, s->nonce))
        return OK; /* it answers a presence that lay somewhere while this device went on */
    enum err err = check_session_letter(f, s, peer, why);
    if (err == OK)
        err = poll_set_interval(&f->poll, s->interval, why);
    if (err == OK)
        err = keep_token(f, s->token, why);
    if (err == OK && strcmp(s->state, "challenged") == 0) {
        take_challenge(f, s->challenge);
        return OK;
    }
    enum session_step step = decide_admission(s->state, s->error);
    if (step == SESSION_ADMITTED && renewal_is_unconfirmed(f))
        step = SESSION_CONFIRM; /* a gateway may answer a presence with what it was told when another identity showed it */
    if (err == OK)
        change_session(f, step, s);
    return err == OK && f->session == SESSION_ADMITTED ? kept_confirm(f, s->readings, why) : err;
}

/* --- Receipts --- */

/* A reading is kept in a form of its own: the report that will carry it. */
static enum err hold_reading(struct field *f, const struct item *item, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    AUTO_ITEM held = { .kind = ITEM_READING, .epoch = item->epoch, .sequence = item->sequence };
    struct soap_header header = { .version = SOAP_1_2 };
    enum err err = item->kind == ITEM_CALL_UP
                       ? soap_read_request(SERVICE_CENTER, buf_span(&item->bytes), &parsed, why)
                       : soap_read_response(SERVICE_REMOTE, SOAP_CHARGE_COUNTER, buf_span(&item->bytes), &parsed, why);
    if (err == OK)
        err = soap_write_request(SERVICE_CENTER, SOAP_COUNTER_REPORT, &header, parsed.body, &held.bytes);
    return err == OK ? option_put(f->option, &held, NULL, why) : err;
}

/* The centre's own receipt ends it; a gateway's ends it for what the centre will not speak of again. */
static enum err end_item(struct field *f, const struct item *item, bool of_gateway, struct why *why)
{
    if (of_gateway && (item->sequence != 0 || item->kind == ITEM_CALL_UP))
        return kept_put(f, item, why);
    f->kept_ms[item->slot] = 0;
    f->sent_again[item->slot] = false;
    return option_drop(f->option, item->slot, why);
}

static enum err settle_item(struct field *f, enum item_kind kind, const struct field_receipt *r, const struct peer *peer, struct why *why)
{
    AUTO_ITEM item = { 0 };
    uint32_t slot = option_find(f->option, kind, r->id);
    if (slot == QUEUE_SLOTS)
        return OK;
    enum err err = option_get(f->option, slot, &item, why);
    enum receipt_step step = decide_receipt(r->accepted, r->error, item.sequence != 0);
    if (err == OK && step == RECEIPT_LATER)
        kept_not(f, slot);
    if (err == OK && step == RECEIPT_LATER)
        log_event(LOG_INFO, "letter-later", "number", f->board->values.number, "id", r->id, "error", r->error, "why", r->reason, NULL);
    if (err != OK || step == RECEIPT_LATER)
        return err;
    if (step != RECEIPT_TAKEN) {
        log_event(LOG_WARN, "letter-refused", "number", f->board->values.number, "id", r->id, "error", r->error, "why", r->reason, NULL);
        board_history(f->board, "letter-refused", r->reason);
    }
    if (step == RECEIPT_REDO)
        err = hold_reading(f, &item, why);
    f->progress = true;
    return err == OK ? end_item(f, &item, step == RECEIPT_TAKEN && peer->role == ROLE_GATEWAY, why) : err;
}

static void end_live(struct live_call *c)
{
    buf_done(&c->envelope);
    *c = (struct live_call){ .used = false };
}

/* A refused call of ours is answered all the same: with the refusal. */
static void settle_live(struct field *f, struct live_call *c, const struct field_receipt *r)
{
    AUTO_BUF fault = BUF_INIT;
    const struct soap_header header = { .version = SOAP_1_2 };
    enum receipt_step step = decide_receipt(r->accepted, r->error, false);
    if (step == RECEIPT_LATER)
        return;
    f->progress = true;
    c->taken = true;
    c->taken_ms = clock_mono_ms();
    if (step == RECEIPT_TAKEN || soap_write_fault(&header, err_from_name(r->error), r->reason, &fault) != OK)
        return;
    struct live_call ended = *c;
    c->envelope = (struct buf)BUF_INIT;
    end_live(c);
    remote_answered(f, &ended, buf_span(&fault));
    buf_done(&ended.envelope);
}

void field_time_out(struct field *f)
{
    const struct field_receipt late = { .error = err_row(ERR_TIMEOUT)->name, .reason = "no answer came in time" };
    for (int i = 0; i < FIELD_LIVE; i++) {
        struct live_call *c = &f->live[i];
        if (c->used && c->taken && clock_mono_ms() - c->taken_ms >= (int64_t)FIELD_LIVE_S * 1000)
            settle_live(f, c, &late);
    }
}

static enum err take_receipt(struct field *f, const struct field_receipt *r, const struct peer *peer, struct why *why)
{
    if (strcmp(r->what, "delay") == 0) {
        for (int i = 0; i < QUEUE_SLOTS; i++)
            if (f->delayed[i].used && !f->delayed[i].told && strcmp(f->delayed[i].id, r->id) == 0) {
                f->progress = f->delayed[i].told = true;
                remote_told(f, &f->delayed[i]);
            }
        return OK;
    }
    if (strcmp(r->what, "answer") == 0)
        return settle_item(f, ITEM_ANSWER, r, peer, why);
    for (int i = 0; i < FIELD_LIVE; i++)
        if (f->live[i].used && (!f->live[i].taken || !r->accepted) && strcmp(f->live[i].id, r->id) == 0) /* a gateway took it, who was refused */
            settle_live(f, &f->live[i], r);
    return settle_item(f, ITEM_CALL_UP, r, peer, why);
}

/* --- Answers and calls --- */

static enum err check_answer_letter(const struct field *f, const struct field_answer *a, const struct peer *peer, struct why *why)
{
    AUTO_CERT center = NULL;
    if (peer->role == ROLE_CENTER && a->signature.n == 0)
        return OK;
    enum err err = letter_center(f->board->trust, a->signers, a->signers_n, clock_wall_s(), &center, why);
    return err == OK ? letter_check_answer(center, a, why) : err;
}

static void take_answer(struct field *f, const struct field_answer *a, const struct peer *peer)
{
    struct why why = { "" };
    enum err err = check_answer_letter(f, a, peer, &why);
    bool delay = strcmp(a->kind, "delay") == 0;
    for (int i = 0; err == OK && !delay && i < FIELD_LIVE; i++) {
        if (!f->live[i].used || strcmp(f->live[i].id, a->id) != 0)
            continue;
        struct live_call ended = f->live[i];
        f->live[i] = (struct live_call){ .used = false };
        remote_answered(f, &ended, a->envelope);
        buf_done(&ended.envelope);
    }
    if (err == OK && !delay)
        err = kept_answered(f, a->id, &why);
    if (err != OK)
        log_failure(LOG_WARN, "answer-refused", err, &why, "number", f->board->values.number, "id", a->id, NULL);
    field_note(f, delay ? "delay" : "answer", a->id, err, &why);
}

static bool answer_waits(const struct field *f, const char *id)
{
    return option_find(f->option, ITEM_CALL_DOWN, id) < QUEUE_SLOTS || option_find(f->option, ITEM_ANSWER, id) < QUEUE_SLOTS;
}

enum err field_take_call(struct field *f, const char *id, int64_t limit_s, struct span envelope, struct why *why)
{
    uint32_t slot = 0;
    if (option_has_seen(f->option, id) || answer_waits(f, id))
        return OK;
    if (queue_free(&f->option->queue) < 4) /* its answer, and a reading, need room too */
        return why_set(why, ERR_BUSY, "too many calls and letters wait in the device");
    AUTO_ITEM item = {
        .kind = ITEM_CALL_DOWN,
        .limit_s = limit_s,
        .epoch = (int64_t)f->board->ledger.now.values[LEDGER_EPOCH],
        .sequence = f->board->boot.identity.generation,
    };
    snprintf(item.id, sizeof item.id, "%s", id);
    enum err err = buf_put_span(&item.bytes, envelope);
    if (err == OK)
        err = option_put(f->option, &item, &slot, why);
    if (err == OK)
        err = option_saw(f->option, id, why);
    if (err == OK)
        f->taken_ms[slot] = clock_mono_ms();
    return err;
}

static enum err check_call_letter(const struct field *f, const struct field_call *c, const struct peer *peer, struct why *why)
{
    AUTO_CERT center = NULL;
    if (strcmp(c->number.text, f->board->values.number) != 0)
        return why_set(why, ERR_NUMBER_MISMATCH, "a call for %s came to %s", c->number.text, f->board->values.number);
    if (peer->role == ROLE_CENTER && c->signature.n == 0)
        return OK;
    enum err err = letter_center(f->board->trust, c->signers, c->signers_n, clock_wall_s(), &center, why);
    return err == OK ? letter_check_call(center, c, why) : err;
}

/* Nothing is done before the call is known to be the centre's, and nothing is said before it is durable. */
static void take_call(struct field *f, const struct field_call *c, const struct peer *peer)
{
    struct why why = { "" };
    enum err err = check_call_letter(f, c, peer, &why);
    if (err == OK)
        err = field_take_call(f, c->id, c->limit, c->envelope, &why);
    if (err != OK)
        log_failure(LOG_WARN, "call-refused", err, &why, "number", f->board->values.number, "id", c->id, NULL);
    if (err == OK || err_row(err)->action == ERR_ACTION_REFUSE || err == ERR_NUMBER_MISMATCH)
        field_note(f, "call", c->id, err, &why);
}

static enum err read_reply(const struct http_result *result, struct soap_parsed *ret_reply, struct why *why)
{
    if (result->err != OK)
        return why_set(why, result->err, "%s", why_text(&result->why, result->err));
    if (result->status != 200 && result->status != 500 && result->status != 400)
        return why_set(why, ERR_UNREACHABLE, "the other side answers with HTTP status %d", result->status);
    return soap_read_response(SERVICE_FIELD, SOAP_EXCHANGE, buf_span(&result->body), ret_reply, why);
}

enum err field_read_exchange(struct field *f, const struct http_result *result, bool *ret_more, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    enum err err = read_reply(result, &parsed, why);
    if (err != OK)
        return err;
    const struct exchange_response *r = parsed.body;
    bool took = f->greeted;
    forget_notes(f);
    kept_met(f, &result->peer);
    for (size_t i = 0; err == OK && i < r->sessions_n; i++)
        err = take_session(f, &r->sessions[i], &result->peer, why);
    for (size_t i = 0; err == OK && i < r->receipts_n; i++)
        err = take_receipt(f, &r->receipts[i], &result->peer, why);
    for (size_t i = 0; err == OK && i < r->answers_n; i++)
        take_answer(f, &r->answers[i], &result->peer);
    for (size_t i = 0; err == OK && i < r->calls_n; i++)
        take_call(f, &r->calls[i], &result->peer);
    f->progress = f->progress || (!took && f->greeted);
    if (err == OK)
        *ret_more = r->more;
    return err;
}
