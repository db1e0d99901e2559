#include "ask/enrol.h"

#include <stdio.h>

#include "ask/ca.h"

static enum err save_answer(const struct enrolment *e, const char *folder, const struct enrolment_response *r,
                            const uint8_t *pinned, struct why *why)
{
    struct span issuers[LIMIT_CHAIN];
    if (strcmp(r->role, role_name(e->role)) != 0)
        return why_set(why, ERR_BAD_TOKEN, "this token is for a %s", r->role);
    if (r->issuers_n > LIMIT_CHAIN)
        return why_set(why, ERR_BAD_CERTIFICATE, "the chain is longer than %d", LIMIT_CHAIN);
    for (size_t i = 0; i < r->issuers_n; i++)
        issuers[i] = r->issuers[i].der;
    enum err err = credentials_keep(folder, pinned, r->certificate, issuers, r->issuers_n, r->root, why);
    if (err == OK)
        printf("enrolled as %s %s\n", r->role, r->name);
    return err;
}

/* The certificate for a key that lies in `folder`. */
static enum err ask(const struct enrolment *e, const char *folder, const uint8_t *pinned, const struct buf *csr, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    char url[CA_URL_SIZE];
    struct tls_context *tls = NULL;
    bool told;
    enum err err = ca_ask_url(e->ca, url, why);
    if (err == OK)
        err = tls_context_new(&(struct tls_options){ .pinned_root = pinned, .peers = ROLE_BIT(ROLE_CA) }, &tls, why);
    const struct enrolment_request request = { .token = e->token, .csr = buf_span(csr), .role = role_name(e->role) };
    if (err == OK)
        err = ca_ask_wait(url, NULL, tls, &(struct ca_question){ SOAP_ENROLMENT, NULL, &request, 0 }, &answer, &told, why);
    if (err == OK)
        err = save_answer(e, folder, answer.body, pinned, why);
    tls_context_free(tls);
    return err;
}

enum err enrol_with_ca(const struct enrolment *e, struct why *why)
{
    AUTO_BUF csr = BUF_INIT;
    uint8_t pinned[CERT_FINGERPRINT];
    enum err err = credentials_read_fingerprint(e->fingerprint, pinned, why);
    if (err != OK)
        return why_prefix(why, ERR_USAGE, "--fingerprint");
    err = credentials_prepare(e->identity, e->passphrase, role_name(e->role), &csr, why);
    return err == OK ? ask(e, e->identity, pinned, &csr, why) : err;
}

enum err enrol_with_ca_again(const struct enrolment *e, struct why *why)
{
    AUTO_BUF csr = BUF_INIT;
    uint8_t pinned[CERT_FINGERPRINT];
    char next[CREDENTIALS_PATH];
    enum err err = credentials_root(e->identity, pinned, why);
    if (err == OK)
        err = credentials_prepare_next(e->identity, e->passphrase, role_name(e->role), next, &csr, why);
    if (err == OK)
        err = ask(e, next, pinned, &csr, why);
    return err == OK ? credentials_take_next(e->identity, next, e->passphrase, e->role, why) : err;
}

const char *enrol_hint(enum err err, enum role role)
{
    if (err == ERR_BAD_TOKEN)
        return role == ROLE_CENTER ? "nameplate ca token add --role center --name NAME" : "nameplate ca token add --role factory --name NAME";
    return err == ERR_UNREACHABLE ? "nameplate ca serve --dir DIR" : NULL;
}
