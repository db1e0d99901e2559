/* Frames on a serial line (M-9; doc/protocol/dial.md): several byte streams, one after the other, in HDLC-like framing
 * (RFC 1662 4.2). What is damaged or missing is noticed, not mended: the streams carry TLS, whose ends begin again.
 * No I/O. */
#ifndef GATEWAY_WIRE_H
#define GATEWAY_WIRE_H

#include "base/buf.h"

enum { WIRE_PAYLOAD = 512, WIRE_HEAD = 4, WIRE_CHECK = 2, WIRE_FRAME = WIRE_HEAD + WIRE_PAYLOAD + WIRE_CHECK };

enum wire_type {
    WIRE_OPEN = 1, /* a new stream; from the side that listens */
    WIRE_DATA = 2,
    WIRE_CLOSE = 3, /* of either side; nothing follows */
    WIRE_RESET = 4, /* all streams are gone */
};

struct wire_frame {
    enum wire_type type;
    uint16_t stream;
    struct span payload; /* at most WIRE_PAYLOAD; with DATA */
};

/* Appends the frame; *sequence counts the frames of this direction. Errors: TOO_LARGE, those of buf_reserve. */
enum err wire_put(struct buf *to, uint8_t *sequence, const struct wire_frame *frame) MUST_CHECK;

struct wire_reader { /* all zero at first */
    uint8_t bytes[WIRE_FRAME];
    size_t n;
    bool escaped, overlong, begun; /* begun: a frame was taken, so that the next number is known */
    uint8_t sequence;
};
struct wire_events {
    void (*frame)(void *context, const struct wire_frame *frame);
    void (*lost)(void *context); /* something before the next frame was damaged or is missing */
    void *context;
};
/* Bytes in any cut. */
void wire_push(struct wire_reader *r, struct span bytes, const struct wire_events *events);

#endif
