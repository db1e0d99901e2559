/* Inside pki/ only: what an issuer is made of, and how it puts a to-be-signed body together. */
#ifndef PKI_ISSUER_PARTS_H
#define PKI_ISSUER_PARTS_H

#include "pki/back.h"
#include "pki/issuer.h"
#include "pki/keymaker.h"
#include "pki/openssl.h"
#include "pki/signer.h"

enum { SPKI_MAX = 512, SIGNATURE_MAX = 512 };

/* What all certificates of one profile and CA share is encoded once; the rest is put between. */
struct issuer {
    struct signer *signer;
    struct keymaker *keymaker; /* NULL when the profile's keys are not P-256 */
    enum key_type key_type;
    size_t serial_bytes;
    int64_t validity_s; /* 0: forever */
    bool common_name;
    struct buf algorithm_issuer;  /* signature AlgorithmIdentifier, then issuer Name */
    struct buf subject_head;      /* the RDNs in front of the number */
    struct buf fixed_extensions;  /* key usage, purposes, authority key identifier */
    struct buf module_type;       /* hwType, an OBJECT IDENTIFIER with its header */
    int64_t time_of, end_of;      /* the moments whose encodings are kept below */
    struct buf validity;          /* whole Validity of the certificate made last */
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
    struct back back;
};

/* The TBSCertificate (RFC 5280 4.1) for a SubjectPublicKeyInfo in two parts: all in front of the key's bits, and
 * the bits themselves. */
enum err issuer_put_body(struct issuer *issuer, const struct issue_order *order, struct span spki_head, struct span point,
                         struct buf *tbs_to, struct why *why) MUST_CHECK;

/* Appends the certificate (RFC 5280 4.1) of a body, an AlgorithmIdentifier and a signature. */
enum err issuer_put_signed(struct span tbs, struct span algorithm, struct span signature, struct buf *cert_to) MUST_CHECK;

/* INTEGER 2 in [0]: version 3, as every body begins. */
enum { ISSUER_VERSION = 5 };
extern const uint8_t issuer_version[ISSUER_VERSION];

#endif
