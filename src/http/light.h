/* A client of very many connections: one small state for each, no libcurl. What a load generator needs.
 *
 * HTTP/1.1 over TLS, one request at a time on each connection, which is opened by the first request and kept.
 * Every connection may show an identity of its own under one tls_context. */
#ifndef HTTP_LIGHT_H
#define HTTP_LIGHT_H

#include "base/buf.h"
#include "http/loop.h"
#include "tls/tls.h"

struct http_light;

struct http_light_options {
    const char *address; /* numeric IPv4 */
    uint16_t port;
    struct tls_context *tls;         /* of a client; a reference is taken */
    const struct key *key;           /* shown instead of what the context shows; used by each handshake, the caller's */
    const struct cert *const *chain; /* the same; the caller's */
    size_t chain_n;
    size_t max_reply; /* bytes of a body */
};

/* What a request came to: OK with whatever status, or UNREACHABLE, TIMEOUT, PEER_GONE, BAD_CERTIFICATE, TOO_LARGE ...
 * `body` is valid during the call. It may post again, but not free the connection. */
typedef void http_light_fn(void *context, enum err err, int status, struct span body, const struct why *why);

enum err http_light_new(struct loop *loop, const struct http_light_options *options, http_light_fn *done, void *context,
                        struct http_light **ret_light) MUST_CHECK;
/* Its request, if any, ends without a word; NULL is fine. */
void http_light_free(struct http_light *light);

/* `body` is copied. `done` runs once, from the loop. Errors: NO_MEMORY, BUSY (one is under way). */
enum err http_light_post(struct http_light *light, const char *path, const char *content_type, struct span body, int64_t timeout_ms,
                         struct why *why) MUST_CHECK;

/* Closes the connection; the next request opens another. Never while one is under way. */
void http_light_close(struct http_light *light);

#endif
