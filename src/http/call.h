/* Inside of the client: one call on one curl handle, and what curl's errors mean. */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include <curl/curl.h>

#include "http/client.h"

enum { CALL_ORIGIN = 160 };

/* A handle between two calls: reset, with its open connections. */
struct http_keep {
    CURL *curl;              /* NULL while a call has it, or when there was none yet */
    struct tls_context *tls; /* a reference: of the open connections */
};

struct call {
    struct http_call spec; /* its texts are not used after call_start: curl has copied them */
    CURL *curl;
    struct curl_slist *headers;
    char origin[CALL_ORIGIN]; /* "https://10.0.0.1:8441": what sentences name */
    long connect_timeout_ms, timeout_ms;
    bool peer_known;
    enum err stopped; /* by a callback of ours, or by the certificate check */
    struct http_result result;
    char error[CURL_ERROR_SIZE];
};

/* keep.c: a handle for one call, and back. NULL keep: a fresh handle that is thrown away. */
CURL *keep_take(struct http_keep *keep, struct tls_context *tls);
void keep_return(struct http_keep *keep, CURL *curl);

/* A handle that is ready to be performed. The call must not move. Errors: NO_MEMORY, USAGE. */
enum err call_start(struct call *call, const struct http_call *spec, struct why *why) MUST_CHECK;
void call_finish(struct call *call, CURLcode code); /* fills call->result from what happened */
void call_done(struct call *call);                  /* frees all but the result */

#endif
