#include "center/desk.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "log/log.h"

enum { BUCKETS = 16384, BATCH_MOST = 512, INCIDENTS_MOST = 256, DEPTH_MOST = 32 };

struct jobs {
    struct job *first, *last;
};

struct desk {
    struct center *center;
    struct jobs queued, woken;
    struct jobs parked[BUCKETS]; /* by the asker's number */
    bool armed, releasing;
    struct center_incident incidents[INCIDENTS_MOST];
    size_t incidents_n;
};

static struct jobs *bucket(struct desk *desk, const char *number)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (const char *c = number; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 16777619u;
    return &desk->parked[h % BUCKETS];
}

static struct jobs *list_of(struct desk *desk, const struct job *job)
{
    switch (job->place) {
    case JOB_QUEUED: return &desk->queued;
    case JOB_WOKEN: return &desk->woken;
    case JOB_PARKED: break;
    }
    return bucket(desk, job->number.text);
}

static void put(struct desk *desk, struct job *job, enum job_place place)
{
    job->place = place;
    struct jobs *list = list_of(desk, job);
    job->prev = list->last;
    job->next = NULL;
    *(list->last == NULL ? &list->first : &list->last->next) = job;
    list->last = job;
}

static void take_out(struct desk *desk, struct job *job)
{
    struct jobs *list = list_of(desk, job);
    *(job->prev == NULL ? &list->first : &job->prev->next) = job->next;
    *(job->next == NULL ? &list->last : &job->next->prev) = job->prev;
}

static void job_free(struct job *job)
{
    loop_cancel(job->center->loop, job->timer);
    if (job->x != NULL)
        http_set_data(job->x, NULL);
    soap_parsed_done(&job->request);
    response_end(job);
    free(job);
}

static void flush(void *context);

static void arm(struct desk *desk)
{
    if (desk->armed)
        return;
    desk->armed = loop_timer(desk->center->loop, 0, flush, desk, NULL) == OK;
}

/* --- After the commit --- */

static void reply(struct job *job)
{
    if (job->x != NULL && job->fault != OK)
        service_fail(job->x, &job->reply, job->fault, &job->why);
    else if (job->x != NULL)
        service_answer(job->x, &job->reply, SOAP_EXCHANGE, &job->response);
    job_free(job);
}

static void on_waited(void *context)
{
    struct job *job = context;
    struct desk *desk = job->center->desk;
    job->timer = 0;
    take_out(desk, job);
    job->until_ms = 0;
    put(desk, job, JOB_WOKEN);
    arm(desk);
}

/* Nothing to tell but its own session, which can wait until there is more. */
static bool may_wait(const struct job *job)
{
    const struct exchange_response *r = &job->response;
    return job->fault == OK && job->until_ms > clock_mono_ms() && !job->center->desk->releasing && r->calls_n == 0 &&
           r->answers_n == 0 && r->receipts_n == 0 && r->sessions_n == (job->has_session ? 1U : 0U) && !r->more;
}

static void park(struct desk *desk, struct job *job)
{
    int64_t wait_ms = job->until_ms - clock_mono_ms();
    soap_parsed_done(&job->request);
    job->request = (struct soap_parsed){ .body = NULL };
    response_end(job);
    if (job->timer == 0 && loop_timer(desk->center->loop, wait_ms < 0 ? 0 : wait_ms, on_waited, job, &job->timer) != OK)
        job->until_ms = 0;
    put(desk, job, JOB_PARKED);
}

static void finish(struct desk *desk, struct job *job)
{
    if (job->x == NULL)
        job_free(job);
    else if (may_wait(job))
        park(desk, job);
    else
        reply(job);
}

/* --- The commit --- */

/* An exchange that fails takes back what it did, and nothing of the others. */
static enum err run_one(struct desk *desk, struct job *job, struct why *why)
{
    struct why reason = { "" };
    enum err err = db_point(desk->center->db, why);
    if (err != OK)
        return err;
    job->now_s = clock_wall_s();
    enum err ran = exchange_run(job, &reason);
    if (ran == OK)
        return db_point_keep(desk->center->db, why);
    job->fault = ran;
    job->why = reason;
    return db_point_back(desk->center->db, why);
}

static enum err run_batch(struct desk *desk, struct jobs *batch, struct why *why)
{
    struct db *db = desk->center->db;
    enum err err = db_begin(db, why);
    for (struct job *job = batch->first; err == OK && job != NULL; job = job->next)
        if (job->x != NULL)
            err = run_one(desk, job, why);
    for (size_t i = 0; err == OK && i < desk->incidents_n; i++)
        err = center_incident_add(db, &desk->incidents[i], why);
    if (err == OK)
        err = db_commit(db, why);
    else
        db_rollback(db);
    if (err == OK)
        desk->incidents_n = 0;
    return err;
}

static void fail_all(struct jobs *batch, enum err err, const struct why *why)
{
    log_failure(LOG_ERROR, "commit-failed", err, why, NULL);
    for (struct job *job = batch->first; job != NULL; job = job->next) {
        job->fault = err;
        job->why = *why;
    }
}

/* At most BATCH_MOST of them, in their order. */
static struct jobs cut_batch(struct desk *desk)
{
    struct jobs batch = desk->queued;
    struct job *at = batch.first;
    for (int n = 1; at != NULL && n < BATCH_MOST; n++)
        at = at->next;
    if (at == NULL || at->next == NULL) {
        desk->queued = (struct jobs){ NULL, NULL };
        return batch;
    }
    desk->queued.first = at->next;
    at->next->prev = NULL;
    at->next = NULL;
    batch.last = at;
    return batch;
}

static void serve_queued(struct desk *desk)
{
    struct why why = { "" };
    struct jobs batch = cut_batch(desk);
    if (batch.first == NULL && desk->incidents_n == 0)
        return;
    enum err err = run_batch(desk, &batch, &why);
    if (err != OK)
        fail_all(&batch, err, &why);
    for (struct job *job = batch.first, *next; job != NULL; job = next) {
        next = job->next;
        finish(desk, job);
    }
}

static void serve_woken(struct desk *desk)
{
    struct jobs woken = desk->woken;
    desk->woken = (struct jobs){ NULL, NULL };
    for (struct job *job = woken.first, *next; job != NULL; job = next) {
        next = job->next;
        job->now_s = clock_wall_s();
        job->fault = response_begin(job);
        if (job->fault == OK) {
            response_session_again(job);
            job->fault = collect_letters(job, &job->why);
        }
        finish(desk, job);
    }
}

static void flush(void *context)
{
    struct desk *desk = context;
    desk->armed = false;
    serve_queued(desk);
    serve_woken(desk);
    if (desk->queued.first != NULL || desk->woken.first != NULL)
        arm(desk);
}

/* --- From outside --- */

enum err desk_take(struct center *center, struct http_exchange *x, struct soap_parsed *request, struct why *why)
{
    const struct exchange_request *r = request->body;
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return ERR_NO_MEMORY;
    *job = (struct job){ .center = center, .x = x, .request = *request, .reply = soap_reply_header(&request->header),
                         .peer = *http_peer(x) };
    enum err err = number_parse(span_text(job->peer.name), &job->number, why);
    if (err != OK) {
        free(job);
        return err;
    }
    int64_t wait_s = r->wait > LIMIT_POLL_WAIT_S ? LIMIT_POLL_WAIT_S : r->wait;
    job->until_ms = wait_s > 0 ? clock_mono_ms() + wait_s * 1000 : 0;
    *request = (struct soap_parsed){ .body = NULL };
    http_set_data(x, job);
    put(center->desk, job, JOB_QUEUED);
    arm(center->desk);
    return OK;
}

void desk_gone(struct http_exchange *x)
{
    struct job *job = http_data(x);
    if (job == NULL)
        return;
    job->x = NULL;
    if (job->place == JOB_PARKED) {
        take_out(job->center->desk, job);
        job_free(job);
    }
}

static void wake_list(struct desk *desk, struct jobs *list, const char *number)
{
    for (struct job *job = list->first, *next; job != NULL; job = next) {
        next = job->next;
        if (number != NULL && strcmp(job->number.text, number) != 0)
            continue;
        take_out(desk, job);
        put(desk, job, JOB_WOKEN);
        arm(desk);
    }
}

static void wake_everybody(struct desk *desk)
{
    for (size_t i = 0; i < BUCKETS; i++)
        wake_list(desk, &desk->parked[i], NULL);
}

void desk_wake(struct center *center, const char *number)
{
    struct device_number at;
    struct center_device device;
    if (number == NULL) {
        wake_everybody(center->desk);
        return;
    }
    strncpy(at.text, number, sizeof at.text - 1);
    at.text[sizeof at.text - 1] = '\0';
    for (int depth = 0; at.text[0] != '\0' && depth < DEPTH_MOST; depth++) {
        wake_list(center->desk, bucket(center->desk, at.text), at.text);
        if (center_device_find(center->db, at.text, &device, NULL) != OK)
            return;
        at = device.gateway;
    }
}

void desk_revoke(struct desk *desk, const struct trust *trust)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct job *job = desk->parked[i].first, *next; job != NULL; job = next) {
            next = job->next;
            if (!trust_revokes(trust, http_peer_cert(job->x)))
                continue;
            take_out(desk, job);
            job->fault = why_set(&job->why, ERR_UNKNOWN_IDENTITY, "this identity is revoked");
            reply(job);
        }
}

void desk_release(struct desk *desk)
{
    desk->releasing = true;
    wake_everybody(desk);
    arm(desk);
}

void desk_incident(struct desk *desk, const struct center_incident *incident)
{
    if (desk->incidents_n == INCIDENTS_MOST)
        return;
    struct center_incident *kept = &desk->incidents[desk->incidents_n++];
    *kept = *incident;
    kept->evidence = span_of(NULL, 0); /* it is gone by then */
    arm(desk);
}

enum err desk_new(struct center *center, struct desk **ret_desk)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return ERR_NO_MEMORY;
    desk->center = center;
    *ret_desk = desk;
    return OK;
}

static void free_list(struct jobs *list)
{
    for (struct job *job = list->first, *next; job != NULL; job = next) {
        next = job->next;
        job_free(job);
    }
}

void desk_free(struct desk *desk)
{
    if (desk == NULL)
        return;
    free_list(&desk->queued);
    free_list(&desk->woken);
    for (size_t i = 0; i < BUCKETS; i++)
        free_list(&desk->parked[i]);
    free(desk);
}
