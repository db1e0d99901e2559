/* Whether a letter came as it may: by its own connection, or through gateways and signed. */
#include <stdio.h>
#include <string.h>

#include "center/job.h"
#include "model/lifecycle.h"

enum { LATELY_S = 7 * 86400 /* as long as a device's calls may take */ };

static enum err check_signature(const struct cert *cert, const struct letter_facts *f)
{
    switch (f->kind) {
    case LETTER_PRESENCE: return letter_check_presence(cert, f->letter, NULL);
    case LETTER_CALL: return letter_check_call(cert, f->letter, NULL);
    case LETTER_ANSWER: return letter_check_answer(cert, f->letter, NULL);
    }
    return ERR_BUG;
}

struct search {
    struct job *job;
    const struct letter_facts *facts;
    bool found;
    enum reach reach;
    struct verdict last; /* why the identity that would have fitted does not count */
};

enum err identity_judge(struct job *job, const char *number, const struct center_identity *identity, bool told, const struct cert *cert,
                        struct verdict *ret_verdict, struct why *why)
{
    int64_t begin, end;
    const char *state = identity == NULL ? NULL : identity->state;
    struct in_force f = { .there = false };
    bool others = state != NULL && (strcmp(state, lifecycle_name(LIFE_RENEWING)) == 0 || strcmp(state, lifecycle_name(LIFE_VOIDED)) == 0);
    enum err err = others ? identity_in_force(job->center, number, &f, why) : OK;
    if (err != OK)
        return err;
    cert_times(cert, &begin, &end);
    *ret_verdict = decide_identity(&(struct identity_facts){ .state = state,
                                                             .told = told,
                                                             .expires_s = end,
                                                             .grace_s = job->center->settings.grace_days * 86400,
                                                             .predecessor = f.there,
                                                             .over_s = identity == NULL ? 0 : identity->over_s,
                                                             .another = f.any },
                                   job->now_s);
    return OK;
}

static enum err try_identity(void *context, const struct center_identity *i)
{
    struct search *s = context;
    AUTO_CERT cert = NULL;
    struct peer peer;
    if (s->found || strcmp(i->number.text, s->facts->number->text) != 0)
        return OK;
    enum err err = identity_cert(s->job->center, i, &cert, NULL);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK || check_signature(cert, s->facts) != OK || cert_peer(cert, &peer, NULL) != OK)
        return OK;
    err = identity_judge(s->job, i->number.text, i, true, cert, &s->last, NULL);
    if (err != OK)
        return err;
    s->found = decide_reach(s->last.err, &s->reach);
    memcpy(s->job->signer, i->fingerprint, sizeof s->job->signer);
    memcpy(s->job->signer_state, i->state, sizeof s->job->signer_state);
    s->job->signer_role = peer.role;
    return OK;
}

static enum err search_signer(struct search *s, struct why *why)
{
    struct db *db = s->job->center->db;
    if (s->facts->fingerprint == NULL)
        return center_identity_of(db, s->facts->number->text, try_identity, s, why);
    enum err err = center_identity_find(db, s->facts->fingerprint, try_identity, s, why);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err judge_signer(struct job *job, const struct letter_facts *f, struct way_facts *way, enum reach *ret_reach,
                             struct verdict *ret_identity, struct why *why)
{
    struct search s = { .job = job, .facts = f, .last = { .incident = "" } };
    enum err err = search_signer(&s, why);
    if (err != OK)
        return err;
    way->signature = s.found ? SIGNED_WELL : SIGNED_BADLY;
    *ret_reach = s.reach;
    *ret_identity = s.last;
    return OK;
}

/* The peer's own letters: TLS has proven the identity; a signature that is there must hold. Of a gateway's, whose agent
 * renews its identity beside it, it may be that of the number's other one. */
static enum err judge_own(struct job *job, const struct letter_facts *f, struct way_facts *way, enum reach *ret_reach,
                          struct verdict *ret_identity, struct why *why)
{
    bool fits = f->signature.n == 0 || check_signature(http_peer_cert(job->x), f) == OK;
    if (!fits && job->peer.role == ROLE_GATEWAY)
        return judge_signer(job, f, way, ret_reach, ret_identity, why);
    if (f->signature.n != 0)
        way->signature = fits ? SIGNED_WELL : SIGNED_BADLY;
    *ret_reach = job->reach;
    memcpy(job->signer, job->peer.fingerprint, sizeof job->signer);
    memcpy(job->signer_state, job->state, sizeof job->signer_state);
    job->signer_role = job->peer.role;
    return OK;
}

enum err bound_lately(struct job *job, const char *number, const char *gateway, bool *ret_lately, struct why *why)
{
    return center_bound_lately(job->center->db, number, gateway, job->now_s - LATELY_S, ret_lately, why);
}

static enum err judge_other(struct job *job, const struct letter_facts *f, struct way_facts *way, enum reach *ret_reach,
                            struct verdict *ret_identity, struct why *why)
{
    if (job->peer.role != ROLE_GATEWAY)
        return OK;
    enum err err = center_bound(job->center->db, f->number->text, job->number.text, &way->bound, why);
    if (err == OK && !way->bound)
        err = bound_lately(job, f->number->text, job->number.text, &way->lately, why);
    bool may = way->bound || way->lately;
    return err != OK || !may || f->signature.n == 0 ? err : judge_signer(job, f, way, ret_reach, ret_identity, why);
}

enum err letter_judge(struct job *job, const struct letter_facts *f, struct verdict *ret_verdict, enum reach *ret_reach,
                      struct why *why)
{
    enum reach reach = REACH_ALL;
    bool own = number_equal(f->number, &job->number);
    struct verdict identity = { .incident = "" }, v;
    struct way_facts way = { .peer = &job->peer, .number = f->number, .signature = UNSIGNED, .presence = f->kind == LETTER_PRESENCE };
    enum err err = own ? judge_own(job, f, &way, &reach, &identity, why) : judge_other(job, f, &way, &reach, &identity, why);
    if (err != OK)
        return err;
    v = decide_way(&way);
    if (way.signature == SIGNED_BADLY && identity.err != OK)
        v = identity; /* it is signed, by an identity that does not count */
    if (v.err == OK && !own)
        v = decide_carrying(job->reach);
    if (v.incident[0] != '\0')
        err = job_incident(job, v.incident, f->number->text, f->evidence, &v.why, why);
    if (err == OK) {
        *ret_verdict = v;
        *ret_reach = reach;
    }
    return err;
}

enum err node_find(struct center *center, const char *number, struct node *ret_node, struct why *why)
{
    struct node n = { .has_chain = false };
    enum err err = center_device_find(center->db, number, &n.device, why);
    if (err == ERR_NOT_FOUND) {
        snprintf(n.device.number.text, sizeof n.device.number.text, "%s", number);
        err = OK;
    }
    if (err == OK)
        err = center_session_find(center->db, number, &n.chain, why);
    n.has_chain = err == OK;
    if (err == ERR_NOT_FOUND)
        err = OK;
    if (err == OK)
        *ret_node = n;
    return err;
}

enum err job_incident(struct job *job, const char *kind, const char *number, struct span evidence, const struct why *text,
                      struct why *why)
{
    struct center_incident i = { .at_s = job->now_s, .evidence = evidence };
    snprintf(i.kind, sizeof i.kind, "%s", kind);
    snprintf(i.number, sizeof i.number, "%s", number);
    snprintf(i.by, sizeof i.by, "%s", job->number.text);
    snprintf(i.text, sizeof i.text, "%s", text->text);
    return center_incident_add(job->center->db, &i, why);
}
