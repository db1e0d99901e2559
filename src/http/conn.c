#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "http/conn.h"

/* Steps of one connection in one turn of the loop, so that it does not starve the others. */
enum { ROUNDS = 32 };

static void on_kick(void *context)
{
    struct http_conn *c = context;
    c->kick = 0;
    conn_run(c);
}

void conn_kick_soon(struct http_conn *c)
{
    if (c->running || c->kick != 0)
        return;
    /* Without memory for a timer the deadline's own timer finds the reply in the buffer. */
    if (loop_timer(c->server->loop, 0, on_kick, c, &c->kick) != OK)
        c->kick = 0;
}

static enum err set_up(struct http_conn *c, int fd)
{
    struct http_server *server = c->server;
    request_init(&c->request);
    c->x.conn = c;
    c->phase = PHASE_HEADER;
    if (server->tls != NULL) {
        c->phase = PHASE_HANDSHAKE;
        return tls_session_new(server->tls, fd, NULL, &c->tls);
    }
    return OK;
}

static void handshake_begins(struct http_conn *c)
{
    struct http_server *server = c->server;
    if (c->phase != PHASE_HANDSHAKE)
        return;
    c->shaking = true;
    c->since_ms = clock_mono_ms();
    c->older = server->handshakes.newest;
    if (c->older != NULL)
        c->older->newer = c;
    else
        server->handshakes.oldest = c;
    server->handshakes.newest = c;
    server->handshakes.n++;
}

static void handshake_ends(struct http_conn *c)
{
    struct http_server *server = c->server;
    if (!c->shaking)
        return;
    if (c->older != NULL)
        c->older->newer = c->newer;
    else
        server->handshakes.oldest = c->newer;
    if (c->newer != NULL)
        c->newer->older = c->older;
    else
        server->handshakes.newest = c->older;
    server->handshakes.n--;
    c->shaking = false;
}

static void link_in(struct http_conn *c)
{
    struct http_server *server = c->server;
    c->next = server->conns;
    if (c->next != NULL)
        c->next->prev = c;
    server->conns = c;
    server->conns_n++;
}

static void link_out(struct http_conn *c)
{
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->server->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->server->conns_n--;
}

enum err conn_new(struct http_server *server, int fd, const char *address)
{
    struct http_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    c->server = server;
    enum err err = set_up(c, fd);
    if (err == OK)
        err = peer_counts_take(server->counts, address, server->limits.connections_per_peer);
    if (err != OK) {
        tls_session_free(c->tls);
        free(c);
        return err;
    }
    c->fd = fd;
    snprintf(c->address, sizeof c->address, "%s", address);
    link_in(c);
    handshake_begins(c);
    conn_run(c);
    return OK;
}

void conn_free(struct http_conn *c)
{
    struct http_server *server = c->server;
    c->running = true; /* whatever `end` does needs no kick any more */
    exchange_end(&c->x, false);
    loop_cancel(server->loop, c->timer);
    loop_cancel(server->loop, c->kick);
    (void)!loop_watch(server->loop, c->fd, 0, NULL, NULL);
    tls_session_free(c->tls);
    close(c->fd);
    request_done(&c->request);
    buf_wipe(&c->pending); /* packs pass through: nothing of them stays in freed memory */
    buf_wipe(&c->out);
    peer_counts_give(server->counts, c->address);
    handshake_ends(c);
    link_out(c);
    free(c);
    server_conn_gone(server);
}

void conn_refuse(struct http_conn *c, int status, const char *sentence)
{
    bool silent = c->x.reply != REPLY_NONE; /* half a reply is out: only breaking off is honest */
    exchange_end(&c->x, false);
    c->close_after = true;
    c->first_done = true;
    AUTO_BUF body = BUF_INIT;
    enum err err = buf_putf(&body, "%s\n", sentence);
    if (err == OK)
        err = reply_head(&c->out, status, "text/plain; charset=utf-8", (int64_t)body.len, false, true, NULL);
    if (err == OK)
        err = buf_put_span(&c->out, buf_span(&body));
    if (err != OK || silent)
        c->broken = true;
}

/* The peer must be able to read our last words: bytes that it still sends are read and dropped for a moment,
 * or the kernel would reset the connection and with it what we said. */
static void start_lingering(struct http_conn *c)
{
    conn_end_writing(c);
    c->phase = PHASE_LINGER;
    loop_cancel(c->server->loop, c->timer);
    c->timer = 0;
}

static bool shake_hands(struct http_conn *c)
{
    struct why why = { "" };
    c->tls_wants_out = false;
    switch (tls_handshake(c->tls, &why)) {
    case TLS_DONE: c->phase = PHASE_HEADER, handshake_ends(c); return true;
    case TLS_WANT_READ: return false;
    case TLS_WANT_WRITE: c->tls_wants_out = true; return false;
    case TLS_CLOSED: c->broken = true; return false;
    case TLS_FAILED: break;
    }
    conn_tell(c, ERR_BAD_CERTIFICATE, &why);
    handshake_ends(c);
    start_lingering(c);
    return false;
}

static bool finish_reply(struct http_conn *c)
{
    bool finished = c->x.open && c->x.reply == REPLY_WHOLE && c->out_at == c->out.len;
    if (finished) {
        exchange_end(&c->x, true);
        request_reset(&c->request);
    }
    if (c->close_after && !c->x.open && c->out_at == c->out.len) {
        start_lingering(c);
        return false;
    }
    return finished;
}

static bool ask_for_more(struct http_conn *c)
{
    struct http_exchange *x = &c->x;
    if (!x->open || x->reply != REPLY_PIECES || !x->more_due || http_reply_waiting(x) >= REPLY_HIGH_WATER)
        return false;
    x->more_due = false;
    if (x->more != NULL)
        x->more(x->more_context);
    return c->out_at < c->out.len || x->reply != REPLY_PIECES;
}

static bool take_input(struct http_conn *c)
{
    if (!conn_wants_input(c))
        return false;
    if (c->pending.len != 0) {
        struct buf pending = c->pending;
        c->pending = (struct buf){ 0 };
        conn_parse(c, buf_span(&pending));
        buf_wipe(&pending);
        return true;
    }
    size_t n = 0;
    c->tls_wants_out = false;
    enum io io = conn_read(c, &n);
    if (io == IO_DONE) {
        conn_parse(c, span_of(c->server->scratch, n));
        secret_wipe(c->server->scratch, n); /* passwords, packs */
    }
    if (io == IO_CLOSED) {
        c->eof = true;
        c->broken = true; /* nothing is owed: no exchange was waiting for its reply */
    }
    return io == IO_DONE;
}

static bool step(struct http_conn *c)
{
    if (c->phase == PHASE_LINGER) {
        if (conn_discard(c) == IO_CLOSED)
            c->broken = true;
        return false;
    }
    if (c->phase == PHASE_HANDSHAKE && !shake_hands(c))
        return false;
    if (conn_flush(c) == IO_CLOSED)
        c->broken = true;
    if (c->broken)
        return false;
    bool progress = finish_reply(c);
    if (c->phase == PHASE_LINGER)
        return true;
    progress |= ask_for_more(c);
    return take_input(c) || progress || (c->x.open && c->x.reply == REPLY_WHOLE && c->out_at == c->out.len);
}

void conn_run(struct http_conn *c)
{
    bool progress = true;
    c->running = true;
    for (int i = 0; i < ROUNDS && progress && !c->broken; i++)
        progress = step(c);
    if (!c->broken)
        conn_set_phase(c);
    if (!c->broken)
        conn_watch(c);
    c->running = false;
    if (c->broken)
        conn_free(c);
    else if (progress)
        conn_kick_soon(c);
}
