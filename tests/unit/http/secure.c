/* HTTPS between real programs' halves: who gets through, what the refused one reads, whose connection is used. */
#include "../tls/people.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"

#define ALL (~ROLE_BIT(ROLE_ANONYMOUS))

static struct http_result get(uint16_t port, const char *path, struct tls_context *tls)
{
    char url[80];
    struct http_result result;
    snprintf(url, sizeof url, "https://127.0.0.1:%u%s", (unsigned)port, path);
    struct http_call call = { .url = url, .method = "GET", .tls = tls, .timeout_ms = 5000 };
    http_call_wait(&call, &result);
    return result;
}

static void both_ends_know_each_other(void **state)
{
    struct people *p = *state;
    struct harness h;
    struct tls_context *server = context_for(p, &p->of[FACTORY], true, ROLE_BIT(ROLE_STATION));
    struct tls_context *client = context_for(p, &p->of[STATION], false, ROLE_BIT(ROLE_FACTORY));
    harness_start(&h, NULL, server);
    struct http_result result = get(h.port, "/who", client);
    if (result.err != OK)
        fail_msg("%s", why_text(&result.why, result.err));
    assert_string_equal(buf_text(&result.body), "station line-1");
    assert_int_equal(result.peer.role, ROLE_FACTORY);
    assert_string_equal(result.peer.name, "factory-1");
    http_result_done(&result);
    harness_stop(&h);
    tls_context_free(server);
    tls_context_free(client);
}

/* F-26: the sentence at the client, and the one in the server's log. */
static const struct row {
    enum who server, client;
    unsigned server_takes, client_takes;
    const char *client_reads, *server_logs; /* server_logs NULL: whatever */
} rows[] = {
    { CA, STATION, ROLE_BIT(ROLE_FACTORY), ALL, "refused our certificate or TLS: unsupported certificate",
      "station line-1 has no business here" },
    { CA, EXPIRED, ALL, ALL, "refused our certificate or TLS: certificate expired", "expired" },
    { CA, STRANGER, ALL, ALL, "refused our certificate or TLS: bad certificate", NULL },
    { CA, WHO_COUNT, ALL, ALL, "refused our certificate or TLS: certificate required", "did not return a certificate" },
    { STATION, FACTORY, ALL, ROLE_BIT(ROLE_CA), " was refused: station line-1 has no business here", "unsupported certificate" },
    { EXPIRED, FACTORY, ALL, ALL, " was refused: ", "certificate expired" },
    { STRANGER, FACTORY, ALL, ALL, " was refused: ", "bad certificate" },
};

static void the_refused_one_reads_why(void **state)
{
    struct people *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct harness h;
        const struct person *client_is = rows[i].client == WHO_COUNT ? NULL : &p->of[rows[i].client];
        struct tls_context *server = context_for(p, &p->of[rows[i].server], true, rows[i].server_takes);
        struct tls_context *client = context_for(p, client_is, false, rows[i].client_takes);
        harness_start(&h, NULL, server);
        struct http_result result = get(h.port, "/hello", client);
        for (int k = 0; k < 100 && h.refused == 0; k++)
            usleep(10000);
        assert_err(result.err, ERR_BAD_CERTIFICATE);
        if (strstr(result.why.text, rows[i].client_reads) == NULL || strstr(result.why.text, "https://127.0.0.1:") == NULL)
            fail_msg("row %zu: the client reads \"%s\"", i, result.why.text);
        assert_int_equal(h.begun, 0);
        assert_int_equal(h.refused, 1);
        if (rows[i].server_logs != NULL && strstr(h.refusal, rows[i].server_logs) == NULL)
            fail_msg("row %zu: the server logs \"%s\"", i, h.refusal);
        http_result_done(&result);
        harness_stop(&h);
        tls_context_free(server);
        tls_context_free(client);
    }
}

struct alternation {
    struct loop *loop;
    struct http_client *client;
    struct tls_context *as[2];
    char url[64];
    int n, wrong;
};

static void send_next(struct alternation *a);

static void on_reply(void *context, struct http_result *result)
{
    static const char *const names[] = { "station line-1", "device 3012-123456" };
    struct alternation *a = context;
    a->wrong += result->err != OK || strcmp(buf_text(&result->body), names[a->n % 2]) != 0 || result->peer.role != ROLE_FACTORY;
    if (++a->n == 6)
        loop_stop(a->loop);
    else
        send_next(a);
}

static void send_next(struct alternation *a)
{
    struct http_call call = { .url = a->url, .method = "GET", .tls = a->as[a->n % 2], .context = a };
    assert_ok(http_client_send(a->client, &call, on_reply, NULL));
}

/* One client, two identities in turn: each call goes out under its own, on connections that are reused (two are
 * all that the server allows). */
static void a_connection_is_never_used_under_another_identity(void **state)
{
    struct people *p = *state;
    struct harness h;
    struct http_limits limits = http_limits_default();
    limits.connections_per_peer = 2;
    struct tls_context *server = context_for(p, &p->of[FACTORY], true, ALL);
    struct alternation a = { .as = { context_for(p, &p->of[STATION], false, ALL), context_for(p, &p->of[DEVICE], false, ALL) } };
    harness_start(&h, &limits, server);
    snprintf(a.url, sizeof a.url, "https://127.0.0.1:%u/who", (unsigned)h.port);
    assert_ok(loop_new(&a.loop, NULL));
    assert_ok(http_client_new(a.loop, &a.client, NULL));
    send_next(&a);
    assert_ok(loop_run(a.loop, NULL));
    assert_int_equal(a.n, 6);
    assert_int_equal(a.wrong, 0);
    http_client_free(a.client);
    loop_free(a.loop);
    harness_stop(&h);
    tls_context_free(server);
    tls_context_free(a.as[0]);
    tls_context_free(a.as[1]);
}

static enum err give(void *context, void *to, size_t max, size_t *ret_n)
{
    size_t *left = context, n = *left < max ? *left : max;
    memset(to, 'x', n);
    *left -= n;
    *ret_n = n;
    return OK;
}

static enum err count(void *context, struct span piece)
{
    *(size_t *)context += piece.n;
    return OK;
}

static void long_bodies_stream_both_ways_in_flat_memory(void **state)
{
    struct people *p = *state;
    struct harness h;
    size_t left = 20000000, got = 0;
    char url[64];
    struct http_result result;
    struct tls_context *server = context_for(p, &p->of[CA], true, ALL), *client = context_for(p, &p->of[FACTORY], false, ALL);
    harness_start(&h, NULL, server);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/sink", (unsigned)h.port);
    struct http_call up = { .url = url, .method = "POST", .tls = client, .read_body = give, .context = &left };
    http_call_wait(&up, &result);
    assert_ok(result.err);
    assert_string_equal(buf_text(&result.body), "20000000\n");
    http_result_done(&result);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/stream?20000000", (unsigned)h.port);
    struct http_call down = { .url = url, .method = "GET", .tls = client, .on_piece = count, .context = &got };
    http_call_wait(&down, &result);
    assert_ok(result.err);
    assert_int_equal(got, 20000000);
    assert_true(h.most_waiting <= 256 * 1024 + 17 * 1024);
    http_result_done(&result);
    harness_stop(&h);
    tls_context_free(server);
    tls_context_free(client);
}

static void a_handshake_that_stalls_is_ended(void **state)
{
    struct people *p = *state;
    struct harness h;
    struct http_limits limits = http_limits_default();
    limits.handshake_ms = 150;
    struct tls_context *server = context_for(p, &p->of[CA], true, ALL);
    harness_start(&h, &limits, server);
    AUTO_BUF nothing = BUF_INIT;
    int fd = wire_connect(h.port);
    wire_send(fd, "\x16\x03\x01\x02\x00\x01", 6); /* the first bytes of a ClientHello */
    wire_read_all(fd, &nothing);
    assert_int_equal(nothing.len, 0);
    assert_int_equal(h.refused, 1);
    harness_stop(&h);
    tls_context_free(server);
}

/* More silent connections than handshakes may be under way: they delay an honest peer by moments, and do not lock it out. */
static void silent_connections_do_not_lock_out_an_honest_peer(void **state)
{
    enum { BOUND = 20 };
    struct people *p = *state;
    struct harness h;
    struct http_limits limits = http_limits_default();
    limits.handshakes = BOUND;
    limits.handshake_grace_ms = 300;
    limits.connections_per_peer = BOUND + 2;
    struct tls_context *server = context_for(p, &p->of[FACTORY], true, ALL);
    struct alternation a = { .as = { context_for(p, &p->of[STATION], false, ALL), context_for(p, &p->of[DEVICE], false, ALL) } };
    int silent[2 * BOUND];
    harness_start(&h, &limits, server);
    for (int i = 0; i < 2 * BOUND; i++)
        silent[i] = wire_connect(h.port);
    snprintf(a.url, sizeof a.url, "https://127.0.0.1:%u/who", (unsigned)h.port);
    assert_ok(loop_new(&a.loop, NULL));
    assert_ok(http_client_new(a.loop, &a.client, NULL));
    send_next(&a);
    assert_ok(loop_run(a.loop, NULL));
    assert_int_equal(a.n, 6);
    assert_int_equal(a.wrong, 0);
    assert_true(h.refused >= BOUND);
    for (int i = 0; i < 2 * BOUND; i++)
        close(silent[i]);
    http_client_free(a.client);
    loop_free(a.loop);
    harness_stop(&h);
    tls_context_free(server);
    tls_context_free(a.as[0]);
    tls_context_free(a.as[1]);
}

static void plain_http_to_a_tls_port_is_no_request(void **state)
{
    struct people *p = *state;
    struct harness h;
    struct tls_context *server = context_for(p, &p->of[CA], true, ALL);
    harness_start(&h, NULL, server);
    AUTO_BUF reply = BUF_INIT;
    wire_talk(h.port, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", &reply);
    assert_null(strstr(buf_text(&reply), "hello"));
    assert_int_equal(h.begun, 0);
    harness_stop(&h);
    tls_context_free(server);
}

struct swap {
    struct harness *h;
    struct tls_context *tls;
    atomic_bool done;
};

static void set_tls(void *context)
{
    struct swap *swap = context;
    http_server_set_tls(swap->h->server, swap->tls);
    swap->done = true;
}

static void a_reloaded_context_counts_for_the_next_connection(void **state)
{
    struct people *p = *state;
    struct harness h;
    struct tls_context *open = context_for(p, &p->of[CA], true, ALL),
                       *strict = context_for(p, &p->of[CA], true, ROLE_BIT(ROLE_CENTER));
    struct tls_context *client = context_for(p, &p->of[STATION], false, ALL);
    harness_start(&h, NULL, open);
    struct http_result before = get(h.port, "/hello", client);
    struct swap swap = { .h = &h, .tls = strict };
    assert_ok(loop_post(h.loop, set_tls, &swap));
    while (!swap.done)
        usleep(1000);
    struct http_result after = get(h.port, "/hello", client);
    assert_ok(before.err);
    assert_err(after.err, ERR_BAD_CERTIFICATE);
    http_result_done(&before);
    http_result_done(&after);
    harness_stop(&h);
    tls_context_free(open);
    tls_context_free(strict);
    tls_context_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_know_each_other),
        cmocka_unit_test(the_refused_one_reads_why),
        cmocka_unit_test(a_connection_is_never_used_under_another_identity),
        cmocka_unit_test(long_bodies_stream_both_ways_in_flat_memory),
        cmocka_unit_test(a_handshake_that_stalls_is_ended),
        cmocka_unit_test(silent_connections_do_not_lock_out_an_honest_peer),
        cmocka_unit_test(plain_http_to_a_tls_port_is_no_request),
        cmocka_unit_test(a_reloaded_context_counts_for_the_next_connection),
    };
    return cmocka_run_group_tests_name("secure", tests, people_setup, people_teardown);
}
