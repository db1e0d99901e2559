#include "pki/proof.h"

static const char label[] = "nameplate proof 1"; /* its NUL is signed too */

static enum err put_message(const uint8_t nonce[PROOF_NONCE], const struct device_number *number,
                            const uint8_t fingerprint[CERT_FINGERPRINT], struct buf *to)
{
    enum err err = buf_put(to, label, sizeof label);
    if (err == OK)
        err = buf_put(to, nonce, PROOF_NONCE);
    if (err == OK)
        err = buf_put(to, number->text, strlen(number->text) + 1);
    if (err == OK)
        err = buf_put(to, fingerprint, CERT_FINGERPRINT);
    return err;
}

enum err proof_make(const struct key *key, const uint8_t nonce[PROOF_NONCE], const struct device_number *number,
                    const uint8_t fingerprint[CERT_FINGERPRINT], struct buf *to, struct why *why)
{
    AUTO_BUF message = BUF_INIT;
    enum err err = put_message(nonce, number, fingerprint, &message);
    if (err != OK)
        return why_set(why, err, "no memory for a proof");
    return key_sign(key, buf_span(&message), to, why);
}

enum err proof_check(const struct cert *cert, const uint8_t nonce[PROOF_NONCE], const struct device_number *number,
                     struct span proof, struct why *why)
{
    AUTO_BUF message = BUF_INIT;
    struct device_number said;
    uint8_t fingerprint[CERT_FINGERPRINT];
    enum err err = cert_device_number(cert, &said, why);
    if (err != OK)
        return why_prefix(why, ERR_PROOF_FAILED, "the certificate is no device's");
    if (!number_equal(&said, number))
        return why_set(why, ERR_PROOF_FAILED, "the certificate is that of %s, not of %s", said.text, number->text);
    cert_fingerprint(cert, fingerprint);
    err = put_message(nonce, number, fingerprint, &message);
    if (err != OK)
        return why_set(why, err, "no memory for a proof");
    err = cert_check_signature(cert, buf_span(&message), proof, why);
    return err == ERR_BAD_SIGNATURE ? why_prefix(why, ERR_PROOF_FAILED, "%s did not prove its identity", number->text) : err;
}
