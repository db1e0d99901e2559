#include "http/call.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/limit.h"

static enum err stop(struct call *call, enum err err, const char *sentence)
{
    if (call->stopped == OK) {
        call->stopped = err;
        if (sentence != NULL)
            (void)!why_set(&call->result.why, err, "%s", sentence);
    }
    return err;
}

static size_t give_body(char *to, size_t size, size_t n, void *context)
{
    struct call *call = context;
    size_t given = 0;
    enum err err = call->spec.read_body(call->spec.context, to, size * n, &given);
    if (err == OK)
        return given;
    stop(call, err, "the request's body could not be made");
    return CURL_READFUNC_ABORT;
}

static long status_of(const struct call *call)
{
    long status = 0;
    curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t take_piece(char *at, size_t size, size_t n, void *context)
{
    struct call *call = context;
    struct span piece = span_of(at, size * n);
    enum err err;
    if (call->spec.on_piece != NULL && status_of(call) == 200)
        err = call->spec.on_piece(call->spec.context, piece);
    else
        err = buf_put_span(&call->result.body, piece);
    if (err == OK)
        return piece.n;
    stop(call, err, err == ERR_TOO_LARGE ? "the reply is larger than the limit" : NULL);
    return 0;
}

/* The first line of a reply's header: the connection stands, so the peer can be read from it, also when it
 * was made by an earlier call. */
static size_t take_header(char *at, size_t size, size_t n, void *context)
{
    (void)at;
    struct call *call = context;
    struct curl_tlssessioninfo *info = NULL;
    if (!call->peer_known && call->spec.tls != NULL && curl_easy_getinfo(call->curl, CURLINFO_TLS_SSL_PTR, &info) == CURLE_OK &&
        info != NULL && info->internals != NULL)
        call->peer_known = tls_curl_peer(info->internals, &call->result.peer);
    if (call->spec.tls != NULL && !call->peer_known) {
        stop(call, ERR_BUG, "the reply came from a peer that nobody has judged");
        return 0;
    }
    return size * n;
}

static CURLcode set_up_tls(CURL *curl, void *ssl_ctx, void *context)
{
    (void)curl;
    struct call *call = context;
    enum err err = tls_apply_to_curl(call->spec.tls, ssl_ctx, &call->result.why);
    if (err == OK)
        return CURLE_OK;
    stop(call, err, NULL);
    return CURLE_ABORTED_BY_CALLBACK;
}

static bool is_https(const struct http_call *spec)
{
    return spec->tls != NULL || spec->web_ca_file != NULL;
}

/* The proxy sees where the connection goes, and then the bytes of TLS; what it says itself is no reply of ours. */
static void set_proxy(struct call *call)
{
    CURL *curl = call->curl;
    curl_easy_setopt(curl, CURLOPT_PROXY, call->spec.proxy == NULL ? "" : call->spec.proxy);
    if (call->spec.proxy == NULL)
        return;
    curl_easy_setopt(curl, CURLOPT_PROXYTYPE, (long)CURLPROXY_HTTP);
    curl_easy_setopt(curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    if (call->spec.proxy_login == NULL)
        return;
    curl_easy_setopt(curl, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_PROXYUSERPWD, call->spec.proxy_login);
}

/* Nothing from the environment: no proxies, no trust, no redirects, no other protocols. */
static void set_safety(struct call *call)
{
    CURL *curl = call->curl;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_https(&call->spec) ? "https" : "http");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* or curl trusts the public CAs too */
    curl_easy_setopt(curl, CURLOPT_CAINFO, call->spec.web_ca_file);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (call->spec.tls == NULL)
        return;
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);      /* role and trust are what counts: tls/ judges */
    curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* a resumed session would skip the judgement */
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, set_up_tls);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, call);
}

static void set_body(struct call *call)
{
    CURL *curl = call->curl;
    bool post = strcmp(call->spec.method, "GET") != 0 && strcmp(call->spec.method, "HEAD") != 0;
    if (!post) {
        curl_easy_setopt(curl, strcmp(call->spec.method, "HEAD") == 0 ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1L);
        return;
    }
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    if (call->spec.read_body != NULL) {
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(curl, CURLOPT_READDATA, call);
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
    } else {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->spec.body.n == 0 ? "" : (const char *)call->spec.body.at);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->spec.body.n);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->spec.method);
}

static void set_callbacks(struct call *call)
{
    CURL *curl = call->curl;
    curl_easy_setopt(curl, CURLOPT_PRIVATE, call);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, call->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, call->timeout_ms);
}

static enum err add_header(struct call *call, const char *line)
{
    struct curl_slist *longer = curl_slist_append(call->headers, line);
    if (longer == NULL)
        return ERR_NO_MEMORY;
    call->headers = longer;
    return OK;
}

static enum err set_headers(struct call *call)
{
    AUTO_BUF type = BUF_INIT;
    enum err err = add_header(call, "Expect:"); /* else curl waits a second for permission to send a large body */
    if (err == OK && call->spec.read_body != NULL)
        err = add_header(call, "Transfer-Encoding: chunked");
    if (err == OK)
        err = call->spec.content_type == NULL ? buf_put_text(&type, "Content-Type:")
                                              : buf_putf(&type, "Content-Type: %s", call->spec.content_type);
    if (err == OK)
        err = buf_text(&type) == NULL ? ERR_NO_MEMORY : add_header(call, buf_text(&type));
    for (const char *const *line = call->spec.headers; err == OK && line != NULL && *line != NULL; line++)
        err = add_header(call, *line);
    if (err == OK)
        curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, call->headers);
    return err;
}

static bool is_address(const char *text)
{
    uint8_t bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* An address is said to be one, or curl looks through all interfaces for one of that name. */
static enum err set_interface(struct call *call)
{
    char host[INET6_ADDRSTRLEN + sizeof "host!"];
    const char *interface = call->spec.interface;
    if (interface == NULL)
        return OK;
    if (is_address(interface)) {
        snprintf(host, sizeof host, "host!%s", interface);
        interface = host;
    }
    return curl_easy_setopt(call->curl, CURLOPT_INTERFACE, interface) == CURLE_OK ? OK : ERR_NO_MEMORY;
}

/* "https://host:port" of the URL: the path and what a caller may have put there is not for sentences. */
static void name_origin(struct call *call)
{
    const char *url = call->spec.url, *host = strstr(url, "://");
    size_t n = host == NULL ? strlen(url) : (size_t)(host - url) + 3 + strcspn(host + 3, "/?#");
    snprintf(call->origin, sizeof call->origin, "%.*s", (int)(n < CALL_ORIGIN ? n : CALL_ORIGIN - 1), url);
}

static enum err set_all(struct call *call)
{
    set_safety(call);
    set_proxy(call);
    set_body(call);
    set_callbacks(call);
    if (curl_easy_setopt(call->curl, CURLOPT_URL, call->spec.url) != CURLE_OK)
        return ERR_NO_MEMORY;
    enum err err = set_interface(call);
    return err == OK ? set_headers(call) : err;
}

enum err call_start(struct call *call, const struct http_call *spec, struct why *why)
{
    *call = (struct call){
        .spec = *spec,
        .connect_timeout_ms = spec->connect_timeout_ms != 0 ? spec->connect_timeout_ms : LIMIT_CONNECT_MS,
        .timeout_ms = spec->timeout_ms != 0 ? spec->timeout_ms : LIMIT_CALL_MS,
    };
    call->result.body.max = spec->max_reply != 0 ? spec->max_reply : LIMIT_MESSAGE;
    name_origin(call);
    const char *scheme = is_https(spec) ? "https://" : "http://";
    if (strncmp(spec->url, scheme, strlen(scheme)) != 0)
        return why_set(why, ERR_USAGE, "\"%s\" is not a URL that begins with %s", call->origin, scheme);
    call->curl = keep_take(spec->keep, spec->tls);
    if (call->curl == NULL)
        return ERR_NO_MEMORY;
    if (spec->tls != NULL)
        call->spec.tls = tls_context_ref(spec->tls);
    enum err err = set_all(call);
    if (err != OK)
        call_done(call);
    return err;
}

void call_done(struct call *call)
{
    if (call->curl == NULL)
        return;
    keep_return(call->spec.keep, call->curl);
    curl_slist_free_all(call->headers);
    if (call->spec.tls != NULL)
        tls_context_free(call->spec.tls);
    call->curl = NULL;
    call->headers = NULL;
}
