#include "people.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { DAY = 86400, BY_PROFILE = INT32_MAX }; /* times are seconds from now */

static struct cert *issue(const char *profile_name, const char *name, const char *urn, const struct person *issuer,
                          const struct key *key, int64_t not_before, int64_t not_after)
{
    struct profile *profile;
    struct cert *cert;
    struct why why = { "" };
    AUTO_BUF spki = BUF_INIT;
    assert_ok(profile_load((struct span){ 0 }, profile_name, &profile, &why));
    assert_ok(key_spki(key, &spki));
    struct cert_order order = { .profile = profile,
                                .common_name = name,
                                .urn = urn,
                                .spki = buf_span(&spki),
                                .not_before = not_before,
                                .not_after = not_after };
    enum err err = cert_issue(&order, issuer == NULL ? NULL : issuer->cert, issuer == NULL ? key : issuer->key, &cert, &why);
    if (err != OK)
        fail_msg("%s: %s", name, why_text(&why, err));
    profile_free(profile);
    return cert;
}

static struct person make(const char *profile, const char *name, const char *urn, const struct person *issuer, int64_t from,
                          int64_t to)
{
    struct person person = { .issuer = issuer == NULL ? NULL : issuer->cert };
    int64_t now = clock_wall_s();
    assert_ok(key_generate(KEY_P256, &person.key, NULL));
    person.cert = issue(profile, name, urn, issuer, person.key, now + from, to == BY_PROFILE ? -1 : now + to);
    return person;
}

/* The built-in profiles, the first of them (idevid) with a validity of one day. */
static void put_day(struct buf *to)
{
    static const char forever[] = "days = forever";
    const struct span all = profile_builtin_text();
    const uint8_t *at = memmem(all.at, all.n, forever, sizeof forever - 1);
    assert_non_null(at);
    const uint8_t *rest = at + sizeof forever - 1;
    assert_ok(buf_put(to, all.at, (size_t)(at - all.at)));
    assert_ok(buf_put_text(to, "days = 1"));
    assert_ok(buf_put(to, rest, (size_t)(all.at + all.n - rest)));
}

static struct person make_device(const struct person *issuer, const char *profile_name, const char *number, int64_t not_after)
{
    struct person person = { .issuer = issuer->cert };
    AUTO_BUF text = BUF_INIT;
    struct profile *profile;
    struct issuer *maker;
    AUTO_WIPED_BUF key = BUF_INIT;
    AUTO_BUF tbs = BUF_INIT, der = BUF_INIT;
    struct issue_order order = { .serial = { 9, 8, 7, 6, 5, 4, 3, 2, 1 }, .not_before = not_after == BY_PROFILE ? clock_wall_s() - DAY : not_after - DAY };
    assert_ok(number_parse(span_text(number), &order.number, NULL));
    if (not_after != BY_PROFILE) /* of a day, then */
        put_day(&text);
    assert_ok(profile_load(buf_span(&text), profile_name, &profile, NULL));
    assert_ok(issuer_new(profile, issuer->cert, issuer->key, &maker, NULL));
    assert_ok(issuer_prepare(maker, &order, &key, &tbs, NULL));
    assert_ok(issuer_sign(maker, buf_span(&tbs), &der, NULL));
    assert_ok(cert_from_der(buf_span(&der), &person.cert, NULL));
    assert_ok(key_from_pkcs8(buf_span(&key), &person.key, NULL));
    issuer_free(maker);
    profile_free(profile);
    return person;
}

static void make_everybody(struct people *p)
{
    static const char infra[] = "infrastructure";
    const struct person *ours = &p->issuing[2];
    p->of[CA] = make(infra, "ca-1", "urn:nameplate:ca:ca-1", ours, -DAY, BY_PROFILE);
    p->of[FACTORY] = make(infra, "factory-1", "urn:nameplate:factory:factory-1", ours, -DAY, BY_PROFILE);
    p->of[STATION] = make(infra, "line-1", "urn:nameplate:station:line-1", ours, -DAY, BY_PROFILE);
    p->of[EXPIRED] = make(infra, "line-2", "urn:nameplate:station:line-2", ours, -2 * DAY, -DAY);
    p->of[EARLY] = make(infra, "line-3", "urn:nameplate:station:line-3", ours, DAY, BY_PROFILE);
    p->of[STRANGER] = make(infra, "factory-1", "urn:nameplate:factory:factory-1", &p->other_issuing, -DAY, BY_PROFILE);
    p->of[BOOTSTRAP] = make("bootstrap", "3012", "urn:nameplate:bootstrap:3012", &p->issuing[1], -DAY, BY_PROFILE);
    p->of[DEVICE] = make_device(&p->issuing[0], "idevid", "3012-123456", BY_PROFILE);
    p->of[GATEWAY] = make_device(&p->issuing[0], "gateway", "3014-000001", BY_PROFILE);
    p->of[BOARD] = make("root", "board", NULL, NULL, -DAY, BY_PROFILE);
}

int people_setup(void **state)
{
    struct people *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->root = make("root", "Test Root", NULL, NULL, -DAY, BY_PROFILE);
    p->issuing[0] = make("issuing", "Identity CA", "urn:nameplate:issuer:identity", &p->root, -DAY, BY_PROFILE);
    p->issuing[1] = make("issuing", "Bootstrap CA", "urn:nameplate:issuer:bootstrap", &p->root, -DAY, BY_PROFILE);
    p->issuing[2] = make("issuing", "Infrastructure CA", "urn:nameplate:issuer:infrastructure", &p->root, -DAY, BY_PROFILE);
    p->other_root = make("root", "Test Root", NULL, NULL, -DAY, BY_PROFILE);
    p->other_issuing =
        make("issuing", "Infrastructure CA", "urn:nameplate:issuer:infrastructure", &p->other_root, -DAY, BY_PROFILE);
    make_everybody(p);
    assert_ok(trust_new(&p->trust));
    assert_ok(trust_add_roots(p->trust, cert_der(p->root.cert), NULL));
    *state = p;
    return 0;
}

void person_done(struct person *person)
{
    key_free(person->key);
    cert_free(person->cert);
}

int people_teardown(void **state)
{
    struct people *p = *state;
    for (size_t i = 0; i < WHO_COUNT; i++)
        person_done(&p->of[i]);
    for (size_t i = 0; i < 3; i++)
        person_done(&p->issuing[i]);
    person_done(&p->root);
    person_done(&p->other_root);
    person_done(&p->other_issuing);
    trust_free(p->trust);
    free(p);
    return 0;
}

struct person person_station(const struct people *p, const char *name, int64_t not_after)
{
    char urn[64] = "urn:nameplate:station:";
    return make("infrastructure", name, strncat(urn, name, 32), &p->issuing[2], -DAY, not_after - clock_wall_s());
}

struct tls_context *context_for(const struct people *p, const struct person *person, bool server, unsigned peers)
{
    const struct cert *chain[2] = { person == NULL ? NULL : person->cert, person == NULL ? NULL : person->issuer };
    struct tls_options options = {
        .server = server,
        .trust = p->trust,
        .peers = peers,
        .key = person == NULL ? NULL : person->key,
        .chain = chain,
        .chain_n = person == NULL           ? 0
                   : person->issuer == NULL ? 1
                                            : 2,
    };
    struct tls_context *context;
    struct why why = { "" };
    enum err err = tls_context_new(&options, &context, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    return context;
}

struct person person_device(const struct people *p, const char *number, int64_t not_after)
{
    return make_device(&p->issuing[0], "idevid", number, not_after);
}
