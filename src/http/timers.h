/* A heap of timers: what is due next in O(1), adding and cancelling in O(log n). No clock, no threads. */
#ifndef HTTP_TIMERS_H
#define HTTP_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef void timer_fn(void *context);

struct timer {
    int64_t due_ms;
    uint64_t id; /* generation << 32 | slot + 1; never 0 */
    timer_fn *fn;
    void *context;
};

struct timers { /* all-zero is valid and empty */
    struct timer *heap;
    size_t n, cap;
    struct timer_slot {
        uint32_t generation;
        uint32_t at; /* place in the heap, or the next free slot + 1 */
        bool used;
    } * slots;
    uint32_t slots_n, free_slot; /* free_slot: first free + 1, 0 when none */
};

enum err timers_add(struct timers *t, int64_t due_ms, timer_fn *fn, void *context, uint64_t *ret_id) MUST_CHECK;
void timers_cancel(struct timers *t, uint64_t id); /* one that ran, or 0, is fine */

/* Milliseconds until the next one is due, 0 when it is, -1 when there is none; at most INT_MAX. */
int timers_wait_ms(const struct timers *t, int64_t now_ms);

/* Takes the next one that is due out of the heap; false when none is. */
bool timers_take(struct timers *t, int64_t now_ms, struct timer *ret_timer);

void timers_done(struct timers *t);

#endif
