/* HTTP/1.1 server on the loop: llhttp's framing over TLS sessions (or plain sockets on loopback).
 *
 * Every phase has a deadline and every size a ceiling (base/limit.h). An exchange is one request and its
 * reply; the reply may come later, from any callback of the loop's thread. An exchange is valid from `begin`
 * to the return of `end`, which comes exactly once for each: also when the peer went, when the handler took
 * longer than its deadline (the peer gets 503) and when the server is freed. A handler that answers later
 * keeps a pointer to the exchange only that long.
 *
 * The http_reply functions only put bytes into the connection's buffer and never call the handler. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/span.h"
#include "http/loop.h"
#include "tls/tls.h"

struct http_server;
struct http_exchange;

struct http_handler {
    /* Headers are in. Returns the body's ceiling in bytes, or replies (http_reply) and returns 0. */
    size_t (*begin)(void *context, struct http_exchange *x);
    /* A piece of the body, as it comes; NULL: the body is collected and handed to `complete` whole. It may
     * reply early (the rest of the body is then not read, and the connection closes) or http_body_pause. */
    void (*body)(void *context, struct http_exchange *x, struct span piece);
    /* The body is complete; reply now or later. `body` is valid until the exchange ends. */
    void (*complete)(void *context, struct http_exchange *x, struct span body);
    /* The exchange is over: replied, or the peer went. Frees what http_set_data gave. May be NULL. */
    void (*end)(void *context, struct http_exchange *x, bool replied);
};

/* Deadlines and caps; http_limits_default() gives those of base/limit.h. */
struct http_limits {
    int64_t handshake_ms, header_ms, body_idle_ms, idle_ms, handler_ms, linger_ms, drain_ms;
    int64_t body_min_rate;                      /* bytes a second, over each body_idle_ms; for replies too */
    unsigned connections, connections_per_peer; /* an IPv6 peer is its /64 */
    unsigned handshakes;                        /* under way at once; beyond, newcomers wait until the oldest has had
                                                 * handshake_grace_ms: then it gives way */
    int64_t handshake_grace_ms;
};
struct http_limits http_limits_default(void);

struct http_server_options {
    const char *address;     /* numeric IPv4 or IPv6 */
    uint16_t port;           /* 0: any free one */
    const char *interface;   /* SO_BINDTODEVICE; NULL: none */
    struct tls_context *tls; /* NULL: plain HTTP */
    const struct http_handler *handler;
    void *context;
    const struct http_limits *limits; /* copied; NULL: those of base/limit.h */
    /* A connection ended without a request of its own fault: TLS refused, deadline. For the log; may be NULL. */
    void (*refused)(void *context, const char *peer_address, enum err err, const struct why *why);
    /* Called before it when a certificate was shown and refused; `claimed` is whom it named, which proves nothing. May be NULL. */
    void (*refused_peer)(void *context, const struct peer *claimed, const char *peer_address, enum err err, const struct why *why);
};

enum err http_server_new(struct loop *loop, const struct http_server_options *options, struct http_server **ret_server,
                         struct why *why) MUST_CHECK;
uint16_t http_server_port(const struct http_server *server);
void http_server_set_tls(struct http_server *server, struct tls_context *tls);    /* for connections from now on, and
                                                                                   * open ones judged by it before
                                                                                   * their next request */
void http_server_drain(struct http_server *server, loop_fn *done, void *context); /* no new ones; done when idle, or
                                                                                   * after drain_ms */
/* Whether `address` may be given as http_server_options.address. Errors: CONFIG. */
enum err http_check_address(const char *address, struct why *why) MUST_CHECK;
void http_server_free(struct http_server *server); /* ends every exchange; never from inside a handler; NULL is fine */

const char *http_method(const struct http_exchange *x);
const char *http_path(const struct http_exchange *x);                     /* without the query; percent-decoded, never with NUL */
const char *http_query(const struct http_exchange *x);                    /* raw, without '?'; "" when none */
const char *http_header(const struct http_exchange *x, const char *name); /* NULL when absent; any case */
const struct peer *http_peer(const struct http_exchange *x);              /* ROLE_ANONYMOUS on plain HTTP */
const struct cert *http_peer_cert(const struct http_exchange *x);         /* NULL when anonymous */
const char *http_peer_address(const struct http_exchange *x);             /* "10.0.0.7" for logs and caps */
void http_set_data(struct http_exchange *x, void *data);
void *http_data(const struct http_exchange *x);

/* Stops and goes on with taking the body from the socket (backpressure for a streaming `body`). */
void http_body_pause(struct http_exchange *x, bool pause);

/* The whole reply at once; `body` is copied. extra: further header lines, each ended by CRLF, or NULL. */
void http_reply(struct http_exchange *x, int status, const char *content_type, struct span body, const char *extra);

/* A reply in pieces: chunked for HTTP/1.1, up to the end of the connection for HTTP/1.0. `more` (may be NULL)
 * is called soon after, and then each time when bytes were taken and fewer than 256 KiB wait to be sent; it
 * may add pieces or none. Whoever adds pieces out of turn looks at http_reply_waiting. */
void http_reply_begin(struct http_exchange *x, int status, const char *content_type, loop_fn *more, void *context);
void http_reply_piece(struct http_exchange *x, struct span piece);
size_t http_reply_waiting(const struct http_exchange *x); /* bytes not yet taken by the socket */
void http_reply_end(struct http_exchange *x);
void http_reply_abort(struct http_exchange *x); /* breaks the connection: the peer must not take it as whole */

#endif
