#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http/conn.h"

enum { KEEP_BUFFER = 16 * 1024, MOVE_DOWN = 512 * 1024 };

void conn_tell(struct http_conn *c, enum err err, const struct why *why)
{
    const struct peer *claimed = c->tls == NULL ? NULL : tls_claimed(c->tls);
    if (claimed != NULL && c->server->refused_peer != NULL)
        c->server->refused_peer(c->server->context, claimed, c->address, err, why);
    if (c->server->refused != NULL)
        c->server->refused(c->server->context, c->address, err, why);
}

static enum io from_want(struct http_conn *c, enum tls_want want, bool reading)
{
    switch (want) {
    case TLS_DONE: return IO_DONE;
    case TLS_WANT_READ: return IO_BLOCKED;
    case TLS_WANT_WRITE: c->tls_wants_out = reading; return IO_BLOCKED;
    case TLS_CLOSED:
    case TLS_FAILED: break;
    }
    return IO_CLOSED;
}

static enum io from_errno(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? IO_BLOCKED : IO_CLOSED;
}

enum io conn_read(struct http_conn *c, size_t *ret_n)
{
    uint8_t *to = c->server->scratch;
    if (c->tls != NULL) {
        struct why why = { "" };
        enum tls_want want = tls_read(c->tls, to, READ_SIZE, ret_n, &why);
        if (want == TLS_FAILED && !c->first_done) /* TLS 1.3: the client's view of our certificate comes this late */
            conn_tell(c, ERR_BAD_CERTIFICATE, &why);
        return from_want(c, want, true);
    }
    ssize_t n = recv(c->fd, to, READ_SIZE, 0);
    if (n <= 0)
        return n == 0 ? IO_CLOSED : from_errno();
    *ret_n = (size_t)n;
    return IO_DONE;
}

static enum io write_some(struct http_conn *c, size_t *ret_n)
{
    const uint8_t *from = c->out.data + c->out_at;
    size_t n = c->out.len - c->out_at;
    if (c->tls != NULL)
        return from_want(c, tls_write(c->tls, from, n, ret_n, NULL), false);
    ssize_t sent = send(c->fd, from, n, MSG_NOSIGNAL);
    if (sent < 0)
        return from_errno();
    *ret_n = (size_t)sent;
    return IO_DONE;
}

/* Frees large buffers of a connection that has nothing to say; keeps a streaming one from growing. */
static void tidy_out(struct http_conn *c)
{
    if (c->out_at == c->out.len) {
        c->out_at = 0;
        buf_clear(&c->out);
        if (c->out.cap > KEEP_BUFFER)
            buf_wipe(&c->out);
    } else if (c->out_at >= MOVE_DOWN && c->out_at > c->out.len / 2) {
        buf_consume(&c->out, c->out_at);
        c->out_at = 0;
    }
}

enum io conn_flush(struct http_conn *c)
{
    enum io io = IO_DONE;
    while (io == IO_DONE && c->out_at < c->out.len) {
        size_t n = 0;
        io = write_some(c, &n);
        if (io != IO_DONE)
            break;
        c->out_at += n;
        c->window_bytes += n;
        c->x.more_due = true;
    }
    tidy_out(c);
    return io;
}

enum io conn_discard(struct http_conn *c)
{
    for (int i = 0; i < 64; i++) {
        ssize_t n = recv(c->fd, c->server->scratch, READ_SIZE, 0);
        if (n <= 0)
            return n == 0 ? IO_CLOSED : from_errno();
    }
    return IO_BLOCKED;
}

void conn_end_writing(struct http_conn *c)
{
    if (c->tls != NULL)
        (void)tls_shutdown(c->tls);
    shutdown(c->fd, SHUT_WR);
}

static void on_event(void *context, int fd, uint32_t events)
{
    (void)fd;
    struct http_conn *c = context;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0)
        c->broken = true;
    conn_run(c);
}

void conn_watch(struct http_conn *c)
{
    uint32_t events = 0;
    if (c->phase == PHASE_LINGER || c->phase == PHASE_HANDSHAKE || conn_wants_input(c))
        events |= EPOLLIN;
    if (c->tls_wants_out || c->out_at < c->out.len)
        events |= EPOLLOUT;
    if (loop_watch(c->server->loop, c->fd, events == 0 ? LOOP_ERRORS_ONLY : events, on_event, c) != OK)
        c->broken = true;
}
