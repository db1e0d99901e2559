/* HTTP client on libcurl: on the loop, or blocking (commands, threads).
 *
 * Nothing is taken from the environment: no proxies but the caller's, no trusted CAs, no .netrc; redirects are not followed.
 * Whom we talk to is judged by the TLS context alone. Connections are reused by calls with the same context. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/buf.h"
#include "http/loop.h"
#include "tls/tls.h"

struct http_client; /* connections are kept and reused */
struct http_keep;   /* the same for blocking calls, one after the other */

struct http_call {
    const char *url;                     /* https://host:port/path */
    const char *method;                  /* "POST" */
    const char *content_type;            /* NULL: none */
    const char *const *headers;          /* "Name: value", NULL-terminated; may be NULL */
    struct span body;                    /* must stay until the call is done, unless read_body is set */
    const char *interface;               /* bind to this network interface or local address; NULL: any */
    struct http_keep *keep;   /* blocking calls: its connection is used and stays; NULL: a connection of its own */
    struct tls_context *tls;             /* NULL: plain http:// only; a reference is held during the call */
    const char *proxy;                   /* http://HOST:PORT: reached through its CONNECT; NULL: directly */
    const char *proxy_login;             /* USER:PASSWORD for it; NULL: none */
    const char *web_ca_file;             /* instead of tls, for a web server that is not one of our programs: PEM file of the CAs
                                          * that vouch for it; its name is compared with the URL */
    long connect_timeout_ms, timeout_ms; /* 0: 5 s, 60 s */
    size_t max_reply;                    /* bytes; 0: LIMIT_MESSAGE */

    /* A body made as it is sent: writes up to max bytes, *ret_n 0 ends it. NULL: `body`. */
    enum err (*read_body)(void *context, void *to, size_t max, size_t *ret_n);
    /* The reply as it comes (only for status 200; others are collected). An error ends the call. */
    enum err (*on_piece)(void *context, struct span piece);
    void *context;
};

struct http_result {
    enum err err; /* OK: a complete reply of whatever status. UNREACHABLE, TIMEOUT, PEER_GONE, BAD_CERTIFICATE ... */
    struct why why;
    int status;
    struct buf body;  /* empty when on_piece took it */
    struct peer peer; /* who answered */
};
void http_result_done(struct http_result *result);

typedef void http_done_fn(void *context, struct http_result *result); /* the result is freed after it returns */

enum err http_client_new(struct loop *loop, struct http_client **ret_client, struct why *why) MUST_CHECK;
void http_client_free(struct http_client *client); /* calls under way end with PEER_GONE; never from inside a `done` */

/* Everything in *call is copied but body and context; of tls a reference is held. `done` gets call->context and
 * runs exactly once, from the loop (or from http_client_free); after an error it does not run at all. */
enum err http_client_send(struct http_client *client, const struct http_call *call, http_done_fn *done,
                          struct why *why) MUST_CHECK;

/* For calls by one thread at a time. A connection is reused by calls with the same TLS context only. */
enum err http_keep_new(struct http_keep **ret_keep) MUST_CHECK;
void http_keep_free(struct http_keep *keep); /* closes what is open; NULL is fine */

/* Blocking. The result is the caller's. */
void http_call_wait(const struct http_call *call, struct http_result *ret_result);

#endif
