/* Charge counters as they come (M-5): each is kept, only one that follows the last is billed. */
#include <stdio.h>
#include <string.h>

#include "center/check.h"
#include "center/job.h"

/* What every program reads as it is, and of which many add up. */
static const int64_t counted_most = (int64_t)1 << 53;

static bool is_within(int64_t n, int64_t most) { return n >= 0 && n <= most; }

enum err reading_from(int64_t epoch, int64_t boots, int64_t sequence, const struct counter_value *counters, size_t n,
                      struct reading *ret_reading, struct why *why)
{
    struct reading r = { .epoch = epoch, .boots = boots, .sequence = sequence, .counters_n = n };
    if (n > LIMIT_COUNTERS)
        return why_set(why, ERR_BAD_INPUT, "a reading has %d counters at most", LIMIT_COUNTERS);
    if (!is_within(epoch, UINT32_MAX) || !is_within(boots, UINT32_MAX) || !is_within(sequence, UINT32_MAX))
        return why_set(why, ERR_BAD_INPUT, "epoch %lld, boots %lld or sequence %lld of the reading is none: each is 0 to %lld", (long long)epoch,
                       (long long)boots, (long long)sequence, (long long)UINT32_MAX);
    for (size_t i = 0; i < n; i++) {
        struct counter *c = &r.counters[i];
        size_t length = strlen(counters[i].name);
        if (check_id(counters[i].name, NULL) != OK || length >= sizeof c->name || !is_within(counters[i].value, counted_most))
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

/* What the reading is judged by. `last`, `earlier`: memory for them. */
static enum err look(struct job *job, const char *number, const struct reading *reading, struct reading *last, struct reading *earlier,
                     struct reading_facts *ret_facts, struct why *why)
{
    struct db *db = job->center->db;
    struct reading_facts f = { .letters_missing = job->letters_missing, .position = job->position };
    enum err err = center_reading_last(db, number, last, why);
    f.last = err == OK ? last : NULL;
    if (err == OK && reading->sequence - 1 > last->sequence) {
        err = center_gap_find(db, number, &f.gap, why);
    } else if (err == OK && reading->sequence < last->sequence) {
        err = center_reading_find(db, number, reading->sequence, earlier, why);
        f.earlier = err == OK ? earlier : NULL;
    }
    if (err == OK || err == ERR_NOT_FOUND)
        *ret_facts = f;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The one before it may stand further on in this exchange. */
static bool may_be_ahead(const struct reading_facts *f, const struct reading *reading)
{
    return f->last == NULL ? reading->sequence > 1 : reading->sequence - 1 > f->last->sequence;
}

static enum err wait(struct job *job, const char *number, const struct reading *reading, const struct center_gap *gap, struct why *why)
{
    enum err err = center_gap_put(job->center->db, number, gap, why);
    return err != OK ? err : why_set(why, ERR_BUSY, "reading %lld waits for reading %lld", (long long)reading->sequence,
                                     (long long)gap->sequence);
}

enum err reading_take(struct job *job, const char *number, const char *call, const struct reading *reading,
                      struct verdict *ret_verdict, struct why *why)
{
    struct reading last, earlier;
    struct reading_facts facts;
    enum err err = look(job, number, reading, &last, &earlier, &facts, why);
    if (err != OK)
        return err;
    job->put_off = job->may_put_off && may_be_ahead(&facts, reading);
    if (job->put_off)
        return why_set(why, ERR_BUSY, "the reading waits for the one before it");
    const struct reading_outcome o = decide_reading(&facts, reading, job->now_s);
    if (o.wait)
        return wait(job, number, reading, &o.gap, why);
    if (o.keep) {
        err = center_reading_room(job->center->db, number, job->now_s, why);
        if (err == OK)
            err = store(job, number, call, reading, &o, why);
        if (err == OK)
            err = center_gap_forget(job->center->db, number, why);
    }
    if (err == OK && o.quarantine)
        return put_aside(job, number, &last, reading, &o, ret_verdict, why);
    if (err == OK)
        *ret_verdict = (struct verdict){ .err = OK, .incident = "" };
    return err;
}
