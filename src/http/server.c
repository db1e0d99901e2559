#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/secret.h"
#include "http/conn.h"

enum { ACCEPTS_PER_TURN = 64, ACCEPT_PAUSE_MS = 100, BACKLOG = 1024 };

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .handshake_ms = LIMIT_HANDSHAKE_MS,
        .header_ms = LIMIT_HEADER_MS,
        .body_idle_ms = LIMIT_BODY_IDLE_MS,
        .idle_ms = LIMIT_IDLE_MS,
        .handler_ms = LIMIT_HANDLER_MS,
        .linger_ms = LIMIT_LINGER_MS,
        .drain_ms = LIMIT_DRAIN_MS,
        .body_min_rate = LIMIT_BODY_MIN_RATE,
        .connections = LIMIT_CONNECTIONS,
        .connections_per_peer = LIMIT_CONNECTIONS_PER_PEER,
        .handshakes = LIMIT_HANDSHAKES,
        .handshake_grace_ms = LIMIT_HANDSHAKE_GRACE_MS,
    };
}

/* "10.0.0.7" also for a peer that came to an IPv6 socket. */
static void print_address(const struct sockaddr_storage *from, char ret_text[HTTP_ADDRESS_SIZE])
{
    const struct sockaddr_in *v4 = (const void *)from;
    const struct sockaddr_in6 *v6 = (const void *)from;
    ret_text[0] = '\0';
    if (from->ss_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, ret_text, HTTP_ADDRESS_SIZE);
    else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, ret_text, HTTP_ADDRESS_SIZE);
    else
        inet_ntop(AF_INET6, &v6->sin6_addr, ret_text, HTTP_ADDRESS_SIZE);
}

static void on_accept(void *context, int fd, uint32_t events);

static enum err watch_listener(struct http_server *server)
{
    return loop_watch(server->loop, server->fd, EPOLLIN, on_accept, server);
}

static void resume_accepting(void *context)
{
    struct http_server *server = context;
    server->accept_timer = 0;
    if (server->fd >= 0 && watch_listener(server) != OK)
        (void)!loop_timer(server->loop, ACCEPT_PAUSE_MS, resume_accepting, server, &server->accept_timer);
}

/* Out of descriptors, memory or places: the listener stays readable, so watching it would spin. */
static void pause_accepting(struct http_server *server)
{
    if (loop_timer(server->loop, ACCEPT_PAUSE_MS, resume_accepting, server, &server->accept_timer) == OK)
        (void)!loop_watch(server->loop, server->fd, 0, NULL, NULL);
}

static void take(struct http_server *server, int fd, const struct sockaddr_storage *from)
{
    char address[HTTP_ADDRESS_SIZE];
    int on = 1;
    struct why why;
    print_address(from, address);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* else 40 ms per request by delayed acknowledgement */
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    enum err err = server->conns_n < server->limits.connections ? conn_new(server, fd, address) : ERR_BUSY;
    if (err == OK)
        return;
    close(fd);
    if (server->refused != NULL)
        server->refused(server->context, address, why_set(&why, err, "too many connections"), &why);
}

/* Whoever says nothing, or little, holds a place for a moment only: a flood of such connections delays the others, and
 * does not lock them out. A burst of honest ones waits in the kernel's queue meanwhile. */
static bool has_room_for_handshake(struct http_server *server)
{
    struct http_conn *oldest = server->handshakes.oldest;
    struct why why;
    if (server->handshakes.n < server->limits.handshakes)
        return true;
    if (clock_mono_ms() - oldest->since_ms < server->limits.handshake_grace_ms)
        return false;
    if (server->refused != NULL)
        server->refused(server->context, oldest->address, why_set(&why, ERR_BUSY, "gave way: too many TLS handshakes are under way"), &why);
    conn_free(oldest);
    return true;
}

static void on_accept(void *context, int listener, uint32_t events)
{
    (void)events;
    struct http_server *server = context;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (!has_room_for_handshake(server)) {
            pause_accepting(server);
            return;
        }
        struct sockaddr_storage from = { 0 };
        socklen_t size = sizeof from;
        int fd = accept4(listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            take(server, fd, &from);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(server);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static enum err parse_address(const char *address, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_size,
                              struct why *why)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        memcpy(ret, &v4, sizeof v4);
        *ret_size = sizeof v4;
        return OK;
    }
    if (inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
        return why_set(why, ERR_CONFIG, "\"%s\" is not a numeric address", address);
    memcpy(ret, &v6, sizeof v6);
    *ret_size = sizeof v6;
    return OK;
}

enum err http_check_address(const char *address, struct why *why)
{
    struct sockaddr_storage at;
    socklen_t size;
    return parse_address(address, 0, &at, &size, why);
}

static enum err bind_and_listen(int fd, const struct http_server_options *o, struct why *why)
{
    struct sockaddr_storage at = { 0 };
    socklen_t size = 0;
    int on = 1;
    enum err err = parse_address(o->address, o->port, &at, &size, why);
    if (err != OK)
        return err;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return why_errno(why, errno, "cannot set up the listener");
    if (o->interface != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->interface, (socklen_t)strlen(o->interface)) != 0)
        return why_errno(why, errno, "cannot bind to the interface %s", o->interface);
    if (bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, BACKLOG) != 0)
        return why_errno(why, errno, "cannot listen on %s port %u", o->address, (unsigned)o->port);
    return OK;
}

static enum err learn_port(struct http_server *server, struct why *why)
{
    struct sockaddr_storage at = { 0 };
    socklen_t size = sizeof at;
    if (getsockname(server->fd, (struct sockaddr *)&at, &size) != 0)
        return why_errno(why, errno, "cannot learn the listener's port");
    const struct sockaddr_in *v4 = (const void *)&at;
    const struct sockaddr_in6 *v6 = (const void *)&at;
    server->port = ntohs(at.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
    return OK;
}

static enum err open_listener(struct http_server *server, const struct http_server_options *o, struct why *why)
{
    int family = strchr(o->address, ':') != NULL ? AF_INET6 : AF_INET;
    server->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->fd < 0)
        return why_errno(why, errno, "cannot make a socket");
    enum err err = bind_and_listen(server->fd, o, why);
    if (err == OK)
        err = learn_port(server, why);
    return err == OK ? watch_listener(server) : err;
}

enum err http_server_new(struct loop *loop, const struct http_server_options *o, struct http_server **ret_server, struct why *why)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return ERR_NO_MEMORY;
    server->loop = loop;
    server->fd = -1;
    server->handler = o->handler;
    server->context = o->context;
    server->refused = o->refused;
    server->refused_peer = o->refused_peer;
    server->limits = o->limits != NULL ? *o->limits : http_limits_default();
    http_server_set_tls(server, o->tls);
    enum err err = peer_counts_new(&server->counts);
    if (err == OK)
        err = open_listener(server, o, why);
    if (err == OK)
        *ret_server = server;
    else
        http_server_free(server);
    return err;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_set_tls(struct http_server *server, struct tls_context *tls)
{
    struct tls_context *old = server->tls;
    server->tls = tls == NULL ? NULL : tls_context_ref(tls);
    if (old != NULL)
        tls_context_free(old);
}

static void stop_listening(struct http_server *server)
{
    loop_cancel(server->loop, server->accept_timer);
    server->accept_timer = 0;
    if (server->fd < 0)
        return;
    (void)!loop_watch(server->loop, server->fd, 0, NULL, NULL);
    close(server->fd);
    server->fd = -1;
}

/* From the loop, never from inside the callback that ended the last connection: `drained` may free the server. */
static void finish_drain(void *context)
{
    struct http_server *server = context;
    server->drain_timer = 0;
    loop_fn *drained = server->drained;
    server->drained = NULL;
    while (server->conns != NULL)
        conn_free(server->conns);
    if (drained != NULL)
        drained(server->drained_context);
}

void server_conn_gone(struct http_server *server)
{
    if (!server->draining || server->drained == NULL || server->conns_n != 0)
        return;
    loop_cancel(server->loop, server->drain_timer);
    if (loop_timer(server->loop, 0, finish_drain, server, &server->drain_timer) != OK)
        finish_drain(server);
}

void http_server_drain(struct http_server *server, loop_fn *done, void *context)
{
    stop_listening(server);
    server->draining = true;
    server->drained = done;
    server->drained_context = context;
    struct http_conn *next;
    for (struct http_conn *c = server->conns; c != NULL; c = next) {
        next = c->next;
        if (!c->x.open && !request_started(&c->request) && c->out_at == c->out.len)
            conn_free(c);
    }
    int64_t wait_ms = server->conns_n == 0 ? 0 : server->limits.drain_ms;
    if (server->drain_timer == 0 && loop_timer(server->loop, wait_ms, finish_drain, server, &server->drain_timer) != OK)
        finish_drain(server);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    server->drained = NULL;
    stop_listening(server);
    while (server->conns != NULL)
        conn_free(server->conns);
    loop_cancel(server->loop, server->drain_timer);
    http_server_set_tls(server, NULL);
    peer_counts_free(server->counts);
    secret_wipe(server->scratch, sizeof server->scratch);
    free(server);
}
