#include "pki/cert.h"

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/limit.h"
#include "pki/openssl.h"

struct cert {
    atomic_int owners;
    X509 *x509;   /* owned */
    uint8_t *der; /* owned */
    size_t der_n;
};

X509 *cert_x509(const struct cert *cert) { return cert->x509; }
struct span cert_der(const struct cert *cert) { return span_of(cert->der, cert->der_n); }

static enum err check_serial(X509 *x509, struct why *why)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    if (ASN1_STRING_length(serial) > CERT_SERIAL_MAX)
        return why_set(why, ERR_BAD_CERTIFICATE, "the certificate's serial number is longer than %d bytes (RFC 5280 4.1.2.2)",
                       CERT_SERIAL_MAX);
    return OK;
}

enum err cert_from_x509(X509 *x509, struct cert **ret_cert, struct why *why)
{
    uint8_t *der = NULL;
    enum err err = check_serial(x509, why);
    if (err != OK)
        return err;
    int n = i2d_X509(x509, &der);
    if (n <= 0)
        return openssl_fail(why, ERR_BAD_CERTIFICATE, "the certificate cannot be encoded");
    struct cert *cert = calloc(1, sizeof *cert);
    if (cert == NULL) {
        OPENSSL_free(der);
        return why_set(why, ERR_NO_MEMORY, "no memory for a certificate");
    }
    X509_up_ref(x509);
    atomic_init(&cert->owners, 1);
    cert->x509 = x509;
    cert->der = der;
    cert->der_n = (size_t)n;
    *ret_cert = cert;
    return OK;
}

/* What was parsed lately, found again by its exact bytes: the few issuers that every certificate here comes from, and
 * the leaves of which each is looked at several times within seconds (offered, judged, read back, proven). Nothing is
 * judged by being in it. */
enum { ISSUERS = 8, LEAVES = 32 };
static struct cert *issuers[ISSUERS], *leaves[LEAVES];
static struct recent {
    struct cert **certs; /* references */
    size_t n, next;
} recent[] = { { leaves, LEAVES, 0 }, { issuers, ISSUERS, 0 } };
static pthread_mutex_t recent_lock = PTHREAD_MUTEX_INITIALIZER;

static struct cert *find_in(const struct recent *r, struct span der)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->certs[i] != NULL && span_equal(cert_der(r->certs[i]), der))
            return cert_ref(r->certs[i]);
    return NULL;
}

static struct cert *find_recent(struct span der)
{
    pthread_mutex_lock(&recent_lock);
    struct cert *found = find_in(&recent[1], der);
    if (found == NULL)
        found = find_in(&recent[0], der);
    pthread_mutex_unlock(&recent_lock);
    return found;
}

static void keep_recent(struct cert *cert)
{
    struct recent *r = &recent[X509_check_ca(cert->x509) == 1];
    pthread_mutex_lock(&recent_lock);
    cert_free(r->certs[r->next]);
    r->certs[r->next] = cert_ref(cert);
    r->next = (r->next + 1) % r->n;
    pthread_mutex_unlock(&recent_lock);
}

static enum err parse_der(struct span der, struct cert **ret_cert, struct why *why)
{
    const uint8_t *at = der.at;
    struct cert *cert;
    AUTO_X509 x509 = d2i_X509(NULL, &at, (long)der.n);
    if (x509 == NULL)
        return openssl_fail(why, ERR_BAD_CERTIFICATE, "not an X.509 certificate in DER");
    if (at != der.at + der.n)
        return why_set(why, ERR_BAD_CERTIFICATE, "%zu bytes follow the certificate", (size_t)(der.at + der.n - at));
    enum err err = cert_from_x509(x509, &cert, why);
    if (err != OK)
        return err;
    if (!span_equal(cert_der(cert), der)) {
        cert_free(cert);
        return why_set(why, ERR_BAD_CERTIFICATE, "the certificate is not in the distinguished encoding (X.690 10)");
    }
    *ret_cert = cert;
    return OK;
}

enum err cert_from_der(struct span der, struct cert **ret_cert, struct why *why)
{
    if (der.n == 0 || der.n > LIMIT_CERTIFICATE)
        return why_set(why, ERR_BAD_CERTIFICATE, "a certificate has 1 to %d bytes, not %zu", LIMIT_CERTIFICATE, der.n);
    struct cert *cert = find_recent(der);
    if (cert == NULL) {
        enum err err = parse_der(der, &cert, why);
        if (err != OK)
            return err;
        keep_recent(cert);
    }
    *ret_cert = cert;
    return OK;
}

enum err cert_from_pem(struct span pem, struct cert **ret_cert, struct why *why)
{
    if (pem.n > BUF_DEFAULT_MAX)
        return why_set(why, ERR_TOO_LARGE, "%zu bytes are no certificate", pem.n);
    unsigned char *der = NULL;
    long n = 0;
    AUTO_BIO bio = BIO_new_mem_buf(pem.at == NULL ? (const void *)"" : pem.at, (int)pem.n);
    if (bio == NULL || PEM_bytes_read_bio(&der, &n, NULL, PEM_STRING_X509, bio, NULL, NULL) != 1)
        return openssl_fail(why, ERR_BAD_CERTIFICATE, "no certificate in PEM found");
    enum err err = cert_from_der(span_of(der, (size_t)n), ret_cert, why); /* as strict as with one that comes bare */
    OPENSSL_free(der);
    return err;
}

struct cert *cert_ref(struct cert *cert)
{
    atomic_fetch_add(&cert->owners, 1);
    return cert;
}

void cert_free(struct cert *cert)
{
    if (cert == NULL || atomic_fetch_sub(&cert->owners, 1) != 1)
        return;
    X509_free(cert->x509);
    OPENSSL_free(cert->der);
    free(cert);
}

enum err cert_to_pem(const struct cert *cert, struct buf *to)
{
    char *data = NULL;
    AUTO_BIO bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_X509(bio, cert->x509) != 1)
        return openssl_fail(NULL, ERR_NO_MEMORY, "no memory for a certificate");
    long n = BIO_get_mem_data(bio, &data);
    return buf_put(to, data, (size_t)n);
}

/* Fetched once: looking an algorithm up costs about as much as hashing a certificate. NULL: no memory, at the time. */
static EVP_MD *sha256;
static void fetch_sha256(void) { sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); }

void cert_fingerprint_der(struct span der, uint8_t ret_sha256[CERT_FINGERPRINT])
{
    static pthread_once_t fetched = PTHREAD_ONCE_INIT;
    pthread_once(&fetched, fetch_sha256);
    if (sha256 == NULL || EVP_Digest(der.at, der.n, ret_sha256, NULL, sha256, NULL) != 1)
        SHA256(der.at, der.n, ret_sha256);
}

void cert_fingerprint(const struct cert *cert, uint8_t ret_sha256[CERT_FINGERPRINT])
{
    cert_fingerprint_der(cert_der(cert), ret_sha256);
}

void cert_serial(const struct cert *cert, char ret_hex[CERT_SERIAL_TEXT])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert->x509);
    hex_encode(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), ret_hex);
}

void cert_times(const struct cert *cert, int64_t *ret_not_before, int64_t *ret_not_after)
{
    /* A time that cannot be read makes the certificate valid at no moment. */
    *ret_not_before = INT64_MAX;
    *ret_not_after = INT64_MIN;
    (void)!openssl_time(X509_get0_notBefore(cert->x509), ret_not_before);
    (void)!openssl_time(X509_get0_notAfter(cert->x509), ret_not_after);
}

int64_t cert_moment(const struct cert *cert, int64_t now_s)
{
    int64_t begin_s, end_s;
    cert_times(cert, &begin_s, &end_s);
    return begin_s != INT64_MAX && now_s < begin_s ? begin_s : now_s;
}

enum err cert_subject(const struct cert *cert, struct buf *to)
{
    char *data = NULL;
    AUTO_BIO bio = BIO_new(BIO_s_mem());
    if (bio == NULL || X509_NAME_print_ex(bio, X509_get_subject_name(cert->x509), 0, XN_FLAG_RFC2253) < 0)
        return openssl_fail(NULL, ERR_NO_MEMORY, "no memory for a name");
    long n = BIO_get_mem_data(bio, &data);
    return buf_put(to, data, (size_t)n);
}

bool cert_matches_key(const struct cert *cert, const struct key *key)
{
    bool same = EVP_PKEY_eq(X509_get0_pubkey(cert->x509), key_evp(key)) == 1;
    if (!same)
        (void)openssl_fail(NULL, ERR_BAD_KEY, "another key");
    return same;
}

enum err cert_check_signature(const struct cert *cert, struct span message, struct span signature, struct why *why)
{
    EVP_PKEY *evp = X509_get0_pubkey(cert->x509);
    enum key_type type;
    if (key_type_of(evp, &type) != OK)
        return openssl_fail(why, ERR_BAD_SIGNATURE, "the certificate's key is of no type that is used here");
    AUTO_MD_CTX ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, key_type_digest(type), NULL, NULL, evp, NULL) != 1)
        return openssl_fail(why, ERR_BUG, "checking a signature failed");
    if (EVP_DigestVerify(ctx, signature.at, signature.n, message.at, message.n) != 1)
        return openssl_fail(why, ERR_BAD_SIGNATURE, "the signature is not by the certificate's key");
    return OK;
}
