/* A service part takes a device's place (M-8, doc/protocol/field.md): it has only its bootstrap certificate, makes a key, and
 * asks for the number's new identity until an operator has approved it. What is asked, and what an answer means; who sends it
 * is the caller's. */
#ifndef DEVICE_REPLACEMENT_H
#define DEVICE_REPLACEMENT_H

#include "device/board.h"
#include "tls/tls.h"

/* The board becomes the number's: from now on it has that number, and one key, which stays. Again: nothing. Errors: CONFIG, EXISTS
 * (an identity, or another number), BAD_TRANSITION (blank), UNSUPPORTED (no remote functions), those of board_set_number and
 * renewal_make_key. */
enum err replacement_begin(struct board *b, const struct device_number *number, struct why *why) MUST_CHECK;

/* How the board speaks until then: under its bootstrap certificate. */
enum err replacement_tls(const struct board *b, struct tls_context **ret_tls, struct why *why) MUST_CHECK;

/* The request, appended; each says the same under an id of its own. Errors: those of renewal_load_key. */
enum err replacement_request(const struct board *b, struct buf *to, struct why *why) MUST_CHECK;

/* What came back. *ret_after_s: seconds after which to ask again; 0: the identity is installed, and in force. Errors: what the
 * other side refused for, BAD_INPUT, those of renewal_install. */
enum err replacement_answered(struct board *b, struct span reply, int64_t *ret_after_s, struct why *why) MUST_CHECK;

#endif
