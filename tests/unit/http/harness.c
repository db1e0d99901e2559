#include "../test.h"

#include "harness.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

struct job {
    struct harness *h;
    struct http_exchange *x;
    size_t left;  /* of a stream */
    size_t taken; /* of a sink */
    struct buf echo;
    uint64_t timer;
};

static void say(struct http_exchange *x, int status, const char *text)
{
    http_reply(x, status, "text/plain", span_text(text), NULL);
}

static void answer_later(void *context)
{
    struct job *job = context;
    job->timer = 0;
    say(job->x, 200, "late\n");
}

static void stream_more(void *context)
{
    static const uint8_t piece[16 * 1024];
    struct job *job = context;
    while (job->left > 0 && http_reply_waiting(job->x) < 256 * 1024) {
        size_t n = job->left < sizeof piece ? job->left : sizeof piece;
        http_reply_piece(job->x, span_of(piece, n));
        job->left -= n;
    }
    size_t waiting = http_reply_waiting(job->x);
    if (waiting > job->h->most_waiting)
        job->h->most_waiting = waiting;
    if (job->left == 0)
        http_reply_end(job->x);
}

static void start_stream(struct job *job)
{
    job->left = strtoul(http_query(job->x), NULL, 10);
    http_reply_begin(job->x, 200, "application/octet-stream", stream_more, job);
}

static void say_who(struct http_exchange *x)
{
    AUTO_BUF text = BUF_INIT;
    const struct peer *peer = http_peer(x);
    if (buf_putf(&text, "%s %s", role_name(peer->role), peer->name) == OK)
        say(x, 200, buf_text(&text));
}

static size_t begin(void *context, struct http_exchange *x)
{
    struct harness *h = context;
    const char *path = http_path(x);
    struct job *job = calloc(1, sizeof *job);
    *job = (struct job){ .h = h, .x = x };
    http_set_data(x, job);
    h->begun++;
    if (strcmp(path, "/hello") == 0)
        say(x, 200, "hello\n");
    else if (strcmp(path, "/who") == 0)
        say_who(x);
    else if (strcmp(path, "/from") == 0)
        say(x, 200, http_peer_address(x));
    else if (strcmp(path, "/stream") == 0)
        start_stream(job);
    else if (strcmp(path, "/half") == 0) {
        http_reply_begin(x, 200, "text/plain", NULL, NULL);
        http_reply_piece(x, span_text("half"));
        http_reply_abort(x);
    } else if (strcmp(path, "/later") == 0)
        (void)!loop_timer(h->loop, 30, answer_later, job, &job->timer);
    else if (strcmp(path, "/held") == 0)
        h->held = x;
    else if (strcmp(path, "/echo") == 0)
        return 1024 * 1024;
    else if (strcmp(path, "/sink") == 0)
        return 64 * 1024 * 1024;
    else if (strcmp(path, "/never") != 0)
        say(x, 404, "not here\n");
    return 0;
}

static void body(void *context, struct http_exchange *x, struct span piece)
{
    (void)context;
    struct job *job = http_data(x);
    job->taken += piece.n;
    if (strcmp(http_path(x), "/echo") == 0)
        (void)!buf_put_span(&job->echo, piece);
}

static void complete(void *context, struct http_exchange *x, struct span whole)
{
    (void)context, (void)whole;
    struct job *job = http_data(x);
    char text[32];
    snprintf(text, sizeof text, "%zu\n", job->taken);
    if (strcmp(http_path(x), "/sink") == 0)
        say(x, 200, text);
    else if (strcmp(http_path(x), "/echo") == 0)
        http_reply(x, 200, "text/plain", buf_span(&job->echo), NULL);
}

static void end(void *context, struct http_exchange *x, bool replied)
{
    struct harness *h = context;
    struct job *job = http_data(x);
    loop_cancel(h->loop, job->timer);
    buf_wipe(&job->echo);
    free(job);
    h->ended++;
    h->replied += replied;
}

static void refused(void *context, const char *address, enum err err, const struct why *why)
{
    struct harness *h = context;
    snprintf(h->refusal, sizeof h->refusal, "%s %s", address, why_text(why, err));
    h->refused++;
}

static const struct http_handler handler = { begin, body, complete, end };

/* --- How late everything is, because others have the processor --- */

enum { BEAT_MS = 10, PATIENCE_MS = 10000 };

static void beat(void *context)
{
    struct harness *h = context;
    int64_t now = clock_mono_ms();
    h->late_ms += (int)(now - h->beat_ms);
    h->beat_ms = now + BEAT_MS;
    (void)!loop_timer(h->loop, BEAT_MS, beat, h, NULL);
}

void harness_await(const atomic_int *what, int wanted)
{
    int64_t until = clock_mono_ms() + PATIENCE_MS;
    while (*what < wanted && clock_mono_ms() < until)
        usleep(2000);
    assert_in_range(*what, wanted, INT_MAX);
}

static void pause_here(void *context)
{
    struct harness *h = context;
    sem_post(&h->paused);
    while (sem_wait(&h->go_on) != 0)
        continue;
    h->beat_ms = clock_mono_ms(); /* it was not late, it was told to wait */
}

void harness_pause(struct harness *h)
{
    assert_ok(loop_post(h->loop, pause_here, h));
    while (sem_wait(&h->paused) != 0)
        continue;
}

void harness_go_on(struct harness *h) { sem_post(&h->go_on); }

void harness_release(struct harness *h)
{
    struct http_exchange *x = h->held;
    h->held = NULL;
    say(x, 200, "late\n");
}

static void *run(void *context)
{
    struct harness *h = context;
    (void)!loop_run(h->loop, NULL);
    return NULL;
}

void harness_start(struct harness *h, const struct http_limits *limits, struct tls_context *tls)
{
    struct why why = { "" };
    *h = (struct harness){ 0 };
    struct http_server_options options = {
        .address = "127.0.0.1",
        .tls = tls,
        .handler = &handler,
        .context = h,
        .limits = limits,
        .refused = refused,
    };
    assert_ok(loop_new(&h->loop, &why));
    assert_ok(http_server_new(h->loop, &options, &h->server, &why));
    h->port = http_server_port(h->server);
    sem_init(&h->paused, 0, 0);
    sem_init(&h->go_on, 0, 0);
    h->beat_ms = clock_mono_ms() + BEAT_MS;
    assert_ok(loop_timer(h->loop, BEAT_MS, beat, h, NULL));
    assert_int_equal(pthread_create(&h->thread, NULL, run, h), 0);
}

static void stop(void *context)
{
    loop_stop(((struct harness *)context)->loop);
}

void harness_stop(struct harness *h)
{
    assert_ok(loop_post(h->loop, stop, h));
    pthread_join(h->thread, NULL);
    http_server_free(h->server);
    loop_free(h->loop);
    sem_destroy(&h->paused);
    sem_destroy(&h->go_on);
    assert_int_equal(h->begun, h->ended); /* `end` comes exactly once for each */
}

int wire_connect(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

void wire_send(int fd, const void *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t sent = send(fd, (const char *)bytes + at, n - at, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server closed already: its reply is what counts */
        at += (size_t)sent;
    }
}

void wire_text(int fd, const char *text)
{
    wire_send(fd, text, strlen(text));
}

void wire_read_all(int fd, struct buf *to)
{
    static char bytes[65536];
    int64_t until = clock_mono_ms() + 10000;
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int64_t left = until - clock_mono_ms();
        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            fail_msg("the server keeps the connection open");
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n <= 0)
            break;
        assert_ok(buf_put(to, bytes, (size_t)n));
    }
    close(fd);
}

void wire_talk(uint16_t port, const char *bytes, struct buf *to)
{
    int fd = wire_connect(port);
    wire_text(fd, bytes);
    wire_read_all(fd, to);
}

void wire_statuses(struct buf *reply, char ret_text[128])
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (const char *at = buf_text(reply); (at = strstr(at, "HTTP/1.1 ")) != NULL && used < 120; at += 9)
        used += (size_t)snprintf(ret_text + used, 128 - used, "%s%.3s", used == 0 ? "" : " ", at + 9);
}
