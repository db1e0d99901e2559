/* The `verify` row: judging a peer's certificate with a revocation list of 20,000 entries, against the same with an
 * empty list. What a list costs must not grow with it: its signature is verified once (src/pki/crlcheck.c). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "pki/issuer.h"
#include "pki/verify.h"

enum { ENTRIES = 20000, CALLS = 200, ROUNDS = 5 };

struct holder {
    struct key *key;
    struct cert *cert;
};

static void must(enum err err, const struct why *why)
{
    if (err == OK)
        return;
    fprintf(stderr, "verify: %s\n", why_text(why, err));
    exit(1);
}

static struct holder make(const char *profile_name, const char *name, const char *urn, const struct holder *issuer)
{
    struct holder h = { .key = NULL };
    struct profile *profile = NULL;
    struct why why = { "" };
    AUTO_BUF spki = BUF_INIT;
    must(key_generate(KEY_P256, &h.key, &why), &why);
    must(key_spki(h.key, &spki), &why);
    must(profile_load((struct span){ 0 }, profile_name, &profile, &why), &why);
    const struct cert_order order = { .profile = profile, .common_name = name, .urn = urn, .spki = buf_span(&spki),
                                      .not_before = clock_wall_s() - 60, .not_after = -1 };
    must(cert_issue(&order, issuer == NULL ? NULL : issuer->cert, issuer == NULL ? h.key : issuer->key, &h.cert, &why), &why);
    profile_free(profile);
    return h;
}

static struct trust *trust_with(const struct holder *root, const struct holder *ca, size_t n)
{
    static uint8_t serials[ENTRIES][16];
    static struct crl_entry entries[ENTRIES];
    struct trust *trust = NULL;
    struct why why = { "" };
    AUTO_BUF crl = BUF_INIT;
    int64_t now = clock_wall_s();
    for (size_t i = 0; i < n; i++) {
        serials[i][0] = 0x41;
        memcpy(&serials[i][8], &i, sizeof i);
        entries[i] = (struct crl_entry){ .serial = serials[i], .serial_n = sizeof serials[i], .revoked_at = now - 60, .reason = 4 };
    }
    must(crl_issue(ca->cert, ca->key, 1, now - 60, now + 86400, entries, n, &crl, &why), &why);
    must(trust_new(&trust), &why);
    must(trust_add_roots(trust, cert_der(root->cert), &why), &why);
    must(trust_add_intermediates(trust, cert_der(ca->cert), &why), &why);
    must(trust_add_crls(trust, buf_span(&crl), &why), &why);
    return trust;
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The fastest of some rounds, for one call. */
static double judge_us(const struct trust *trust, const struct holder *peer)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double began = now_us();
        for (int i = 0; i < CALLS; i++) {
            struct peer who;
            struct why why = { "" };
            must(verify_peer(trust, peer->cert, NULL, 0, clock_wall_s(), ROLE_BIT(ROLE_STATION), &who, &why), &why);
        }
        double spent = (now_us() - began) / CALLS;
        best = round == 0 || spent < best ? spent : best;
    }
    return best;
}

int main(void)
{
    struct holder root = make("root", "Bench Root", NULL, NULL);
    struct holder ca = make("issuing", "Infrastructure CA", "urn:nameplate:issuer:infrastructure", &root);
    struct holder station = make("infrastructure", "line-1", "urn:nameplate:station:line-1", &ca);
    double empty = judge_us(trust_with(&root, &ca, 0), &station), full = judge_us(trust_with(&root, &ca, ENTRIES), &station);
    printf("{\"verify\": {\"ratio\": %.3f, \"unit\": \"judging a peer with a revocation list of %d / with an empty one\", "
           "\"empty_us\": %.1f, \"full_us\": %.1f}}\n",
           full / empty, ENTRIES, empty, full);
    return 0;
}
