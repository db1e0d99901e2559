#include "gateway/line.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/tty.h"
#include "gateway/wire.h"
#include "log/log.h"

enum { STREAMS = 32, LINE_WAITING = 8 * 1024, STREAM_WAITING = 4 * 1024 * 1024, AGAIN_MS = 1000 };

struct stream {
    struct line *line;
    int fd; /* -1: free */
    uint16_t id;
    bool closing; /* the other end is done: what waits is written, then it is closed */
    struct buf out;
};

struct line {
    struct loop *loop;
    struct line_options options;
    struct sockaddr_storage to;
    int tty, listener;
    uint64_t timer;
    struct buf out;
    uint8_t sequence;
    uint16_t next_id;
    struct wire_reader reader;
    struct stream streams[STREAMS];
};

static void on_stream(void *context, int fd, uint32_t events);
static void on_tty(void *context, int fd, uint32_t events);
static void open_again(void *context);

/* --- Watching: a stream is read only while the line has room --- */

static void watch_stream(struct stream *s)
{
    bool room = s->line->out.len < LINE_WAITING && !s->closing;
    uint32_t events = (room ? EPOLLIN : 0u) | (s->out.len > 0 ? EPOLLOUT : 0u);
    if (loop_watch(s->line->loop, s->fd, events == 0 ? LOOP_ERRORS_ONLY : events, on_stream, s) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
}

static void watch_all(struct line *l)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (l->streams[i].fd >= 0)
            watch_stream(&l->streams[i]);
    if (l->tty >= 0 && loop_watch(l->loop, l->tty, EPOLLIN | (l->out.len > 0 ? EPOLLOUT : 0u), on_tty, l) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
}

/* --- Streams --- */

static void say(struct line *l, enum wire_type type, uint16_t stream, struct span payload)
{
    const struct wire_frame frame = { .type = type, .stream = stream, .payload = payload };
    if (l->tty >= 0 && wire_put(&l->out, &l->sequence, &frame) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL); /* the other end sees the gap */
}

static void drop(struct stream *s)
{
    if (s->fd < 0)
        return;
    (void)!loop_watch(s->line->loop, s->fd, 0, NULL, NULL);
    close(s->fd);
    buf_done(&s->out);
    s->fd = -1;
    s->closing = false;
}

static void drop_all(struct line *l)
{
    for (size_t i = 0; i < STREAMS; i++)
        drop(&l->streams[i]);
}

static struct stream *find(struct line *l, uint16_t id)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (l->streams[i].fd >= 0 && l->streams[i].id == id)
            return &l->streams[i];
    return NULL;
}

static struct stream *add(struct line *l, int fd, uint16_t id)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (l->streams[i].fd < 0) {
            l->streams[i] = (struct stream){ .line = l, .fd = fd, .id = id };
            return &l->streams[i];
        }
    close(fd);
    return NULL;
}

static void write_stream(struct stream *s)
{
    while (s->out.len > 0) {
        ssize_t n = send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN || errno == EINPROGRESS))
            return;
        if (n < 0) {
            say(s->line, WIRE_CLOSE, s->id, span_of(NULL, 0));
            drop(s);
            return;
        }
        buf_consume(&s->out, (size_t)n);
    }
    if (s->closing)
        drop(s);
}

static void read_stream(struct stream *s)
{
    uint8_t bytes[WIRE_PAYLOAD];
    ssize_t n = recv(s->fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        say(s->line, WIRE_DATA, s->id, span_of(bytes, (size_t)n));
        return;
    }
    say(s->line, WIRE_CLOSE, s->id, span_of(NULL, 0));
    drop(s);
}

static void on_stream(void *context, int fd, uint32_t events)
{
    struct stream *s = context;
    (void)fd;
    if ((events & EPOLLOUT) != 0)
        write_stream(s);
    if (s->fd >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        read_stream(s);
    watch_all(s->line);
}

static void on_connection(void *context, int fd, uint32_t events)
{
    struct line *l = context;
    (void)events;
    int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (got < 0)
        return;
    if (l->tty < 0) { /* no line: refused at once, so that the caller tries later */
        close(got);
        return;
    }
    struct stream *s = add(l, got, l->next_id++);
    if (s != NULL)
        say(l, WIRE_OPEN, s->id, span_of(NULL, 0));
    watch_all(l);
}

static void open_stream(struct line *l, uint16_t id)
{
    int fd = l->options.to == NULL ? -1 : socket(l->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool begun = fd >= 0 && (connect(fd, (struct sockaddr *)&l->to, tty_address_size(&l->to)) == 0 || errno == EINPROGRESS);
    if (fd >= 0 && !begun)
        close(fd);
    if (!begun || add(l, fd, id) == NULL)
        say(l, WIRE_CLOSE, id, span_of(NULL, 0));
}

/* --- The line --- */

static void take_data(struct line *l, const struct wire_frame *f)
{
    struct stream *s = find(l, f->stream);
    if (s == NULL)
        return;
    if (s->out.len + f->payload.n > STREAM_WAITING || buf_put_span(&s->out, f->payload) != OK) {
        say(l, WIRE_CLOSE, s->id, span_of(NULL, 0));
        drop(s);
        return;
    }
    write_stream(s);
}

static void take_frame(void *context, const struct wire_frame *f)
{
    struct line *l = context;
    struct stream *s = find(l, f->stream);
    switch (f->type) {
    case WIRE_OPEN: open_stream(l, f->stream); break;
    case WIRE_DATA: take_data(l, f); break;
    case WIRE_CLOSE:
        if (s != NULL) {
            s->closing = true;
            write_stream(s);
        }
        break;
    case WIRE_RESET: drop_all(l); break;
    }
}

/* A stream with a hole is worth nothing: all begin again. */
static void take_loss(void *context)
{
    struct line *l = context;
    bool carried = false;
    for (size_t i = 0; i < STREAMS; i++)
        carried = carried || l->streams[i].fd >= 0;
    if (carried)
        log_event(LOG_WARN, "line-noise", "tty", l->options.tty, NULL);
    drop_all(l);
    say(l, WIRE_RESET, 0, span_of(NULL, 0));
}

static void lose_tty(struct line *l, int errnum)
{
    log_event(LOG_WARN, "line-lost", "tty", l->options.tty, "why", errnum == 0 ? "end of file" : strerror(errnum), NULL);
    (void)!loop_watch(l->loop, l->tty, 0, NULL, NULL);
    close(l->tty);
    l->tty = -1;
    buf_clear(&l->out);
    drop_all(l);
    if (loop_timer(l->loop, AGAIN_MS, open_again, l, &l->timer) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
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
    watch_all(l);
}

/* What the other end still knows of streams before is over. */
static enum err begin(struct line *l, struct why *why)
{
    enum err err = tty_open(l->options.tty, l->options.speed, &l->tty, why);
    if (err != OK)
        return err;
    l->reader = (struct wire_reader){ 0 };
    say(l, WIRE_RESET, 0, span_of(NULL, 0));
    watch_all(l);
    return OK;
}

static void open_again(void *context)
{
    struct line *l = context;
    struct why why = { "" };
    l->timer = 0;
    enum err err = begin(l, &why);
    if (err == OK) {
        log_event(LOG_INFO, "line-stands", "tty", l->options.tty, NULL);
        return;
    }
    log_failure(LOG_DEBUG, "line-lost", err, &why, NULL);
    if (loop_timer(l->loop, AGAIN_MS, open_again, l, &l->timer) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
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
    if (err == OK)
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
    drop_all(l);
    loop_cancel(l->loop, l->timer);
    if (l->listener >= 0) {
        (void)!loop_watch(l->loop, l->listener, 0, NULL, NULL);
        close(l->listener);
    }
    if (l->tty >= 0) {
        (void)!loop_watch(l->loop, l->tty, 0, NULL, NULL);
        close(l->tty);
    }
    buf_done(&l->out);
    free(l);
}
