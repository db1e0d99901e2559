/* PKCS #10 signing requests (RFC 2986). */
#include <openssl/core_names.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/limit.h"
#include "pki/issuer.h"
#include "pki/openssl.h"

static const EVP_MD *digest_of(const struct key *key)
{
    const char *name = key_type_digest(key_type(key));
    return name == NULL ? NULL : EVP_get_digestbyname(name);
}

static bool fill(X509_REQ *csr, const struct key *key, const char *common_name)
{
    X509_NAME *name = X509_REQ_get_subject_name(csr);
    return X509_REQ_set_version(csr, X509_REQ_VERSION_1) == 1 && X509_REQ_set_pubkey(csr, key_evp(key)) == 1 &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) == 1 &&
           X509_REQ_sign(csr, key_evp(key), digest_of(key)) > 0;
}

enum err csr_make(const struct key *key, const char *common_name, struct buf *der_to, struct why *why)
{
    uint8_t *der = NULL;
    X509_REQ *csr = X509_REQ_new();
    int n = csr != NULL && fill(csr, key, common_name) ? i2d_X509_REQ(csr, &der) : -1;
    X509_REQ_free(csr);
    if (n <= 0)
        return openssl_fail(why, ERR_BAD_INPUT, "a signing request for \"%s\" cannot be made", common_name);
    enum err err = buf_put(der_to, der, (size_t)n);
    OPENSSL_free(der);
    return err == OK ? OK : why_set(why, err, "no memory for a signing request");
}

/* A compressed point would be the same key in other bytes, and pass for a new one (I2). */
static enum err check_point_form(const EVP_PKEY *evp, struct why *why)
{
    char form[20] = "";
    if (EVP_PKEY_get_base_id(evp) != EVP_PKEY_EC)
        return OK;
    if (EVP_PKEY_get_utf8_string_param(evp, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, form, sizeof form, NULL) == 1 &&
        strcmp(form, OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 0)
        return OK;
    return openssl_fail(why, ERR_BAD_KEY, "the signing request's key must be an uncompressed point (RFC 5480 2.2)");
}

static enum err read_key(X509_REQ *csr, struct buf *spki_to, struct why *why)
{
    struct key *key;
    EVP_PKEY *evp = X509_REQ_get0_pubkey(csr);
    if (evp == NULL)
        return openssl_fail(why, ERR_BAD_KEY, "the signing request's key cannot be understood");
    enum err err = key_from_evp(evp, &key, why);
    if (err != OK)
        return err;
    err = check_point_form(evp, why);
    if (err == OK && X509_REQ_verify(csr, evp) != 1)
        err = openssl_fail(why, ERR_BAD_SIGNATURE, "the signing request is not signed by its own key (RFC 2986 4.2)");
    if (err == OK && key_spki(key, spki_to) != OK)
        err = why_set(why, ERR_NO_MEMORY, "no memory for a key");
    key_free(key);
    return err;
}

enum err csr_read(struct span der, struct buf *spki_to, struct why *why)
{
    const uint8_t *at = der.at;
    if (der.n == 0 || der.n > LIMIT_CERTIFICATE)
        return why_set(why, ERR_BAD_INPUT, "a signing request has 1 to %d bytes, not %zu", LIMIT_CERTIFICATE, der.n);
    X509_REQ *csr = d2i_X509_REQ(NULL, &at, (long)der.n);
    if (csr == NULL)
        return openssl_fail(why, ERR_BAD_INPUT, "not a signing request in DER (RFC 2986)");
    enum err err = at == der.at + der.n ? read_key(csr, spki_to, why)
                                        : why_set(why, ERR_BAD_INPUT, "bytes follow the signing request");
    X509_REQ_free(csr);
    return err;
}

enum err csr_key_fingerprint(struct span der, uint8_t ret_sha256[CERT_FINGERPRINT], struct why *why)
{
    AUTO_BUF spki = BUF_INIT;
    enum err err = csr_read(der, &spki, why);
    if (err == OK)
        cert_fingerprint_der(buf_span(&spki), ret_sha256);
    return err;
}
