#include "fixture.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "pki/key_id.h"
#include "pki/openssl.h"

/* F-4, F-25: one identity per number, by the path that makes them by the thousand. */
static void a_device_identity_is_accepted_by_openssl_and_by_the_device_profile(void **state)
{
    const struct fixture *f = *state;
    struct key *key;
    struct device_number number;
    struct why why = { 0 };
    struct cert *cert = fixture_device(&f->identity, "3012-123456", NOW - DAY, &key);
    const struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW };
    enum err err = verify_certificate(f->trust, cert, &request, &why);
    assert_string_equal(why_text(&why, err), "done");
    assert_ok(err);
    assert_int_equal(fixture_openssl_verify(f, cert), 0);
    assert_ok(cert_device_number(cert, &number, &why));
    assert_string_equal(number.text, "3012-123456");
    assert_true(cert_matches_key(cert, key));
    key_free(key);
    cert_free(cert);
}

static void numbers_of_every_length_give_certificates_that_verify(void **state)
{
    static const char *const numbers[] = { "1-1", "3012-000001", "ABCDEFGH12345678-123456789012345678901234" };
    const struct fixture *f = *state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct why why = { 0 };
        struct cert *cert = fixture_device(&f->identity, numbers[i], NOW, NULL);
        const struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW };
        assert_ok(verify_certificate(f->trust, cert, &request, &why));
        assert_int_equal(fixture_openssl_verify(f, cert), 0);
        cert_free(cert);
    }
}

static void an_identity_never_ends_unless_the_profile_says_so(void **state)
{
    const struct fixture *f = *state;
    int64_t begin, end;
    struct cert *cert = fixture_device(&f->identity, "3012-1", NOW, NULL);
    cert_times(cert, &begin, &end);
    assert_int_equal(begin, NOW);
    assert_int_equal(end, 253402300799); /* 9999-12-31T23:59:59Z */
    cert_free(cert);
}

/* I2: by it the register finds a key again; and what is no certificate is told as that, however short. */
static void a_key_has_the_id_that_its_certificate_begins_its_key_identifier_with(void **state)
{
    const struct fixture *f = *state;
    uint8_t of_certificate[KEY_ID], of_spki[KEY_ID];
    AUTO_BUF spki = BUF_INIT;
    struct key *key;
    struct cert *cert = fixture_device(&f->identity, "3012-123456", NOW, &key);
    const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert_x509(cert));
    const struct span der = cert_der(cert);
    assert_ok(key_id_of_certificate(der, of_certificate));
    assert_ok(key_spki(key, &spki));
    assert_ok(key_id_of_spki(buf_span(&spki), of_spki));
    assert_memory_equal(of_certificate, ASN1_STRING_get0_data(ski), KEY_ID);
    assert_memory_equal(of_certificate, of_spki, KEY_ID);
    for (size_t n = 0; n < der.n; n++)
        assert_err(key_id_of_certificate(span_of(der.at, n), of_certificate), ERR_BAD_CERTIFICATE);
    key_free(key);
    cert_free(cert);
}

/* I7: serial numbers are positive and keep the random bits that they were given. */
static void the_serial_number_is_positive_and_of_sixteen_bytes_whatever_was_drawn(void **state)
{
    static const struct {
        uint8_t drawn;
        const char *starts;
    } rows[] = { { 0x00, "40" }, { 0x7f, "7f" }, { 0x80, "40" }, { 0xff, "7f" } };
    const struct fixture *f = *state;
    struct profile *profile;
    struct issuer *issuer;
    assert_ok(profile_load((struct span){ 0 }, "idevid", &profile, NULL));
    assert_ok(issuer_new(profile, f->identity.cert, f->identity.key, &issuer, NULL));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct issue_order order = { .not_before = NOW };
        AUTO_WIPED_BUF key = BUF_INIT;
        AUTO_BUF tbs = BUF_INIT, der = BUF_INIT;
        struct cert *cert;
        char serial[CERT_SERIAL_TEXT];
        memset(order.serial, rows[i].drawn, sizeof order.serial);
        assert_ok(number_parse(span_text("3012-1"), &order.number, NULL));
        assert_ok(issuer_prepare(issuer, &order, &key, &tbs, NULL));
        assert_ok(issuer_sign(issuer, buf_span(&tbs), &der, NULL));
        assert_ok(cert_from_der(buf_span(&der), &cert, NULL));
        cert_serial(cert, serial);
        assert_int_equal(strlen(serial), 2 * ISSUER_SERIAL);
        assert_memory_equal(serial, rows[i].starts, 2);
        cert_free(cert);
    }
    issuer_free(issuer);
    profile_free(profile);
}

/* I2: no key in two certificates. */
static void every_identity_has_a_key_of_its_own(void **state)
{
    const struct fixture *f = *state;
    struct key *one, *other;
    struct cert *a = fixture_device(&f->identity, "3012-1", NOW, &one), *b = fixture_device(&f->identity, "3012-1", NOW, &other);
    assert_false(cert_matches_key(a, other));
    assert_false(cert_matches_key(b, one));
    key_free(one);
    key_free(other);
    cert_free(a);
    cert_free(b);
}

static struct profile *profile_with(const char *from, const char *to)
{
    struct profile *profile;
    AUTO_BUF text = BUF_INIT;
    assert_ok(buf_put_span(&text, profile_builtin_text()));
    char *at = strstr((char *)(uintptr_t)buf_text(&text), from);
    assert_non_null(at);
    AUTO_BUF changed = BUF_INIT;
    assert_ok(buf_put(&changed, text.data, (size_t)((uint8_t *)at - text.data)));
    assert_ok(buf_put_text(&changed, to));
    assert_ok(buf_put_text(&changed, at + strlen(from)));
    assert_ok(profile_load(buf_span(&changed), "idevid", &profile, NULL));
    return profile;
}

static void every_key_type_can_be_issued_and_every_key_type_can_issue(void **state)
{
    const struct fixture *f = *state;
    for (unsigned type = 0; type < KEY_TYPE_COUNT; type++) {
        char setting[32];
        struct why why = { 0 };
        struct authority ca = { 0 };
        struct issuer *issuer;
        struct cert *cert;
        struct key *device;
        AUTO_WIPED_BUF key = BUF_INIT;
        AUTO_BUF tbs = BUF_INIT, der = BUF_INIT;
        struct issue_order order = { .serial = { 9 }, .not_before = NOW };
        snprintf(setting, sizeof setting, "key = %s", key_type_name((enum key_type)type));
        struct profile *profile = profile_with("key = p256", setting);
        assert_ok(key_generate((enum key_type)type, &ca.key, NULL));
        ca.cert = fixture_issue_for("issuing", "Other CA", "urn:nameplate:issuer:identity", &f->root, ca.key, NOW - DAY, -1);
        assert_ok(number_parse(span_text("3012-7"), &order.number, NULL));
        assert_ok(issuer_new(profile, ca.cert, ca.key, &issuer, &why));
        assert_ok(issuer_prepare(issuer, &order, &key, &tbs, &why));
        assert_ok(issuer_sign(issuer, buf_span(&tbs), &der, &why));
        assert_ok(cert_from_der(buf_span(&der), &cert, &why));
        assert_ok(key_from_pkcs8(buf_span(&key), &device, &why));
        assert_true(cert_matches_key(cert, device));
        const struct span sent = cert_der(ca.cert);
        const struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = NOW, .untrusted = &sent, .untrusted_n = 1 };
        enum err err = verify_certificate(f->trust, cert, &request, &why);
        assert_string_equal(why_text(&why, err), "done");
        key_free(device);
        cert_free(cert);
        issuer_free(issuer);
        profile_free(profile);
        authority_done(&ca);
    }
}

static void a_key_made_on_the_board_is_certified_without_being_seen(void **state)
{
    const struct fixture *f = *state;
    struct profile *profile;
    struct issuer *issuer;
    struct key *board, *wrong;
    struct cert *cert;
    struct why why = { 0 };
    AUTO_BUF spki = BUF_INIT, wrong_spki = BUF_INIT, tbs = BUF_INIT, der = BUF_INIT;
    struct issue_order order = { .serial = { 1 }, .not_before = NOW };
    assert_ok(number_parse(span_text("3012-8"), &order.number, NULL));
    assert_ok(profile_load((struct span){ 0 }, "idevid", &profile, NULL));
    assert_ok(issuer_new(profile, f->identity.cert, f->identity.key, &issuer, NULL));
    assert_ok(key_generate(KEY_P256, &board, NULL));
    assert_ok(key_generate(KEY_P384, &wrong, NULL));
    assert_ok(key_spki(board, &spki));
    assert_ok(key_spki(wrong, &wrong_spki));
    assert_err(issuer_prepare_for_key(issuer, &order, buf_span(&wrong_spki), &tbs, &why), ERR_BAD_KEY);
    assert_err(issuer_prepare_for_key(issuer, &order, span_of(spki.data, spki.len - 1), &tbs, &why), ERR_BAD_KEY);
    assert_int_equal(tbs.len, 0);
    assert_ok(issuer_prepare_for_key(issuer, &order, buf_span(&spki), &tbs, &why));
    assert_ok(issuer_sign(issuer, buf_span(&tbs), &der, &why));
    assert_ok(cert_from_der(buf_span(&der), &cert, &why));
    assert_true(cert_matches_key(cert, board));
    cert_free(cert);
    key_free(board);
    key_free(wrong);
    issuer_free(issuer);
    profile_free(profile);
}

/* The signer never signs bytes that it was handed. */
static void only_bodies_of_the_same_issuer_are_signed(void **state)
{
    const struct fixture *f = *state;
    struct profile *profile;
    struct issuer *issuer, *other;
    AUTO_WIPED_BUF key = BUF_INIT;
    AUTO_BUF tbs = BUF_INIT, der = BUF_INIT;
    struct issue_order order = { .serial = { 1 }, .not_before = NOW };
    assert_ok(number_parse(span_text("3012-8"), &order.number, NULL));
    assert_ok(profile_load((struct span){ 0 }, "idevid", &profile, NULL));
    assert_ok(issuer_new(profile, f->identity.cert, f->identity.key, &issuer, NULL));
    assert_ok(issuer_new(profile, f->bootstrap.cert, f->bootstrap.key, &other, NULL));
    assert_ok(issuer_prepare(issuer, &order, &key, &tbs, NULL));
    assert_err(issuer_sign(other, buf_span(&tbs), &der, NULL), ERR_BUG);
    assert_err(issuer_sign(issuer, span_text("some bytes"), &der, NULL), ERR_BUG);
    assert_err(issuer_sign(issuer, span_of(tbs.data, tbs.len - 1), &der, NULL), ERR_BUG);
    assert_int_equal(der.len, 0);
    issuer_free(issuer);
    issuer_free(other);
    profile_free(profile);
}

/* What OpenSSL would write for the same names is what is written by hand. */
static void the_body_is_what_openssl_would_encode(void **state)
{
    const struct fixture *f = *state;
    struct cert *cert = fixture_device(&f->identity, "3012-123456", NOW, NULL);
    AUTO_X509 copy = X509_dup(cert_x509(cert));
    uint8_t *again = NULL;
    /* Setting a field drops the cached encoding; re-encoding then goes through every field. */
    assert_int_equal(X509_set_version(copy, X509_VERSION_3), 1);
    int n = i2d_re_X509_tbs(copy, &again);
    assert_true(n > 0);
    assert_memory_equal(memmem(cert_der(cert).at, cert_der(cert).n, again, (size_t)n), again, (size_t)n);
    OPENSSL_free(again);
    cert_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_identity_is_accepted_by_openssl_and_by_the_device_profile),
        cmocka_unit_test(numbers_of_every_length_give_certificates_that_verify),
        cmocka_unit_test(a_key_has_the_id_that_its_certificate_begins_its_key_identifier_with),
        cmocka_unit_test(an_identity_never_ends_unless_the_profile_says_so),
        cmocka_unit_test(the_serial_number_is_positive_and_of_sixteen_bytes_whatever_was_drawn),
        cmocka_unit_test(every_identity_has_a_key_of_its_own),
        cmocka_unit_test(every_key_type_can_be_issued_and_every_key_type_can_issue),
        cmocka_unit_test(a_key_made_on_the_board_is_certified_without_being_seen),
        cmocka_unit_test(only_bodies_of_the_same_issuer_are_signed),
        cmocka_unit_test(the_body_is_what_openssl_would_encode),
    };
    return cmocka_run_group_tests_name("issuer", tests, fixture_setup, fixture_teardown);
}
