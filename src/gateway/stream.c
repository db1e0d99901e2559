#include "gateway/line_inside.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log/log.h"

enum { LINE_WAITING = 8 * 1024, STREAM_WAITING = 4 * 1024 * 1024 };

static void on_stream(void *context, int fd, uint32_t events);

void stream_watch(struct stream *s)
{
    bool room = line_stands(s->line) && s->line->out.len < LINE_WAITING && !s->closing;
    uint32_t events = (room ? EPOLLIN : 0u) | (s->out.len > 0 ? EPOLLOUT : 0u);
    if (loop_watch(s->line->loop, s->fd, events == 0 ? LOOP_ERRORS_ONLY : events, on_stream, s) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
}

void stream_drop(struct stream *s)
{
    if (s->fd < 0)
        return;
    (void)!loop_watch(s->line->loop, s->fd, 0, NULL, NULL);
    close(s->fd);
    buf_done(&s->out);
    s->fd = -1;
    s->closing = false;
}

void stream_drop_all(struct line *l)
{
    for (size_t i = 0; i < STREAMS; i++)
        stream_drop(&l->streams[i]);
}

struct stream *stream_find(struct line *l, uint16_t id)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (l->streams[i].fd >= 0 && l->streams[i].id == id)
            return &l->streams[i];
    return NULL;
}

struct stream *stream_add(struct line *l, int fd, uint16_t id)
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
            line_say(s->line, WIRE_CLOSE, s->id, span_of(NULL, 0));
            stream_drop(s);
            return;
        }
        buf_consume(&s->out, (size_t)n);
    }
    if (s->closing)
        stream_drop(s);
}

static void read_stream(struct stream *s)
{
    uint8_t bytes[WIRE_PAYLOAD];
    ssize_t n = recv(s->fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        line_say(s->line, WIRE_DATA, s->id, span_of(bytes, (size_t)n));
        return;
    }
    line_say(s->line, WIRE_CLOSE, s->id, span_of(NULL, 0));
    stream_drop(s);
}

static void on_stream(void *context, int fd, uint32_t events)
{
    struct stream *s = context;
    (void)fd;
    if ((events & EPOLLOUT) != 0)
        write_stream(s);
    if (s->fd >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        read_stream(s);
    line_watch(s->line);
}

void stream_open(struct line *l, uint16_t id)
{
    int fd = l->options.to == NULL ? -1 : socket(l->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool begun = fd >= 0 && (connect(fd, (struct sockaddr *)&l->to, tty_address_size(&l->to)) == 0 || errno == EINPROGRESS);
    if (fd >= 0 && !begun)
        close(fd);
    if (!begun || stream_add(l, fd, id) == NULL)
        line_say(l, WIRE_CLOSE, id, span_of(NULL, 0));
}

void stream_take(struct stream *s, struct span payload)
{
    if (s->out.len + payload.n > STREAM_WAITING || buf_put_span(&s->out, payload) != OK) {
        line_say(s->line, WIRE_CLOSE, s->id, span_of(NULL, 0));
        stream_drop(s);
        return;
    }
    write_stream(s);
}

void stream_end(struct stream *s)
{
    s->closing = true;
    write_stream(s);
}

bool stream_any(const struct line *l)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (l->streams[i].fd >= 0)
            return true;
    return false;
}
