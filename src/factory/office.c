#include "factory/office_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/rng.h"
#include "log/log.h"

typedef enum err office_step(struct office *office, struct why *why);

/* In this order: what failed is voided before its number is asked for again (hole 4). `everywhere`: also done by the
 * servers that do not lead, for what each keeps for itself. */
static const struct {
    office_step *step;
    bool everywhere;
} ca_steps[] = {
    { office_report, false }, { office_send, false }, { office_confirm, false }, { office_revocations, true }, { office_witness, false },
};
static office_step *const own_steps[] = { office_expire, office_erase, office_request };

/* The last step: by now nobody waits. */
static void tidy(struct office *o)
{
    struct why why = { "" };
    if (!atomic_exchange(&o->factory->untidy, false))
        return;
    enum err err = db_tidy(o->db, &why);
    if (err != OK)
        log_failure(LOG_WARN, "tidy-failed", err, &why, NULL);
}

static int64_t wait_after(struct office *o, unsigned attempt)
{
    uint32_t random = 0;
    if (rng_fill(&random, sizeof random) != OK)
        random = attempt;
    return clock_mono_ms() + decide_backoff_ms(attempt, random, o->factory->settings.retry_max_s * 1000);
}

/* The line goes on from stock meanwhile. */
static void ask_ca(struct office *o)
{
    struct why why = { "" };
    enum err err = OK;
    if (clock_mono_ms() < o->ca_not_before_ms)
        return;
    for (size_t i = 0; err == OK && i < sizeof ca_steps / sizeof *ca_steps; i++)
        if (o->leads || ca_steps[i].everywhere)
            err = ca_steps[i].step(o, &why);
    if (err == OK) {
        if (o->ca_failures > 0)
            log_event(LOG_INFO, "ca-back", NULL);
        o->ca_failures = 0;
        return;
    }
    o->ca_not_before_ms = wait_after(o, ++o->ca_failures);
    log_failure(o->ca_failures == 1 ? LOG_WARN : LOG_INFO, "ca-failed", err, &why, NULL);
}

static void ask_mes(struct office *o)
{
    struct why why = { "" };
    if (clock_mono_ms() < o->mes_not_before_ms)
        return;
    enum err err = office_fetch(o, &why);
    if (err == OK) {
        o->mes_failures = 0;
        return;
    }
    o->mes_not_before_ms = wait_after(o, ++o->mes_failures);
    log_failure(LOG_WARN, "plan-fetch-failed", err, &why, NULL);
}

/* Of the servers on one database, one does what is done by the clock; when it stops, or loses the database, another. */
static void find_leader(struct office *o)
{
    struct why why = { "" };
    bool leads = false, shared = o->factory->settings.common.store_url[0] != '\0';
    enum err err = db_lead(o->db, "office", &leads, &why);
    if (err != OK && !o->away)
        log_failure(LOG_ERROR, "database-away", err, &why, NULL);
    if (err == OK && o->away)
        log_event(LOG_INFO, "database-back", NULL);
    if (shared && leads != o->leads)
        log_event(LOG_INFO, leads ? "office-leads" : "office-follows", NULL);
    o->away = err != OK;
    o->leads = leads;
}

static void work(struct office *o)
{
    find_leader(o);
    if (o->leads)
        ask_mes(o);
    for (size_t i = 0; o->leads && i < sizeof own_steps / sizeof *own_steps; i++) {
        struct why why = { "" };
        enum err err = own_steps[i](o, &why);
        if (err != OK)
            log_failure(LOG_ERROR, "office-failed", err, &why, NULL);
    }
    if (!o->away)
        ask_ca(o);
    if (o->leads)
        office_warn_low(o);
    tidy(o);
}

/* Until woken, but a second at most: leases, times of the day. false: stop. */
static bool pause_office(struct office *o)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&o->lock);
    while (!o->woken && !o->stop)
        if (pthread_cond_timedwait(&o->changed, &o->lock, &until) == ETIMEDOUT)
            break;
    o->woken = false;
    o->policy = o->told;
    bool go_on = !o->stop;
    pthread_mutex_unlock(&o->lock);
    return go_on;
}

static void *run(void *context)
{
    struct office *o = context;
    do
        work(o);
    while (pause_office(o));
    return NULL;
}

void office_wake(struct office *o)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    o->woken = true;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
}

void office_use_policy(struct office *o, const struct decide_policy *policy)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    o->told = *policy;
    pthread_mutex_unlock(&o->lock);
    office_wake(o);
}

static void office_free(struct office *o)
{
    db_close(o->db);
    http_keep_free(o->keep);
    tls_context_free(o->tls);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->changed);
    free(o);
}

enum err office_start(struct factory *factory, struct office **ret_office, struct why *why)
{
    struct office *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_NO_MEMORY;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    o->factory = factory;
    o->policy = o->told = factory->policy;
    o->tls = tls_context_ref(factory->ca_tls);
    snprintf(o->name, sizeof o->name, "factory:%s", factory->credentials.self.name);
    enum err err = http_keep_new(&o->keep);
    if (err == OK)
        err = stock_open(api_settings_store(&factory->settings.common), DB_READ_WRITE, &o->db, why);
    if (err == OK)
        db_tidy_later(o->db, &factory->untidy);
    if (err == OK && pthread_create(&o->thread, NULL, run, o) != 0)
        err = why_set(why, ERR_NO_MEMORY, "cannot start a thread");
    if (err != OK)
        office_free(o);
    else
        *ret_office = o;
    return err;
}

void office_stop(struct office *o)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    office_free(o);
}
