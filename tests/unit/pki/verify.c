/* Certificates that are nearly right, made by changing one thing in a good one and signing it again. */
#include "fixture.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "pki/openssl.h"

static void set_ext(X509 *x509, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&ctx);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    int at = X509_get_ext_by_NID(x509, nid, -1);
    if (at >= 0)
        X509_EXTENSION_free(X509_delete_ext(x509, at));
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void drop_ext(X509 *x509, int nid) { X509_EXTENSION_free(X509_delete_ext(x509, X509_get_ext_by_NID(x509, nid, -1))); }

static void add_subject(X509 *x509, int nid, const char *text, int n)
{
    X509_NAME *name = X509_get_subject_name(x509);
    assert_int_equal(X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, n, -1, 0), 1);
}

static void set_subject(X509 *x509, int nid, const char *text, int n)
{
    X509_NAME *name = X509_get_subject_name(x509);
    X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, X509_NAME_get_index_by_NID(name, nid, -1)));
    add_subject(x509, nid, text, n);
}

static void nothing(X509 *x) { (void)x; }
static void nul_in_cn(X509 *x) { set_subject(x, NID_commonName, "3012-123456\0.evil", 17); }
static void other_cn(X509 *x) { set_subject(x, NID_commonName, "3012-123457", -1); }
static void two_serials(X509 *x) { add_subject(x, NID_serialNumber, "3012-999999", -1); }
static void same_serial_twice(X509 *x) { add_subject(x, NID_serialNumber, "3012-123456", -1); }
static void no_serial(X509 *x)
{
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, X509_NAME_get_index_by_NID(name, NID_serialNumber, -1)));
}
static void other_serial(X509 *x) { set_subject(x, NID_serialNumber, "3012-123457", -1); }
static void lower_case_serial(X509 *x) { set_subject(x, NID_serialNumber, "3012-12345a", -1); }
static void space_in_serial(X509 *x) { set_subject(x, NID_serialNumber, "3012-123456 ", -1); }
static void nul_in_serial(X509 *x)
{
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, X509_NAME_get_index_by_NID(name, NID_serialNumber, -1)));
    const unsigned char text[] = "3012-123456"; /* with its NUL */
    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_serialNumber, V_ASN1_PRINTABLESTRING, text, sizeof text, -1, 0), 1);
}
static void serial_as_utf8(X509 *x)
{
    no_serial(x);
    assert_int_equal(X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_serialNumber, V_ASN1_UTF8STRING,
                                                (const unsigned char *)"3012-123456", -1, -1, 0),
                     1);
}
static void control_in_organization(X509 *x) { set_subject(x, NID_organizationName, "Acme\nCA", -1); }
static void email_in_subject(X509 *x) { add_subject(x, NID_pkcs9_emailAddress, "a@b", -1); }
static void no_purpose(X509 *x) { drop_ext(x, NID_ext_key_usage); }
static void server_purpose(X509 *x) { set_ext(x, NID_ext_key_usage, "serverAuth"); }
static void two_purposes(X509 *x) { set_ext(x, NID_ext_key_usage, "clientAuth,codeSigning"); }
static void three_purposes(X509 *x) { set_ext(x, NID_ext_key_usage, "clientAuth,serverAuth,codeSigning"); }
static void purpose_twice(X509 *x) { set_ext(x, NID_ext_key_usage, "clientAuth,clientAuth"); }
static void server_purpose_twice(X509 *x) { set_ext(x, NID_ext_key_usage, "clientAuth,serverAuth,serverAuth"); }
static void of_a_gateway(X509 *x) { set_ext(x, NID_ext_key_usage, "clientAuth,serverAuth"); }
static void any_purpose(X509 *x) { set_ext(x, NID_ext_key_usage, "clientAuth,anyExtendedKeyUsage"); }
static void no_key_usage(X509 *x) { drop_ext(x, NID_key_usage); }
static void more_key_usage(X509 *x) { set_ext(x, NID_key_usage, "critical,digitalSignature,keyEncipherment"); }
static void signing_key_usage(X509 *x) { set_ext(x, NID_key_usage, "critical,keyCertSign"); }
static void soft_key_usage(X509 *x) { set_ext(x, NID_key_usage, "digitalSignature"); }
static void ca_leaf(X509 *x)
{
    set_ext(x, NID_key_usage, "critical,digitalSignature,keyCertSign");
    set_ext(x, NID_basic_constraints, "critical,CA:TRUE");
}
static void leaf_says_no_ca(X509 *x) { set_ext(x, NID_basic_constraints, "critical,CA:FALSE"); }
static void stray_extension(X509 *x) { set_ext(x, NID_netscape_comment, "hello"); }
static void urn_beside_number(X509 *x) { set_ext(x, NID_subject_alt_name, "URI:urn:nameplate:station:line-1"); }
static void dns_instead_of_module(X509 *x) { set_ext(x, NID_subject_alt_name, "DNS:device.example"); }
static void no_alternative_name(X509 *x) { drop_ext(x, NID_subject_alt_name); }
static void no_authority_key(X509 *x) { drop_ext(x, NID_authority_key_identifier); }
static void short_serial(X509 *x) { assert_int_equal(ASN1_INTEGER_set_int64(X509_get_serialNumber(x), 7), 1); }
static void negative_serial(X509 *x) { assert_int_equal(ASN1_INTEGER_set_int64(X509_get_serialNumber(x), INT64_MIN + 1), 1); }
static void expired(X509 *x)
{
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), NOW - 3 * DAY));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), NOW - 2 * DAY));
}
static void not_yet(X509 *x) { assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), NOW + DAY)); }
static void take_key(X509 *x, EVP_PKEY *key)
{
    assert_int_equal(X509_set_pubkey(x, key), 1);
    EVP_PKEY_free(key);
}

static EVP_PKEY *make_p521(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp521r1"); }
static EVP_PKEY *make_p256(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "prime256v1"); }
static EVP_PKEY *make_small_exponent(void)
{
    static const unsigned primes_n = 2;
    EVP_PKEY *key = NULL;
    BIGNUM *e = BN_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_int_equal(BN_set_word(e, 3), 1);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, primes_n), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    BN_free(e);
    return key;
}
static void odd_curve(X509 *x) { take_key(x, make_p521()); }
static void small_exponent(X509 *x) { take_key(x, make_small_exponent()); }

struct row {
    const char *what;
    void (*change)(X509 *x509);
    const char *reason; /* part of the sentence; NULL: accepted */
    bool generic_too;   /* refused by RFC 5280 already */
};

static const struct row rows[] = {
    { "unchanged", nothing, NULL, false },
    { "NUL in CN", nul_in_cn, "NUL", false },
    { "another CN", other_cn, "commonName is not its serialNumber", false },
    { "two serialNumbers", two_serials, "more than one serialNumber", false },
    { "the same serialNumber twice", same_serial_twice, "more than one serialNumber", false },
    { "no serialNumber", no_serial, "no serialNumber", false },
    { "another serialNumber", other_serial, "is not", false },
    { "small letter", lower_case_serial, "serialNumber", false },
    { "space behind the number", space_in_serial, "serialNumber", false },
    { "NUL behind the number", nul_in_serial, "NUL", false },
    { "serialNumber as UTF8String", serial_as_utf8, "PrintableString", false },
    { "line end in O", control_in_organization, "control", false },
    { "e-mail in subject", email_in_subject, "attribute", false },
    { "no EKU", no_purpose, "Extended Key Usage", false },
    { "server EKU", server_purpose, "exactly clientAuth", false },
    { "two EKUs", two_purposes, "exactly clientAuth", false },
    { "three EKUs", three_purposes, "exactly clientAuth", false },
    { "client EKU twice", purpose_twice, "exactly clientAuth", false },
    { "server EKU twice", server_purpose_twice, "exactly clientAuth", false },
    { "a gateway's EKUs", of_a_gateway, NULL, false },
    { "any EKU", any_purpose, "exactly clientAuth", false },
    { "no KU", no_key_usage, "Key Usage", false },
    { "more KU", more_key_usage, "exactly digitalSignature", false },
    { "signing KU", signing_key_usage, "", true },
    { "soft KU", soft_key_usage, "must be critical", false },
    { "CA:TRUE on a leaf", ca_leaf, "", false },
    { "CA:FALSE said", leaf_says_no_ca, "does not have", false },
    { "stray extension", stray_extension, "does not have", false },
    { "a station's URN with a number", urn_beside_number, "role and a device number", false },
    { "DNS name", dns_instead_of_module, "hardwareModuleName", false },
    { "no SAN", no_alternative_name, "Subject Alternative Name", false },
    { "no AKI", no_authority_key, "uthority", true },
    { "short serial", short_serial, "serial number", false },
    { "negative serial", negative_serial, "serial number", false },
    { "expired", expired, "expired: it is valid until 20", true },
    { "not yet valid", not_yet, "and the clock here says 20", true },
    { "P-521", odd_curve, "key is none of", false },
    { "RSA with e = 3", small_exponent, "key is none of", false },
};

static struct cert *resign(X509 *x509, const struct authority *ca)
{
    struct cert *cert;
    assert_true(X509_sign(x509, key_evp(ca->key), EVP_sha256()) > 0);
    assert_ok(cert_from_x509(x509, &cert, NULL));
    return cert;
}

static struct cert *forge(const struct authority *ca, void (*change)(X509 *))
{
    struct cert *good = fixture_device(ca, "3012-123456", NOW - DAY, NULL);
    AUTO_X509 x509 = X509_dup(cert_x509(good));
    cert_free(good);
    assert_non_null(x509);
    change(x509);
    return resign(x509, ca);
}

static enum err judge(const struct fixture *f, const struct cert *leaf, enum verify_profile profile, struct why *why)
{
    const struct verify_request request = { .profile = profile, .now_s = NOW };
    *why = (struct why){ 0 };
    return verify_certificate(f->trust, leaf, &request, why);
}

static void only_the_exact_shape_of_a_device_identity_is_one(void **state)
{
    const struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why;
        struct cert *cert = forge(&f->identity, rows[i].change);
        enum err err = judge(f, cert, VERIFY_DEVICE, &why);
        if ((err == OK) != (rows[i].reason == NULL) || (err != OK && strstr(why.text, rows[i].reason) == NULL))
            fail_msg("%s: %s", rows[i].what, why_text(&why, err));
        err = judge(f, cert, VERIFY_GENERIC, &why);
        if ((err != OK) != rows[i].generic_too)
            fail_msg("generic, %s: %s", rows[i].what, why_text(&why, err));
        cert_free(cert);
    }
}

static void the_generic_profile_and_openssl_are_of_one_mind(void **state)
{
    const struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why;
        struct cert *cert = forge(&f->identity, rows[i].change);
        bool ours = judge(f, cert, VERIFY_GENERIC, &why) == OK, theirs = fixture_openssl_verify(f, cert) == 0;
        if (ours != theirs)
            fail_msg("%s: %s", rows[i].what, why.text);
        cert_free(cert);
    }
}

static struct authority of_role(const struct fixture *f, const char *urn)
{
    return fixture_issue("infrastructure", "somebody", urn, &f->infrastructure);
}

/* Hole 1: a bootstrap certificate is never an identity, a device never a station. */
static void each_kind_is_refused_as_every_other(void **state)
{
    const struct fixture *f = *state;
    struct authority station = of_role(f, "urn:nameplate:station:line-1");
    struct authority board = fixture_issue("bootstrap", "3012", "urn:nameplate:bootstrap:3012", &f->bootstrap);
    struct cert *device = fixture_device(&f->identity, "3012-123456", NOW, NULL);
    const struct {
        enum verify_profile is;
        const struct cert *cert;
    } certs[] = { { VERIFY_DEVICE, device }, { VERIFY_INFRA, station.cert }, { VERIFY_BOOTSTRAP, board.cert } };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_openssl_verify(f, certs[i].cert), 0);
        for (size_t j = 0; j < 3; j++) {
            struct why why;
            assert_err(judge(f, certs[i].cert, certs[j].is, &why), i == j ? OK : ERR_BAD_CERTIFICATE);
        }
    }
    cert_free(device);
    authority_done(&station);
    authority_done(&board);
}

/* The same certificate as another CA would make it. */
static struct cert *move_to_ca(const struct cert *cert, const struct authority *ca)
{
    X509V3_CTX ctx;
    AUTO_X509 x509 = X509_dup(cert_x509(cert));
    assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(cert_x509(ca->cert))), 1);
    drop_ext(x509, NID_authority_key_identifier);
    X509V3_set_ctx(&ctx, cert_x509(ca->cert), x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    return resign(x509, ca);
}

static void a_ca_can_make_only_what_it_is_for(void **state)
{
    const struct fixture *f = *state;
    const struct authority *wrong[] = { &f->bootstrap, &f->infrastructure };
    for (size_t i = 0; i < 2; i++) {
        struct why why;
        struct cert *cert = forge(wrong[i], nothing);
        assert_err(judge(f, cert, VERIFY_DEVICE, &why), ERR_BAD_CERTIFICATE);
        assert_non_null(strstr(why.text, "instead of the identity CA"));
        assert_ok(judge(f, cert, VERIFY_GENERIC, &why));
        cert_free(cert);
    }
    struct authority station = of_role(f, "urn:nameplate:station:line-1");
    struct cert *posing = move_to_ca(station.cert, &f->bootstrap);
    struct why why;
    assert_ok(judge(f, posing, VERIFY_GENERIC, &why));
    assert_err(judge(f, posing, VERIFY_INFRA, &why), ERR_BAD_CERTIFICATE);
    assert_non_null(strstr(why.text, "instead of the infrastructure CA"));
    authority_done(&station);
    cert_free(posing);
}

static void serves_only(X509 *x) { set_ext(x, NID_ext_key_usage, "serverAuth"); }
static void asks_only(X509 *x) { set_ext(x, NID_ext_key_usage, "clientAuth"); }
static void serves_anything(X509 *x) { set_ext(x, NID_ext_key_usage, "anyExtendedKeyUsage"); }

/* An issuing CA says by its own extended key usage what its certificates are for. */
static void the_purposes_of_an_issuing_ca_bind_its_certificates(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        void (*of_ca)(X509 *x509), (*of_leaf)(X509 *x509);
        enum err device;
    } cases[] = {
        { nothing, nothing, OK },
        { serves_only, nothing, ERR_BAD_CERTIFICATE },
        { asks_only, nothing, OK },
        { asks_only, of_a_gateway, ERR_BAD_CERTIFICATE },
        { serves_anything, of_a_gateway, OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO_X509 x509 = X509_dup(cert_x509(f->identity.cert));
        AUTO_TRUST trust = NULL;
        struct why why;
        cases[i].of_ca(x509);
        struct cert *ca = resign(x509, &f->root), *leaf = forge(&f->identity, cases[i].of_leaf);
        struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW };
        assert_ok(trust_new(&trust));
        assert_ok(trust_add_roots(trust, cert_der(f->root.cert), NULL));
        assert_ok(trust_add_intermediates(trust, cert_der(ca), NULL));
        assert_err(verify_certificate(trust, leaf, &request, &why), cases[i].device);
        request.profile = VERIFY_GENERIC;
        assert_ok(verify_certificate(trust, leaf, &request, &why));
        cert_free(ca);
        cert_free(leaf);
    }
}

/* `x509` for the holder of `key`, signed by `by`. */
static struct cert *keyed(X509 *from, EVP_PKEY *key, EVP_PKEY *by)
{
    struct cert *cert;
    X509 *x509 = X509_dup(from);
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_true(X509_sign(x509, by, EVP_sha256()) > 0);
    assert_ok(cert_from_x509(x509, &cert, NULL));
    X509_free(x509);
    return cert;
}

/* The root above an issuing CA may be somebody else's. */
static void of_a_root_less_is_asked_than_of_the_issuer(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        EVP_PKEY *(*root)(void), *(*issuer)(void);
        const char *says[2]; /* pieces of it; none: is taken */
    } cases[] = {
        { make_p256, make_p256, { NULL } },
        { make_p521, make_p256, { NULL } },
        { make_small_exponent, make_p256, { "the RSA key of the CA /", "exponent below 65537" } },
        { make_p256, make_p521, { "the key of its issuer /", "is none of P-256" } },
        { make_p256, make_small_exponent, { "the RSA key of the CA /", "exponent below 65537" } },
    };
    struct cert *leaf = forge(&f->identity, nothing);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EVP_PKEY *key = cases[i].root(), *ca_key = cases[i].issuer();
        struct cert *root = keyed(cert_x509(f->root.cert), key, key), *ca = keyed(cert_x509(f->identity.cert), ca_key, key);
        struct cert *device = keyed(cert_x509(leaf), X509_get0_pubkey(cert_x509(leaf)), ca_key);
        const struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW };
        AUTO_TRUST trust = NULL;
        struct why why = { "" };
        assert_ok(trust_new(&trust));
        assert_ok(trust_add_roots(trust, cert_der(root), NULL));
        assert_ok(trust_add_intermediates(trust, cert_der(ca), NULL));
        enum err err = verify_certificate(trust, device, &request, &why);
        if ((err == OK) != (cases[i].says[0] == NULL) ||
            (err != OK && (strstr(why.text, cases[i].says[0]) == NULL || strstr(why.text, cases[i].says[1]) == NULL)))
            fail_msg("case %zu: %s", i, why.text);
        cert_free(root), cert_free(ca), cert_free(device);
        EVP_PKEY_free(key), EVP_PKEY_free(ca_key);
    }
    cert_free(leaf);
}

static void a_moment_that_was_chosen_is_not_called_the_clock(void **state)
{
    const struct fixture *f = *state;
    struct why why;
    struct cert *cert = forge(&f->identity, expired);
    const struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW, .chosen = true };
    assert_err(verify_certificate(f->trust, cert, &request, &why), ERR_BAD_CERTIFICATE);
    assert_non_null(strstr(why.text, ", and is judged for 2026-11-22T16:00Z"));
    assert_null(strstr(why.text, "clock"));
    cert_free(cert);
}

static void a_chain_to_another_root_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct fixture *other = fixture_new();
    struct why why;
    struct cert *cert = forge(&other->identity, nothing);
    assert_err(judge(f, cert, VERIFY_DEVICE, &why), ERR_BAD_CERTIFICATE);
    assert_err(judge(f, cert, VERIFY_GENERIC, &why), ERR_BAD_CERTIFICATE);
    /* Not even when the stranger sends its whole chain, root and all. */
    struct span sent[] = { cert_der(other->identity.cert), cert_der(other->root.cert) };
    struct peer peer;
    assert_err(verify_peer(f->trust, cert, sent, 2, NOW, ~0u, &peer, &why), ERR_BAD_CERTIFICATE);
    cert_free(cert);
    fixture_free(other);
}

static void a_certificate_with_one_bit_changed_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct cert *good = forge(&f->identity, nothing);
    AUTO_BUF der = BUF_INIT;
    struct why why;
    assert_ok(buf_put_span(&der, cert_der(good)));
    for (size_t i = 0; i < der.len; i += 7) {
        struct cert *changed;
        der.data[i] ^= 4;
        if (cert_from_der(buf_span(&der), &changed, NULL) == OK) {
            assert_err(judge(f, changed, VERIFY_GENERIC, &why), ERR_BAD_CERTIFICATE);
            cert_free(changed);
        }
        der.data[i] ^= 4;
    }
    cert_free(good);
}

static struct trust *trust_with_crl(const struct fixture *f, const struct cert *revoked, int64_t this_update, int64_t next_update)
{
    struct trust *trust;
    AUTO_BUF crl = BUF_INIT;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert_x509(revoked));
    const struct crl_entry entry = { .serial = ASN1_STRING_get0_data(serial), .serial_n = (size_t)ASN1_STRING_length(serial),
                                     .revoked_at = this_update - 1, .reason = 5 };
    assert_ok(crl_issue(f->identity.cert, f->identity.key, 7, this_update, next_update, &entry, 1, &crl, NULL));
    assert_ok(trust_new(&trust));
    assert_ok(trust_add_roots(trust, cert_der(f->root.cert), NULL));
    assert_ok(trust_add_intermediates(trust, cert_der(f->identity.cert), NULL));
    assert_ok(trust_add_crls(trust, buf_span(&crl), NULL));
    return trust;
}

/* I8: revoked stays revoked; P-2: an old CRL stops no line. */
static void a_revoked_certificate_is_refused_and_an_old_list_still_counts(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        int64_t from, to;
        bool leaf_required;
        enum err revoked, other;
    } cases[] = {
        { NOW - DAY, NOW + DAY, false, ERR_BAD_CERTIFICATE, OK },
        { NOW - DAY, NOW + DAY, true, ERR_BAD_CERTIFICATE, OK },
        { NOW - 2 * DAY, NOW - DAY, false, ERR_BAD_CERTIFICATE, OK },
        { NOW - 2 * DAY, NOW - DAY, true, ERR_BAD_CERTIFICATE, ERR_BAD_CERTIFICATE },
        { NOW + 60, NOW + DAY, false, ERR_BAD_CERTIFICATE, OK }, /* I13: made by a CA whose clock is ahead of ours */
        { NOW + 60, NOW + DAY, true, ERR_BAD_CERTIFICATE, ERR_BAD_CERTIFICATE },
    };
    struct cert *revoked = fixture_device(&f->identity, "3012-1", NOW - DAY, NULL);
    AUTO_X509 x509 = X509_dup(cert_x509(revoked));
    assert_int_equal(ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), INT64_MAX), 1);
    struct cert *other = resign(x509, &f->identity);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trust *trust = trust_with_crl(f, revoked, cases[i].from, cases[i].to);
        struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW, .crl_leaf_required = cases[i].leaf_required };
        struct why why;
        for (int again = 0; again < 3; again++) { /* the list's signature is verified the first time only */
            assert_err(verify_certificate(trust, other, &request, &why), cases[i].other);
            assert_err(verify_certificate(trust, revoked, &request, &why), cases[i].revoked);
        }
        request.crl_required = true; /* there is none of the root */
        assert_err(verify_certificate(trust, other, &request, &why), ERR_BAD_CERTIFICATE);
        trust_free(trust);
    }
    cert_free(revoked);
    cert_free(other);
}

static void a_list_that_was_good_once_is_too_old_when_its_time_is_over(void **state)
{
    const struct fixture *f = *state;
    struct cert *revoked = fixture_device(&f->identity, "3012-1", NOW - DAY, NULL);
    AUTO_X509 x509 = X509_dup(cert_x509(revoked));
    assert_int_equal(ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), INT64_MAX), 1);
    struct cert *other = resign(x509, &f->identity);
    struct trust *trust = trust_with_crl(f, revoked, NOW - DAY, NOW + DAY);
    struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW, .crl_leaf_required = true };
    assert_ok(verify_certificate(trust, other, &request, NULL));
    assert_err(verify_certificate(trust, revoked, &request, NULL), ERR_BAD_CERTIFICATE);
    request.now_s = NOW + 2 * DAY;
    assert_err(verify_certificate(trust, other, &request, NULL), ERR_BAD_CERTIFICATE);
    request.now_s = NOW - 2 * DAY;
    assert_err(verify_certificate(trust, other, &request, NULL), ERR_BAD_CERTIFICATE);
    trust_free(trust);
    cert_free(revoked);
    cert_free(other);
}

static void a_list_with_a_broken_signature_never_counts_as_good(void **state)
{
    const struct fixture *f = *state;
    struct cert *cert = fixture_device(&f->identity, "3012-1", NOW - DAY, NULL);
    const struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW, .crl_leaf_required = true };
    struct trust *trust;
    AUTO_BUF crl = BUF_INIT;
    assert_ok(crl_issue(f->identity.cert, f->identity.key, 7, NOW - DAY, NOW + DAY, NULL, 0, &crl, NULL));
    crl.data[crl.len - 1] ^= 1;
    assert_ok(trust_new(&trust));
    assert_ok(trust_add_roots(trust, cert_der(f->root.cert), NULL));
    assert_ok(trust_add_intermediates(trust, cert_der(f->identity.cert), NULL));
    assert_ok(trust_add_crls(trust, buf_span(&crl), NULL));
    for (int again = 0; again < 3; again++)
        assert_err(verify_certificate(trust, cert, &request, NULL), ERR_BAD_CERTIFICATE);
    trust_free(trust);
    cert_free(cert);
}

static void a_crl_by_another_ca_revokes_nothing(void **state)
{
    const struct fixture *f = *state;
    struct fixture *other = fixture_new();
    struct cert *cert = fixture_device(&f->identity, "3012-1", NOW - DAY, NULL);
    AUTO_BUF crl = BUF_INIT;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert_x509(cert));
    const struct crl_entry entry = { .serial = ASN1_STRING_get0_data(serial), .serial_n = (size_t)ASN1_STRING_length(serial),
                                     .revoked_at = NOW - DAY };
    struct trust *trust;
    struct why why;
    const struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW };
    assert_ok(crl_issue(other->identity.cert, other->identity.key, 1, NOW - DAY, NOW + DAY, &entry, 1, &crl, &why));
    assert_ok(trust_new(&trust));
    assert_ok(trust_add_roots(trust, cert_der(f->root.cert), &why));
    assert_ok(trust_add_intermediates(trust, cert_der(f->identity.cert), &why));
    assert_ok(trust_add_crls(trust, buf_span(&crl), &why));
    /* The names are the same, the key is not: the list does not verify, and nothing rests on it. */
    enum err err = verify_certificate(trust, cert, &request, &why);
    assert_true(err == OK || strstr(why.text, "CRL") != NULL);
    trust_free(trust);
    cert_free(cert);
    fixture_free(other);
}

/* F-26, M-6: who a peer is comes from the certificate; each role only where it has business. */
static void a_peer_is_who_its_certificate_says_and_comes_in_only_where_it_may(void **state)
{
    const struct fixture *f = *state;
    struct authority station = of_role(f, "urn:nameplate:station:line-1");
    struct authority board = fixture_issue("bootstrap", "3012", "urn:nameplate:bootstrap:3012", &f->bootstrap);
    struct cert *device = fixture_device(&f->identity, "3012-123456", NOW, NULL);
    struct cert *gateway = fixture_identity(&f->identity, "gateway", "3014-000001", NOW, NULL);
    const struct {
        const struct cert *cert;
        enum role role;
        const char *name;
    } peers[] = {
        { station.cert, ROLE_STATION, "line-1" },
        { board.cert, ROLE_BOOTSTRAP, "3012" },
        { device, ROLE_DEVICE, "3012-123456" },
        { gateway, ROLE_GATEWAY, "3014-000001" },
    };
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        struct peer peer;
        struct why why = { 0 };
        uint8_t fingerprint[CERT_FINGERPRINT];
        cert_fingerprint(peers[i].cert, fingerprint);
        assert_ok(verify_peer(f->trust, peers[i].cert, NULL, 0, NOW, ROLE_BIT(peers[i].role), &peer, &why));
        assert_int_equal(peer.role, peers[i].role);
        assert_string_equal(peer.name, peers[i].name);
        assert_memory_equal(peer.fingerprint, fingerprint, CERT_FINGERPRINT);
        assert_err(verify_peer(f->trust, peers[i].cert, NULL, 0, NOW, ~ROLE_BIT(peers[i].role), &peer, &why), ERR_NOT_ALLOWED);
    }
    struct peer peer;
    struct why why;
    assert_err(verify_peer(f->trust, f->identity.cert, NULL, 0, NOW, ~0u, &peer, &why), ERR_BAD_CERTIFICATE);
    assert_err(verify_peer(f->trust, f->root.cert, NULL, 0, NOW, ~0u, &peer, &why), ERR_BAD_CERTIFICATE);
    cert_free(gateway);
    cert_free(device);
    authority_done(&station);
    authority_done(&board);
}

static void a_root_that_did_not_sign_itself_is_no_root(void **state)
{
    const struct fixture *f = *state;
    struct trust *trust;
    AUTO_BUF der = BUF_INIT;
    assert_ok(trust_new(&trust));
    assert_ok(buf_put_span(&der, cert_der(f->root.cert)));
    der.data[der.len - 1] ^= 1;
    assert_err(trust_add_roots(trust, buf_span(&der), NULL), ERR_BAD_CERTIFICATE);
    assert_err(trust_add_roots(trust, span_text("no certificate"), NULL), ERR_BAD_INPUT);
    assert_err(trust_add_roots(trust, span_text(""), NULL), ERR_BAD_INPUT);
    assert_err(trust_add_crls(trust, span_text("no list"), NULL), ERR_BAD_INPUT);
    trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_exact_shape_of_a_device_identity_is_one),
        cmocka_unit_test(the_generic_profile_and_openssl_are_of_one_mind),
        cmocka_unit_test(each_kind_is_refused_as_every_other),
        cmocka_unit_test(a_ca_can_make_only_what_it_is_for),
        cmocka_unit_test(the_purposes_of_an_issuing_ca_bind_its_certificates),
        cmocka_unit_test(a_moment_that_was_chosen_is_not_called_the_clock),
        cmocka_unit_test(of_a_root_less_is_asked_than_of_the_issuer),
        cmocka_unit_test(a_chain_to_another_root_is_refused),
        cmocka_unit_test(a_certificate_with_one_bit_changed_is_refused),
        cmocka_unit_test(a_revoked_certificate_is_refused_and_an_old_list_still_counts),
        cmocka_unit_test(a_list_that_was_good_once_is_too_old_when_its_time_is_over),
        cmocka_unit_test(a_list_with_a_broken_signature_never_counts_as_good),
        cmocka_unit_test(a_crl_by_another_ca_revokes_nothing),
        cmocka_unit_test(a_peer_is_who_its_certificate_says_and_comes_in_only_where_it_may),
        cmocka_unit_test(a_root_that_did_not_sign_itself_is_no_root),
    };
    return cmocka_run_group_tests_name("verify", tests, fixture_setup, fixture_teardown);
}
