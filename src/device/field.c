#include "device/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "device/event.h"
#include "device/threshold.h"
#include "log/log.h"

enum { SLACK_MS = 30000 }; /* beyond what an exchange may wait */

static void exchange(void *context);

static uint64_t draw(void)
{
    uint64_t random = 0;
    return rng_fill(&random, sizeof random) == OK ? random : 0;
}

static void plan(struct field *f, int64_t delay_ms)
{
    loop_cancel(f->loop, f->poll_timer);
    f->poll_timer = 0;
    if (loop_timer(f->loop, delay_ms, exchange, f, &f->poll_timer) != OK)
        log_event(LOG_ERROR, "poll", "number", f->board->values.number, "why", "out of memory", NULL);
}

/* --- After an exchange --- */

/* It has spoken with its gateway or the centre: that is what a program must be able to do. */
static void confirm_program(struct field *f)
{
    struct why why = { "" };
    if (!f->option->loaded.on_trial || f->options.test_only_no_confirm)
        return;
    enum err err = flash_error(loader_confirm(&f->option->programs, &f->option->loaded), "programs", &why);
    if (err != OK)
        log_failure(LOG_ERROR, "program", err, &why, "number", f->board->values.number, NULL);
    board_history(f->board, "program-confirmed", option_version(f->option));
}

static void renew_when_due(struct field *f)
{
    int64_t from_s, until_s;
    uint64_t random;
    struct why why = { "" };
    bool may = f->session == SESSION_ADMITTED || f->session == SESSION_RENEW;
    if (f->renewing || !may || clock_mono_ms() < f->renew_after_ms)
        return;
    cert_times(f->board->identity.chain[0], &from_s, &until_s);
    memcpy(&random, f->board->identity.fingerprint, sizeof random); /* a hash: as good as drawn, and the same after a restart */
    if (f->session != SESSION_RENEW && !renewal_is_due(from_s, until_s, clock_wall_s(), random)) /* what the centre says counts: our clock may be behind */
        return;
    enum err err = renewal_begin(f, &why);
    if (err != OK)
        log_failure(LOG_WARN, "renewal", err, &why, "number", f->board->values.number, NULL);
}

static void go_on(struct field *f)
{
    confirm_program(f);
    field_time_out(f);
    renew_when_due(f);
    renewal_go_on(f);
    remote_work(f);
    event_raise(f);
}

/* Something of ours waits for an answer that a gateway cannot give by itself: our first presence, or letters. */
static bool letters_wait(const struct field *f)
{
    if (!f->greeted)
        return true;
    if (strcmp(f->session_error, err_row(ERR_UNKNOWN_IDENTITY)->name) == 0)
        return true;
    return f->session == SESSION_ADMITTED && f->letters_sent && !f->progress &&
           (kept_next(f, ITEM_CALL_UP, 0) < QUEUE_SLOTS || kept_next(f, ITEM_ANSWER, 0) < QUEUE_SLOTS);
}

static void exchanged(void *context, struct http_result *result)
{
    struct field *f = context;
    struct why why = { "" };
    struct poll_result r = { .failed = true };
    f->in_flight = f->waiting = false;
    if (f->stopped)
        return;
    enum err err = field_read_exchange(f, result, &r.more, &why);
    if (err == OK) {
        go_on(f);
        r.failed = false;
        r.fresh = field_has_fresh(f);
        r.stale = letters_wait(f);
    } else {
        log_failure(f->poll.failures == 0 ? LOG_WARN : LOG_DEBUG, "exchange", err, &why, "number", f->board->values.number, NULL);
    }
    r.took_ms = clock_mono_ms() - f->started_ms;
    plan(f, poll_after(&f->poll, &r, draw()));
}

/* --- An exchange --- */

static enum err send_exchange(struct field *f, struct why *why)
{
    char url[FIELD_URL + 32];
    snprintf(url, sizeof url, "%s%s", f->options.url, soap_service_row(SERVICE_FIELD)->path);
    buf_clear(&f->body);
    enum err err = field_write_exchange(f, &f->body, why);
    const struct http_call call = {
        .url = url,
        .method = "POST",
        .content_type = soap_content_type(SOAP_1_2),
        .body = buf_span(&f->body),
        .tls = f->tls,
        .connect_timeout_ms = LIMIT_CONNECT_FIELD_MS,
        .timeout_ms = LIMIT_CONNECT_FIELD_MS + f->options.wait_s * 1000 + SLACK_MS,
        .max_reply = LIMIT_EXCHANGE,
        .context = f,
    };
    return err == OK ? http_client_send(f->client, &call, exchanged, why) : err;
}

static void exchange(void *context)
{
    struct field *f = context;
    struct why why = { "" };
    const struct poll_result failed = { .failed = true };
    f->poll_timer = 0;
    f->progress = false;
    f->started_ms = clock_mono_ms();
    enum err err = send_exchange(f, &why);
    f->in_flight = err == OK;
    if (err == OK)
        return;
    log_failure(LOG_ERROR, "exchange", err, &why, "number", f->board->values.number, NULL);
    plan(f, poll_after(&f->poll, &failed, draw()));
}

/* Ends the exchange under way without a reply; its letters go again with the next. */
static enum err give_up(struct field *f, struct why *why)
{
    f->stopped = true;
    http_client_free(f->client);
    f->client = NULL;
    f->stopped = false;
    f->in_flight = f->waiting = false;
    return http_client_new(f->loop, &f->client, why);
}

void field_kick(struct field *f)
{
    struct why why = { "" };
    if (f->in_flight && !f->waiting)
        return; /* its reply leads to the next */
    if (f->in_flight && give_up(f, &why) != OK)
        log_event(LOG_ERROR, "exchange", "number", f->board->values.number, "why", why.text, NULL);
    else
        plan(f, 0);
}

/* --- Identity --- */

static enum err make_tls(const struct field *f, struct tls_context **ret_tls, struct why *why)
{
    const struct credential *c = &f->board->identity;
    const struct tls_options options = {
        .key = c->key,
        .chain = (const struct cert *const *)c->chain,
        .chain_n = c->chain_n,
        .trust = f->board->trust,
        .peers = ROLE_BIT(ROLE_GATEWAY) | ROLE_BIT(ROLE_CENTER),
        .clock_behind = true,
    };
    enum err err = tls_context_new(&options, ret_tls, why);
    if (err == OK) /* the gateway on the way may have expired, as ours on this very board: the centre takes its renewal */
        tls_context_set_grace(*ret_tls, (int64_t)LIMIT_GRACE_DAYS * 86400);
    return err;
}

enum err field_use_identity(struct field *f, struct why *why)
{
    struct tls_context *tls = NULL;
    enum err err = make_tls(f, &tls, why);
    if (err != OK)
        return err;
    tls_context_free(f->tls);
    f->tls = tls;
    if (f->options.changed != NULL)
        f->options.changed(f->options.context);
    return OK;
}

/* --- Start and stop --- */

static enum err draw_first_nonce(struct board *b, struct why *why)
{
    static const uint8_t none[LEDGER_NONCE] = { 0 };
    uint8_t nonce[LEDGER_NONCE];
    if (memcmp(b->ledger.now.nonce, none, LEDGER_NONCE) != 0)
        return OK;
    enum err err = rng_fill(nonce, sizeof nonce);
    return err == OK ? flash_error(ledger_set_session(&b->ledger, b->ledger.now.token, nonce), "NVRAM", why) : err;
}

static void report(void *context)
{
    struct field *f = context;
    struct why why = { "" };
    bool waits_for_hand_over = option_next(f->option, ITEM_REPLACEMENT, 0) < QUEUE_SLOTS;
    f->report_timer = 0;
    enum err err = waits_for_hand_over || f->session != SESSION_ADMITTED ? OK : reading_report(f->board, &why);
    if (err != OK)
        log_failure(LOG_WARN, "report", err, &why, "number", f->board->values.number, NULL);
    else
        field_kick(f);
    if (loop_timer(f->loop, f->options.report_s * 1000, report, f, &f->report_timer) != OK)
        log_event(LOG_ERROR, "report", "number", f->board->values.number, "why", "out of memory", NULL);
}

static void trial_over(void *context)
{
    struct field *f = context;
    f->trial_timer = 0;
    if (!f->option->loaded.on_trial)
        return;
    struct why why = { "" };
    log_event(LOG_ERROR, "program-not-confirmed", "number", f->board->values.number, "version", option_version(f->option), NULL);
    board_history(f->board, "program-not-confirmed", option_version(f->option));
    enum err err = flash_error(loader_give_up(&f->option->programs, &f->option->loaded), "programs", &why);
    if (err != OK)
        log_failure(LOG_ERROR, "program", err, &why, "number", f->board->values.number, NULL);
    f->options.restart(f->options.context);
}

static enum err start_timers(struct field *f)
{
    enum err err = OK;
    if (f->options.report_s > 0)
        err = loop_timer(f->loop, f->options.report_s * 1000, report, f, &f->report_timer);
    if (err == OK && f->option->loaded.on_trial)
        err = loop_timer(f->loop, f->options.trial_s * 1000, trial_over, f, &f->trial_timer);
    return err == OK ? loop_timer(f->loop, poll_first(&f->poll, draw()), exchange, f, &f->poll_timer) : err;
}

enum err field_start(struct loop *loop, struct board *board, const struct field_options *options, struct field **ret_field,
                     struct why *why)
{
    bool told;
    struct field *f = calloc(1, sizeof *f);
    if (f == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for the field");
    *f = (struct field){
        .loop = loop, .board = board, .option = &board->option, .options = *options, .poll = { .interval_s = POLL_DEFAULT_S },
        .session = SESSION_REFUSED, .fetch_slot = PROGRAM_NONE,
    };
    enum err err = draw_first_nonce(board, why);
    if (err == OK)
        err = reading_recover(board, why);
    if (err == OK)
        err = threshold_tell(board, &told, why);
    if (err == OK)
        err = make_tls(f, &f->tls, why);
    if (err == OK)
        err = http_client_new(loop, &f->client, why);
    if (err == OK)
        err = start_timers(f);
    if (err == OK) {
        renewal_go_on(f);
        remote_work(f);
        *ret_field = f;
    } else {
        field_stop(f);
    }
    return err;
}

void field_stop(struct field *f)
{
    if (f == NULL)
        return;
    f->stopped = true;
    const uint64_t timers[] = { f->poll_timer, f->report_timer, f->trial_timer, f->restart_timer };
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
        loop_cancel(f->loop, timers[i]);
    if (f->client != NULL)
        http_client_free(f->client);
    tls_context_free(f->tls);
    for (int i = 0; i < FIELD_LIVE; i++)
        buf_done(&f->live[i].envelope);
    buf_done(&f->body);
    free(f);
}
