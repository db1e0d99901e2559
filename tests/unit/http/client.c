#include "../test.h"

#include "harness.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"

static struct harness h, narrow;

static int set_up(void **state)
{
    (void)state;
    harness_start(&h, NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    harness_stop(&h);
    return 0;
}

static const char *url(const char *path)
{
    static char text[80];
    snprintf(text, sizeof text, "http://127.0.0.1:%u%s", (unsigned)h.port, path);
    return text;
}

static void a_call_brings_status_and_body(void **state)
{
    (void)state;
    const char *const headers[] = { "SOAPAction: \"\"", NULL };
    struct http_call call = {
        .url = url("/echo"), .method = "POST", .body = span_text("three lines"), .headers = headers, .content_type = "text/xml"
    };
    struct http_result result;
    http_call_wait(&call, &result);
    assert_ok(result.err);
    assert_int_equal(result.status, 200);
    assert_true(span_equal(buf_span(&result.body), call.body));
    http_result_done(&result);
    call = (struct http_call){ .url = url("/nowhere"), .method = "GET" };
    http_call_wait(&call, &result);
    assert_ok(result.err);
    assert_int_equal(result.status, 404);
    http_result_done(&result);
}

static void proxies_of_the_environment_are_not_used(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    struct http_call call = { .url = url("/hello"), .method = "GET" };
    struct http_result result;
    http_call_wait(&call, &result);
    assert_ok(result.err);
    http_result_done(&result);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

/* F-11: the station reaches its device from the bench's own address. */
static void a_call_can_be_bound_to_an_address(void **state)
{
    (void)state;
    struct http_call call = { .url = url("/from"), .method = "GET", .interface = "127.0.0.7" };
    struct http_result result;
    http_call_wait(&call, &result);
    assert_ok(result.err);
    assert_string_equal(buf_text(&result.body), "127.0.0.7");
    http_result_done(&result);
}

struct flow {
    size_t left, got;
    enum err end; /* returned when `got` reaches stop_at */
    size_t stop_at;
};

static enum err give(void *context, void *to, size_t max, size_t *ret_n)
{
    struct flow *flow = context;
    size_t n = flow->left < max ? flow->left : max;
    memset(to, 'x', n);
    flow->left -= n;
    *ret_n = n;
    return OK;
}

static enum err take(void *context, struct span piece)
{
    struct flow *flow = context;
    flow->got += piece.n;
    return flow->stop_at != 0 && flow->got >= flow->stop_at ? flow->end : OK;
}

static void bodies_stream_both_ways(void **state)
{
    (void)state;
    struct flow up = { .left = 20000000 }, down = { 0 };
    struct http_call call = { .url = url("/sink"), .method = "POST", .read_body = give, .context = &up };
    struct http_result result;
    http_call_wait(&call, &result);
    assert_ok(result.err);
    assert_string_equal(buf_text(&result.body), "20000000\n");
    http_result_done(&result);
    call = (struct http_call){ .url = url("/stream?20000000"), .method = "GET", .on_piece = take, .context = &down };
    http_call_wait(&call, &result);
    assert_ok(result.err);
    assert_int_equal(down.got, 20000000);
    assert_int_equal(result.body.len, 0);
    http_result_done(&result);
}

/* A server that is none: answers whatever with one text. */
static void *babble(void *context)
{
    int fd = accept(*(int *)context, NULL, NULL);
    char line[256];
    if (fd >= 0 && recv(fd, line, sizeof line, 0) > 0)
        send(fd, "220 mail.example ESMTP\r\n", 24, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void a_server_that_speaks_something_else_is_told_as_such(void **state)
{
    (void)state;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    char text[64];
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size) + listen(fd, 1) + getsockname(fd, (struct sockaddr *)&at, &size), 0);
    pthread_create(&thread, NULL, babble, &fd);
    snprintf(text, sizeof text, "http://127.0.0.1:%u/", (unsigned)ntohs(at.sin_port));
    struct http_call call = { .url = text, .method = "GET" };
    struct http_result result;
    http_call_wait(&call, &result);
    pthread_join(thread, NULL);
    close(fd);
    assert_err(result.err, ERR_BAD_INPUT);
    assert_non_null(strstr(result.why.text, "does not answer as an HTTP server does"));
    http_result_done(&result);
}

static const struct row {
    const char *url; /* a path of the harness, or a whole URL */
    enum err err;
    const char *sentence;
    size_t stop_at; /* bytes after which our own callback gives up with NO_SPACE */
} rows[] = {
    { "http://127.0.0.1:1/x", ERR_UNREACHABLE, "cannot reach http://127.0.0.1:1: connection refused", 0 },
    { "https://127.0.0.1:1/x", ERR_USAGE, "\"https://127.0.0.1:1\" is not a URL that begins with http://", 0 },
    { "ftp://127.0.0.1:1/x", ERR_USAGE, "\"ftp://127.0.0.1:1\" is not a URL that begins with http://", 0 },
    { "http://[bad/x", ERR_USAGE, "is not a URL that can be called", 0 },
    { "/never", ERR_TIMEOUT, "did not answer within 300 ms", 0 },
    { "/half", ERR_PEER_GONE, "closed the connection before its reply was whole", 0 },
    { "/stream?200000", ERR_TOO_LARGE, "the reply is larger than the limit", 0 },
    { "/stream?200000", ERR_NO_SPACE, "the disk is full", 50000 },
};

static void every_failure_says_who_and_what(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct flow flow = { .stop_at = rows[i].stop_at, .end = ERR_NO_SPACE };
        struct http_call call = {
            .url = rows[i].url[0] == '/' ? url(rows[i].url) : rows[i].url, .method = "GET", .timeout_ms = 300, .context = &flow
        };
        if (rows[i].stop_at != 0)
            call.on_piece = take;
        struct http_result result;
        http_call_wait(&call, &result);
        if (result.err != rows[i].err || strstr(result.why.text, rows[i].sentence) == NULL)
            fail_msg("%s: %s \"%s\" instead of \"%s\"", rows[i].url, err_row(result.err)->name, result.why.text,
                     rows[i].sentence);
        http_result_done(&result);
    }
}

struct series {
    struct loop *loop;
    struct http_client *client;
    int left, failed;
};

static void on_done(void *context, struct http_result *result)
{
    struct series *s = context;
    struct why why = { "" };
    char later[64];
    snprintf(later, sizeof later, "http://127.0.0.1:%u/later", (unsigned)narrow.port);
    struct http_call call = { .url = later, .method = "GET", .context = s };
    s->failed += result != NULL && (result->err != OK || result->status != 200);
    if (s->left-- == 0)
        loop_stop(s->loop);
    else if (http_client_send(s->client, &call, on_done, &why) != OK)
        fail_msg("%s", why.text);
}

static void calls_one_after_the_other_share_a_connection(void **state)
{
    (void)state;
    struct http_limits limits = http_limits_default();
    limits.connections_per_peer = 1;
    limits.linger_ms = 50;
    harness_start(&narrow, &limits, NULL); /* one connection is all that a peer gets: a second one would fail */
    struct series s = { .left = 5 };
    assert_ok(loop_new(&s.loop, NULL));
    assert_ok(http_client_new(s.loop, &s.client, NULL));
    on_done(&s, NULL);
    assert_ok(loop_run(s.loop, NULL));
    assert_int_equal(s.failed, 0);
    http_client_free(s.client);
    loop_free(s.loop);
    harness_stop(&narrow);
}

static int gone;

static void on_gone(void *context, struct http_result *result)
{
    (void)context;
    gone += result->err == ERR_PEER_GONE;
}

static void calls_under_way_end_with_the_client(void **state)
{
    (void)state;
    struct loop *loop;
    struct http_client *client;
    struct http_call call = { .url = url("/never"), .method = "GET" };
    assert_ok(loop_new(&loop, NULL));
    assert_ok(http_client_new(loop, &client, NULL));
    gone = 0;
    for (int i = 0; i < 3; i++)
        assert_ok(http_client_send(client, &call, on_gone, NULL));
    http_client_free(client);
    assert_int_equal(gone, 3);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_brings_status_and_body),
        cmocka_unit_test(proxies_of_the_environment_are_not_used),
        cmocka_unit_test(a_call_can_be_bound_to_an_address),
        cmocka_unit_test(bodies_stream_both_ways),
        cmocka_unit_test(a_server_that_speaks_something_else_is_told_as_such),
        cmocka_unit_test(every_failure_says_who_and_what),
        cmocka_unit_test(calls_one_after_the_other_share_a_connection),
        cmocka_unit_test(calls_under_way_end_with_the_client),
    };
    return cmocka_run_group_tests_name("client", tests, set_up, tear_down);
}
