/* One peer for each role of model/role.tbl: certificates made with the CA's own keys, as the CA makes them. */
#include <stdio.h>

#include "base/clock.h"
#include "base/rng.h"
#include "ca/authority.h"
#include "matrix.h"
#include "pki/issuer.h"

/* Who makes a role's certificates, by which profile. Roles without a row have an infrastructure certificate. */
static const struct maker {
    enum authority_name authority;
    const char *profile;
} makers[ROLE_COUNT] = {
    [ROLE_BOOTSTRAP] = { AUTHORITY_BOOTSTRAP, "bootstrap" },
    [ROLE_DEVICE] = { AUTHORITY_IDENTITY, "idevid" },
    [ROLE_GATEWAY] = { AUTHORITY_IDENTITY, "gateway" },
};

static struct maker maker_of(enum role role)
{
    const struct maker infrastructure = { AUTHORITY_INFRASTRUCTURE, "infrastructure" };
    return makers[role].profile == NULL ? infrastructure : makers[role];
}

static enum err make_device(const struct authority *ca, const struct profile *profile, const char *name, struct key **ret_key,
                            struct cert **ret_cert, struct why *why)
{
    AUTO_WIPED_BUF key = BUF_INIT;
    AUTO_BUF tbs = BUF_INIT, der = BUF_INIT;
    struct issuer *issuer = NULL;
    struct issue_order order = { .not_before = clock_wall_s() - 60 };
    enum err err = rng_fill(order.serial, sizeof order.serial);
    if (err == OK)
        err = number_parse(span_text(name), &order.number, why);
    if (err == OK)
        err = issuer_new(profile, ca->cert, ca->key, &issuer, why);
    if (err == OK)
        err = issuer_prepare(issuer, &order, &key, &tbs, why);
    if (err == OK)
        err = issuer_sign(issuer, buf_span(&tbs), &der, why);
    if (err == OK)
        err = cert_from_der(buf_span(&der), ret_cert, why);
    if (err == OK)
        err = key_from_pkcs8(buf_span(&key), ret_key, why);
    issuer_free(issuer);
    return err;
}

static enum err make_named(const struct authority *ca, const struct profile *profile, enum role role, const char *name,
                           struct key **ret_key, struct cert **ret_cert, struct why *why)
{
    char urn[128];
    AUTO_BUF spki = BUF_INIT;
    enum err err = key_generate(KEY_P256, ret_key, why);
    if (err == OK)
        err = key_spki(*ret_key, &spki);
    snprintf(urn, sizeof urn, "urn:nameplate:%s:%s", role_name(role), name);
    const struct cert_order order = { .profile = profile, .common_name = name, .urn = urn, .spki = buf_span(&spki),
                                      .not_before = clock_wall_s() - 60, .not_after = -1 };
    return err != OK ? err : cert_issue(&order, ca->cert, ca->key, ret_cert, why);
}

static enum err make_context(const struct authorities *all, enum role role, const char *name, struct trust *trust,
                             struct tls_context **ret_context, struct why *why)
{
    AUTO_KEY key = NULL;
    AUTO_CERT cert = NULL;
    struct profile *profile = NULL;
    const struct maker maker = maker_of(role);
    const struct authority *ca = &all->of[maker.authority];
    enum err err = profile_load((struct span){ 0 }, maker.profile, &profile, why);
    if (err == OK && (role == ROLE_DEVICE || role == ROLE_GATEWAY))
        err = make_device(ca, profile, name, &key, &cert, why);
    else if (err == OK && role != ROLE_ANONYMOUS)
        err = make_named(ca, profile, role, name, &key, &cert, why);
    const struct cert *const chain[] = { cert, ca->cert };
    const struct tls_options options = { .trust = trust, .peers = (1u << ROLE_COUNT) - 1, .key = key, .chain = chain,
                                         .chain_n = cert == NULL ? 0 : 2 };
    if (err == OK)
        err = tls_context_new(&options, ret_context, why);
    profile_free(profile);
    return err;
}

enum err cast_make(const char *ca_folder, const char *const names[ROLE_COUNT], struct cast *ret_cast, struct why *why)
{
    struct authorities all = { 0 };
    struct ca_settings settings = { .port = 0 };
    struct trust *trust = NULL;
    char fallback[64];
    snprintf(settings.dir, sizeof settings.dir, "%s", ca_folder);
    snprintf(settings.passphrase, sizeof settings.passphrase, "%s/secret/passphrase", ca_folder);
    enum err err = authorities_load(&settings, true, false, &all, why);
    if (err == OK)
        err = trust_new(&trust);
    if (err == OK)
        err = trust_add_roots(trust, cert_der(all.of[AUTHORITY_ROOT].cert), why);
    for (enum role role = 0; err == OK && role < ROLE_COUNT; role++) {
        snprintf(fallback, sizeof fallback, "matrix-%s", role_name(role));
        err = make_context(&all, role, names[role] != NULL ? names[role] : fallback, trust, &ret_cast->as[role], why);
    }
    trust_free(trust);
    authorities_done(&all);
    return err;
}

void cast_done(struct cast *cast)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        tls_context_free(cast->as[i]);
}
