/* The office's calls to the CA about requests: S1, S2, the confirmation behind them, revocation lists. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/text.h"
#include "factory/office_internal.h"
#include "factory/reload.h"
#include "log/log.h"

/* One request in a certain state; the others' turn comes in the next rounds. */
static enum err take_first(void *context, const struct stock_request *r)
{
    struct stock_request *first = context;
    if (first->id[0] == '\0')
        *first = *r;
    return OK;
}

static enum err set_state(struct office *o, const char *id, enum stock_request_state state, const char *reason, const char *event,
                          struct why *why)
{
    char quoted[TEXT_QUOTED];
    enum err err = db_begin(o->db, why);
    if (err == OK && state == STOCK_REQUEST_REFUSED)
        err = stock_request_release(o->db, id, why);
    if (err == OK)
        err = stock_request_set(o->db, id, state, reason, why);
    if (err == OK)
        err = factory_note(o->db, o->name, event, id, why, "%s%s", reason[0] == '\0' ? "" : "reason=",
                           reason[0] == '\0' ? "" : text_quote(reason, sizeof quoted, quoted));
    if (err == OK)
        err = db_commit(o->db, why);
    db_rollback(o->db);
    return err;
}

static enum err make_again(struct office *o, const char *id, char ret_again[LIMIT_MESSAGE_ID + 1], struct why *why)
{
    struct stock_request again = { .made_s = clock_wall_s(), .state = STOCK_REQUEST_OPEN };
    snprintf(again.reason, sizeof again.reason, "again for %s", id);
    enum err err = rng_uuid_urn(again.id);
    if (err == OK)
        err = stock_request_add(o->db, &again, why);
    if (err == OK)
        err = stock_request_set(o->db, again.id, STOCK_REQUEST_OPEN, again.reason, why);
    if (err == OK)
        err = stock_request_move(o->db, id, again.id, why);
    if (err == OK)
        memcpy(ret_again, again.id, sizeof again.id);
    return err;
}

/* The CA's whole answer had no pack for some numbers (it voided them meanwhile): they are asked for once more under
 * another request, and are planned again when that one leaves them out too. */
static enum err take_left_out(struct office *o, const struct stock_request *r, int64_t n, struct why *why)
{
    char again[LIMIT_MESSAGE_ID + 1] = "", reason[96], numbers[24];
    bool second = r->reason[0] != '\0';
    snprintf(numbers, sizeof numbers, "%lld", (long long)n);
    snprintf(reason, sizeof reason, "%s numbers left out by the CA, %s", numbers, second ? "planned again" : "asked for again");
    log_event(LOG_WARN, "left-out", "request", r->id, "numbers", numbers, NULL);
    enum err err = db_begin(o->db, why);
    if (err == OK)
        err = second ? stock_request_release(o->db, r->id, why) : make_again(o, r->id, again, why);
    if (err == OK)
        err = stock_request_set(o->db, r->id, STOCK_REQUEST_OPEN, reason, why);
    if (err == OK)
        err = factory_note(o->db, o->name, "left-out", r->id, why, "numbers=%s%s%s", numbers, second ? " planned=yes" : " again=", again);
    if (err == OK)
        err = db_commit(o->db, why);
    db_rollback(o->db);
    return err;
}

static enum err send_one(struct office *o, const struct stock_request *r, struct why *why)
{
    struct batch batch = { .factory = o->factory, .db = o->db, .url = o->factory->ca_url, .tls = o->tls };
    bool told;
    const char *id = r->id;
    snprintf(batch.id, sizeof batch.id, "%s", id);
    enum err err = batch_run(&batch, &told, why);
    if (err == OK && batch.left_out > 0)
        err = take_left_out(o, r, batch.left_out, why);
    if (err == OK) {
        log_event(LOG_INFO, "received", "request", id, NULL);
        return set_state(o, id, STOCK_REQUEST_RECEIVED, "", "received", why);
    }
    /* The CA's refusal is final for this request: nothing was issued, the numbers are planned again. */
    if (!told || err_row(err)->action != ERR_ACTION_REFUSE)
        return err;
    log_failure(LOG_ERROR, "request-refused", err, why, "request", id, NULL);
    return set_state(o, id, STOCK_REQUEST_REFUSED, why_text(why, err), "refused", why);
}

enum err office_send(struct office *o, struct why *why)
{
    for (;;) {
        struct stock_request next = { .id = "" };
        enum err err = stock_request_each(o->db, STOCK_REQUEST_OPEN, take_first, &next, why);
        if (err == OK && next.id[0] != '\0')
            err = send_one(o, &next, why);
        if (err != OK || next.id[0] == '\0')
            return err;
    }
}

static enum err confirm_one(struct office *o, const char *id, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    bool told;
    enum err err = ca_ask_wait(
        o->factory->ca_url, o->keep, o->tls,
        &(struct ca_question){ SOAP_RECEIPT_CONFIRMATION, NULL, &(struct receipt_confirmation_request){ .request = id }, 0 },
        &answer, &told, why);
    if (err != OK && !(told && err_row(err)->action == ERR_ACTION_REFUSE))
        return err;
    if (err != OK)
        log_failure(LOG_WARN, "confirmation-refused", err, why, "request", id, NULL);
    o->confirmed = true;
    return set_state(o, id, STOCK_REQUEST_DONE, err == OK ? "" : why_text(why, err), "confirmed", why);
}

enum err office_confirm(struct office *o, struct why *why)
{
    for (;;) {
        struct stock_request next = { .id = "" };
        enum err err = stock_request_each(o->db, STOCK_REQUEST_RECEIVED, take_first, &next, why);
        if (err == OK && next.id[0] != '\0')
            err = confirm_one(o, next.id, why);
        if (err != OK || next.id[0] == '\0')
            return err;
    }
}

static enum err save_lists(struct office *o, const struct revocation_list_response *r, struct why *why)
{
    AUTO_LISTS lists = { .ders = BUF_INIT, .pem = BUF_INIT };
    bool changed = false;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < r->lists_n; i++)
        err = lists_add(&lists, r->lists[i].der);
    if (err == OK)
        err = lists_keep(&lists, o->factory->settings.common.identity, &o->lists, &changed, why);
    return err != OK || !changed ? err : loop_post(o->factory->loop, reload_credentials, o->factory);
}

enum err office_revocations(struct office *o, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    bool told;
    struct revocation_list_request request = { .known = lists_known(&o->lists, o->factory->settings.common.identity) };
    if (clock_mono_ms() < o->crl_at_ms)
        return OK;
    enum err err = ca_ask_wait(o->factory->ca_url, o->keep, o->tls, &(struct ca_question){ SOAP_REVOCATION_LIST, NULL, &request, LIMIT_LISTS },
                               &answer, &told, why);
    if (err == OK)
        err = save_lists(o, answer.body, why);
    if (err == OK || told)
        o->crl_at_ms = clock_mono_ms() + o->factory->settings.crl_every_s * 1000;
    return told ? OK : err;
}
