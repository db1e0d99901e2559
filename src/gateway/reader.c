#include "gateway/reader.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "gateway/agentless.h"
#include "gateway/printer.h"
#include "log/log.h"

struct result;

struct reader {
    struct gateway *g;
    struct agentless *list; /* the thread only reads it */
    int64_t *due_ms;
    size_t n;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    struct result *results; /* not yet told */
};

/* What the thread tells the loop. */
struct result {
    struct result *next;
    const struct agentless *device;
    enum err err;
    struct why why;
    struct printer_reading reading;
};

static void report(struct gateway *g, const struct result *r)
{
    char source[AGENTLESS_ADDRESS + 16], text[80];
    struct why why = { "" };
    struct counter_value pages = { .name = "print", .value = r->reading.pages };
    const struct agentless_report_request request = { .number = r->device->number, .source = source, .serial = r->reading.serial,
                                                      .counters = &pages, .counters_n = 1 };
    snprintf(source, sizeof source, "snmp://%s", r->device->address);
    snprintf(text, sizeof text, "%lld pages", (long long)r->reading.pages);
    enum err err = own_report(g, &request, &why);
    if (err == OK)
        err = relay_note(g->db, r->device->number.text, text, clock_wall_s(), &why);
    if (err != OK)
        log_failure(LOG_ERROR, "agentless-report-lost", err, &why, "number", r->device->number.text, NULL);
}

static void tell_failure(struct gateway *g, const struct result *r)
{
    struct why why = { "" };
    const char *number = r->device->number.text;
    log_failure(LOG_WARN, "agentless-unread", r->err, &r->why, "number", number, NULL);
    enum err err = relay_note(g->db, number, why_text(&r->why, r->err), clock_wall_s(), &why);
    if (err != OK)
        log_failure(LOG_ERROR, "queue", err, &why, NULL);
}

static void on_results(void *context)
{
    struct gateway *g = context;
    if (g->reader == NULL)
        return;
    pthread_mutex_lock(&g->reader->lock);
    struct result *r = g->reader->results;
    g->reader->results = NULL;
    pthread_mutex_unlock(&g->reader->lock);
    for (struct result *next; r != NULL; r = next) {
        next = r->next;
        if (r->err == OK)
            report(g, r);
        else
            tell_failure(g, r);
        free(r);
    }
}

/* A result that cannot be told is read again at the next interval. */
static void read_one(struct reader *reader, const struct agentless *device)
{
    struct printer_login login;
    struct result *r = calloc(1, sizeof *r);
    if (r == NULL)
        return;
    *r = (struct result){ .device = device };
    r->err = printer_login_read(device->login, &login, &r->why);
    if (r->err == OK)
        r->err = printer_read(device->address, &login, &r->reading, &r->why);
    explicit_bzero(&login, sizeof login);
    pthread_mutex_lock(&reader->lock);
    r->next = reader->results;
    reader->results = r;
    pthread_mutex_unlock(&reader->lock);
    if (loop_post(reader->g->loop, on_results, reader->g) != OK)
        return; /* it goes with the next */
}

static size_t next_due(const struct reader *r)
{
    size_t next = 0;
    for (size_t i = 1; i < r->n; i++)
        if (r->due_ms[i] < r->due_ms[next])
            next = i;
    return next;
}

/* Until this moment of clock_mono_ms, or until it is to stop. */
static void sleep_until(struct reader *r, int64_t at_ms)
{
    struct timespec until = { .tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000 };
    int code = 0;
    while (!r->stop && clock_mono_ms() < at_ms && code != ETIMEDOUT)
        code = pthread_cond_clockwait(&r->wake, &r->lock, CLOCK_MONOTONIC, &until);
}

static void *run(void *context)
{
    struct reader *r = context;
    pthread_mutex_lock(&r->lock);
    while (!r->stop) {
        size_t i = next_due(r);
        sleep_until(r, r->due_ms[i]);
        if (r->stop)
            break;
        pthread_mutex_unlock(&r->lock);
        read_one(r, &r->list[i]);
        pthread_mutex_lock(&r->lock);
        r->due_ms[i] = clock_mono_ms() + r->list[i].interval_s * 1000;
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void reader_free(struct reader *r)
{
    for (struct result *next; r->results != NULL; r->results = next) {
        next = r->results->next;
        free(r->results);
    }
    free(r->list);
    free(r->due_ms);
    free(r);
}

enum err reader_start(struct gateway *g, struct why *why)
{
    if (*g->settings.agentless == '\0')
        return OK;
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NO_MEMORY;
    *r = (struct reader){ .g = g, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };
    enum err err = agentless_read(g->settings.agentless, &r->list, &r->n, why);
    if (err == OK && (r->due_ms = calloc(r->n + 1, sizeof *r->due_ms)) == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        printer_start();
    if (err == OK && r->n > 0 && pthread_create(&r->thread, NULL, run, r) != 0)
        err = why_set(why, ERR_NO_MEMORY, "no thread for reading by SNMP");
    if (err != OK || r->n == 0)
        reader_free(r);
    else
        g->reader = r;
    return err;
}

static void stop(struct reader *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    reader_free(r);
}

void reader_stop(struct gateway *g)
{
    stop(g->reader);
    g->reader = NULL;
}

enum err reader_restart(struct gateway *g, struct why *why)
{
    struct reader *old = g->reader;
    g->reader = NULL;
    enum err err = reader_start(g, why);
    if (err != OK)
        g->reader = old;
    else
        stop(old);
    return err;
}
