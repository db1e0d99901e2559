/* The client of very many connections: under whose name each speaks, and how its requests end. */
#include "../tls/people.h"

#include "harness.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/light.h"

#define ALL (~ROLE_BIT(ROLE_ANONYMOUS))

struct caller {
    struct loop *loop;
    struct http_light *light;
    int done, more; /* requests that ended; that shall follow */
    enum err err;
    int status;
    char body[64];
};

static void post(struct caller *c, const char *path, int64_t timeout_ms)
{
    struct why why = { "" };
    assert_ok(http_light_post(c->light, path, "text/plain", span_text("abc"), timeout_ms, &why));
    assert_err(http_light_post(c->light, path, "text/plain", span_text("abc"), timeout_ms, &why), ERR_BUSY);
}

static void on_done(void *context, enum err err, int status, struct span body, const struct why *why)
{
    struct caller *c = context;
    (void)why;
    c->done++;
    c->err = err;
    c->status = status;
    snprintf(c->body, sizeof c->body, "%.*s", (int)body.n, (const char *)body.at);
    if (c->more-- > 0)
        post(c, "/echo", 5000);
    else
        loop_stop(c->loop);
}

static struct caller call(uint16_t port, struct tls_context *tls, const struct person *as, const char *path, int more, int64_t timeout_ms)
{
    struct caller c = { .more = more };
    struct http_light_options options = { .address = "127.0.0.1", .port = port, .tls = tls, .max_reply = 40 };
    const struct cert *chain[2] = { as == NULL ? NULL : as->cert, as == NULL ? NULL : as->issuer };
    if (as != NULL) {
        options.key = as->key;
        options.chain_n = 2;
        options.chain = chain;
    }
    assert_ok(loop_new(&c.loop, NULL));
    assert_ok(http_light_new(c.loop, &options, on_done, &c, &c.light));
    post(&c, path, timeout_ms);
    assert_ok(loop_run(c.loop, NULL));
    http_light_free(c.light);
    loop_free(c.loop);
    return c;
}

/* One context, several identities: the server sees whose each connection is. */
static void each_connection_shows_its_own_identity(void **state)
{
    static const struct {
        enum who as;
        const char *seen;
    } rows[] = { { STATION, "station line-1" }, { DEVICE, "device 3012-123456" } };
    struct people *p = *state;
    struct harness h;
    struct tls_context *server = context_for(p, &p->of[FACTORY], true, ALL), *client = context_for(p, NULL, false, ROLE_BIT(ROLE_FACTORY));
    harness_start(&h, NULL, server);
    for (size_t i = 0; i < 2; i++) {
        struct caller c = call(h.port, client, &p->of[rows[i].as], "/who", 0, 5000);
        assert_ok(c.err);
        assert_string_equal(c.body, rows[i].seen);
    }
    harness_stop(&h);
    tls_context_free(server);
    tls_context_free(client);
}

static void a_connection_is_kept_for_the_next_request(void **state)
{
    struct people *p = *state;
    struct harness h;
    struct http_limits limits = http_limits_default();
    limits.connections = 1;
    struct tls_context *server = context_for(p, &p->of[FACTORY], true, ALL), *client = context_for(p, &p->of[STATION], false, ALL);
    harness_start(&h, &limits, server);
    struct caller c = call(h.port, client, NULL, "/echo", 20, 5000);
    assert_ok(c.err);
    assert_int_equal(c.done, 21);
    assert_int_equal(c.status, 200);
    assert_string_equal(c.body, "abc");
    harness_stop(&h);
    tls_context_free(server);
    tls_context_free(client);
}

static void a_request_that_cannot_be_answered_says_why(void **state)
{
    struct people *p = *state;
    struct harness h;
    struct tls_context *server = context_for(p, &p->of[FACTORY], true, ALL), *client = context_for(p, &p->of[STATION], false, ALL);
    struct tls_context *picky = context_for(p, &p->of[STATION], false, ROLE_BIT(ROLE_CA));
    harness_start(&h, NULL, server);
    assert_err(call(h.port, client, NULL, "/stream?100", 0, 5000).err, ERR_TOO_LARGE);
    assert_err(call(h.port, client, NULL, "/half", 0, 5000).err, ERR_PEER_GONE);
    assert_err(call(h.port, picky, NULL, "/who", 0, 5000).err, ERR_BAD_CERTIFICATE);
    assert_int_equal(call(h.port, client, NULL, "/nowhere", 0, 5000).status, 404);
    harness_stop(&h);
    assert_err(call(h.port, client, NULL, "/who", 0, 5000).err, ERR_UNREACHABLE);
    tls_context_free(server);
    tls_context_free(client);
    tls_context_free(picky);
}

/* The socket of a server that takes connections and says nothing. */
static int mute_server(uint16_t *ret_port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static void a_server_that_says_nothing_is_left_in_time(void **state)
{
    struct people *p = *state;
    uint16_t port;
    int fd = mute_server(&port);
    struct tls_context *client = context_for(p, &p->of[STATION], false, ALL);
    assert_err(call(port, client, NULL, "/who", 0, 100).err, ERR_TIMEOUT);
    tls_context_free(client);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_connection_shows_its_own_identity),
        cmocka_unit_test(a_connection_is_kept_for_the_next_request),
        cmocka_unit_test(a_request_that_cannot_be_answered_says_why),
        cmocka_unit_test(a_server_that_says_nothing_is_left_in_time),
    };
    return cmocka_run_group_tests_name("light", tests, people_setup, people_teardown);
}
