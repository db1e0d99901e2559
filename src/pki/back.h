/* DER written from its end to its front, so that the length of what is wrapped is always known. Inside pki/. */
#ifndef PKI_BACK_H
#define PKI_BACK_H

#include <stdbool.h>

#include "base/limit.h"
#include "base/span.h"

struct back {
    uint8_t *at;     /* the front of what is written so far */
    bool overflowed; /* then nothing more is written and the bytes are worthless */
    uint8_t room[LIMIT_CERTIFICATE];
};

static inline uint8_t *back_end(struct back *b) { return b->room + sizeof b->room; }
static inline void back_start(struct back *b)
{
    b->at = back_end(b);
    b->overflowed = false;
}

static inline void back_put(struct back *b, const void *data, size_t n)
{
    if (n > (size_t)(b->at - b->room)) {
        b->overflowed = true;
        return;
    }
    b->at -= n;
    memcpy(b->at, data, n);
}

static inline void back_put_span(struct back *b, struct span s)
{
    if (s.n != 0)
        back_put(b, s.at, s.n);
}

/* Tag and length in front of everything from the present front to `end`. */
static inline void back_wrap(struct back *b, uint8_t tag, const uint8_t *end)
{
    size_t n = (size_t)(end - b->at);
    uint8_t long_form[4] = { tag, 0x82, (uint8_t)(n >> 8), (uint8_t)n }; /* n is below 64 KiB by the room */
    uint8_t middle_form[3] = { tag, 0x81, (uint8_t)n }, short_form[2] = { tag, (uint8_t)n };
    if (n < 0x80)
        back_put(b, short_form, sizeof short_form);
    else if (n < 0x100)
        back_put(b, middle_form, sizeof middle_form);
    else
        back_put(b, long_form, sizeof long_form);
}

static inline struct span back_span(struct back *b) { return span_of(b->at, (size_t)(back_end(b) - b->at)); }

#endif
