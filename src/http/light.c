#include "http/light.h"

#include <arpa/inet.h>
#include <errno.h>
#include <llhttp.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum light_phase { LIGHT_CLOSED, LIGHT_CONNECTING, LIGHT_HANDSHAKE, LIGHT_IDLE, LIGHT_SENDING, LIGHT_RECEIVING };

struct http_light {
    struct loop *loop;
    struct sockaddr_in to;
    char host[INET_ADDRSTRLEN];
    struct http_light_options options;
    http_light_fn *done;
    void *context;
    int fd;
    enum light_phase phase;
    bool busy, complete;
    struct tls_session *tls;
    struct buf out, body;
    size_t out_at;
    llhttp_t parser;
    uint64_t timer;
    uint32_t watched;
    enum err err; /* of the parser */
};

/* --- Reading a reply --- */

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
    struct http_light *l = parser->data;
    l->err = l->body.len + n > l->options.max_reply ? ERR_TOO_LARGE : buf_put(&l->body, at, n);
    return l->err == OK ? 0 : -1;
}

static int on_complete(llhttp_t *parser)
{
    ((struct http_light *)parser->data)->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t *parser_settings(void)
{
    static llhttp_settings_t settings;
    if (settings.on_body == NULL) {
        llhttp_settings_init(&settings);
        settings.on_body = on_body;
        settings.on_message_complete = on_complete;
    }
    return &settings;
}

/* --- The connection --- */

enum err http_light_new(struct loop *loop, const struct http_light_options *options, http_light_fn *done, void *context,
                        struct http_light **ret_light)
{
    struct http_light *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NO_MEMORY;
    *l = (struct http_light){ .loop = loop, .options = *options, .done = done, .context = context, .fd = -1 };
    l->to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(options->port) };
    if (inet_pton(AF_INET, options->address, &l->to.sin_addr) != 1) {
        free(l);
        return ERR_USAGE;
    }
    memcpy(l->host, options->address, strlen(options->address) + 1);
    l->options.address = l->host;
    tls_context_ref(options->tls);
    *ret_light = l;
    return OK;
}

void http_light_close(struct http_light *l)
{
    if (l->fd >= 0) {
        (void)!loop_watch(l->loop, l->fd, 0, NULL, NULL);
        if (l->tls != NULL)
            (void)tls_shutdown(l->tls);
        close(l->fd);
    }
    tls_session_free(l->tls);
    l->tls = NULL;
    l->fd = -1;
    l->watched = 0;
    l->phase = LIGHT_CLOSED;
}

void http_light_free(struct http_light *l)
{
    if (l == NULL)
        return;
    loop_cancel(l->loop, l->timer);
    http_light_close(l);
    tls_context_free(l->options.tls);
    buf_wipe(&l->out);
    buf_wipe(&l->body);
    free(l);
}

static void end(struct http_light *l, enum err err, const struct why *why)
{
    int status = err == OK ? (int)l->parser.status_code : 0;
    AUTO_BUF body = l->body; /* `done` may post again */
    l->body = (struct buf)BUF_INIT;
    buf_wipe(&l->out);
    l->out_at = 0;
    loop_cancel(l->loop, l->timer);
    l->timer = 0;
    l->busy = false;
    if (err != OK || llhttp_should_keep_alive(&l->parser) == 0)
        http_light_close(l);
    else
        l->phase = LIGHT_IDLE;
    l->done(l->context, err, status, buf_span(&body), why);
}

static void fail(struct http_light *l, enum err err, const char *what)
{
    struct why why;
    end(l, why_set(&why, err, "%s", what), &why);
}

static void on_timeout(void *context)
{
    struct http_light *l = context;
    l->timer = 0;
    fail(l, ERR_TIMEOUT, "no reply in time");
}

static void on_ready(void *context, int fd, uint32_t events);

static enum err watch(struct http_light *l, uint32_t events)
{
    if (l->watched == events)
        return OK;
    l->watched = events;
    return loop_watch(l->loop, l->fd, events, on_ready, l);
}

/* What TLS waits for, or the end of the request. */
static void take_want(struct http_light *l, enum tls_want want, const struct why *why)
{
    enum err err = OK;
    if (want == TLS_WANT_READ || want == TLS_WANT_WRITE)
        err = watch(l, want == TLS_WANT_READ ? EPOLLIN : EPOLLOUT);
    else if (!l->busy)
        http_light_close(l);
    else if (want == TLS_FAILED) /* later than in the handshake it is an alert, which `why` tells of */
        end(l, l->phase == LIGHT_HANDSHAKE ? ERR_BAD_CERTIFICATE : ERR_PEER_GONE, why);
    else
        fail(l, ERR_PEER_GONE, "the peer closed the connection");
    if (err != OK)
        fail(l, err, "the connection cannot be watched");
}

static void parse(struct http_light *l, const uint8_t *bytes, size_t n)
{
    enum llhttp_errno result = llhttp_execute(&l->parser, (const char *)bytes, n);
    if (l->complete)
        end(l, OK, NULL);
    else if (result != HPE_OK)
        fail(l, l->err != OK ? l->err : ERR_BAD_INPUT, l->err == ERR_TOO_LARGE ? "the reply is too large" : "the reply is no HTTP");
}

static void receive(struct http_light *l)
{
    uint8_t bytes[16 * 1024];
    for (;;) {
        struct why why = { "" };
        size_t n = 0;
        enum tls_want want = tls_read(l->tls, bytes, sizeof bytes, &n, &why);
        if (want == TLS_DONE && l->phase == LIGHT_RECEIVING) {
            parse(l, bytes, n);
            if (l->phase != LIGHT_RECEIVING)
                return;
            continue;
        }
        if (want == TLS_DONE)
            http_light_close(l); /* nobody asked for these bytes */
        else
            take_want(l, want, &why);
        return;
    }
}

static void transmit(struct http_light *l)
{
    while (l->out_at < l->out.len) {
        struct why why = { "" };
        size_t n = 0;
        enum tls_want want = tls_write(l->tls, l->out.data + l->out_at, l->out.len - l->out_at, &n, &why);
        if (want != TLS_DONE) {
            take_want(l, want, &why);
            return;
        }
        l->out_at += n;
    }
    buf_wipe(&l->out);
    l->out_at = 0;
    l->phase = LIGHT_RECEIVING;
    if (watch(l, EPOLLIN) != OK)
        fail(l, ERR_NO_MEMORY, "the connection cannot be watched");
}

static void shake_hands(struct http_light *l)
{
    struct why why = { "" };
    enum tls_want want = tls_handshake(l->tls, &why);
    if (want != TLS_DONE) {
        take_want(l, want, &why);
        return;
    }
    l->phase = LIGHT_SENDING;
    transmit(l);
}

static void connected(struct http_light *l)
{
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error != 0) {
        fail(l, ERR_UNREACHABLE, strerror(error));
        return;
    }
    enum err err = tls_session_new(l->options.tls, l->fd, NULL, &l->tls);
    if (err == OK && l->options.key != NULL)
        err = tls_session_show(l->tls, l->options.key, l->options.chain, l->options.chain_n);
    if (err != OK) {
        fail(l, err, "TLS cannot be set up");
        return;
    }
    l->phase = LIGHT_HANDSHAKE;
    shake_hands(l);
}

static void on_ready(void *context, int fd, uint32_t events)
{
    struct http_light *l = context;
    (void)fd, (void)events;
    switch (l->phase) {
    case LIGHT_CONNECTING: connected(l); break;
    case LIGHT_HANDSHAKE: shake_hands(l); break;
    case LIGHT_SENDING: transmit(l); break;
    case LIGHT_IDLE:
    case LIGHT_RECEIVING: receive(l); break;
    case LIGHT_CLOSED:
    default: break;
    }
}

/* Goes on when the socket is connected, or refused: both make it writable. */
static enum err open_connection(struct http_light *l, struct why *why)
{
    int one = 1;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return why_errno(why, errno, "no socket");
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(l->fd, (const struct sockaddr *)&l->to, sizeof l->to) != 0 && errno != EINPROGRESS) {
        enum err err = why_errno(why, errno, "cannot connect");
        http_light_close(l);
        return err;
    }
    l->phase = LIGHT_CONNECTING;
    return watch(l, EPOLLOUT);
}

static enum err put_request(struct http_light *l, const char *path, const char *content_type, struct span body)
{
    buf_clear(&l->out);
    l->out.max = body.n + 1024;
    enum err err = buf_putf(&l->out, "POST %s HTTP/1.1\r\nHost: %s:%u\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", path,
                            l->host, (unsigned)l->options.port, content_type, body.n);
    return err == OK ? buf_put_span(&l->out, body) : err;
}

enum err http_light_post(struct http_light *l, const char *path, const char *content_type, struct span body, int64_t timeout_ms,
                         struct why *why)
{
    if (l->busy)
        return why_set(why, ERR_BUSY, "a request is under way already");
    enum err err = put_request(l, path, content_type, body);
    if (err == OK)
        err = loop_timer(l->loop, timeout_ms, on_timeout, l, &l->timer);
    if (err != OK)
        return why_set(why, err, "no memory for a request");
    llhttp_init(&l->parser, HTTP_RESPONSE, parser_settings());
    l->parser.data = l;
    l->complete = false;
    l->err = OK;
    if (l->phase == LIGHT_CLOSED) {
        err = open_connection(l, why);
    } else {
        l->phase = LIGHT_SENDING;
        err = watch(l, EPOLLIN | EPOLLOUT);
    }
    l->busy = err == OK;
    if (err != OK) {
        loop_cancel(l->loop, l->timer);
        l->timer = 0;
    }
    return err;
}
