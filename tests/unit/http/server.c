#include "../test.h"

#include "harness.h"

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define END "Connection: close\r\n\r\n"
#define HOST "Host: a\r\n"

static const struct row {
    const char *what, *bytes, *statuses;
    const char *contains; /* NULL: anything */
} rows[] = {
    { "a status for HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "404", "not here" },
    { "GET", "GET /hello HTTP/1.1\r\n" HOST END, "200", "Content-Length: 6\r\n" },
    { "HEAD has no body", "HEAD /hello HTTP/1.1\r\n" HOST END, "200", "close\r\n\r\n" },
    { "POST", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "abc", "200", "\r\n\r\nabc" },
    { "chunked POST", "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "200",
      "\r\n\r\nabc" },
    { "an answer that comes later", "GET /later HTTP/1.1\r\n" HOST END, "200", "late" },
    { "pipelined, in order", "GET /later HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST END,
      "200 200 404", "late" },
    { "pieces for HTTP/1.1", "GET /stream?5 HTTP/1.1\r\n" HOST END, "200", "\r\n\r\n5\r\n" },
    { "pieces for HTTP/1.0", "GET /stream?5 HTTP/1.0\r\n\r\n", "200", "Connection: close" },
    { "expected permission", "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n" END "abc", "100 200",
      "abc" },
    { "no permission", "POST /nowhere HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "404", NULL },
    { "body beyond the limit", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", "413", NULL },
    { "body where none is taken", "POST /never HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na", "413", NULL },
    { "smuggled request",
      "POST /echo HTTP/1.1\r\n" HOST
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n",
      "400", NULL },
    { "bad chunk size", "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "400", NULL },
    { "unknown coding", "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", "501", NULL },
    { "nothing after a refusal", "GET / HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n" HOST END, "400", NULL },
    { "a reply that breaks off", "GET /half HTTP/1.1\r\n" HOST "\r\n", "", NULL },
};

static void requests_get_the_replies_that_they_deserve(void **state)
{
    (void)state;
    struct harness h;
    harness_start(&h, NULL, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_BUF reply = BUF_INIT;
        char statuses[128];
        wire_talk(h.port, rows[i].bytes, &reply);
        wire_statuses(&reply, statuses);
        if (strcmp(statuses, rows[i].statuses) != 0 && strcmp(rows[i].bytes, "GET /half HTTP/1.1\r\n" HOST "\r\n") != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].what, statuses, rows[i].statuses);
        if (rows[i].contains != NULL && strstr(buf_text(&reply), rows[i].contains) == NULL)
            fail_msg("%s: no \"%s\" in \"%s\"", rows[i].what, rows[i].contains, buf_text(&reply));
        if (strstr(buf_text(&reply), "0\r\n\r\n") != NULL && strstr(rows[i].bytes, "/half") != NULL)
            fail_msg("the broken reply looks whole");
    }
    harness_stop(&h);
}

static const char secret_word[] = "tr0ub4dor-and-three";
static atomic_int left_behind; /* blocks that were freed with the word in them */

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
    if (block != NULL && memmem(block, malloc_usable_size(block), secret_word, sizeof secret_word - 1) != NULL)
        left_behind++;
    __real_free(block);
}

/* Passwords and packs pass here. */
static void what_was_read_is_not_left_behind_in_freed_memory(void **state)
{
    (void)state;
    struct harness h;
    char bytes[256];
    AUTO_WIPED_BUF reply = BUF_INIT;
    snprintf(bytes, sizeof bytes, "POST /echo HTTP/1.1\r\n" HOST "Authorization: Bearer %s\r\nContent-Length: %zu\r\n" END "%s", secret_word,
             sizeof secret_word - 1, secret_word);
    harness_start(&h, NULL, NULL);
    wire_talk(h.port, bytes, &reply);
    assert_non_null(strstr(buf_text(&reply), secret_word));
    harness_stop(&h);
    assert_int_equal(left_behind, 0);
}

static struct http_limits short_limits(void)
{
    struct http_limits limits = http_limits_default();
    limits.handshake_ms = limits.header_ms = limits.body_idle_ms = limits.idle_ms = limits.handler_ms = 200;
    limits.linger_ms = 100;
    return limits;
}

/* What is sent at once, what is then sent byte by byte every 20 ms, and how it ends. */
static const struct slow {
    const char *what, *first, *drip;
    const char *statuses;
} slow[] = {
    { "nothing at all", "", "", "" },
    { "header that stops", "GET / HT", "", "408" },
    { "header that drips", "GET / HTTP/1.1\r\nX: ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "408" },
    { "body that stops", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\na", "", "408" },
    { "body that drips", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99\r\n\r\n",
      /* longer than the end may take: it ends for its rate, not when the drops end */
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "408" },
    { "idle after a request", "GET /hello HTTP/1.1\r\n" HOST "\r\n", "", "200" },
    { "handler that never answers", "GET /never HTTP/1.1\r\n" HOST "\r\n", "", "503" },
};

/* How late this thread sleeps: with what the server's loop was late, the time that others had the processor. */
static int64_t sleep_ms(int64_t ms)
{
    int64_t begin = clock_mono_ms();
    usleep((useconds_t)(1000 * ms));
    return clock_mono_ms() - begin - ms;
}

static bool is_over(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLRDHUP };
    return poll(&p, 1, 0) > 0;
}

/* Sends a row and waits for its end: how long that took, without the time in which server and client could not run. */
static int64_t end_slowly(struct harness *h, const struct slow *row, struct buf *reply)
{
    const char *drip = row->drip;
    harness_pause(h);
    int fd = wire_connect(h->port);
    wire_text(fd, row->first);
    harness_go_on(h);
    int64_t begin = clock_mono_ms(), late = -h->late_ms;
    while (!is_over(fd) && clock_mono_ms() < begin + 10000) {
        if (*drip != '\0')
            wire_send(fd, drip++, 1);
        late += sleep_ms(20);
    }
    int64_t took = clock_mono_ms() - begin - late - h->late_ms;
    wire_read_all(fd, reply);
    return took;
}

static void every_phase_has_a_deadline(void **state)
{
    (void)state;
    struct harness h;
    struct http_limits limits = short_limits();
    harness_start(&h, &limits, NULL);
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        AUTO_BUF reply = BUF_INIT;
        char statuses[128];
        int64_t took = end_slowly(&h, &slow[i], &reply);
        wire_statuses(&reply, statuses);
        if (strcmp(statuses, slow[i].statuses) != 0 || took > 1500)
            fail_msg("%s: \"%s\" instead of \"%s\" after %d ms", slow[i].what, statuses, slow[i].statuses, (int)took);
    }
    harness_stop(&h);
}

static void a_reader_that_does_not_read_is_dropped(void **state)
{
    (void)state;
    struct harness h;
    struct http_limits limits = short_limits();
    harness_start(&h, &limits, NULL);
    int fd = wire_connect(h.port);
    wire_text(fd, "GET /stream?50000000 HTTP/1.1\r\n" HOST "\r\n");
    harness_await(&h.ended, 1);
    assert_int_equal(h.replied, 0);
    close(fd);
    harness_stop(&h);
}

static void a_long_reply_waits_for_its_reader_in_flat_memory(void **state)
{
    (void)state;
    struct harness h;
    harness_start(&h, NULL, NULL);
    AUTO_BUF reply = BUF_INIT;
    wire_talk(h.port, "GET /stream?20000000 HTTP/1.0\r\n\r\n", &reply);
    const char *body = strstr(buf_text(&reply), "\r\n\r\n");
    assert_int_equal(reply.len - (size_t)(body + 4 - (const char *)reply.data), 20000000);
    assert_true(h.most_waiting <= 256 * 1024 + 17 * 1024);
    harness_stop(&h);
}

static void a_long_body_arrives_in_pieces(void **state)
{
    (void)state;
    static char zeros[1 << 20];
    struct harness h;
    harness_start(&h, NULL, NULL);
    int fd = wire_connect(h.port);
    wire_text(fd, "POST /sink HTTP/1.1\r\n" HOST "Content-Length: 20971520\r\n" END);
    for (int i = 0; i < 20; i++)
        wire_send(fd, zeros, sizeof zeros);
    AUTO_BUF reply = BUF_INIT;
    wire_read_all(fd, &reply);
    assert_non_null(strstr(buf_text(&reply), "\r\n\r\n20971520\n"));
    harness_stop(&h);
}

static void one_peer_cannot_take_all_connections(void **state)
{
    (void)state;
    struct harness h;
    struct http_limits limits = http_limits_default();
    limits.connections_per_peer = 8;
    harness_start(&h, &limits, NULL);
    int fds[20];
    for (int i = 0; i < 20; i++)
        fds[i] = wire_connect(h.port);
    for (int i = 8; i < 20; i++) {
        AUTO_BUF nothing = BUF_INIT;
        wire_read_all(fds[i], &nothing);
        assert_int_equal(nothing.len, 0);
    }
    AUTO_BUF reply = BUF_INIT;
    wire_text(fds[7], "GET /hello HTTP/1.1\r\n" HOST END);
    wire_read_all(fds[7], &reply);
    assert_non_null(strstr(buf_text(&reply), " 200 "));
    close(fds[0]);
    AUTO_BUF again = BUF_INIT;
    for (int i = 0; i < 1000 && again.len == 0; i++) { /* until the server has seen that it went */
        usleep(5000);
        wire_talk(h.port, "GET /hello HTTP/1.1\r\n" HOST END, &again);
    }
    assert_non_null(strstr(buf_text(&again), " 200 "));
    for (int i = 1; i < 7; i++)
        close(fds[i]);
    harness_stop(&h);
}

static long cpu_ms(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000 + used.ru_stime.tv_sec * 1000 +
           used.ru_stime.tv_usec / 1000;
}

static void running_out_of_descriptors_neither_spins_nor_loses_the_listener(void **state)
{
    (void)state;
    struct harness h;
    struct rlimit old, few = { .rlim_cur = 64 };
    harness_start(&h, NULL, NULL);
    getrlimit(RLIMIT_NOFILE, &old);
    few.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_NOFILE, &few);
    int taken[64], n = 0;
    int fd = wire_connect(h.port);
    wire_text(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    harness_await(&h.ended, 1); /* accepted: it takes no descriptor later */
    while (n < 64 && (taken[n] = dup(0)) >= 0)
        n++;
    close(taken[--n]);
    int late = wire_connect(h.port); /* takes the last one: accept fails */
    long before = cpu_ms();
    usleep(400000);
    assert_true(cpu_ms() - before < 200);
    while (n > 0)
        close(taken[--n]);
    AUTO_BUF reply = BUF_INIT;
    wire_text(late, "GET /hello HTTP/1.1\r\n" HOST END);
    wire_read_all(late, &reply);
    assert_non_null(strstr(buf_text(&reply), " 200 "));
    close(fd);
    setrlimit(RLIMIT_NOFILE, &old);
    harness_stop(&h);
}

struct drain {
    struct harness *h;
    atomic_int done;
};

static void on_drained(void *context)
{
    ((struct drain *)context)->done = 1;
}

/* What runs is answered after the drain has begun. */
static void release(void *context)
{
    harness_release(context);
}

static void start_drain(void *context)
{
    struct drain *d = context;
    http_server_drain(d->h->server, on_drained, d);
    (void)!loop_timer(d->h->loop, 30, release, d->h, NULL);
}

static void draining_ends_what_runs_and_takes_nothing_new(void **state)
{
    (void)state;
    struct harness h;
    struct drain d = { .h = &h };
    harness_start(&h, NULL, NULL);
    int idle = wire_connect(h.port), busy = wire_connect(h.port);
    wire_text(busy, "GET /held HTTP/1.1\r\n" HOST "\r\n");
    harness_await(&h.begun, 1); /* the idle one came before it */
    assert_ok(loop_post(h.loop, start_drain, &d));
    AUTO_BUF none = BUF_INIT, late = BUF_INIT;
    wire_read_all(idle, &none);
    assert_int_equal(none.len, 0);
    wire_read_all(busy, &late);
    assert_non_null(strstr(buf_text(&late), "Connection: close"));
    assert_non_null(strstr(buf_text(&late), "late"));
    harness_await(&d.done, 1);
    harness_stop(&h);
}

static void a_listener_that_cannot_be_had_says_which(void **state)
{
    (void)state;
    struct loop *loop;
    struct http_server *server;
    struct why why;
    static const struct http_handler nothing = { 0 };
    assert_ok(loop_new(&loop, &why));
    struct http_server_options options = { .address = "198.51.100.1", .port = 8440, .handler = &nothing };
    assert_err(http_server_new(loop, &options, &server, &why), ERR_IO);
    assert_non_null(strstr(why.text, "198.51.100.1 port 8440"));
    options.address = "localhost";
    assert_err(http_server_new(loop, &options, &server, &why), ERR_CONFIG);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_get_the_replies_that_they_deserve),
        cmocka_unit_test(what_was_read_is_not_left_behind_in_freed_memory),
        cmocka_unit_test(every_phase_has_a_deadline),
        cmocka_unit_test(a_reader_that_does_not_read_is_dropped),
        cmocka_unit_test(a_long_reply_waits_for_its_reader_in_flat_memory),
        cmocka_unit_test(a_long_body_arrives_in_pieces),
        cmocka_unit_test(one_peer_cannot_take_all_connections),
        cmocka_unit_test(running_out_of_descriptors_neither_spins_nor_loses_the_listener),
        cmocka_unit_test(draining_ends_what_runs_and_takes_nothing_new),
        cmocka_unit_test(a_listener_that_cannot_be_had_says_which),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
