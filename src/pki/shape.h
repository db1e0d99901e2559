/* The exact shape of our certificates (doc/protocol/certificates.md), inside pki/ only. */
#ifndef PKI_SHAPE_H
#define PKI_SHAPE_H

#include "pki/openssl.h"

/* Whether `leaf` has exactly the shape of its kind and `issuer`, when it says what it issues, issues that kind.
 * Says nothing about signatures or time. Errors: BAD_CERTIFICATE, `why` naming the rule. */
enum err shape_check(const struct cert *leaf, X509 *issuer, enum verify_profile profile, struct why *why) MUST_CHECK;

/* A CA further up, of somebody else's perhaps: its extended key usage, where it has one, allows the leaf's purposes (RFC 5280
 * 4.2.1.12), and an RSA key has no small exponent. shape_check looks at the issuer by itself. Errors: BAD_CERTIFICATE. */
enum err shape_check_ca(const struct cert *leaf, X509 *ca, struct why *why) MUST_CHECK;

#endif
