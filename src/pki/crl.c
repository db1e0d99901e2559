/* Certificate revocation lists (RFC 5280 5). */
#include <openssl/x509v3.h>
#include <time.h>

#include "base/limit.h"
#include "pki/issuer.h"
#include "pki/openssl.h"

enum { REASON_MAX = 10, REASON_UNUSED = 7 }; /* RFC 5280 5.3.1 */

static bool set_times(X509_CRL *crl, int64_t this_update, int64_t next_update)
{
    ASN1_TIME *this = ASN1_TIME_set(NULL, (time_t)this_update), *next = ASN1_TIME_set(NULL, (time_t)next_update);
    bool done = this != NULL && next != NULL && X509_CRL_set1_lastUpdate(crl, this) == 1 &&
                X509_CRL_set1_nextUpdate(crl, next) == 1;
    ASN1_TIME_free(this);
    ASN1_TIME_free(next);
    return done;
}

static bool add_number(X509_CRL *crl, uint64_t crl_number)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    bool done = number != NULL && ASN1_INTEGER_set_uint64(number, crl_number) == 1 &&
                X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;
    ASN1_INTEGER_free(number);
    return done;
}

static bool add_authority_key(X509_CRL *crl, const struct cert *ca)
{
    const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert_x509(ca));
    AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
    bool done = ski != NULL && aki != NULL && (aki->keyid = ASN1_OCTET_STRING_dup(ski)) != NULL &&
                X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, aki, 0, 0) == 1;
    AUTHORITY_KEYID_free(aki);
    return done;
}

static bool set_serial(X509_REVOKED *revoked, const struct crl_entry *entry)
{
    BIGNUM *bn = BN_bin2bn(entry->serial, (int)entry->serial_n, NULL);
    ASN1_INTEGER *serial = bn == NULL ? NULL : BN_to_ASN1_INTEGER(bn, NULL);
    bool done = serial != NULL && X509_REVOKED_set_serialNumber(revoked, serial) == 1;
    ASN1_INTEGER_free(serial);
    BN_free(bn);
    return done;
}

/* Reason 0 (unspecified) is said by leaving the extension out (RFC 5280 5.3.1). */
static bool set_reason(X509_REVOKED *revoked, int reason)
{
    if (reason == 0)
        return true;
    ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
    bool done = value != NULL && ASN1_ENUMERATED_set(value, reason) == 1 &&
                X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, value, 0, 0) == 1;
    ASN1_ENUMERATED_free(value);
    return done;
}

static bool add_entry(X509_CRL *crl, const struct crl_entry *entry)
{
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)entry->revoked_at);
    bool done = revoked != NULL && when != NULL && set_serial(revoked, entry) &&
                X509_REVOKED_set_revocationDate(revoked, when) == 1 && set_reason(revoked, entry->reason) &&
                X509_CRL_add0_revoked(crl, revoked) == 1;
    ASN1_TIME_free(when);
    if (!done)
        X509_REVOKED_free(revoked);
    return done;
}

static enum err check_entries(const struct crl_entry *entries, size_t n, struct why *why)
{
    for (size_t i = 0; i < n; i++) {
        if (entries[i].serial_n == 0 || entries[i].serial_n > CERT_SERIAL_MAX)
            return why_set(why, ERR_BAD_INPUT, "entry %zu of the CRL has no serial number of 1 to %d bytes", i + 1, CERT_SERIAL_MAX);
        if (entries[i].reason < 0 || entries[i].reason > REASON_MAX || entries[i].reason == REASON_UNUSED)
            return why_set(why, ERR_BAD_INPUT, "entry %zu of the CRL has the reason %d (RFC 5280 5.3.1)", i + 1, entries[i].reason);
    }
    return OK;
}

static bool fill(X509_CRL *crl, const struct cert *ca, uint64_t crl_number, const struct crl_entry *entries, size_t n)
{
    bool done = X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                X509_CRL_set_issuer_name(crl, X509_get_subject_name(cert_x509(ca))) == 1 && add_authority_key(crl, ca) &&
                add_number(crl, crl_number);
    for (size_t i = 0; done && i < n; i++)
        done = add_entry(crl, &entries[i]);
    return done && X509_CRL_sort(crl) == 1;
}

static enum err append_crl(X509_CRL *crl, struct buf *der_to, struct why *why)
{
    uint8_t *der = NULL;
    int n = i2d_X509_CRL(crl, &der);
    if (n <= 0)
        return openssl_fail(why, ERR_BUG, "the CRL cannot be encoded");
    enum err err = buf_put(der_to, der, (size_t)n);
    OPENSSL_free(der);
    return err == OK ? OK : why_set(why, err, "no room for the CRL");
}

enum err crl_issue(const struct cert *ca, const struct key *ca_key, uint64_t crl_number, int64_t this_update, int64_t next_update,
                   const struct crl_entry *entries, size_t n, struct buf *der_to, struct why *why)
{
    const char *digest = key_type_digest(key_type(ca_key));
    if (next_update <= this_update)
        return why_set(why, ERR_BAD_INPUT, "the CRL would end before it begins (RFC 5280 5.1.2.5)");
    if (!cert_matches_key(ca, ca_key))
        return why_set(why, ERR_BAD_KEY, "the key is not that of the CA's certificate");
    enum err err = check_entries(entries, n, why);
    if (err != OK)
        return err;
    X509_CRL *crl = X509_CRL_new();
    if (crl == NULL || !fill(crl, ca, crl_number, entries, n) || !set_times(crl, this_update, next_update) ||
        X509_CRL_sign(crl, key_evp(ca_key), digest == NULL ? NULL : EVP_get_digestbyname(digest)) <= 0)
        err = openssl_fail(why, ERR_BUG, "making the CRL failed");
    if (err == OK)
        err = append_crl(crl, der_to, why);
    X509_CRL_free(crl);
    return err;
}
