#include "fixture.h"

#include <string.h>

#include "pki/proof.h"

/* F-15: only the new key, over this nonce, this number, this certificate. */
static void a_proof_holds_for_its_own_write_alone(void **state)
{
    const struct fixture *f = *state;
    struct key *key, *stranger;
    struct device_number number, other_number;
    uint8_t nonce[PROOF_NONCE] = "0123456789abcde", other_nonce[PROOF_NONCE] = "another nonce..", fingerprint[CERT_FINGERPRINT];
    struct cert *cert = fixture_device(&f->identity, "3012-1", NOW, &key);
    struct cert *again = fixture_device(&f->identity, "3012-1", NOW, &stranger);
    AUTO_BUF proof = BUF_INIT, forged = BUF_INIT;
    assert_ok(number_parse(span_text("3012-1"), &number, NULL));
    assert_ok(number_parse(span_text("3012-2"), &other_number, NULL));
    cert_fingerprint(cert, fingerprint);
    assert_ok(proof_make(key, nonce, &number, fingerprint, &proof, NULL));
    assert_ok(proof_make(stranger, nonce, &number, fingerprint, &forged, NULL));
    assert_ok(proof_check(cert, nonce, &number, buf_span(&proof), NULL));
    assert_err(proof_check(cert, other_nonce, &number, buf_span(&proof), NULL), ERR_PROOF_FAILED);
    assert_err(proof_check(cert, nonce, &other_number, buf_span(&proof), NULL), ERR_PROOF_FAILED);
    assert_err(proof_check(again, nonce, &number, buf_span(&proof), NULL), ERR_PROOF_FAILED);
    assert_err(proof_check(cert, nonce, &number, buf_span(&forged), NULL), ERR_PROOF_FAILED);
    assert_err(proof_check(cert, nonce, &number, span_text(""), NULL), ERR_PROOF_FAILED);
    assert_err(proof_check(f->identity.cert, nonce, &number, buf_span(&proof), NULL), ERR_PROOF_FAILED);
    key_free(key);
    key_free(stranger);
    cert_free(cert);
    cert_free(again);
}

static void a_proof_is_bound_to_the_certificate_not_only_to_its_key(void **state)
{
    const struct fixture *f = *state;
    struct key *key;
    struct device_number number;
    uint8_t nonce[PROOF_NONCE] = { 0 }, fingerprint[CERT_FINGERPRINT] = { 1 };
    struct cert *cert = fixture_device(&f->identity, "3012-1", NOW, &key);
    AUTO_BUF proof = BUF_INIT;
    assert_ok(number_parse(span_text("3012-1"), &number, NULL));
    assert_ok(proof_make(key, nonce, &number, fingerprint, &proof, NULL));
    assert_err(proof_check(cert, nonce, &number, buf_span(&proof), NULL), ERR_PROOF_FAILED);
    key_free(key);
    cert_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_holds_for_its_own_write_alone),
        cmocka_unit_test(a_proof_is_bound_to_the_certificate_not_only_to_its_key),
    };
    return cmocka_run_group_tests_name("proof", tests, fixture_setup, fixture_teardown);
}
