/* Inside pki/ only: subject key identifiers and certificate serial numbers. */
#ifndef PKI_SKI_H
#define PKI_SKI_H

#include "base/err.h"
#include "base/span.h"

enum { SKI_BYTES = 20 };

/* The leftmost 160 bits of the SHA-256 of the public key's bits (RFC 7093 2 (1)); no SHA-1 anywhere. */
void ski_of_point(struct span public_key, uint8_t ret_ski[SKI_BYTES]);

/* Splits a SubjectPublicKeyInfo in front of the key's bits. Errors: BAD_KEY. */
enum err spki_split(struct span spki, struct span *ret_head, struct span *ret_point) MUST_CHECK;

/* Random bytes made into a positive INTEGER that keeps its length: first byte 0x40..0x7f. */
static inline void issuer_make_serial(uint8_t *serial) { serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40); }

#endif
