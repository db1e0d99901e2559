#include "http/conn.h"

static const struct http_handler *handler_of(const struct http_conn *c)
{
    return c->server->handler;
}

/* Not while an answer is being made: pipelined requests wait in the socket, so they cost us no memory. */
bool conn_wants_input(const struct http_conn *c)
{
    if (c->eof || c->close_after || c->phase == PHASE_HANDSHAKE || c->phase == PHASE_LINGER)
        return false;
    return !c->x.open || (!c->x.complete && !c->x.paused && c->x.reply == REPLY_NONE);
}

static void too_large(struct http_conn *c)
{
    conn_refuse(c, 413, "the body is larger than this resource takes");
}

/* RFC 9110 10.1.1: only when the request is welcome. */
static void say_continue(struct http_conn *c)
{
    if (buf_put_text(&c->out, "HTTP/1.1 100 Continue\r\n\r\n") != OK)
        c->broken = true;
}

/* A peer that was revoked since it connected is not served any more, however long it keeps its connection. */
static bool still_welcome(struct http_conn *c)
{
    struct http_server *server = c->server;
    struct why why = { "" };
    if (c->tls == NULL || server->tls == NULL)
        return true;
    enum err err = tls_session_recheck(c->tls, server->tls, &why);
    if (err == OK)
        return true;
    c->broken = true;
    conn_tell(c, err, &why);
    return false;
}

static void on_head(struct http_conn *c)
{
    if (!still_welcome(c))
        return;
    struct http_exchange *x = &c->x;
    const struct head *head = &c->request.head;
    x->open = true;
    x->complete = c->request.state == AT_END;
    x->body_max = handler_of(c)->begin(c->server->context, x);
    x->body.max = x->body_max;
    if (x->reply != REPLY_NONE || x->complete)
        return;
    if (x->body_max == 0 || (head->has_length && head->length > x->body_max))
        too_large(c);
    else if (head->expect_continue)
        say_continue(c);
}

static void on_piece(struct http_conn *c, struct span piece)
{
    struct http_exchange *x = &c->x;
    c->window_bytes += piece.n;
    x->body_n += piece.n;
    if (x->body_n > x->body_max)
        too_large(c);
    else if (handler_of(c)->body != NULL)
        handler_of(c)->body(c->server->context, x, piece);
    else if (buf_put_span(&x->body, piece) != OK)
        conn_refuse(c, 503, "out of memory");
}

static void on_end(struct http_conn *c)
{
    struct http_exchange *x = &c->x;
    x->complete = true;
    c->first_done = true;
    if (x->reply == REPLY_NONE)
        handler_of(c)->complete(c->server->context, x, buf_span(&x->body));
}

/* What the state does not let us parse now is kept; never more than one read's worth. */
static void keep(struct http_conn *c, struct span rest)
{
    if (rest.n != 0 && buf_put_span(&c->pending, rest) != OK)
        c->broken = true;
}

void conn_parse(struct http_conn *c, struct span in)
{
    struct span piece;
    while (conn_wants_input(c) && !c->broken) {
        switch (request_next(&c->request, &in, &piece)) {
        case REQUEST_MORE: return;
        case REQUEST_HEAD:
            on_head(c);
            if (c->x.open && c->request.state == AT_END)
                on_end(c);
            break;
        case REQUEST_PIECE: on_piece(c, piece); break;
        case REQUEST_END: on_end(c); break;
        case REQUEST_BAD: conn_refuse(c, c->request.status, why_text(&c->request.why, ERR_BAD_INPUT)); return;
        }
    }
    keep(c, in);
}
