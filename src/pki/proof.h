/* Proof that a device has its identity: a signature by the new key over what only this write could know
 *. Signed bytes: "nameplate proof 1" NUL, nonce, number text NUL, certificate fingerprint. */
#ifndef PKI_PROOF_H
#define PKI_PROOF_H

#include "pki/cert.h"

enum { PROOF_NONCE = 16 };

enum err proof_make(const struct key *key, const uint8_t nonce[PROOF_NONCE], const struct device_number *number,
                    const uint8_t fingerprint[CERT_FINGERPRINT], struct buf *to, struct why *why) MUST_CHECK;

/* Errors: PROOF_FAILED. */
enum err proof_check(const struct cert *cert, const uint8_t nonce[PROOF_NONCE], const struct device_number *number,
                     struct span proof, struct why *why) MUST_CHECK;

#endif
