/* The rows `request` and `handshake`: a keep-alive POST, and a full mutual handshake with one request, against our
 * server, and against OpenSSL alone (blocking, ready-made reply, its own verification). Same process, same foreign
 * client, rounds of both in turn, median of the rounds. Prints one JSON object. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/server.h"
#include "pki/issuer.h"
#include "pki/openssl.h"

enum { ROUNDS = 15, REQUESTS = 2000, HANDSHAKES = 60 };

static const char request[] = "POST /soap HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: 12\r\n\r\n"
                              "<a>12345</a>";
static const char reply[] = "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 16:00:00 GMT\r\nContent-Type: text/xml\r\n"
                            "Content-Length: 12\r\n\r\n<a>12345</a>";

static void must(enum err err, const struct why *why)
{
    if (err == OK)
        return;
    fprintf(stderr, "bench http: %s\n", why_text(why, err));
    exit(1);
}

static void must_be(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench http: %s failed\n", what);
        exit(1);
    }
}

struct party {
    struct key *key;
    struct cert *cert;
};

static struct party root, issuing, server_party, client_party;

static struct party make(const char *profile_name, const char *name, const char *urn, const struct party *issuer)
{
    struct party made;
    struct profile *profile;
    struct why why = { "" };
    AUTO_BUF spki = BUF_INIT;
    must(profile_load((struct span){ 0 }, profile_name, &profile, &why), &why);
    must(key_generate(KEY_P256, &made.key, &why), &why);
    must(key_spki(made.key, &spki), NULL);
    struct cert_order order = { .profile = profile, .common_name = name, .urn = urn, .spki = buf_span(&spki),
                                .not_before = clock_wall_s() - 3600, .not_after = -1 };
    must(cert_issue(&order, issuer == NULL ? NULL : issuer->cert, issuer == NULL ? made.key : issuer->key, &made.cert, &why),
         &why);
    profile_free(profile);
    return made;
}

/* Ours */

static size_t begin(void *context, struct http_exchange *x)
{
    (void)context, (void)x;
    return 65536;
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    (void)context;
    http_reply(x, 200, "text/xml", body, NULL);
}

static void *run_ours(void *context)
{
    struct why why = { "" };
    must(loop_run(context, &why), &why);
    return NULL;
}

static uint16_t start_ours(void)
{
    static const struct http_handler handler = { .begin = begin, .complete = complete };
    const struct cert *chain[] = { server_party.cert, issuing.cert };
    struct trust *trust;
    struct tls_context *tls;
    struct loop *loop;
    struct http_server *server;
    struct why why = { "" };
    pthread_t thread;
    must(trust_new(&trust), NULL);
    must(trust_add_roots(trust, cert_der(root.cert), &why), &why);
    struct tls_options options = { .server = true, .key = server_party.key, .chain = chain, .chain_n = 2, .trust = trust,
                                   .peers = ROLE_BIT(ROLE_STATION) };
    must(tls_context_new(&options, &tls, &why), &why);
    must(loop_new(&loop, &why), &why);
    struct http_server_options at = { .address = "127.0.0.1", .tls = tls, .handler = &handler };
    must(http_server_new(loop, &at, &server, &why), &why);
    must_be(pthread_create(&thread, NULL, run_ours, loop) == 0, "starting a thread");
    return http_server_port(server);
}

/* The floor */

static SSL_CTX *foreign(const SSL_METHOD *method, const struct party *party)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    SSL_CTX_use_certificate(ctx, cert_x509(party->cert));
    SSL_CTX_add1_chain_cert(ctx, cert_x509(issuing.cert));
    SSL_CTX_use_PrivateKey(ctx, key_evp(party->key));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert_x509(root.cert));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    return ctx;
}

static void serve_one(SSL_CTX *ctx, int fd)
{
    char bytes[16384];
    int on = 1;
    SSL *ssl = SSL_new(ctx);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1)
        while (SSL_read(ssl, bytes, sizeof bytes) > 0 && SSL_write(ssl, reply, sizeof reply - 1) > 0)
            ;
    SSL_free(ssl);
    close(fd);
}

static void *run_floor(void *context)
{
    int listener = *(int *)context, fd;
    SSL_CTX *ctx = foreign(TLS_server_method(), &server_party);
    while ((fd = accept(listener, NULL, NULL)) >= 0)
        serve_one(ctx, fd);
    return NULL;
}

static uint16_t start_floor(void)
{
    static int listener;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    pthread_t thread;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must_be(bind(listener, (struct sockaddr *)&at, size) == 0 && listen(listener, 64) == 0 &&
                getsockname(listener, (struct sockaddr *)&at, &size) == 0,
            "listening");
    must_be(pthread_create(&thread, NULL, run_floor, &listener) == 0, "starting a thread");
    return ntohs(at.sin_port);
}

/* The client, the same for both */

static SSL *dial(SSL_CTX *ctx, uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    must_be(connect(fd, (struct sockaddr *)&at, sizeof at) == 0, "connecting");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    must_be(SSL_connect(ssl) == 1, "the handshake");
    return ssl;
}

static void ask(SSL *ssl)
{
    char bytes[4096];
    must_be(SSL_write(ssl, request, sizeof request - 1) > 0 && SSL_read(ssl, bytes, sizeof bytes) > 100, "a request");
}

static void hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static double time_requests(SSL_CTX *ctx, uint16_t port)
{
    SSL *ssl = dial(ctx, port);
    ask(ssl);
    int64_t start = clock_mono_us();
    for (int i = 0; i < REQUESTS; i++)
        ask(ssl);
    int64_t end = clock_mono_us();
    hang_up(ssl);
    return (double)(end - start) / REQUESTS;
}

static double time_handshakes(SSL_CTX *ctx, uint16_t port)
{
    int64_t start = clock_mono_us();
    for (int i = 0; i < HANDSHAKES; i++) {
        SSL *ssl = dial(ctx, port);
        ask(ssl);
        hang_up(ssl);
    }
    return (double)(clock_mono_us() - start) / HANDSHAKES;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, by_size);
    return values[ROUNDS / 2];
}

static void measure(const char *row, double (*once)(SSL_CTX *, uint16_t), SSL_CTX *ctx, const uint16_t ports[2], const char *end)
{
    double ours[ROUNDS], floor_us[ROUNDS], ratio[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        ours[round] = once(ctx, ports[0]);
        floor_us[round] = once(ctx, ports[1]);
        ratio[round] = floor_us[round] / ours[round];
    }
    printf("\"%s\": {\"ratio\": %.3f, \"unit\": \"floor time / our time\", \"ours_us\": %.2f, \"floor_us\": %.2f}%s", row,
           median(ratio), median(ours), median(floor_us), end);
}

int main(void)
{
    root = make("root", "Root", NULL, NULL);
    issuing = make("issuing", "Infrastructure CA", "urn:nameplate:issuer:infrastructure", &root);
    server_party = make("infrastructure", "factory-1", "urn:nameplate:factory:factory-1", &issuing);
    client_party = make("infrastructure", "line-1", "urn:nameplate:station:line-1", &issuing);
    uint16_t ports[2] = { start_ours(), start_floor() };
    SSL_CTX *ctx = foreign(TLS_client_method(), &client_party);
    printf("{");
    measure("request", time_requests, ctx, ports, ", ");
    measure("handshake", time_handshakes, ctx, ports, "}\n");
    SSL_CTX_free(ctx);
    return 0;
}
