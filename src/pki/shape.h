/* The exact shape of our certificates (doc/protocol/certificates.md), inside pki/ only. */
#ifndef PKI_SHAPE_H
#define PKI_SHAPE_H

#include "pki/openssl.h"

/* Whether `leaf` has exactly the shape of its kind and `issuer`, when it says what it issues, issues that kind.
 * Says nothing about signatures or time. Errors: BAD_CERTIFICATE, `why` naming the rule. */
enum err shape_check(const struct cert *leaf, const X509 *issuer, enum verify_profile profile, struct why *why) MUST_CHECK;

#endif
