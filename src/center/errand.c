#include "center/errand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "center/workers.h"
#include "log/log.h"

enum { UNDER_WAY_MOST = 16, RETRY_LEAST_MS = 1000, RETRY_MOST_MS = 30000, TICK_MS = 200, ADMITS_MOST = 256 };

struct admit {
    struct device_number number;
    uint8_t fingerprint[CENTER_FINGERPRINT];
};

struct errands {
    struct center *center;
    struct errand *first; /* under way */
    size_t n;
    bool due[ERRAND_KIND_COUNT], retried[ERRAND_KIND_COUNT];
    int64_t not_before_ms, wait_ms; /* after a failure */
    uint64_t timer, retry_timer;
    struct admit admits[ADMITS_MOST];
    size_t admits_n;
};

static const struct {
    errand_find *find;
    errand_done *done;
    bool everywhere; /* known to this worker alone */
} kinds[ERRAND_KIND_COUNT] = {
    [ERRAND_CALL] = { .find = errand_find_calls, .done = errand_done_call },
    [ERRAND_TICKET] = { .find = errand_find_tickets, .done = errand_done_ticket },
    [ERRAND_ADMIT] = { .find = errand_find_admitted, .done = errand_done_admit, .everywhere = true },
    [ERRAND_REVOKE] = { .find = errand_find_scrapped, .done = errand_done_revoke },
};

static void on_tick(void *context);

static void arm(struct errands *all, int64_t delay_ms)
{
    if (all->timer == 0)
        (void)!loop_timer(all->center->loop, delay_ms, on_tick, all, &all->timer);
}

static void start(struct errands *all)
{
    bool anothers = false;
    for (unsigned kind = 0; kind < ERRAND_KIND_COUNT; kind++) {
        struct why why = { "" };
        if (!all->due[kind] || all->n >= UNDER_WAY_MOST)
            continue;
        all->due[kind] = false;
        if (!kinds[kind].everywhere && !all->center->leads) {
            anothers = true; /* it is in the database: the one that leads finds it */
            continue;
        }
        enum err err = kinds[kind].find(all->center, &why);
        if (err == ERR_BUSY) /* the rest when these are done */
            all->due[kind] = true;
        else if (err != OK)
            log_failure(LOG_WARN, "errand-failed", err, &why, NULL);
    }
    if (anothers)
        workers_tell(all->center, "");
}

static void on_tick(void *context)
{
    struct errands *all = context;
    all->timer = 0;
    if (clock_mono_ms() >= all->not_before_ms)
        start(all);
    for (unsigned kind = 0; kind < ERRAND_KIND_COUNT; kind++)
        if (all->due[kind])
            arm(all, TICK_MS);
}

void errand_due(struct center *center, enum errand_kind kind)
{
    center->errands->due[kind] = true;
    arm(center->errands, 0);
}

static void forget(struct errands *all, struct errand *e)
{
    struct errand **at = &all->first;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    all->n--;
    free(e);
}

/* The CA is out of reach, or cannot now: later again. */
static void put_off(struct errands *all, enum errand_kind kind, enum err err, const struct why *why)
{
    log_failure(all->wait_ms == 0 ? LOG_WARN : LOG_DEBUG, "ca-failed", err, why, NULL);
    all->wait_ms = all->wait_ms == 0 ? RETRY_LEAST_MS : all->wait_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : all->wait_ms * 2;
    all->not_before_ms = clock_mono_ms() + all->wait_ms;
    all->due[kind] = true;
    arm(all, TICK_MS);
}

static void on_retry(void *context)
{
    struct errands *all = context;
    all->retry_timer = 0;
    for (unsigned kind = 0; kind < ERRAND_KIND_COUNT; kind++) {
        all->due[kind] = all->due[kind] || all->retried[kind];
        all->retried[kind] = false;
    }
    arm(all, 0);
}

/* What the CA answered could not be kept, as when the disk is full: it is asked again, and says the same. */
static void retry(struct errands *all, enum errand_kind kind)
{
    all->retried[kind] = true;
    if (all->retry_timer == 0)
        (void)!loop_timer(all->center->loop, RETRY_MOST_MS, on_retry, all, &all->retry_timer);
}

static void on_answer(void *context, enum err err, bool told, const struct soap_parsed *answer, const struct why *reason)
{
    struct errand *e = context;
    struct errands *all = e->center->errands;
    struct why why = { "" };
    enum errand_kind kind = e->kind;
    bool over = err == OK || (told && err_row(err)->action != ERR_ACTION_RETRY);
    if (over) {
        all->wait_ms = 0;
        enum err kept = kinds[kind].done(e, err == OK ? answer->body : NULL, err, reason, &why);
        if (kept != OK) {
            log_failure(LOG_ERROR, "errand-failed", kept, &why, "number", e->number.text, NULL);
            retry(all, kind);
        } else if (err != OK) {
            log_failure(LOG_WARN, "ca-refused", err, reason, "number", e->number.text, NULL);
        }
    }
    forget(all, e);
    if (over)
        arm(all, 0);
    else
        put_off(all, kind, err, reason);
}

enum err errand_ask(const struct errand *wanted, const void *body, struct why *why)
{
    struct center *center = wanted->center;
    struct errands *all = center->errands;
    for (const struct errand *e = all->first; e != NULL; e = e->next)
        if (e->kind == wanted->kind && strcmp(e->key, wanted->key) == 0)
            return OK;
    if (all->n >= UNDER_WAY_MOST)
        return ERR_BUSY;
    struct errand *e = malloc(sizeof *e);
    if (e == NULL)
        return ERR_NO_MEMORY;
    *e = *wanted;
    e->next = all->first;
    all->first = e;
    all->n++;
    /* A key that stays the same: asked again, the CA gives the same answer. */
    enum err err = ca_ask_later(center->client, center->ca_url, center->ca_tls,
                                &(struct ca_question){ e->message, e->key, body, 0 }, on_answer, e, why);
    if (err != OK) {
        forget(all, e);
        put_off(all, wanted->kind, err, why);
    }
    return OK;
}

void errand_admit(struct center *center, const char *number, const uint8_t fingerprint[CENTER_FINGERPRINT])
{
    struct errands *all = center->errands;
    for (size_t i = 0; i < all->admits_n; i++)
        if (memcmp(all->admits[i].fingerprint, fingerprint, CENTER_FINGERPRINT) == 0)
            return;
    if (all->admits_n == ADMITS_MOST) /* it comes again with its next presence */
        return;
    struct admit *a = &all->admits[all->admits_n++];
    snprintf(a->number.text, sizeof a->number.text, "%s", number);
    memcpy(a->fingerprint, fingerprint, CENTER_FINGERPRINT);
    errand_due(center, ERRAND_ADMIT);
}

enum err errand_find_admitted(struct center *center, struct why *why)
{
    struct errands *all = center->errands;
    for (size_t i = 0; i < all->admits_n; i++) {
        const struct admit *a = &all->admits[i];
        struct errand e = { .center = center, .kind = ERRAND_ADMIT, .number = a->number, .message = SOAP_IDENTITY_OUTCOME };
        memcpy(e.fingerprint, a->fingerprint, sizeof e.fingerprint);
        snprintf(e.key, sizeof e.key, "admit:%s", a->number.text);
        enum err err = errand_ask(&e,
                                  &(struct identity_outcome_request){ .number = a->number,
                                                                      .fingerprint = span_of(a->fingerprint, CENTER_FINGERPRINT),
                                                                      .outcome = "admitted",
                                                                      .reason = "" },
                                  why);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err errand_done_admit(struct errand *e, const void *body, enum err err, const struct why *reason, struct why *why)
{
    (void)body, (void)err, (void)reason, (void)why;
    struct errands *all = e->center->errands;
    for (size_t i = 0; i < all->admits_n; i++)
        if (memcmp(all->admits[i].fingerprint, e->fingerprint, CENTER_FINGERPRINT) == 0) {
            all->admits[i] = all->admits[--all->admits_n];
            break;
        }
    return OK;
}

enum err errands_new(struct center *center, struct errands **ret_errands)
{
    struct errands *all = calloc(1, sizeof *all);
    if (all == NULL)
        return ERR_NO_MEMORY;
    all->center = center;
    *ret_errands = all;
    return OK;
}

void errands_free(struct errands *all)
{
    if (all == NULL)
        return;
    loop_cancel(all->center->loop, all->timer);
    loop_cancel(all->center->loop, all->retry_timer);
    while (all->first != NULL) {
        struct errand *next = all->first->next;
        free(all->first);
        all->first = next;
    }
    free(all);
}
