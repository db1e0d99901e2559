/* A presence: a device is there (M-3, M-6). Answered with a session, and with the next token of its chain. */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/rng.h"
#include "base/text.h"
#include "center/errand.h"
#include "center/job.h"
#include "model/lifecycle.h"

static enum err fresh_token(char ret_token[CENTER_TOKEN])
{
    uint8_t bytes[(CENTER_TOKEN - 1) / 2];
    enum err err = rng_fill(bytes, sizeof bytes);
    if (err == OK)
        hex_encode(bytes, sizeof bytes, ret_token);
    return err;
}

static char *copy(struct job *job, const char *text)
{
    char *made = arena_text(job->arena, span_text(text));
    return made == NULL ? arena_text(job->arena, span_text("")) : made;
}

/* Those that go on through a gateway are signed: it can carry them and not change them. A gateway's own does so too. They say
 * which readings the gateway need not be trusted with any more. */
static enum err sign(struct job *job, struct field_session *s, struct why *why)
{
    const struct credentials *c = &job->center->credentials;
    AUTO_BUF signature = BUF_INIT;
    if (number_equal(&s->number, &job->number) && job->peer.role != ROLE_GATEWAY)
        return OK;
    enum err err = center_reading_believed(job->center->db, s->number.text, &s->readings, why);
    if (err == OK)
        err = letter_sign_session(c->key, s, &signature, why);
    uint8_t *bytes = err == OK ? arena_take(job->arena, signature.len) : NULL;
    struct certificate *signers = err == OK ? arena_take(job->arena, c->chain_n * sizeof *signers) : NULL;
    if (err != OK)
        return err;
    if (bytes == NULL || signers == NULL)
        return ERR_NO_MEMORY;
    memcpy(bytes, signature.data, signature.len);
    for (size_t i = 0; i < c->chain_n; i++)
        signers[i].der = cert_der(c->chain[i]);
    s->signature = span_of(bytes, signature.len);
    s->signers = signers;
    s->signers_n = c->chain_n;
    return OK;
}

/* `challenge`: its sender is asked with it, and not admitted; NULL otherwise. */
static enum err answer(struct job *job, const struct field_presence *p, const struct verdict *v, const char *token,
                       const char *challenge, const struct center_device *device, struct why *why)
{
    struct field_session s = {
        .number = p->number,
        .nonce = p->nonce,
        .state = v->err != OK ? "refused" : challenge != NULL ? "challenged" : "admitted",
        .error = v->err == OK ? "" : err_row(v->err)->name,
        .reason = v->err == OK ? "" : copy(job, why_text(&v->why, v->err)),
        .token = token == NULL ? "" : copy(job, token),
        .interval = decide_interval(device, job->center->settings.poll_s),
        .challenge = challenge == NULL ? "" : copy(job, challenge),
    };
    enum err err = sign(job, &s, why);
    if (err == OK)
        job->response.sessions[job->response.sessions_n++] = s;
    return err;
}

static enum err keep(struct job *job, const struct field_presence *p, const struct session_outcome *o, struct why *why)
{
    struct db *db = job->center->db;
    const char *number = p->number.text, *via = number_equal(&p->number, &job->number) ? "" : job->number.text;
    char version[LIMIT_NAME + 1];
    snprintf(version, sizeof version, "%s", p->version);
    text_mend(version);
    enum err err = o->new_doubt ? center_doubt_put(db, number, &o->doubt, why) : OK;
    if (err != OK || o->challenge != NULL) /* what came late says nothing about the device as it is now */
        return err;
    err = center_device_seen(db, number, job->now_s, version, via, why);
    if (err == OK && o->new_chain)
        err = center_session_put(db, number, &o->chain, why);
    if (err == OK && o->quarantine)
        err = center_device_stand(db, number, CENTER_QUARANTINED, o->verdict.why.text, why);
    if (err == OK && o->verdict.incident[0] != '\0')
        err = job_incident(job, o->verdict.incident, number, span_text(p->token), &o->verdict.why, why);
    return err;
}

static void remember_own(struct job *job, const struct field_presence *p, const struct session_outcome *o,
                         const struct center_device *device)
{
    if (!number_equal(&p->number, &job->number) || o->verdict.err != OK || o->challenge != NULL)
        return;
    job->has_session = true;
    job->session = o->chain;
    snprintf(job->session.nonce, sizeof job->session.nonce, "%s", p->nonce);
    job->interval_s = decide_interval(device, job->center->settings.poll_s);
}

/* The kind that its certificate says is what it is. */
static enum err note_gateway(struct job *job, struct center_device *device, struct why *why)
{
    if (job->peer.role != ROLE_GATEWAY || !number_equal(&device->number, &job->number) || device->kind == CENTER_GATEWAY)
        return OK;
    device->kind = CENTER_GATEWAY;
    return center_device_put(job->center->db, device, why);
}

/* States at the CA which say that it does not know yet that this identity is in the field. */
static bool is_news(const char *state)
{
    static const enum lifecycle_state news[] = { LIFE_WRITTEN, LIFE_ERASED, LIFE_RENEWING };
    for (size_t i = 0; i < sizeof news / sizeof *news; i++)
        if (strcmp(state, lifecycle_name(news[i])) == 0)
            return true;
    return false;
}

static enum err decide(struct job *job, const struct field_presence *p, struct node *node, struct session_outcome *ret,
                       struct why *why)
{
    char token[CENTER_TOKEN];
    const struct presence_facts facts = {
        .token = p->token, .nonce = p->nonce, .challenge = p->challenge == NULL ? "" : p->challenge, .letters = p->letters,
    };
    enum err err = decide_needs_doubt(node, p->token) ? center_doubt_find(job->center->db, p->number.text, &node->doubt, why) : OK;
    if (err == OK)
        err = fresh_token(token);
    if (err == OK)
        decide_session(node, &facts, token, job->now_s, ret);
    return err;
}

static enum err judge(struct job *job, const struct field_presence *p, struct verdict *ret_verdict, enum reach *ret_reach, struct why *why)
{
    const struct letter_facts facts = { LETTER_PRESENCE, p, &p->number, p->signature, p->signature,
                                        p->fingerprint.n == CENTER_FINGERPRINT ? p->fingerprint.at : NULL };
    return letter_judge(job, &facts, ret_verdict, ret_reach, why);
}

enum err presence_take(struct job *job, const struct field_presence *p, struct why *why)
{
    struct node node;
    struct session_outcome o;
    enum reach reach;
    struct verdict verdict;
    enum err err = judge(job, p, &verdict, &reach, why);
    if (err == OK)
        err = node_find(job->center, p->number.text, &node, why);
    if (err == OK && verdict.err != OK)
        return answer(job, p, &verdict, NULL, NULL, &node.device, why);
    if (err == OK)
        err = decide(job, p, &node, &o, why);
    if (err == OK)
        err = keep(job, p, &o, why);
    if (err == OK && o.challenge != NULL)
        return answer(job, p, &o.verdict, NULL, o.challenge, &node.device, why);
    if (err == OK)
        err = note_gateway(job, &node.device, why);
    if (err != OK)
        return err;
    if (o.verdict.err == OK && is_news(job->signer_state))
        errand_admit(job->center, p->number.text, job->signer);
    if (o.verdict.err == OK) /* when it is refused for what it reaches, its chain goes on all the same */
        o.verdict = decide_presence(reach);
    remember_own(job, p, &o, &node.device);
    return answer(job, p, &o.verdict, o.token, NULL, &node.device, why);
}
