/* The one function by which every program, and `nameplate verify`, judges a certificate. */
#ifndef PKI_VERIFY_H
#define PKI_VERIFY_H

#include "pki/cert.h"

struct trust; /* roots, further certificates for building the chain, CRLs; immutable once in use, counted */

enum err trust_new(struct trust **ret_trust) MUST_CHECK;
struct trust *trust_ref(struct trust *trust);
void trust_free(struct trust *trust); /* NULL is fine */
#define AUTO_TRUST __attribute__((cleanup(trust_auto_free))) struct trust *
static inline void trust_auto_free(struct trust **trust) { trust_free(*trust); }

/* One or more certificates in PEM or one in DER. Errors: BAD_CERTIFICATE, BAD_INPUT when there is none. */
enum err trust_add_roots(struct trust *trust, struct span pem_or_der, struct why *why) MUST_CHECK;
enum err trust_add_intermediates(struct trust *trust, struct span pem_or_der, struct why *why) MUST_CHECK;
enum err trust_add_crls(struct trust *trust, struct span pem_or_der, struct why *why) MUST_CHECK;

/* Whether a CRL in `trust` of the certificate's issuer lists it; the chain is not looked at. */
bool trust_revokes(const struct trust *trust, const struct cert *cert);

enum verify_profile {
    VERIFY_GENERIC, /* RFC 5280 path validation, no more */
    VERIFY_DEVICE,  /* and exactly the shape of our device identities, gateways among them (doc/protocol/certificates.md) */
    VERIFY_INFRA,   /* and exactly the shape of our infrastructure certificates */
    VERIFY_BOOTSTRAP,
};

struct verify_request {
    enum verify_profile profile;
    int64_t now_s;
    bool chosen;            /* now_s is a moment that somebody chose, not our clock's: refusals say so */
    bool crl_leaf_required; /* the leaf's issuer needs a current CRL in `trust` */
    bool crl_required;      /* so does every issuer of the chain. Without a demand, CRLs that are there count, stale
                             * ones too: what they revoke is refused, their age stops no line */
    const struct span *untrusted; /* certificates that the peer sent, DER; may be NULL */
    size_t untrusted_n;
};

/* Errors: BAD_CERTIFICATE, `why` saying which certificate of the chain and which rule (with its RFC clause). */
enum err verify_certificate(const struct trust *trust, const struct cert *leaf, const struct verify_request *request,
                            struct why *why) MUST_CHECK;

/* Judges whatever a peer showed in TLS: picks the profile by what the certificate says it is, verifies, and
 * says who it is. `allowed` is a set of ROLE_BITs. Errors: BAD_CERTIFICATE, NOT_ALLOWED. */
enum err verify_peer(const struct trust *trust, const struct cert *leaf, const struct span *untrusted, size_t untrusted_n,
                     int64_t now_s, unsigned allowed, struct peer *ret_peer, struct why *why) MUST_CHECK;

#endif
