#include "ipc/frame.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/limit.h"

enum { LENGTH_BYTES = 4, KIND_BYTES = 2 };

static void store_be(uint8_t *to, uint64_t value, size_t n)
{
    while (n-- > 0) {
        to[n] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t load_be(const uint8_t *from, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | from[i];
    return value;
}

/* --- Writing --- */

static enum err put_be(struct buf *to, uint64_t value, size_t n)
{
    uint8_t bytes[8];
    store_be(bytes, value, n);
    return buf_put(to, bytes, n);
}

enum err frame_begin(struct buf *to, uint16_t kind, size_t *ret_mark)
{
    size_t mark = to->len;
    enum err err = buf_reserve(to, LENGTH_BYTES + KIND_BYTES);
    if (err == OK)
        err = put_be(to, 0, LENGTH_BYTES);
    if (err == OK)
        err = put_be(to, kind, KIND_BYTES);
    if (err == OK)
        *ret_mark = mark;
    return err;
}

enum err frame_put_int(struct buf *to, int64_t value) { return put_be(to, (uint64_t)value, 8); }

enum err frame_put_bytes(struct buf *to, struct span bytes)
{
    if (bytes.n > LIMIT_IPC_FRAME)
        return ERR_TOO_LARGE;
    enum err err = buf_reserve(to, LENGTH_BYTES + bytes.n);
    if (err == OK)
        err = put_be(to, bytes.n, LENGTH_BYTES);
    return err == OK ? buf_put_span(to, bytes) : err;
}

enum err frame_put_text(struct buf *to, const char *text) { return frame_put_bytes(to, span_text(text)); }

enum err frame_end(struct buf *to, size_t mark)
{
    size_t length = to->len - mark - LENGTH_BYTES;
    if (length > LIMIT_IPC_FRAME)
        return ERR_TOO_LARGE;
    store_be(to->data + mark, length, LENGTH_BYTES);
    return OK;
}

/* --- Reading --- */

/* A view of the next n bytes; NULL, and `bad` from then on, when there are fewer. */
static const uint8_t *take(struct frame_reader *r, uint64_t n)
{
    if (r->bad || n > r->rest.n) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *at = r->rest.at;
    r->rest = span_of(at + n, r->rest.n - (size_t)n);
    return at;
}

int64_t frame_int(struct frame_reader *r)
{
    const uint8_t *at = take(r, 8);
    return at == NULL ? 0 : (int64_t)load_be(at, 8);
}

struct span frame_bytes(struct frame_reader *r)
{
    const uint8_t *at = take(r, LENGTH_BYTES);
    size_t n = at == NULL ? 0 : (size_t)load_be(at, LENGTH_BYTES);
    at = take(r, n);
    return at == NULL ? span_of(NULL, 0) : span_of(at, n);
}

void frame_text(struct frame_reader *r, size_t size, char *ret_text)
{
    struct span bytes = frame_bytes(r);
    if (bytes.n >= size || (bytes.n != 0 && memchr(bytes.at, '\0', bytes.n) != NULL)) {
        r->bad = true;
        bytes.n = 0;
    }
    if (bytes.n != 0)
        memcpy(ret_text, bytes.at, bytes.n);
    ret_text[bytes.n] = '\0';
}

enum err frame_finish(const struct frame_reader *r, struct why *why)
{
    if (r->bad)
        return why_set(why, ERR_BAD_INPUT, "a field of the frame does not fit");
    if (r->rest.n != 0)
        return why_set(why, ERR_BAD_INPUT, "%zu bytes are left over behind the frame's last field", r->rest.n);
    return OK;
}

static enum err check_length(uint64_t length)
{
    if (length > LIMIT_IPC_FRAME)
        return ERR_TOO_LARGE;
    return length < KIND_BYTES ? ERR_BAD_INPUT : OK;
}

enum err frame_next(struct span in, uint16_t *ret_kind, struct frame_reader *ret_reader, size_t *ret_used)
{
    size_t length = in.n < LENGTH_BYTES ? KIND_BYTES : (size_t)load_be(in.at, LENGTH_BYTES);
    enum err err = check_length(length);
    if (err != OK)
        return err;
    if (in.n < LENGTH_BYTES + length) {
        *ret_used = 0;
        return OK;
    }
    const uint8_t *at = in.at + LENGTH_BYTES;
    *ret_kind = (uint16_t)load_be(at, KIND_BYTES);
    *ret_reader = (struct frame_reader){ .rest = span_of(at + KIND_BYTES, length - KIND_BYTES) };
    *ret_used = LENGTH_BYTES + length;
    return OK;
}

/* --- Sockets --- */

/* Whether the call that failed with errno is to be made again; waits when the socket is not ready. */
static bool try_again(int fd, short events)
{
    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    struct pollfd wait = { .fd = fd, .events = events };
    return poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

static enum err socket_error(const char *doing, struct why *why)
{
    if (errno == EPIPE || errno == ECONNRESET)
        return why_set(why, ERR_PEER_GONE, "%s: the process at the other end is gone", doing);
    return why_errno(why, errno, "%s", doing);
}

enum err frame_send(int fd, struct span frame, struct why *why)
{
    while (frame.n != 0) {
        ssize_t n = send(fd, frame.at, frame.n, MSG_NOSIGNAL);
        if (n >= 0)
            frame = span_of(frame.at + n, frame.n - (size_t)n);
        else if (!try_again(fd, POLLOUT))
            return socket_error("sending a frame", why);
    }
    return OK;
}

static enum err receive_all(int fd, uint8_t *to, size_t n, struct why *why)
{
    while (n != 0) {
        ssize_t got = recv(fd, to, n, 0);
        if (got == 0)
            return why_set(why, ERR_PEER_GONE, "receiving a frame: the process at the other end is gone");
        if (got > 0) {
            to += got;
            n -= (size_t)got;
        } else if (!try_again(fd, POLLIN)) {
            return socket_error("receiving a frame", why);
        }
    }
    return OK;
}

enum err frame_receive(int fd, struct buf *in, uint16_t *ret_kind, struct frame_reader *ret_reader, struct why *why)
{
    uint8_t head[LENGTH_BYTES];
    buf_clear(in);
    enum err err = receive_all(fd, head, sizeof head, why);
    if (err != OK)
        return err;
    size_t length = (size_t)load_be(head, sizeof head);
    err = check_length(length);
    if (err != OK)
        return why_set(why, err, "receiving a frame: a length of %zu bytes", length);
    err = buf_reserve(in, sizeof head + length);
    if (err != OK)
        return why_set(why, err, "receiving a frame of %zu bytes", length);
    memcpy(in->data, head, sizeof head);
    err = receive_all(fd, in->data + sizeof head, length, why);
    if (err != OK)
        return err;
    in->len = sizeof head + length;
    size_t used;
    return frame_next(buf_span(in), ret_kind, ret_reader, &used);
}
