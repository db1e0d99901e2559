/* Inside of the server: one connection and the exchange on it. Only http/ includes this. */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <netinet/in.h>

#include "http/request.h"
#include "http/server.h"

enum { HTTP_ADDRESS_SIZE = INET6_ADDRSTRLEN, REPLY_HIGH_WATER = 256 * 1024, READ_SIZE = 64 * 1024 };

enum conn_phase { PHASE_HANDSHAKE, PHASE_HEADER, PHASE_BODY, PHASE_HANDLER, PHASE_SEND, PHASE_IDLE, PHASE_LINGER };

enum reply_state { REPLY_NONE, REPLY_PIECES, REPLY_WHOLE };

struct http_exchange {
    struct http_conn *conn;
    bool open;     /* between begin and end */
    bool complete; /* the whole request was read */
    bool paused;   /* http_body_pause */
    bool bodyless; /* HEAD, 204, 304: the reply's body is left out */
    bool chunked;  /* the reply's framing */
    bool more_due; /* bytes were taken since `more` was called last */
    enum reply_state reply;
    size_t body_max, body_n;
    struct buf body; /* owned; when the handler wants it whole */
    void *data;
    loop_fn *more;
    void *more_context;
};

struct http_conn {
    struct http_server *server;
    struct http_conn *prev, *next;
    struct http_conn *older, *newer; /* among those whose handshake is under way */
    int64_t since_ms;                /* monotonic */
    bool shaking;                    /* is among them */
    int fd;
    struct tls_session *tls; /* owned; NULL: plain */
    char address[HTTP_ADDRESS_SIZE];

    enum conn_phase phase;
    int64_t deadline_ms, timer_due_ms;
    uint64_t timer, kick;
    size_t window_bytes; /* moved since the deadline was set, for the minimum rate */

    struct request request;
    struct buf pending; /* read but not parsed yet: pipelined requests, a paused body */
    struct buf out;
    size_t out_at; /* how much of `out` the socket has taken */
    bool running;  /* inside conn_run: replies need no kick */
    bool tls_wants_out, eof, broken, close_after, first_done;
    struct http_exchange x;
};

struct http_server {
    struct loop *loop;
    int fd;
    uint16_t port;
    struct tls_context *tls;
    const struct http_handler *handler;
    void *context;
    void (*refused)(void *context, const char *peer_address, enum err err, const struct why *why);
    void (*refused_peer)(void *context, const struct peer *claimed, const char *peer_address, enum err err, const struct why *why);
    struct http_limits limits;
    struct http_conn *conns;
    unsigned conns_n;
    struct peer_counts *counts;
    struct {
        struct http_conn *oldest, *newest;
        unsigned n;
    } handshakes;
    uint64_t accept_timer, drain_timer;
    bool draining;
    loop_fn *drained;
    void *drained_context;
    uint8_t scratch[READ_SIZE]; /* what was read last, shared by all connections */
};

/* server.c */
void server_conn_gone(struct http_server *server); /* after a connection was taken out */

/* conn.c */
enum err conn_new(struct http_server *server, int fd, const char *address) MUST_CHECK; /* takes fd on success */
void conn_free(struct http_conn *c);
void conn_run(struct http_conn *c);                                      /* goes on as far as it can; may free the connection */
void conn_kick_soon(struct http_conn *c);                                /* conn_run from the loop */
void conn_refuse(struct http_conn *c, int status, const char *sentence); /* our own reply, then close */

/* socket.c: the bytes */
enum io { IO_DONE, IO_BLOCKED, IO_CLOSED };
enum io conn_read(struct http_conn *c, size_t *ret_n); /* into server->scratch */
enum io conn_flush(struct http_conn *c);
enum io conn_discard(struct http_conn *c);  /* while lingering */
void conn_tell(struct http_conn *c, enum err err, const struct why *why); /* why a peer was refused, to the program */
void conn_end_writing(struct http_conn *c); /* close_notify and FIN */
void conn_watch(struct http_conn *c);       /* asks the loop for what the state waits for */

/* deadline.c */
void conn_set_phase(struct http_conn *c); /* from the state; a new phase gets its deadline */

/* input.c: bytes -> handler calls */
void conn_parse(struct http_conn *c, struct span in);
bool conn_wants_input(const struct http_conn *c);

/* exchange.c */
void exchange_end(struct http_exchange *x, bool replied);

/* reply.c: status line and header; length -1: none. */
enum err reply_head(struct buf *to, int status, const char *content_type, int64_t length, bool chunked, bool close,
                    const char *extra) MUST_CHECK;
const char *reply_reason(int status);

/* peers.c: how many connections each peer address has */
struct peer_counts;
enum err peer_counts_new(struct peer_counts **ret_counts) MUST_CHECK;
void peer_counts_free(struct peer_counts *counts);
enum err peer_counts_take(struct peer_counts *counts, const char *address, unsigned most) MUST_CHECK; /* BUSY */
void peer_counts_give(struct peer_counts *counts, const char *address);

#endif
