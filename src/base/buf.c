#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t ceiling(const struct buf *b) { return b->max != 0 ? b->max : (size_t)BUF_DEFAULT_MAX; }

/* Never realloc: the old copy may hold a secret and must be wiped. */
static enum err move_to(struct buf *b, size_t cap)
{
    uint8_t *data = malloc(cap);
    if (data == NULL)
        return ERR_NO_MEMORY;
    if (b->len != 0)
        memcpy(data, b->data, b->len);
    if (b->data != NULL)
        explicit_bzero(b->data, b->cap);
    free(b->data);
    b->data = data;
    b->cap = cap;
    return OK;
}

enum err buf_reserve(struct buf *b, size_t more)
{
    if (more > ceiling(b) - b->len)
        return ERR_TOO_LARGE;
    size_t need = b->len + more + 1; /* one byte for buf_text's NUL */
    if (need <= b->cap)
        return OK;
    size_t cap = b->cap < 128 ? 128 : b->cap;
    while (cap < need)
        cap *= 2;
    return move_to(b, cap);
}

enum err buf_put(struct buf *b, const void *data, size_t n)
{
    enum err err = buf_reserve(b, n);
    if (err != OK)
        return err;
    if (n != 0)
        memcpy(b->data + b->len, data, n);
    b->len += n;
    return OK;
}

enum err buf_put_span(struct buf *b, struct span s) { return buf_put(b, s.at, s.n); }

enum err buf_put_text(struct buf *b, const char *text) { return buf_put(b, text, strlen(text)); }

enum err buf_putf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    enum err err = n < 0 ? ERR_BUG : buf_reserve(b, (size_t)n);
    if (err == OK) {
        vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return err;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

void buf_clear(struct buf *b) { b->len = 0; }

void buf_done(struct buf *b)
{
    if (b == NULL)
        return;
    free(b->data);
    *b = (struct buf){ .max = b->max };
}

void buf_wipe(struct buf *b)
{
    if (b == NULL)
        return;
    if (b->data != NULL)
        explicit_bzero(b->data, b->cap);
    buf_done(b);
}

const char *buf_text(struct buf *b)
{
    if (buf_reserve(b, 0) != OK)
        return NULL;
    b->data[b->len] = '\0';
    return (const char *)b->data;
}
