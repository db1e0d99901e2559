#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct cert *fixture_issue_for(const char *profile_name, const char *name, const char *urn, const struct authority *ca,
                               const struct key *key, int64_t not_before, int64_t not_after)
{
    struct profile *profile;
    struct cert *cert;
    struct why why = { 0 };
    AUTO_BUF spki = BUF_INIT;
    assert_ok(profile_load((struct span){ 0 }, profile_name, &profile, &why));
    assert_ok(key_spki(key, &spki));
    struct cert_order order = { .profile = profile, .common_name = name, .urn = urn, .spki = buf_span(&spki),
                                .not_before = not_before, .not_after = not_after };
    enum err err = cert_issue(&order, ca == NULL ? NULL : ca->cert, ca == NULL ? key : ca->key, &cert, &why);
    if (err != OK)
        print_error("%s: %s\n", name, why_text(&why, err));
    assert_ok(err);
    profile_free(profile);
    return cert;
}

struct authority fixture_issue(const char *profile, const char *name, const char *urn, const struct authority *ca)
{
    struct authority a;
    assert_ok(key_generate(KEY_P256, &a.key, NULL));
    a.cert = fixture_issue_for(profile, name, urn, ca, a.key, NOW - DAY, -1);
    return a;
}

void authority_done(struct authority *a)
{
    key_free(a->key);
    cert_free(a->cert);
}

struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->root = fixture_issue("root", "Test Root", NULL, NULL);
    f->identity = fixture_issue("issuing", "Test Identity CA", "urn:nameplate:issuer:identity", &f->root);
    f->bootstrap = fixture_issue("issuing", "Test Bootstrap CA", "urn:nameplate:issuer:bootstrap", &f->root);
    f->infrastructure = fixture_issue("issuing", "Test Infrastructure CA", "urn:nameplate:issuer:infrastructure", &f->root);
    assert_ok(trust_new(&f->trust));
    assert_ok(trust_add_roots(f->trust, cert_der(f->root.cert), NULL));
    assert_ok(trust_add_intermediates(f->trust, cert_der(f->identity.cert), NULL));
    assert_ok(trust_add_intermediates(f->trust, cert_der(f->bootstrap.cert), NULL));
    assert_ok(trust_add_intermediates(f->trust, cert_der(f->infrastructure.cert), NULL));
    return f;
}

void fixture_free(struct fixture *f)
{
    authority_done(&f->root);
    authority_done(&f->identity);
    authority_done(&f->bootstrap);
    authority_done(&f->infrastructure);
    trust_free(f->trust);
    free(f);
}

int fixture_setup(void **state)
{
    *state = fixture_new();
    return 0;
}

int fixture_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

struct cert *fixture_device(const struct authority *ca, const char *number, int64_t not_before, struct key **ret_key)
{
    return fixture_identity(ca, "idevid", number, not_before, ret_key);
}

struct cert *fixture_identity(const struct authority *ca, const char *profile_name, const char *number, int64_t not_before,
                              struct key **ret_key)
{
    struct profile *profile;
    struct issuer *issuer;
    struct cert *cert;
    struct why why = { 0 };
    AUTO_WIPED_BUF key = BUF_INIT;
    AUTO_BUF tbs = BUF_INIT, der = BUF_INIT;
    struct issue_order order = { .serial = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, .not_before = not_before };
    assert_ok(number_parse(span_text(number), &order.number, &why));
    assert_ok(profile_load((struct span){ 0 }, profile_name, &profile, &why));
    assert_ok(issuer_new(profile, ca->cert, ca->key, &issuer, &why));
    assert_ok(issuer_prepare(issuer, &order, &key, &tbs, &why));
    assert_ok(issuer_sign(issuer, buf_span(&tbs), &der, &why));
    assert_ok(cert_from_der(buf_span(&der), &cert, &why));
    if (ret_key != NULL)
        assert_ok(key_from_pkcs8(buf_span(&key), ret_key, &why));
    issuer_free(issuer);
    profile_free(profile);
    return cert;
}

static void write_pem(const char *path, const struct cert *cert, const char *mode)
{
    AUTO_BUF pem = BUF_INIT;
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    assert_ok(cert_to_pem(cert, &pem));
    assert_int_equal(fwrite(pem.data, 1, pem.len, file), pem.len);
    assert_int_equal(fclose(file), 0);
}

int fixture_openssl_verify(const struct fixture *f, const struct cert *leaf)
{
    char dir[] = "/tmp/nameplate-pki-XXXXXX", root[64], chain[64], file[64], command[512];
    assert_non_null(mkdtemp(dir));
    snprintf(root, sizeof root, "%s/root.pem", dir);
    snprintf(chain, sizeof chain, "%s/chain.pem", dir);
    snprintf(file, sizeof file, "%s/leaf.pem", dir);
    write_pem(root, f->root.cert, "w");
    write_pem(chain, f->identity.cert, "w");
    write_pem(chain, f->bootstrap.cert, "a");
    write_pem(chain, f->infrastructure.cert, "a");
    write_pem(file, leaf, "w");
    snprintf(command, sizeof command, "openssl verify -x509_strict -attime %d -CAfile %s -untrusted %s %s >%s/out 2>&1", NOW, root,
             chain, file, dir);
    int status = system(command);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    return status;
}
