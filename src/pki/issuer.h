/* Making certificates at the pace of the machine: a prebuilt to-be-signed body with the fields that differ
 * patched in, contexts reused, nothing parsed that was just made.
 *
 * Two steps, so that the caller can persist what will be signed before it is signed (invariant I5):
 * issuer_prepare makes key and body, issuer_sign signs a body. An issuer belongs to one thread. */
#ifndef PKI_ISSUER_H
#define PKI_ISSUER_H

#include "pki/cert.h"
#include "pki/profile.h"

enum { ISSUER_SERIAL = 16 }; /* bytes of certificate serial number: positive, 120 random bits and more */

struct issuer;

/* `ca` and `key` are used, not owned, and must outlive the issuer. Lints the profile. */
enum err issuer_new(const struct profile *profile, const struct cert *ca, const struct key *ca_key, struct issuer **ret_issuer,
                    struct why *why) MUST_CHECK;
void issuer_free(struct issuer *issuer); /* NULL is fine */

struct issue_order {
    struct device_number number;
    uint8_t serial[ISSUER_SERIAL]; /* random bytes; the issuer makes them a positive INTEGER (first byte 0x40..0x7f) */
    int64_t not_before;
};

/* A new key pair and the TBSCertificate that names it. The key is appended as PKCS #8 to `key_to` (wiped by
 * its owner), the body to `tbs_to`. */
enum err issuer_prepare(struct issuer *issuer, const struct issue_order *order, struct buf *key_to, struct buf *tbs_to,
                        struct why *why) MUST_CHECK;

/* The same for a key that the device holds: `spki` is its SubjectPublicKeyInfo. Errors: BAD_KEY. */
enum err issuer_prepare_for_key(struct issuer *issuer, const struct issue_order *order, struct span spki, struct buf *tbs_to,
                                struct why *why) MUST_CHECK;

/* Appends the whole certificate for a body that issuer_prepare made. */
enum err issuer_sign(struct issuer *issuer, struct span tbs, struct buf *cert_to, struct why *why) MUST_CHECK;

/* Certificates that are not made by the thousand: CAs, servers, stations, boards. The subject's public key is
 * that of `spki`; `urn` ("urn:nameplate:factory:factory-1") and DNS/IP names (NULL-terminated, may be NULL) go
 * into the SAN; issuer NULL makes a self-signed one. not_after -1: as the profile says. */
typedef enum err cert_body_fn(void *context, struct span serial, struct span tbs, struct why *why);
struct cert_order {
    const struct profile *profile;
    const char *common_name, *urn;
    const char *const *dns_or_ip;
    struct span spki;
    int64_t not_before, not_after;
    cert_body_fn *on_body; /* told what will be signed before it is signed (I5); its error ends it. NULL: nobody asks */
    void *context;         /* of on_body */
};
enum err cert_issue(const struct cert_order *order, const struct cert *ca, const struct key *ca_key, struct cert **ret_cert,
                    struct why *why) MUST_CHECK;

/* PKCS #10: made by a factory server or station for itself, read by the CA (only its key and proof are used). */
enum err csr_make(const struct key *key, const char *common_name, struct buf *der_to, struct why *why) MUST_CHECK;
enum err csr_read(struct span der, struct buf *spki_to, struct why *why) MUST_CHECK; /* BAD_SIGNATURE, BAD_KEY */

/* SHA-256 of the key that it asks for (its SubjectPublicKeyInfo): by it two people can compare a key. */
enum err csr_key_fingerprint(struct span der, uint8_t ret_sha256[CERT_FINGERPRINT], struct why *why) MUST_CHECK; /* as csr_read */

/* CRL (RFC 5280 section 5) over `n` revoked serial numbers. */
struct crl_entry {
    const uint8_t *serial;
    size_t serial_n;
    int64_t revoked_at;
    int reason; /* RFC 5280 5.3.1 */
};
enum err crl_issue(const struct cert *ca, const struct key *ca_key, uint64_t crl_number, int64_t this_update, int64_t next_update,
                   const struct crl_entry *entries, size_t n, struct buf *der_to, struct why *why) MUST_CHECK;

#endif
