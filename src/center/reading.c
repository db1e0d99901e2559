/* Charge counters as they come (M-5): each is kept, only one that follows the last is billed. */
#include <stdio.h>
#include <string.h>

#include "center/check.h"
#include "center/job.h"

enum err reading_from(int64_t epoch, int64_t boots, int64_t sequence, const struct counter_value *counters, size_t n,
                      struct reading *ret_reading, struct why *why)
{
    struct reading r = { .epoch = epoch, .boots = boots, .sequence = sequence, .counters_n = n };
    if (n > LIMIT_COUNTERS)
        return why_set(why, ERR_BAD_INPUT, "a reading has %d counters at most", LIMIT_COUNTERS);
    if (epoch < 0 || boots < 0 || sequence < 0)
        return why_set(why, ERR_BAD_INPUT, "epoch, boots and sequence are not negative");
    for (size_t i = 0; i < n; i++) {
        struct counter *c = &r.counters[i];
        size_t length = strlen(counters[i].name);
        if (check_id(counters[i].name, NULL) != OK || length >= sizeof c->name || counters[i].value < 0)
            return why_set(why, ERR_BAD_INPUT, "counter %zu of the reading is none", i + 1);
        memcpy(c->name, counters[i].name, length + 1);
        c->value = counters[i].value;
        for (size_t j = 0; j < i; j++)
            if (strcmp(r.counters[j].name, c->name) == 0)
                return why_set(why, ERR_BAD_INPUT, "the reading has the counter %s twice", c->name);
    }
    *ret_reading = r;
    return OK;
}

static enum err store(struct job *job, const char *number, const char *call, const struct reading *reading,
                      const struct reading_outcome *o, struct why *why)
{
    struct center_reading r = { .reading = *reading, .received_s = job->now_s, .billable = o->billable };
    snprintf(r.number.text, sizeof r.number.text, "%s", number);
    snprintf(r.via, sizeof r.via, "%s", strcmp(number, job->number.text) == 0 ? "" : job->number.text);
    snprintf(r.call, sizeof r.call, "%s", call);
    snprintf(r.verdict, sizeof r.verdict, "%s", reading_verdict_name(o->verdict));
    return center_reading_add(job->center->db, &r, why);
}

static enum err put_aside(struct job *job, const char *number, const struct reading *last, const struct reading *now,
                          const struct reading_outcome *o, struct verdict *ret_verdict, struct why *why)
{
    char evidence[160];
    struct verdict v = { .err = ERR_COUNTER_CHAIN, .incident = reading_verdict_name(o->verdict) };
    (void)!why_set(&v.why, v.err, "%s", reading_verdict_text(o->verdict));
    snprintf(evidence, sizeof evidence, "last: epoch %lld, sequence %lld; this one: epoch %lld, boots %lld, sequence %lld",
             (long long)last->epoch, (long long)last->sequence, (long long)now->epoch, (long long)now->boots,
             (long long)now->sequence);
    enum err err = center_device_stand(job->center->db, number, CENTER_QUARANTINED, v.why.text, why);
    if (err == OK)
        err = job_incident(job, v.incident, number, span_text(evidence), &v.why, why);
    if (err == OK)
        *ret_verdict = v;
    return err;
}

enum err reading_take(struct job *job, const char *number, const char *call, const struct reading *reading,
                      struct verdict *ret_verdict, struct why *why)
{
    struct reading last;
    enum err err = center_reading_last(job->center->db, number, &last, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    const struct reading_outcome o = decide_reading(err == OK ? &last : NULL, reading);
    bool ahead = err == OK ? o.verdict == READING_SEQUENCE_SKIPS : reading->sequence > 1;
    job->put_off = job->may_put_off && ahead;
    if (job->put_off) /* the one before it may stand further on in this exchange */
        return why_set(why, ERR_BUSY, "the reading waits for the one before it");
    err = o.keep ? center_reading_room(job->center->db, number, job->now_s, why) : OK;
    if (err != OK)
        return err;
    err = o.keep ? store(job, number, call, reading, &o, why) : OK;
    if (err != OK)
        return err;
    if (o.quarantine)
        return put_aside(job, number, &last, reading, &o, ret_verdict, why);
    *ret_verdict = (struct verdict){ .err = OK, .incident = "" };
    return OK;
}
