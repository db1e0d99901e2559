/* By what a register finds a key again (I2): the first half of a SHA-256 of its bits, with which the subjectKeyIdentifier of a
 * certificate for it begins (RFC 7093 2 (1)). */
#ifndef PKI_KEY_ID_H
#define PKI_KEY_ID_H

#include "base/err.h"
#include "base/span.h"

enum { KEY_ID = 16 };

/* Of a SubjectPublicKeyInfo (RFC 5280 4.1.2.7) and of the one in a certificate, both in DER. Errors: BAD_KEY; BAD_CERTIFICATE. */
enum err key_id_of_spki(struct span spki, uint8_t ret_id[KEY_ID]) MUST_CHECK;
enum err key_id_of_certificate(struct span der, uint8_t ret_id[KEY_ID]) MUST_CHECK;

#endif
