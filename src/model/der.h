/* Just enough DER (X.690) to read and write our own structures; certificates are pki/'s business. */
#ifndef MODEL_DER_H
#define MODEL_DER_H

#include "base/buf.h"

enum { DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_OCTETS = 0x04, DER_OID = 0x06, DER_UTF8 = 0x0c, DER_SEQUENCE = 0x30 };

/* Takes the element at the front of *in, which must have this tag: its content goes to *ret_content, or with
 * der_take_whole its tag and length too. Only the shortest form of the length is taken (X.690 10.1).
 * Errors: BAD_INPUT; *in is then as before. */
enum err der_take(struct span *in, uint8_t tag, struct span *ret_content) MUST_CHECK;
enum err der_take_whole(struct span *in, uint8_t tag, struct span *ret_element) MUST_CHECK;

/* Bytes that tag and length of a content of n bytes take. */
size_t der_header_size(size_t n);

/* Appends tag and length. Errors: those of buf_reserve. */
enum err der_put_header(struct buf *to, uint8_t tag, size_t n) MUST_CHECK;

#endif
