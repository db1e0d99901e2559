/* P-256 key pairs at the pace of the machine: group, contexts and point are made once and used again.
 * Inside pki/ only. */
#ifndef PKI_KEYMAKER_H
#define PKI_KEYMAKER_H

#include "base/buf.h"

enum { KEYMAKER_SCALAR = 32, KEYMAKER_POINT = 65 };

struct keymaker;
enum err keymaker_new(struct keymaker **ret_maker, struct why *why) MUST_CHECK;
void keymaker_free(struct keymaker *maker); /* NULL is fine */

/* A fresh key: PKCS #8 with its public part is appended to `key_to` (wiped by its owner), the uncompressed
 * point goes to ret_point. The maker keeps nothing of the private key. */
enum err keymaker_make(struct keymaker *maker, struct buf *key_to, uint8_t ret_point[KEYMAKER_POINT], struct why *why) MUST_CHECK;

#endif
