#include "http/conn.h"

static const struct head *head_of(const struct http_exchange *x)
{
    return &x->conn->request.head;
}

const char *http_method(const struct http_exchange *x)
{
    return head_of(x)->method;
}
const char *http_path(const struct http_exchange *x)
{
    return head_of(x)->path;
}
const char *http_query(const struct http_exchange *x)
{
    return head_of(x)->query;
}
const char *http_header(const struct http_exchange *x, const char *name)
{
    return head_find(head_of(x), name);
}
const char *http_peer_address(const struct http_exchange *x)
{
    return x->conn->address;
}
void http_set_data(struct http_exchange *x, void *data)
{
    x->data = data;
}
void *http_data(const struct http_exchange *x)
{
    return x->data;
}

const struct peer *http_peer(const struct http_exchange *x)
{
    static const struct peer anonymous = { .role = ROLE_ANONYMOUS };
    return x->conn->tls == NULL ? &anonymous : tls_peer(x->conn->tls);
}

const struct cert *http_peer_cert(const struct http_exchange *x)
{
    return x->conn->tls == NULL ? NULL : tls_peer_cert(x->conn->tls);
}

void http_body_pause(struct http_exchange *x, bool pause)
{
    x->paused = pause;
    if (!pause)
        conn_kick_soon(x->conn);
}

void exchange_end(struct http_exchange *x, bool replied)
{
    struct http_server *server = x->conn->server;
    if (!x->open)
        return;
    if (server->handler->end != NULL)
        server->handler->end(server->context, x, replied);
    buf_wipe(&x->body);
    *x = (struct http_exchange){ .conn = x->conn };
}

/* What could not be put into the buffer cannot be told to the peer either: the connection breaks. */
static void check(struct http_exchange *x, enum err err)
{
    if (err != OK)
        x->conn->broken = true;
    conn_kick_soon(x->conn);
}

/* Whether the connection ends with this reply; decided when its header is written. */
static bool closes(struct http_exchange *x, bool by_end_of_connection)
{
    struct http_conn *c = x->conn;
    if (by_end_of_connection || !x->complete || !head_of(x)->keep_alive || c->server->draining)
        c->close_after = true;
    return c->close_after;
}

static void set_bodyless(struct http_exchange *x, int status)
{
    x->bodyless = status == 204 || status == 304 || strcmp(http_method(x), "HEAD") == 0;
}

void http_reply(struct http_exchange *x, int status, const char *content_type, struct span body, const char *extra)
{
    struct buf *out = &x->conn->out;
    if (!x->open || x->reply != REPLY_NONE)
        return;
    x->reply = REPLY_WHOLE;
    set_bodyless(x, status);
    int64_t length = status == 204 || status == 304 ? -1 : (int64_t)body.n;
    enum err err = reply_head(out, status, content_type, length, false, closes(x, false), extra);
    if (err == OK && !x->bodyless)
        err = buf_put_span(out, body);
    check(x, err);
}

void http_reply_begin(struct http_exchange *x, int status, const char *content_type, loop_fn *more, void *context)
{
    if (!x->open || x->reply != REPLY_NONE)
        return;
    set_bodyless(x, status);
    x->reply = REPLY_PIECES;
    x->chunked = head_of(x)->minor >= 1 && !x->bodyless;
    x->more = more;
    x->more_context = context;
    x->more_due = true;
    bool close = closes(x, !x->chunked && !x->bodyless);
    check(x, reply_head(&x->conn->out, status, content_type, -1, x->chunked, close, NULL));
}

void http_reply_piece(struct http_exchange *x, struct span piece)
{
    struct buf *out = &x->conn->out;
    if (x->reply != REPLY_PIECES || x->bodyless || piece.n == 0) /* an empty chunk would end the reply */
        return;
    enum err err = x->chunked ? buf_putf(out, "%zx\r\n", piece.n) : OK;
    if (err == OK)
        err = buf_put_span(out, piece);
    if (err == OK && x->chunked)
        err = buf_put_text(out, "\r\n");
    check(x, err);
}

size_t http_reply_waiting(const struct http_exchange *x)
{
    return x->conn->out.len - x->conn->out_at;
}

void http_reply_end(struct http_exchange *x)
{
    if (x->reply != REPLY_PIECES)
        return;
    x->reply = REPLY_WHOLE;
    check(x, x->chunked ? buf_put_text(&x->conn->out, "0\r\n\r\n") : OK);
}

void http_reply_abort(struct http_exchange *x)
{
    x->conn->broken = true;
    conn_kick_soon(x->conn);
}
