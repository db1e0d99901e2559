/* Bytes that must not outlive their use: private keys, key-encryption keys, passwords.
 *
 * The memory is locked against swapping where the system allows it, left out of core dumps, and
 * overwritten before it is freed. There is deliberately no way to print one. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct secret {
    uint8_t *data; /* owned; NULL when empty */
    size_t len;
};

#define SECRET_INIT { 0 }
#define AUTO_SECRET __attribute__((cleanup(secret_done))) struct secret

/* Room for n bytes, all zero. The old content of *ret_secret is not looked at. Errors: NO_MEMORY. */
enum err secret_new(size_t n, struct secret *ret_secret) MUST_CHECK;

/* A copy of n bytes; the caller wipes its own. Errors: NO_MEMORY. */
enum err secret_copy(const void *data, size_t n, struct secret *ret_secret) MUST_CHECK;

/* Overwrites and frees; afterwards empty. NULL is fine. */
void secret_done(struct secret *s);

/* Overwrites n bytes in a way that the compiler keeps. */
void secret_wipe(void *data, size_t n);

/* Closes this process before it holds any: no core dump, no looking in by others of the same user. */
enum err secret_close_process(struct why *why) MUST_CHECK;

/* Whether two runs of n bytes are equal, in time that depends on n alone. */
int secret_equal(const void *a, const void *b, size_t n);

static inline struct span secret_span(const struct secret *s) { return (struct span){ s->data, s->len }; }

#endif
