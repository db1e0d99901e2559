#include "gateway/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/line_inside.h"
#include "log/log.h"

enum { AGAIN_MS = 1000 };

static void on_tty(void *context, int fd, uint32_t events);
static void open_again(void *context);
static void hang_up(void *context);

void line_say(struct line *l, enum wire_type type, uint16_t stream, struct span payload)
{
    const struct wire_frame frame = { .type = type, .stream = stream, .payload = payload };
    l->moved = true;
    if (line_stands(l) && wire_put(&l->out, &l->sequence, &frame) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL); /* the other end sees the gap */
}

/* A line that is made when it is needed ends when nothing passes any more, also while a connection is kept for later. */
static void mind_idleness(struct line *l)
{
    if (l->options.idle_s == 0 || !line_stands(l) || l->idle_timer != 0)
        return;
    l->moved = false;
    if (loop_timer(l->loop, 1000 * l->options.idle_s, hang_up, l, &l->idle_timer) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
}

void line_watch(struct line *l)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (l->streams[i].fd >= 0)
            stream_watch(&l->streams[i]);
    if (line_stands(l) && loop_watch(l->loop, l->tty, EPOLLIN | (l->out.len > 0 ? EPOLLOUT : 0u), on_tty, l) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
    mind_idleness(l);
}

/* --- What comes over the line --- */

/* The other end may have said so before it heard of some of them. */
static void end_all(struct line *l)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (l->streams[i].fd >= 0)
            line_say(l, WIRE_CLOSE, l->streams[i].id, span_of(NULL, 0));
    stream_drop_all(l);
}

static void take_frame(void *context, const struct wire_frame *f)
{
    struct line *l = context;
    struct stream *s = stream_find(l, f->stream);
    switch (f->type) {
    case WIRE_OPEN: stream_open(l, f->stream); break;
    case WIRE_DATA:
        if (s != NULL)
            stream_take(s, f->payload);
        break;
    case WIRE_CLOSE:
        if (s != NULL)
            stream_end(s);
        break;
    case WIRE_RESET: end_all(l); break;
    }
}

/* A stream with a hole is worth nothing: all begin again. */
static void take_loss(void *context)
{
    struct line *l = context;
    if (stream_any(l))
        log_event(LOG_WARN, "line-noise", "tty", l->options.tty, NULL);
    stream_drop_all(l);
    line_say(l, WIRE_RESET, 0, span_of(NULL, 0));
}

/* Closing it lets the modem hang up. */
static void close_tty(struct line *l)
{
    dialler_free(l->dialler);
    l->dialler = NULL;
    if (l->tty >= 0) {
        (void)!loop_watch(l->loop, l->tty, 0, NULL, NULL);
        close(l->tty);
    }
    l->tty = -1;
    loop_cancel(l->loop, l->idle_timer);
    l->idle_timer = 0;
    buf_clear(&l->out);
    stream_drop_all(l);
}

/* One that is made when it is needed waits for the next connection. */
static void come_again(struct line *l)
{
    if (l->options.idle_s == 0 && loop_timer(l->loop, AGAIN_MS, open_again, l, &l->timer) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
}

static void lose_tty(struct line *l, int errnum)
{
    log_event(LOG_WARN, "line-lost", "tty", l->options.tty, "why", errnum == 0 ? "end of file" : strerror(errnum), NULL);
    close_tty(l);
    come_again(l);
}

static void hang_up(void *context)
{
    struct line *l = context;
    l->idle_timer = 0;
    if (l->moved) {
        mind_idleness(l);
        return;
    }
    log_event(LOG_INFO, "line-idle", "tty", l->options.tty, NULL);
    close_tty(l);
}

static bool write_tty(struct line *l)
{
    ssize_t n = l->out.len == 0 ? 0 : write(l->tty, l->out.data, l->out.len);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        lose_tty(l, errno);
        return false;
    }
    buf_consume(&l->out, n > 0 ? (size_t)n : 0);
    return true;
}

static bool read_tty(struct line *l)
{
    uint8_t bytes[4096];
    const struct wire_events events = { take_frame, take_loss, l };
    ssize_t n = read(l->tty, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0) {
        lose_tty(l, n == 0 ? 0 : errno);
        return false;
    }
    l->moved = true;
    wire_push(&l->reader, span_of(bytes, (size_t)n), &events);
    return true;
}

static void on_tty(void *context, int fd, uint32_t events)
{
    struct line *l = context;
    (void)fd;
    bool there = (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0 || read_tty(l);
    if (there)
        write_tty(l);
    line_watch(l);
}

/* --- Making it --- */

/* What the other end still knows of streams before is over, unless the connection is a new one and it is the end that was
 * called; those that waited for the line begin. */
static void stand(struct line *l)
{
    bool called = l->options.connect != NULL && l->options.to != NULL;
    log_event(LOG_INFO, "line-stands", "tty", l->options.tty, NULL);
    l->reader = (struct wire_reader){ 0 };
    if (!called)
        line_say(l, WIRE_RESET, 0, span_of(NULL, 0));
    for (size_t i = 0; i < STREAMS; i++)
        if (l->streams[i].fd >= 0)
            line_say(l, WIRE_OPEN, l->streams[i].id, span_of(NULL, 0));
    line_watch(l);
}

static void on_dialled(void *context, bool connected)
{
    struct line *l = context;
    struct why why = { "" };
    dialler_free(l->dialler);
    l->dialler = NULL;
    enum err err = connected ? tty_follow_carrier(l->tty, &why) : why_set(&why, ERR_UNREACHABLE, "the modem made no connection");
    if (err == OK) {
        stand(l);
        return;
    }
    log_failure(LOG_WARN, "line-lost", err, &why, "tty", l->options.tty, NULL);
    close_tty(l);
    come_again(l);
}

static enum err begin(struct line *l, struct why *why)
{
    enum err err = tty_open(l->options.tty, l->options.speed, &l->tty, why);
    if (err != OK)
        return err;
    if (l->options.connect == NULL) {
        stand(l);
        return OK;
    }
    log_event(LOG_INFO, "line-dials", "tty", l->options.tty, NULL);
    err = dialler_start(l->loop, l->options.connect, l->options.tty, on_dialled, l, &l->dialler, why);
    if (err != OK)
        close_tty(l);
    return err;
}

static void open_again(void *context)
{
    struct line *l = context;
    struct why why = { "" };
    l->timer = 0;
    enum err err = begin(l, &why);
    if (err == OK)
        return;
    log_failure(LOG_DEBUG, "line-lost", err, &why, NULL);
    come_again(l);
}

/* Whether a connection may wait for the line, which is then made. */
static bool make_it(struct line *l)
{
    struct why why = { "" };
    if (l->options.idle_s == 0 || l->tty >= 0)
        return l->options.idle_s != 0;
    enum err err = begin(l, &why);
    if (err != OK)
        log_failure(LOG_WARN, "line-lost", err, &why, NULL);
    return err == OK;
}

static void on_connection(void *context, int fd, uint32_t events)
{
    struct line *l = context;
    (void)events;
    int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (got < 0)
        return;
    if (!line_stands(l) && !make_it(l)) { /* refused at once, so that the caller tries later */
        close(got);
        return;
    }
    struct stream *s = stream_add(l, got, l->next_id++);
    if (s != NULL)
        line_say(l, WIRE_OPEN, s->id, span_of(NULL, 0));
    line_watch(l);
}

enum err line_new(struct loop *loop, const struct line_options *options, struct line **ret_line, struct why *why)
{
    struct line *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NO_MEMORY;
    *l = (struct line){ .loop = loop, .options = *options, .tty = -1, .listener = -1 };
    for (size_t i = 0; i < STREAMS; i++)
        l->streams[i].fd = -1;
    enum err err = options->to == NULL ? OK : tty_parse_address(options->to, &l->to, why);
    if (err == OK && options->listen != NULL)
        err = tty_listen(options->listen, &l->listener, why);
    if (err == OK && l->listener >= 0)
        err = loop_watch(loop, l->listener, EPOLLIN, on_connection, l);
    if (err == OK && options->idle_s == 0)
        err = begin(l, why);
    if (err == OK)
        *ret_line = l;
    else
        line_free(l);
    return err;
}

uint16_t line_port(const struct line *l) { return tty_port(l->listener); }

void line_free(struct line *l)
{
    if (l == NULL)
        return;
    loop_cancel(l->loop, l->timer);
    close_tty(l);
    if (l->listener >= 0) {
        (void)!loop_watch(l->loop, l->listener, 0, NULL, NULL);
        close(l->listener);
    }
    buf_done(&l->out);
    free(l);
}
