/* One request after the other out of a stream of bytes, cut anywhere: head (http/head.h), then the body as
 * llhttp frames it. No I/O; this is what the fuzz target drives. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <llhttp.h>

#include "base/buf.h"
#include "http/head.h"

enum request_event {
    REQUEST_MORE,  /* all bytes are used up; give the next ones */
    REQUEST_HEAD,  /* `head` is valid */
    REQUEST_PIECE, /* *ret_piece is a piece of the body, inside the bytes given */
    REQUEST_END,   /* the body is complete; request_reset() before the next request */
    REQUEST_BAD,   /* refused: `status` and `why`; nothing more can be read from this stream */
};

struct request {
    enum { IN_HEAD, IN_BODY, AT_END, BROKEN } state;
    struct head head;
    struct buf head_bytes; /* owned; what `head` points into */
    llhttp_t parser;
    struct span piece;
    bool paused;     /* llhttp stopped to give `piece` */
    size_t overhead; /* bytes of chunk extensions and trailers so far */
    int status;
    struct why why;
};

void request_init(struct request *r);
void request_done(struct request *r);
void request_reset(struct request *r);         /* for the next request on the stream */
bool request_started(const struct request *r); /* whether a byte of a request has come */

/* Goes on as far as the next event; *io_in is moved past the bytes used. */
enum request_event request_next(struct request *r, struct span *io_in, struct span *ret_piece);

#endif
