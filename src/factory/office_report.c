/* What the CA is told about writes, and the re-issue behind a failed one: first the old certificate is revoked,
 * then its number is asked for again (F-16, hole 4). */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "factory/office_internal.h"
#include "factory/reissue.h"
#include "log/log.h"

enum { REPORT_MAX = 200 };

struct report {
    struct stock_outcome outcomes[REPORT_MAX];
    struct outcome records[REPORT_MAX];
    size_t n;
};

static enum err collect(void *context, const struct stock_outcome *o)
{
    struct report *r = context;
    if (r->n == REPORT_MAX)
        return OK;
    r->outcomes[r->n] = *o;
    const struct stock_outcome *kept = &r->outcomes[r->n];
    r->records[r->n] = (struct outcome){ .number = kept->number,
                                         .fingerprint = span_of(kept->fingerprint, sizeof kept->fingerprint),
                                         .outcome = kept->outcome,
                                         .reason = kept->reason };
    r->n++;
    return OK;
}

/* Too often in a day is not a matter of chance: a person looks at it first. */
static enum err plan_again(struct office *o, const struct identity *old, struct why *why)
{
    bool held = false;
    enum err err = reissue_held(&o->policy, o->db, old, &held, why);
    if (err != OK || !held)
        return err != OK ? err : reissue_order(&o->policy, o->db, o->name, old, why);
    log_event(LOG_WARN, "reissue-held", "number", old->number.text, "station", old->station, NULL);
    return factory_note(o->db, o->name, "reissue-held", old->number.text, why, "generation=%lld", (long long)old->generation);
}

/* The CA revoked it: the pack goes, and for a failed write a new one is ordered. */
static enum err take_voided(struct office *o, const struct stock_outcome *out, struct why *why)
{
    struct identity row;
    enum err err = stock_identity_by_certificate(o->db, out->number.text, out->fingerprint, &row, why);
    if (err != OK || row.state == LIFE_VOIDED)
        return err;
    enum lifecycle_state from = row.state;
    err = lifecycle_next(from, LIFE_EVENT_VOID, ROLE_FACTORY, &row.state, why);
    if (err == OK)
        err = stock_identity_save(o->db, &row, from, true, why);
    if (err == OK)
        err = factory_note(o->db, o->name, "voided", row.number.text, why, "generation=%lld", (long long)row.generation);
    return err == OK && strcmp(out->outcome, "failed") == 0 ? plan_again(o, &row, why) : err;
}

static enum err take_answer(struct office *o, const struct stock_outcome *out, const struct outcome_taken *taken, struct why *why)
{
    if (taken->error[0] != '\0') {
        enum err told = err_from_name(taken->error);
        if (err_row(told)->action == ERR_ACTION_RETRY)
            return OK;
        log_event(LOG_ERROR, "outcome-refused", "number", out->number.text, "outcome", out->outcome, "error", taken->error,
                  "reason", taken->reason, NULL);
        return stock_outcome_refused(o->db, out->id, taken->reason[0] == '\0' ? taken->error : taken->reason, why);
    }
    enum err err = strcmp(out->outcome, "written") == 0 ? OK : take_voided(o, out, why);
    return err != OK ? err : stock_outcome_done(o->db, out->id, why);
}

static const struct outcome_taken *find(const struct outcome_report_response *answer, size_t i, const struct stock_outcome *out)
{
    if (i < answer->taken_n && number_equal(&answer->taken[i].number, &out->number))
        return &answer->taken[i];
    return NULL;
}

static enum err take_answers(struct office *o, const struct report *r, const struct outcome_report_response *answer,
                             struct why *why)
{
    enum err err = db_begin(o->db, why);
    for (size_t i = 0; err == OK && i < r->n; i++) {
        const struct outcome_taken *taken = find(answer, i, &r->outcomes[i]);
        err = taken == NULL ? why_set(why, ERR_BAD_INPUT, "the CA answered for other numbers than were reported")
                            : take_answer(o, &r->outcomes[i], taken, why);
    }
    if (err == OK)
        err = db_commit(o->db, why);
    db_rollback(o->db);
    return err;
}

static enum err report_some(struct office *o, struct report *r, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    bool told;
    r->n = 0;
    enum err err = stock_outcome_each(o->db, REPORT_MAX, collect, r, why);
    if (err != OK || r->n == 0)
        return err;
    err = ca_ask_wait(o->factory->ca_url, o->keep, o->tls,
                      &(struct ca_question){ SOAP_OUTCOME_REPORT, NULL, &(struct outcome_report_request){ r->records, r->n },
                                             16 * LIMIT_MESSAGE },
                      &answer, &told, why);
    return err != OK ? err : take_answers(o, r, answer.body, why);
}

enum err office_report(struct office *o, struct why *why)
{
    struct report *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NO_MEMORY;
    enum err err;
    do
        err = report_some(o, r, why);
    while (err == OK && r->n == REPORT_MAX);
    free(r);
    return err;
}
