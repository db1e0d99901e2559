/* The row `issue`: what the signer does for one identity (key, body, certificate, sealed key) against what
 * cannot be saved: key generation, signature and hash alone. Same process, same key type, rounds of both in
 * turn, median of the rounds. Prints one JSON object. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "pki/issuer.h"
#include "pki/seal.h"

enum { ROUNDS = 41, PER_ROUND = 400, BODY_BYTES = 450 };

static void must(enum err err, const struct why *why)
{
    if (err == OK)
        return;
    fprintf(stderr, "bench issue: %s\n", why_text(why, err));
    exit(1);
}

static void must_openssl(int result)
{
    if (result <= 0)
        must(ERR_BUG, NULL);
}

/* Ours */

struct ours {
    struct profile *root_profile, *issuing_profile, *profile;
    struct key *root_key, *ca_key;
    struct cert *root, *ca;
    struct issuer *issuer;
    struct sealer *sealer;
    struct buf key, tbs, cert, sealed;
    struct issue_order order;
    uint8_t serials[PER_ROUND][ISSUER_SERIAL]; /* drawn at once, as those of a slice are */
    size_t next;
};

static void make_ca(struct ours *o, struct why *why)
{
    AUTO_BUF root_spki = BUF_INIT, ca_spki = BUF_INIT;
    must(profile_load((struct span){ 0 }, "root", &o->root_profile, why), why);
    must(profile_load((struct span){ 0 }, "issuing", &o->issuing_profile, why), why);
    must(key_generate(KEY_P256, &o->root_key, why), why);
    must(key_generate(KEY_P256, &o->ca_key, why), why);
    must(key_spki(o->root_key, &root_spki), why);
    must(key_spki(o->ca_key, &ca_spki), why);
    struct cert_order root = { .profile = o->root_profile, .common_name = "Root", .spki = buf_span(&root_spki), .not_after = -1 };
    must(cert_issue(&root, NULL, o->root_key, &o->root, why), why);
    struct cert_order ca = { .profile = o->issuing_profile, .common_name = "Identity CA", .urn = "urn:nameplate:issuer:identity",
                             .spki = buf_span(&ca_spki), .not_after = -1 };
    must(cert_issue(&ca, o->root, o->root_key, &o->ca, why), why);
}

static void ours_init(struct ours *o)
{
    struct why why = { 0 };
    AUTO_SECRET kek = SECRET_INIT;
    *o = (struct ours){ .order = { .not_before = clock_wall_s() } };
    make_ca(o, &why);
    must(profile_load((struct span){ 0 }, "idevid", &o->profile, &why), &why);
    must(issuer_new(o->profile, o->ca, o->ca_key, &o->issuer, &why), &why);
    must(secret_new(SEAL_KEY, &kek), NULL);
    must(rng_fill(kek.data, kek.len), NULL);
    must(sealer_new(&kek, &o->sealer, &why), &why);
    must(number_parse(span_text("3012-000000"), &o->order.number, &why), &why);
}

static void ours_once(struct ours *o)
{
    struct why why = { 0 };
    must(number_add(&o->order.number, 1, &o->order.number, &why), &why);
    if (o->next % PER_ROUND == 0)
        must(rng_fill(o->serials, sizeof o->serials), NULL);
    memcpy(o->order.serial, o->serials[o->next++ % PER_ROUND], sizeof o->order.serial);
    must(issuer_prepare(o->issuer, &o->order, &o->key, &o->tbs, &why), &why);
    must(issuer_sign(o->issuer, buf_span(&o->tbs), &o->cert, &why), &why);
    must(seal(o->sealer, buf_span(&o->key), span_text(o->order.number.text), &o->sealed, &why), &why);
    secret_wipe(o->key.data, o->key.len);
    buf_clear(&o->key);
    buf_clear(&o->tbs);
    buf_clear(&o->cert);
    buf_clear(&o->sealed);
}

static void ours_done(struct ours *o)
{
    issuer_free(o->issuer);
    sealer_free(o->sealer);
    profile_free(o->profile);
    profile_free(o->issuing_profile);
    profile_free(o->root_profile);
    cert_free(o->ca);
    cert_free(o->root);
    key_free(o->ca_key);
    key_free(o->root_key);
    buf_wipe(&o->key);
    buf_done(&o->tbs);
    buf_done(&o->cert);
    buf_done(&o->sealed);
}

/* The floor: contexts reused, nothing encoded but the public point, without which a key is of no use. It is
 * lower than EVP_PKEY_keygen with its context reused. */

struct lowest {
    EC_GROUP *group;
    EC_POINT *point;
    BIGNUM *scalar;
    BN_CTX *ctx;
    EVP_PKEY *ca;
    EVP_PKEY_CTX *sign;
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
    uint8_t body[BODY_BYTES];
};

static void lowest_init(struct lowest *l)
{
    *l = (struct lowest){ .group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), .scalar = BN_new(), .ctx = BN_CTX_new() };
    must(rng_fill(l->body, sizeof l->body), NULL);
    l->point = EC_POINT_new(l->group);
    l->ca = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    l->sign = EVP_PKEY_CTX_new(l->ca, NULL);
    must_openssl(EVP_PKEY_sign_init(l->sign));
    l->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    l->hash = EVP_MD_CTX_new();
}

static void lowest_once(struct lowest *l)
{
    uint8_t hash[EVP_MAX_MD_SIZE], signature[80], public_key[65];
    size_t n = sizeof signature;
    must_openssl(BN_priv_rand_range_ex(l->scalar, EC_GROUP_get0_order(l->group), 0, l->ctx));
    must_openssl(EC_POINT_mul(l->group, l->point, l->scalar, NULL, NULL, l->ctx));
    must_openssl((int)EC_POINT_point2oct(l->group, l->point, POINT_CONVERSION_UNCOMPRESSED, public_key, sizeof public_key, l->ctx));
    must_openssl(EVP_DigestInit_ex2(l->hash, l->sha256, NULL));
    must_openssl(EVP_DigestUpdate(l->hash, l->body, sizeof l->body));
    must_openssl(EVP_DigestFinal_ex(l->hash, hash, NULL));
    must_openssl(EVP_PKEY_sign(l->sign, signature, &n, hash, 32));
}

static void lowest_done(struct lowest *l)
{
    EC_POINT_free(l->point);
    EC_GROUP_free(l->group);
    BN_clear_free(l->scalar);
    BN_CTX_free(l->ctx);
    EVP_PKEY_CTX_free(l->sign);
    EVP_PKEY_free(l->ca);
    EVP_MD_CTX_free(l->hash);
    EVP_MD_free(l->sha256);
}

/* Measuring */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, by_size);
    return values[ROUNDS / 2];
}

int main(void)
{
    struct ours ours;
    struct lowest lowest;
    double ours_us[ROUNDS], floor_us[ROUNDS], ratio[ROUNDS];
    ours_init(&ours);
    lowest_init(&lowest);
    for (int round = -1; round < ROUNDS; round++) { /* round -1 warms up */
        int64_t start = clock_mono_us();
        for (int i = 0; i < PER_ROUND; i++)
            ours_once(&ours);
        int64_t middle = clock_mono_us();
        for (int i = 0; i < PER_ROUND; i++)
            lowest_once(&lowest);
        int64_t end = clock_mono_us();
        if (round < 0)
            continue;
        ours_us[round] = (double)(middle - start) / PER_ROUND;
        floor_us[round] = (double)(end - middle) / PER_ROUND;
        ratio[round] = floor_us[round] / ours_us[round];
    }
    printf("{\"issue\": {\"ratio\": %.3f, \"unit\": \"floor time / our time\", \"ours_us\": %.2f, \"floor_us\": %.2f}}\n",
           median(ratio), median(ours_us), median(floor_us));
    ours_done(&ours);
    lowest_done(&lowest);
    return 0;
}
