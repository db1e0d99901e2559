/* OpenSSL's objects behind ours: for the files of pki/ and for tls/ alone. */
#ifndef PKI_OPENSSL_H
#define PKI_OPENSSL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pki/cert.h"
#include "pki/key.h"
#include "pki/verify.h"

/* Writes the sentence, then OpenSSL's own reason when it left one, empties its error queue, returns `err`
 * (NO_MEMORY when that is what OpenSSL ran into). The one place where its errors become ours. */
enum err openssl_fail(struct why *why, enum err err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Borrowed: valid as long as the key. */
EVP_PKEY *key_evp(const struct key *key);

/* A reference is taken. Errors: BAD_KEY (a type that is not in enum key_type). */
enum err key_from_evp(EVP_PKEY *evp, struct key **ret_key, struct why *why) MUST_CHECK;

/* Which type a private or public key is; curves must be named, not spelt out. Errors: BAD_KEY. */
enum err key_type_of(const EVP_PKEY *evp, enum key_type *ret_type) MUST_CHECK;
/* FIPS 186-5 A.1.1, of an RSA key; any other has none that could be weak. */
bool key_exponent_is_strong(const EVP_PKEY *evp);
enum key_type key_type(const struct key *key);
const char *key_type_digest(enum key_type type); /* "SHA256"; NULL for Ed25519, which hashes by itself */

/* Borrowed: valid as long as the certificate. */
X509 *cert_x509(const struct cert *cert);

/* A reference is taken. Errors: BAD_CERTIFICATE. */
enum err cert_from_x509(X509 *x509, struct cert **ret_cert, struct why *why) MUST_CHECK;

/* verify_peer for what TLS has at hand: `sent` is the peer's chain (the leaf may be in it; may be NULL). */
enum err verify_peer_chain(const struct trust *trust, const struct cert *leaf, STACK_OF(X509) *sent, int64_t now_s,
                           unsigned allowed, struct peer *ret_peer, struct why *why) MUST_CHECK;

/* The trusted root that issued `last`, the last certificate of a chain; NULL when there is none. Borrowed: valid
 * as long as the trust. */
X509 *trust_root_of(const struct trust *trust, X509 *last);

/* Seconds since 1970 of an ASN.1 time. Errors: BAD_CERTIFICATE. */
enum err openssl_time(const ASN1_TIME *time, int64_t *ret_s) MUST_CHECK;

#define OPENSSL_AUTO(type, free_function) \
    static inline void free_function##_auto(type **p) { free_function(*p); }
OPENSSL_AUTO(EVP_PKEY, EVP_PKEY_free)
OPENSSL_AUTO(EVP_MD_CTX, EVP_MD_CTX_free)
OPENSSL_AUTO(X509, X509_free)
OPENSSL_AUTO(BIO, BIO_free_all)
OPENSSL_AUTO(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
#define AUTO_EVP_PKEY __attribute__((cleanup(EVP_PKEY_free_auto))) EVP_PKEY *
#define AUTO_MD_CTX __attribute__((cleanup(EVP_MD_CTX_free_auto))) EVP_MD_CTX *
#define AUTO_X509 __attribute__((cleanup(X509_free_auto))) X509 *
#define AUTO_BIO __attribute__((cleanup(BIO_free_all_auto))) BIO *
#define AUTO_PKCS8 __attribute__((cleanup(PKCS8_PRIV_KEY_INFO_free_auto))) PKCS8_PRIV_KEY_INFO *

#endif
