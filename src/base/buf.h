/* A growing run of bytes with a ceiling.
 *
 * An all-zero struct (or BUF_INIT) is a valid empty buffer with the ceiling BUF_DEFAULT_MAX. After a failed
 * append the buffer is as it was. buf_done() frees; the buffer is then valid and empty. A buffer that may
 * hold a secret is ended by buf_wipe() instead, and should be given its size up front by buf_reserve(), as
 * growing copies the bytes (the old copy is wiped too). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

enum { BUF_DEFAULT_MAX = 64 * 1024 * 1024 };

struct buf {
    uint8_t *data;
    size_t len, cap;
    size_t max; /* bytes; 0 means BUF_DEFAULT_MAX */
};

#define BUF_INIT { 0 }
#define AUTO_BUF __attribute__((cleanup(buf_done))) struct buf
#define AUTO_WIPED_BUF __attribute__((cleanup(buf_wipe))) struct buf

/* Makes room for `more` further bytes. Errors: TOO_LARGE beyond the ceiling, NO_MEMORY. */
enum err buf_reserve(struct buf *b, size_t more) MUST_CHECK;
enum err buf_put(struct buf *b, const void *data, size_t n) MUST_CHECK;
enum err buf_put_span(struct buf *b, struct span s) MUST_CHECK;
enum err buf_put_text(struct buf *b, const char *text) MUST_CHECK;
enum err buf_putf(struct buf *b, const char *fmt, ...) MUST_CHECK PRINTF_LIKE(2, 3);

/* Drops the first n bytes (all of them when n exceeds the length). */
void buf_consume(struct buf *b, size_t n);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_done(struct buf *b);  /* frees; NULL is fine */
void buf_wipe(struct buf *b);  /* overwrites, then frees; NULL is fine */

/* The content as text: a terminating NUL is kept behind it, outside `len`. Returns NULL when out of memory;
 * valid until the next change. */
const char *buf_text(struct buf *b);

static inline struct span buf_span(const struct buf *b) { return (struct span){ b->data, b->len }; }

#endif
