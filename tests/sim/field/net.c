/* The network, and TLS on it: each request may be lost, doubled, late; each reply may be lost. Who is at the other end is
 * judged by the product's own function (pki/verify.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limit.h"
#include "http/client.h"
#include "http/server.h"
#include "tls/credentials.h"
#include "world.h"

enum { HOSTS = 16, CHAIN = 1 + LIMIT_CHAIN, LOST_PM = 50, DOUBLED_PM = 60, SLOW_PM = 100, SLOW_MS = 9000, FAST_MS = 30 };

/* --- TLS --- */

struct tls_context {
    unsigned refs, peers;
    bool clock_behind;
    int64_t grace_s;
    uint64_t id;
    struct cert *chain[CHAIN];
    size_t chain_n;
    struct trust *trust;
    struct {
        uint64_t other;
        int64_t until_s; /* its certificate's end: it is judged again behind it */
        enum err err;
        struct peer peer;
    } known[32]; /* whom it judged already */
    size_t known_n;
};

static uint64_t contexts;

enum err tls_context_new(const struct tls_options *o, struct tls_context **ret_context, struct why *why)
{
    (void)why;
    struct tls_context *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    *c = (struct tls_context){ .refs = 1, .peers = o->peers, .clock_behind = o->clock_behind,
                               .id = ++contexts, .chain_n = o->chain_n, .trust = trust_ref(o->trust) };
    for (size_t i = 0; i < o->chain_n; i++) {
        struct cert *copy = NULL;
        if (cert_from_der(cert_der(o->chain[i]), &copy, NULL) != OK)
            abort();
        c->chain[i] = copy;
    }
    *ret_context = c;
    return OK;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
    c->refs++;
    return c;
}

void tls_context_free(struct tls_context *c)
{
    if (c == NULL || --c->refs > 0)
        return;
    for (size_t i = 0; i < c->chain_n; i++)
        cert_free(c->chain[i]);
    trust_free(c->trust);
    free(c);
}

void tls_context_keep_sessions(struct tls_context *c, unsigned most) { (void)c, (void)most; }
void tls_context_set_grace(struct tls_context *c, int64_t grace_s) { c->grace_s = grace_s; }

/* As src/tls/judge.c does it. */
static int64_t moment(const struct tls_context *c, const struct cert *leaf)
{
    int64_t begin_s, end_s, now_s = clock_wall_s();
    struct peer peer;
    if (c->clock_behind)
        now_s = cert_moment(leaf, now_s);
    if (c->grace_s == 0 || cert_peer(leaf, &peer, NULL) != OK || (peer.role != ROLE_DEVICE && peer.role != ROLE_GATEWAY))
        return now_s;
    cert_times(leaf, &begin_s, &end_s);
    return now_s >= end_s && now_s - end_s < c->grace_s ? end_s - 1 : now_s;
}

static enum err judge(struct tls_context *c, const struct tls_context *other, struct peer *ret_peer)
{
    struct span untrusted[CHAIN];
    struct peer peer = { .role = ROLE_ANONYMOUS };
    for (size_t i = 0; i < c->known_n; i++)
        if (c->known[i].other == other->id && clock_wall_s() < c->known[i].until_s) {
            *ret_peer = c->known[i].peer;
            return c->known[i].err;
        }
    for (size_t i = 1; i < other->chain_n; i++)
        untrusted[i - 1] = cert_der(other->chain[i]);
    enum err err = other->chain_n == 0 ? ERR_BAD_CERTIFICATE
                                       : verify_peer(c->trust, other->chain[0], untrusted, other->chain_n - 1,
                                                     moment(c, other->chain[0]), c->peers,
                                                     &peer, NULL);
    size_t at = c->known_n < sizeof c->known / sizeof *c->known ? c->known_n++ : 0;
    int64_t begin_s = 0, end_s = 0;
    if (other->chain_n != 0)
        cert_times(other->chain[0], &begin_s, &end_s);
    c->known[at].other = other->id;
    c->known[at].until_s = clock_wall_s() < begin_s ? 0 : end_s;
    c->known[at].err = err;
    c->known[at].peer = peer;
    *ret_peer = peer;
    return err;
}

/* --- Both ends of a call --- */

struct http_client {
    struct process *node;
    struct loop *loop;
};

struct http_server {
    struct process *node;
    unsigned port;
    struct tls_context *tls;
    const struct http_handler *handler;
    void *context;
    struct http_exchange *exchanges;
};

struct flight {
    struct flight *next;
    uint64_t id;
    struct http_client *client;
    struct tls_context *tls;
    unsigned port;
    char path[64];
    struct buf body;
    http_done_fn *done;
    void *context;
};

struct http_exchange {
    struct http_exchange *next;
    struct http_server *server;
    uint64_t flight;
    char path[64];
    struct buf body;
    struct peer peer;
    struct cert *cert;
    void *data;
    bool replied, ending;
};

/* A message on the wire: a request or a reply. */
struct packet {
    struct packet *next; /* of all, so that none is left behind */
    uint64_t flight, exchange_of; /* exchange_of: the flight whose exchange is to end */
    struct tls_context *tls;      /* of the sender of a request */
    unsigned port;
    char path[64];
    struct buf body;
    enum err err;
    int status;
    struct peer peer;
    bool gone, settled;
};

static struct net {
    struct flight *flights;
    struct http_server *hosts[HOSTS];
    struct packet *packets;
    bool cut[HOSTS], late;
    unsigned cut_ports[HOSTS];
    uint64_t ids;
} net;

static int64_t delay_ms(void)
{
    return world_chance(SLOW_PM) ? (int64_t)world_below(SLOW_MS) : 1 + (int64_t)world_below(FAST_MS);
}

static struct packet *packet_new(struct packet from)
{
    struct packet *p = malloc(sizeof *p);
    if (p == NULL)
        abort();
    *p = from;
    p->next = net.packets;
    net.packets = p;
    return p;
}

static void packet_free(struct packet *p)
{
    struct packet **at = &net.packets;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    tls_context_free(p->tls);
    buf_done(&p->body);
    free(p);
}

static struct flight **flight_of(uint64_t id)
{
    struct flight **at = &net.flights;
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static struct http_server *server_at(unsigned port)
{
    for (size_t i = 0; i < HOSTS; i++)
        if (net.hosts[i] != NULL && net.hosts[i]->port == port)
            return net.hosts[i];
    return NULL;
}

static bool *cut_of(unsigned port)
{
    for (size_t i = 0; i < HOSTS; i++)
        if (net.cut_ports[i] == port || net.cut_ports[i] == 0) {
            net.cut_ports[i] = port;
            return &net.cut[i];
        }
    abort();
}

void net_cut(unsigned port, bool cut) { *cut_of(port) = cut; }
void net_late(bool on) { net.late = on; }

/* --- Exchanges --- */

static void exchange_end(struct http_exchange *x)
{
    struct http_server *s = x->server;
    struct http_exchange **at = &s->exchanges;
    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
    if (s->handler->end != NULL)
        s->handler->end(s->context, x, x->replied);
    cert_free(x->cert);
    buf_done(&x->body);
    free(x);
}

static void on_exchange_end(void *context)
{
    struct packet *p = context;
    struct http_server *s = server_at(p->port);
    if (s != NULL) {
        struct process *before = world_enter(s->node);
        for (struct http_exchange *x = s->exchanges, *next; x != NULL; x = next) {
            next = x->next;
            if (x->flight == p->exchange_of && (x->replied || p->gone)) {
                exchange_end(x);
                break;
            }
        }
        world_leave(before);
    }
    packet_free(p);
}

/* `gone`: the client closed the connection; the server notices after a while. */
static void end_exchanges(unsigned port, uint64_t flight, bool gone)
{
    struct packet *p = packet_new((struct packet){ .port = port, .exchange_of = flight, .gone = gone });
    world_after(NULL, gone ? 1 + (int64_t)world_below(2000) : 0, on_exchange_end, p);
}

/* --- The client --- */

enum err http_client_new(struct loop *loop, struct http_client **ret_client, struct why *why)
{
    (void)why;
    struct http_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    *c = (struct http_client){ .node = world_node(), .loop = loop };
    *ret_client = c;
    return OK;
}

/* What the client has had an answer to is not under way any more: TCP has delivered it. */
static void settle(uint64_t id)
{
    for (struct packet *p = net.packets; p != NULL; p = p->next)
        p->settled = p->settled || p->flight == id;
}

static void conclude(uint64_t id, struct http_result *r)
{
    struct flight **at = flight_of(id), *f = *at;
    if (f == NULL)
        return;
    *at = f->next;
    if (r->err == OK)
        settle(id);
    if (r->err != OK)
        end_exchanges(f->port, id, true);
    struct process *before = world_enter(f->client->node);
    f->done(f->context, r);
    world_leave(before);
    tls_context_free(f->tls);
    buf_done(&f->body);
    free(f);
}

void http_result_done(struct http_result *r) { buf_done(&r->body); }

static void fail(uint64_t id, enum err err)
{
    struct http_result r = { .err = err };
    (void)!why_set(&r.why, err, "%s", err_row(err)->text);
    conclude(id, &r);
    http_result_done(&r);
}

void http_client_free(struct http_client *c)
{
    if (c == NULL)
        return;
    for (struct flight *f = net.flights, *next; f != NULL; f = next) {
        next = f->next;
        if (f->client != c)
            continue;
        uint64_t id = f->id;
        fail(id, ERR_PEER_GONE);
        next = net.flights; /* the list is another one */
    }
    free(c);
}

static void on_failure(void *context)
{
    struct packet *p = context;
    fail(p->flight, p->err);
    packet_free(p);
}

static void fail_later(uint64_t flight, enum err err, int64_t after_ms)
{
    world_after(NULL, after_ms, on_failure, packet_new((struct packet){ .flight = flight, .err = err }));
}

static void on_reply(void *context)
{
    struct packet *p = context;
    struct http_result r = { .err = OK, .status = p->status, .body = p->body, .peer = p->peer };
    p->body = (struct buf)BUF_INIT;
    conclude(p->flight, &r);
    http_result_done(&r);
    packet_free(p);
}

static void serve(struct http_server *s, struct packet *p, const struct peer *peer)
{
    struct http_exchange *x = calloc(1, sizeof *x);
    if (x == NULL)
        abort();
    *x = (struct http_exchange){ .next = s->exchanges, .server = s, .flight = p->flight, .peer = *peer, .cert = cert_ref(p->tls->chain[0]) };
    memcpy(x->path, p->path, sizeof x->path);
    x->body = p->body;
    p->body = (struct buf)BUF_INIT;
    s->exchanges = x;
    struct process *before = world_enter(s->node);
    if (s->handler->begin(s->context, x) >= x->body.len)
        s->handler->complete(s->context, x, buf_span(&x->body));
    else
        http_reply(x, 413, NULL, span_of(NULL, 0), NULL);
    world_leave(before);
}

/* A request arrives, or a copy of it. */
static void on_request(void *context)
{
    struct packet *p = context;
    struct http_server *s = server_at(p->port);
    struct flight *f = *flight_of(p->flight);
    struct peer peer, server;
    enum err err = OK;
    if (f == NULL && (!net.late || p->settled)) {
        packet_free(p);
        return;
    }
    if (s == NULL || *cut_of(p->port))
        err = ERR_UNREACHABLE;
    if (err == OK) {
        struct process *before = world_enter(s->node);
        err = judge(s->tls, p->tls, &peer);
        world_leave(before);
    }
    if (err == OK)
        err = judge(p->tls, s->tls, &server);
    if (err != OK)
        fail(p->flight, err);
    else
        serve(s, p, &peer);
    packet_free(p);
}

static void transmit(const struct flight *f, int64_t after_ms)
{
    struct packet p = { .flight = f->id, .tls = tls_context_ref(f->tls), .port = f->port };
    memcpy(p.path, f->path, sizeof p.path);
    if (buf_put_span(&p.body, buf_span(&f->body)) != OK)
        abort();
    world_after(NULL, after_ms, on_request, packet_new(p));
}

static bool read_url(const char *url, struct flight *f)
{
    const char *colon = strrchr(url, ':');
    return colon != NULL && sscanf(colon, ":%u%63s", &f->port, f->path) == 2;
}

enum err http_client_send(struct http_client *client, const struct http_call *call, http_done_fn *done, struct why *why)
{
    struct flight *f = calloc(1, sizeof *f);
    if (f == NULL)
        abort();
    if (!world_system_call() || !read_url(call->url, f)) {
        free(f);
        return why_set(why, ERR_UNREACHABLE, "%s: no way", call->url);
    }
    f->id = ++net.ids;
    f->client = client;
    f->tls = tls_context_ref(call->tls);
    f->done = done;
    f->context = call->context;
    f->next = net.flights;
    net.flights = f;
    if (buf_put_span(&f->body, call->body) != OK)
        abort();
    fail_later(f->id, ERR_TIMEOUT, call->timeout_ms > 0 ? call->timeout_ms : LIMIT_CALL_MS);
    if (world_chance(LOST_PM))
        fail_later(f->id, ERR_PEER_GONE, (int64_t)world_below(5000));
    else
        transmit(f, delay_ms());
    if (world_chance(DOUBLED_PM))
        transmit(f, delay_ms());
    return OK;
}

/* Nobody here waits with its hands in its lap. */
void http_call_wait(const struct http_call *call, struct http_result *ret_result)
{
    *ret_result = (struct http_result){ .err = ERR_UNREACHABLE };
    (void)!why_set(&ret_result->why, ERR_UNREACHABLE, "%s: nobody waits in the simulation", call->url);
}

/* --- The server --- */

struct http_limits http_limits_default(void) { return (struct http_limits){ .handler_ms = LIMIT_HANDLER_MS }; }

enum err http_server_new(struct loop *loop, const struct http_server_options *o, struct http_server **ret_server, struct why *why)
{
    (void)loop;
    size_t at = 0;
    while (at < HOSTS && net.hosts[at] != NULL)
        at++;
    struct http_server *s = calloc(1, sizeof *s);
    if (s == NULL || at == HOSTS || server_at(o->port) != NULL) {
        free(s);
        return why_set(why, ERR_BUSY, "port %u is taken", o->port);
    }
    *s = (struct http_server){ .node = world_node(), .port = o->port, .tls = tls_context_ref(o->tls), .handler = o->handler, .context = o->context };
    net.hosts[at] = s;
    *ret_server = s;
    return OK;
}

uint16_t http_server_port(const struct http_server *s) { return (uint16_t)s->port; }

void http_server_set_tls(struct http_server *s, struct tls_context *tls)
{
    struct tls_context *old = s->tls;
    s->tls = tls_context_ref(tls);
    tls_context_free(old);
}

void http_server_drain(struct http_server *s, loop_fn *done, void *context) { (void)s, (void)done, (void)context; }

void http_server_free(struct http_server *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < HOSTS; i++)
        if (net.hosts[i] == s)
            net.hosts[i] = NULL;
    while (s->exchanges != NULL) {
        fail_later(s->exchanges->flight, ERR_PEER_GONE, 1 + (int64_t)world_below(FAST_MS));
        exchange_end(s->exchanges);
    }
    tls_context_free(s->tls);
    free(s);
}

const char *http_method(const struct http_exchange *x)
{
    (void)x;
    return "POST";
}

const char *http_query(const struct http_exchange *x)
{
    (void)x;
    return "";
}

const char *http_header(const struct http_exchange *x, const char *name)
{
    (void)x, (void)name;
    return NULL;
}

const char *http_path(const struct http_exchange *x) { return x->path; }
const struct peer *http_peer(const struct http_exchange *x) { return &x->peer; }
const struct cert *http_peer_cert(const struct http_exchange *x) { return x->cert; }
void http_set_data(struct http_exchange *x, void *data) { x->data = data; }
void *http_data(const struct http_exchange *x) { return x->data; }

const char *http_peer_address(const struct http_exchange *x)
{
    (void)x;
    return "192.0.2.1";
}

void http_reply(struct http_exchange *x, int status, const char *content_type, struct span body, const char *extra)
{
    (void)content_type, (void)extra;
    struct peer self = { .role = ROLE_ANONYMOUS };
    struct flight *f = *flight_of(x->flight);
    bool alive = world_system_call();
    x->replied = true;
    end_exchanges(x->server->port, x->flight, false);
    if (!alive || f == NULL)
        return;
    if (world_chance(LOST_PM)) {
        fail_later(x->flight, ERR_PEER_GONE, (int64_t)world_below(5000));
        return;
    }
    struct packet p = { .flight = x->flight, .status = status };
    if (judge(f->tls, x->server->tls, &self) == OK)
        p.peer = self;
    if (buf_put_span(&p.body, body) != OK)
        abort();
    world_after(NULL, delay_ms(), on_reply, packet_new(p));
}

/* --- A run --- */

void net_begin(void) { net = (struct net){ .ids = 0 }; }

void net_end(void)
{
    while (net.packets != NULL)
        packet_free(net.packets);
}
