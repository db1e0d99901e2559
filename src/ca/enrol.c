/* Enrolment: a one-time token and a signing request become the certificate of a factory server or station. */
#include <stdio.h>

#include "base/clock.h"
#include "ca/record.h"
#include "ca/signer.h"

enum { HOSTS_MAX = 16 };

struct enrolment {
    struct register_token token;
    struct cert *cert; /* owned */
};

static enum err take_token(void *context, const struct register_token *t)
{
    struct enrolment *e = context;
    e->token = *t;
    e->token.certificate = (struct span){ 0 };
    return t->certificate.n == 0 ? OK : cert_from_der(t->certificate, &e->cert, NULL);
}

/* One for another role is refused before it is spent. The token counts once, before its end; the same signing request again
 * (a lost answer) gets the same certificate (I10). */
static enum err check_token(const struct enrolment *e, const char *role, const uint8_t csr[32], int64_t now_s, struct why *why)
{
    if (role[0] != '\0' && strcmp(role, e->token.role) != 0)
        return why_set(why, ERR_BAD_TOKEN, "this token is for a %s", e->token.role);
    if (e->token.used_s != 0 && (e->cert == NULL || memcmp(e->token.csr, csr, 32) != 0))
        return why_set(why, ERR_BAD_TOKEN, "the token of %s was used already: get a new one by `nameplate ca token add`",
                       e->token.name);
    if (e->token.used_s == 0 && e->token.expires_s <= now_s)
        return why_set(why, ERR_BAD_TOKEN, "the token of %s has expired: get a new one by `nameplate ca token add`", e->token.name);
    return OK;
}

/* "a,b" into a NULL-terminated list of its parts; `text` is cut up. */
static void split_hosts(char *text, const char *ret_hosts[HOSTS_MAX + 1])
{
    size_t n = 0;
    for (char *save = NULL, *part = strtok_r(text, ",", &save); part != NULL && n < HOSTS_MAX; part = strtok_r(NULL, ",", &save))
        ret_hosts[n++] = part;
    ret_hosts[n] = NULL;
}

static enum err issue_certificate(struct signer *s, struct enrolment *e, struct span csr, const struct record *r, struct why *why)
{
    AUTO_BUF spki = BUF_INIT;
    struct profile *profile = NULL;
    struct record_body body = { s->db, r };
    char urn[128], hosts[256];
    const char *list[HOSTS_MAX + 1];
    snprintf(urn, sizeof urn, "urn:nameplate:%s:%s", e->token.role, e->token.name);
    snprintf(hosts, sizeof hosts, "%s", e->token.hosts);
    split_hosts(hosts, list);
    struct cert_order order = { .common_name = e->token.name, .urn = urn, .dns_or_ip = list, .not_after = -1, .on_body = record_body, .context = &body };
    const struct authority *ca = &s->ca.of[AUTHORITY_INFRASTRUCTURE];
    enum err err = csr_read(csr, &spki, why);
    if (err == OK)
        err = record_check_key(s->db, buf_span(&spki), r->subject, why);
    if (err == OK)
        err = profile_load(buf_span(&s->profiles), "infrastructure", &profile, why);
    if (err == OK)
        order.not_before = profile_begin(profile, clock_wall_s());
    order.profile = profile;
    order.spki = buf_span(&spki);
    if (err == OK)
        err = cert_issue(&order, ca->cert, ca->key, &e->cert, why);
    profile_free(profile);
    return err;
}

static enum err record(struct signer *s, const struct enrolment *e, const struct record *r, struct why *why)
{
    int64_t id = 0;
    enum err err = db_begin(s->db, why);
    if (err == OK)
        err = record_certificate(s->db, r, &id, why);
    if (err == OK)
        err = register_token_spend(s->db, &e->token, id, why);
    return err != OK ? err : db_commit(s->db, why);
}

static enum err make_new(struct signer *s, struct enrolment *e, struct span csr, struct why *why)
{
    char subject[LIMIT_NAME + 1];
    snprintf(subject, sizeof subject, "%s:%.48s", e->token.role, e->token.name);
    struct record r = { .kind = "infrastructure", .subject = subject, .issuer = authority_name(AUTHORITY_INFRASTRUCTURE),
                        .requester = subject, .actor = subject, .state = LIFE_WRITTEN };
    enum err err = issue_certificate(s, e, csr, &r, why);
    r.cert = e->cert;
    return err != OK ? err : record(s, e, &r, why);
}

static enum err answer(struct signer *s, int64_t tag, const struct enrolment *e)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_ENROLLED, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_text(&s->out, e->token.role);
    if (err == OK)
        err = frame_put_text(&s->out, e->token.name);
    if (err == OK)
        err = frame_put_bytes(&s->out, cert_der(e->cert));
    if (err == OK)
        err = frame_put_bytes(&s->out, cert_der(s->ca.of[AUTHORITY_ROOT].cert));
    if (err == OK)
        err = frame_put_int(&s->out, 1);
    if (err == OK)
        err = frame_put_bytes(&s->out, cert_der(s->ca.of[AUTHORITY_INFRASTRUCTURE].cert));
    return err != OK ? err : frame_end(&s->out, mark);
}

enum err enrol_peer(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct enrolment e = { .cert = NULL };
    uint8_t hash[32], digest[32];
    struct span token = frame_bytes(fields), csr = frame_bytes(fields);
    char role[LIMIT_NAME + 1];
    frame_text(fields, sizeof role, role);
    enum err err = frame_finish(fields, why);
    cert_fingerprint_der(token, hash); /* a SHA-256 like any other */
    cert_fingerprint_der(csr, digest);
    if (err == OK)
        err = register_token_find(s->db, hash, take_token, &e, why);
    if (err == OK)
        err = check_token(&e, role, digest, clock_wall_s(), why);
    if (err == OK && e.token.used_s == 0) {
        memcpy(e.token.csr, digest, sizeof digest);
        e.token.used_s = clock_wall_s();
        err = make_new(s, &e, csr, why);
    }
    if (err == OK)
        err = answer(s, tag, &e);
    cert_free(e.cert);
    return err;
}
