/* Messages between processes of one program over a socket pair: a length, a kind, and fields in fixed order.
 * (doc/protocol/signer-ipc.md)
 *
 *   frame = length(4, big-endian, of what follows) | kind(2) | fields
 *   integer field = 8 bytes big-endian; bytes field = length(4) | bytes */
#ifndef IPC_FRAME_H
#define IPC_FRAME_H

#include <stdbool.h>

#include "base/buf.h"

struct frame_reader {
    struct span rest;
    bool bad; /* set by the first field that does not fit; later ones read as 0 or empty */
};

/* Starts a frame in `to`; frame_end sets its length. Errors: those of buf_reserve; TOO_LARGE over LIMIT_IPC_FRAME. */
enum err frame_begin(struct buf *to, uint16_t kind, size_t *ret_mark) MUST_CHECK;
enum err frame_put_int(struct buf *to, int64_t value) MUST_CHECK;
enum err frame_put_bytes(struct buf *to, struct span bytes) MUST_CHECK;
enum err frame_put_text(struct buf *to, const char *text) MUST_CHECK;
enum err frame_end(struct buf *to, size_t mark) MUST_CHECK;

int64_t frame_int(struct frame_reader *r);
struct span frame_bytes(struct frame_reader *r); /* a view into the frame */
/* Copies a text of up to size - 1 bytes without NULs; otherwise `bad`. */
void frame_text(struct frame_reader *r, size_t size, char *ret_text);
/* OK when everything fitted and nothing is left over; BAD_INPUT otherwise. */
enum err frame_finish(const struct frame_reader *r, struct why *why) MUST_CHECK;

/* Takes one whole frame from the front of `in`: kind and reader over its fields, *ret_used bytes of it.
 * *ret_used 0: more bytes are needed. Errors: BAD_INPUT, TOO_LARGE. */
enum err frame_next(struct span in, uint16_t *ret_kind, struct frame_reader *ret_reader, size_t *ret_used) MUST_CHECK;

/* Blocking send of a whole buffer, blocking receive of one whole frame into `in` (cleared first).
 * Errors: PEER_GONE, IO, BAD_INPUT, TOO_LARGE. */
enum err frame_send(int fd, struct span frame, struct why *why) MUST_CHECK;
enum err frame_receive(int fd, struct buf *in, uint16_t *ret_kind, struct frame_reader *ret_reader, struct why *why) MUST_CHECK;

#endif
