/* One exchange with a neighbour below (M-2, M-3), inside a transaction: what it brought, then what goes back. */
#include <string.h>

#include "center/feed.h"
#include "center/job.h"

enum { PRESENCES_MOST = 400 /* with signed sessions no more fit into a reply */ };

static enum err take_identity(void *context, const struct center_identity *i)
{
    struct center_identity *to = context;
    *to = *i;
    to->certificate = span_of(NULL, 0);
    return OK;
}

static enum err refuse(struct job *job, const struct verdict *v, struct why *why)
{
    job->fault = v->err;
    job->why = v->why;
    if (v->incident[0] == '\0')
        return OK;
    return job_incident(job, v->incident, job->number.text, span_of(job->peer.fingerprint, sizeof job->peer.fingerprint), &v->why,
                        why);
}

/* The peer's identity is one that the CA told of, and counts (M-6, M-8). */
static enum err admit_peer(struct job *job, struct why *why)
{
    struct verdict v;
    struct center_identity identity = { .generation = 0 };
    enum err err = center_identity_find(job->center->db, job->peer.fingerprint, take_identity, &identity, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    memcpy(job->state, identity.state, sizeof job->state);
    err = identity_judge(job, job->number.text, err == OK ? &identity : NULL,
                         feed_ought_to_know(job->center, job->peer.fingerprint, job->now_s), http_peer_cert(job->x), &v, why);
    return err != OK || decide_reach(v.err, &job->reach) ? err : refuse(job, &v, why);
}

static enum err check_size(struct job *job, const struct exchange_request *r)
{
    size_t most = LIMIT_EXCHANGE_ITEMS;
    if (r->presences_n > most || r->calls_n > most || r->answers_n > most || r->receipts_n > most)
        job->fault = why_set(&job->why, ERR_TOO_LARGE, "an exchange has at most %zu of each kind of letter", most);
    return OK;
}

/* The letters that were not taken yet, in the order in which they were sent. *ret_n: how many are left. */
static enum err take_some(struct job *job, const struct exchange_request *r, bool *taken, size_t *ret_n, struct why *why)
{
    enum err err = OK;
    size_t left = 0;
    for (size_t i = 0; err == OK && i < r->calls_n + r->answers_n; i++) {
        if (taken[i])
            continue;
        job->put_off = false;
        err = i < r->calls_n ? upcall_take(job, &r->calls[i], why) : answer_take(job, &r->answers[i - r->calls_n], why);
        taken[i] = !job->put_off;
        left += job->put_off;
    }
    *ret_n = left;
    return err;
}

/* Calls and answers stand in two lists, but a device's readings have one order: one that is ahead of it is put off, as long
 * as another was taken meanwhile. */
static enum err take_letters(struct job *job, const struct exchange_request *r, struct why *why)
{
    size_t before = r->calls_n + r->answers_n + 1, left = before - 1;
    bool *taken = arena_take(job->arena, before);
    enum err err = taken == NULL ? ERR_NO_MEMORY : OK;
    job->may_put_off = true;
    while (err == OK && left > 0 && left < before) {
        before = left;
        err = take_some(job, r, taken, &left, why);
    }
    job->may_put_off = false;
    return err != OK || left == 0 ? err : take_some(job, r, taken, &left, why);
}

enum err exchange_run(struct job *job, struct why *why)
{
    const struct exchange_request *r = job->request.body;
    enum err err = check_size(job, r);
    if (err == OK && job->fault == OK)
        err = admit_peer(job, why);
    if (err != OK || job->fault != OK)
        return err;
    err = response_begin(job);
    for (size_t i = 0; err == OK && i < r->receipts_n; i++)
        err = receipt_take(job, &r->receipts[i], why);
    for (size_t i = 0; err == OK && i < r->presences_n && i < PRESENCES_MOST; i++)
        err = presence_take(job, &r->presences[i], why);
    if (err == OK)
        err = take_letters(job, r, why);
    return err == OK ? collect_letters(job, why) : err;
}
