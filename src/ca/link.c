#include "ca/link.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TAGS_MAX = 1024, READ_BYTES = 256 * 1024, OUT_MAX = 32 * 1024 * 1024 };

struct waiting {
    int64_t tag; /* 0: free */
    link_answer_fn *fn;
    void *context;
};

struct signer_link {
    struct loop *loop;
    int fd;
    loop_fn *lost;
    void *lost_context;
    bool is_lost;
    struct buf in, out;
    size_t mark; /* of the request being written */
    int64_t last_tag;
    struct waiting waiting[TAGS_MAX];
};

static void on_ready(void *context, int fd, uint32_t events);

static void lose(struct signer_link *l)
{
    if (l->is_lost)
        return;
    l->is_lost = true;
    (void)!loop_watch(l->loop, l->fd, 0, on_ready, l);
    l->lost(l->lost_context);
}

enum err link_new(struct loop *loop, int fd, loop_fn *lost, void *context, struct signer_link **ret_link)
{
    struct signer_link *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NO_MEMORY;
    *l = (struct signer_link){ .loop = loop, .fd = fd, .lost = lost, .lost_context = context };
    l->out.max = OUT_MAX;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || loop_watch(loop, fd, EPOLLIN, on_ready, l) != OK) {
        free(l);
        return ERR_IO;
    }
    *ret_link = l;
    return OK;
}

void link_free(struct signer_link *l)
{
    if (l == NULL)
        return;
    if (!l->is_lost)
        (void)!loop_watch(l->loop, l->fd, 0, on_ready, l);
    close(l->fd);
    buf_wipe(&l->in);
    buf_done(&l->out);
    free(l);
}

enum err link_take_tag(struct signer_link *l, link_answer_fn *fn, void *context, int64_t *ret_tag)
{
    for (size_t i = 0; i < TAGS_MAX; i++) {
        if (l->waiting[i].tag != 0)
            continue;
        l->waiting[i] = (struct waiting){ ++l->last_tag, fn, context };
        *ret_tag = l->last_tag;
        return OK;
    }
    return ERR_BUSY;
}

void link_drop(struct signer_link *l, int64_t tag)
{
    for (size_t i = 0; tag != 0 && i < TAGS_MAX; i++)
        if (l->waiting[i].tag == tag)
            l->waiting[i] = (struct waiting){ 0 };
}

/* --- Out --- */

static void flush(struct signer_link *l)
{
    while (l->out.len != 0 && !l->is_lost) {
        ssize_t n = send(l->fd, l->out.data, l->out.len, MSG_NOSIGNAL);
        if (n > 0)
            buf_consume(&l->out, (size_t)n);
        else if (errno == EINTR)
            continue;
        else if (errno == EAGAIN)
            break;
        else
            lose(l);
    }
    if (!l->is_lost && loop_watch(l->loop, l->fd, EPOLLIN | (l->out.len != 0 ? EPOLLOUT : 0u), on_ready, l) != OK)
        lose(l);
}

enum err link_begin(struct signer_link *l, unsigned kind, int64_t tag, struct buf **ret_to)
{
    enum err err = l->is_lost ? ERR_PEER_GONE : frame_begin(&l->out, (uint16_t)kind, &l->mark);
    if (err == OK)
        err = frame_put_int(&l->out, tag);
    if (err == OK)
        *ret_to = &l->out;
    return err;
}

enum err link_end(struct signer_link *l)
{
    enum err err = frame_end(&l->out, l->mark);
    if (err == OK)
        flush(l);
    return err;
}

size_t link_waiting(const struct signer_link *l) { return l->out.len; }

/* --- In --- */

static void hand_over(struct signer_link *l, unsigned kind, struct frame_reader *fields)
{
    int64_t tag = frame_int(fields);
    for (size_t i = 0; tag != 0 && i < TAGS_MAX; i++)
        if (l->waiting[i].tag == tag) {
            l->waiting[i].fn(l->waiting[i].context, kind, fields);
            return;
        }
}

/* All whole frames; what is read was possibly a key, so it is overwritten. */
static void take_frames(struct signer_link *l)
{
    size_t done = 0;
    for (;;) {
        uint16_t kind;
        struct frame_reader fields;
        size_t used = 0;
        if (frame_next(span_of(l->in.data + done, l->in.len - done), &kind, &fields, &used) != OK) {
            lose(l);
            return;
        }
        if (used == 0)
            break;
        hand_over(l, kind, &fields);
        secret_wipe(l->in.data + done, used);
        done += used;
    }
    buf_consume(&l->in, done);
}

static void read_some(struct signer_link *l)
{
    if (buf_reserve(&l->in, READ_BYTES) != OK) {
        lose(l);
        return;
    }
    ssize_t n = recv(l->fd, l->in.data + l->in.len, READ_BYTES, 0);
    if (n > 0) {
        l->in.len += (size_t)n;
        take_frames(l);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        lose(l);
    }
}

static void on_ready(void *context, int fd, uint32_t events)
{
    struct signer_link *l = context;
    (void)fd;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        read_some(l);
    if (!l->is_lost && (events & EPOLLOUT) != 0)
        flush(l);
}
