/* A view of bytes that somebody else owns. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *at; /* may be NULL when n is 0 */
    size_t n;
};

static inline struct span span_of(const void *at, size_t n) { return (struct span){ at, n }; }
static inline struct span span_text(const char *text) { return (struct span){ (const uint8_t *)text, strlen(text) }; }
static inline bool span_equal(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

#endif
