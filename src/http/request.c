#include "http/request.h"

#include "base/limit.h"

/* Chunk extensions and trailers are passed over (RFC 9112 7.1.1), but not for ever. */
enum { OVERHEAD_MAX = 1024 };

static struct request *of(llhttp_t *parser)
{
    return parser->data;
}

static int on_headers_complete(llhttp_t *parser)
{
    parser->upgrade = 0; /* we speak nothing else: an Upgrade header is passed over (RFC 9110 7.8) */
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
    of(parser)->piece = span_of(at, n);
    return HPE_PAUSED;
}

static int on_end(llhttp_t *parser)
{
    of(parser)->state = AT_END;
    return HPE_PAUSED;
}

static int on_overhead(llhttp_t *parser, const char *at, size_t n)
{
    (void)at;
    struct request *r = of(parser);
    r->overhead += n + 1; /* so that empty ones count too */
    return r->state == IN_BODY && r->overhead > OVERHEAD_MAX ? HPE_USER : 0;
}

/* A trailer can be no part of the message that the handler saw. */
static int on_field(llhttp_t *parser, const char *at, size_t n)
{
    (void)at, (void)n;
    return of(parser)->state == IN_BODY ? HPE_USER : 0;
}

static const llhttp_settings_t callbacks = {
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_end,
    .on_header_field = on_field,
    .on_chunk_extension_name = on_overhead,
    .on_chunk_extension_value = on_overhead,
};

void request_init(struct request *r)
{
    *r = (struct request){ .head_bytes = { .max = LIMIT_HEADER_BYTES } };
}

void request_done(struct request *r)
{
    buf_wipe(&r->head_bytes); /* Authorization */
}

void request_reset(struct request *r)
{
    request_done(r);
    request_init(r);
}

bool request_started(const struct request *r)
{
    return r->state != IN_HEAD || r->head_bytes.len != 0;
}

static enum request_event refuse(struct request *r, int status, const char *what)
{
    r->state = BROKEN;
    r->status = status;
    if (what != NULL)
        (void)!why_set(&r->why, ERR_BAD_INPUT, "%s", what);
    return REQUEST_BAD;
}

static enum request_event refuse_framing(struct request *r, llhttp_errno_t error)
{
    if (error == HPE_INVALID_METHOD)
        return refuse(r, 501, "the method is unknown");
    if (error == HPE_INVALID_VERSION)
        return refuse(r, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    return refuse(r, 400, r->state == IN_BODY ? "the body is framed wrongly" : "the request is malformed");
}

/* How many of the bytes that came belong to the head: up to its empty line, or up to a line feed without
 * carriage return, which head_parse refuses; 0 while neither has come. */
static size_t find_head_end(const struct buf *head, size_t from)
{
    const uint8_t *p = head->data;
    for (size_t i = from; i < head->len; i++) {
        if (p[i] != '\n')
            continue;
        if (i == 0 || p[i - 1] != '\r' || (i >= 3 && p[i - 2] == '\n' && p[i - 3] == '\r'))
            return i + 1;
    }
    return 0;
}

static bool begins_empty(const struct buf *head)
{
    return head->len >= 2 && head->data[0] == '\r' && head->data[1] == '\n';
}

/* RFC 9112 2.2: an empty line before the request line is passed over, a second one too. Whether there are no more. */
static bool skip_empty_lines(struct request *r)
{
    for (; begins_empty(&r->head_bytes) && r->overhead < 4; r->overhead += 2)
        buf_consume(&r->head_bytes, 2);
    return !begins_empty(&r->head_bytes);
}

/* Takes bytes into head_bytes up to the end of the head; whether it is complete. Sets *ret_refused. */
static bool collect_head(struct request *r, struct span *io_in, bool *ret_refused)
{
    size_t before = r->head_bytes.len, take = io_in->n;
    if (take > LIMIT_HEADER_BYTES - before)
        take = LIMIT_HEADER_BYTES - before;
    if (buf_put(&r->head_bytes, io_in->at, take) != OK) {
        *ret_refused = true;
        return false;
    }
    size_t end = find_head_end(&r->head_bytes, before);
    if (end == 0) {
        *io_in = span_of(io_in->at + take, io_in->n - take);
        *ret_refused = r->head_bytes.len == LIMIT_HEADER_BYTES;
        return false;
    }
    *io_in = span_of(io_in->at + (end - before), io_in->n - (end - before));
    r->head_bytes.len = end;
    return true;
}

/* Lets llhttp read the head, so that it frames the body. */
static llhttp_errno_t start_framing(struct request *r)
{
    llhttp_init(&r->parser, HTTP_REQUEST, &callbacks);
    r->parser.data = r;
    llhttp_errno_t error = llhttp_execute(&r->parser, (const char *)r->head_bytes.data, r->head_bytes.len);
    if (error != HPE_PAUSED || r->state != AT_END)
        return error;
    llhttp_resume(&r->parser);
    return HPE_OK;
}

/* Two parsers, one opinion: otherwise somebody in front of us may have a third. */
static bool agree(const struct request *r)
{
    bool body = r->head.chunked || (r->head.has_length && r->head.length != 0);
    return body == (r->state != AT_END) && r->head.chunked == ((r->parser.flags & F_CHUNKED) != 0) &&
           (r->head.chunked || r->state == AT_END || r->parser.content_length == r->head.length);
}

static enum request_event next_of_head(struct request *r, struct span *io_in)
{
    bool refused = false;
    if (io_in->n == 0)
        return REQUEST_MORE;
    bool whole = collect_head(r, io_in, &refused);
    if (refused)
        return refuse(r, 431, "the header is too large");
    if (!skip_empty_lines(r))
        return refuse(r, 400, "empty lines instead of a request");
    if (!whole || r->head_bytes.len == 0)
        return next_of_head(r, io_in);
    r->overhead = 0;
    llhttp_errno_t error = start_framing(r);
    int status = head_parse((char *)r->head_bytes.data, r->head_bytes.len, &r->head, &r->why);
    if (status != 0)
        return refuse(r, status, NULL);
    if (error != HPE_OK)
        return refuse_framing(r, error);
    if (!agree(r))
        return refuse(r, 400, "the request can be read in two ways");
    if (r->state != AT_END)
        r->state = IN_BODY;
    return REQUEST_HEAD;
}

static enum request_event next_of_body(struct request *r, struct span *io_in, struct span *ret_piece)
{
    if (io_in->n == 0 && !r->paused) /* llhttp says the end of a body after its last piece, without a further byte */
        return REQUEST_MORE;
    r->piece = span_of(NULL, 0);
    const char *at = io_in->n == 0 ? "" : (const char *)io_in->at;
    llhttp_errno_t error = llhttp_execute(&r->parser, at, io_in->n);
    size_t used = error == HPE_OK ? io_in->n : (size_t)(llhttp_get_error_pos(&r->parser) - at);
    r->paused = error == HPE_PAUSED;
    if (r->paused)
        llhttp_resume(&r->parser);
    else if (error != HPE_OK)
        return refuse_framing(r, error);
    *io_in = span_of(io_in->at + used, io_in->n - used);
    if (r->piece.n != 0) {
        *ret_piece = r->piece;
        return REQUEST_PIECE;
    }
    return r->state == AT_END ? REQUEST_END : io_in->n == 0 ? REQUEST_MORE : next_of_body(r, io_in, ret_piece);
}

enum request_event request_next(struct request *r, struct span *io_in, struct span *ret_piece)
{
    switch (r->state) {
    case IN_HEAD: return next_of_head(r, io_in);
    case IN_BODY: return next_of_body(r, io_in, ret_piece);
    case AT_END: return REQUEST_END;
    case BROKEN: break;
    }
    return REQUEST_BAD;
}
