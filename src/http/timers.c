#include "http/timers.h"

#include <limits.h>
#include <stdlib.h>

static bool earlier(const struct timer *a, const struct timer *b)
{
    /* Equal times run in the order in which they were set only by luck; nobody relies on it. */
    return a->due_ms < b->due_ms;
}

static uint32_t slot_of(uint64_t id)
{
    return (uint32_t)(id & 0xffffffffu) - 1;
}

static void place(struct timers *t, size_t at, struct timer timer)
{
    t->heap[at] = timer;
    t->slots[slot_of(timer.id)].at = (uint32_t)at;
}

static void move_up(struct timers *t, size_t at, struct timer timer)
{
    while (at > 0 && earlier(&timer, &t->heap[(at - 1) / 2])) {
        place(t, at, t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(t, at, timer);
}

static void move_down(struct timers *t, size_t at, struct timer timer)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= t->n)
            break;
        if (child + 1 < t->n && earlier(&t->heap[child + 1], &t->heap[child]))
            child++;
        if (!earlier(&t->heap[child], &timer))
            break;
        place(t, at, t->heap[child]);
        at = child;
    }
    place(t, at, timer);
}

/* Heap and slots grow together: there are never more timers than slots. */
static enum err grow(struct timers *t)
{
    size_t cap = t->cap == 0 ? 64 : t->cap * 2;
    if (cap > UINT32_MAX / 2)
        return ERR_NO_MEMORY;
    struct timer *heap = realloc(t->heap, cap * sizeof *heap);
    if (heap == NULL)
        return ERR_NO_MEMORY;
    t->heap = heap;
    struct timer_slot *slots = realloc(t->slots, cap * sizeof *slots);
    if (slots == NULL)
        return ERR_NO_MEMORY;
    t->slots = slots;
    t->cap = cap;
    return OK;
}

static uint32_t take_slot(struct timers *t)
{
    if (t->free_slot == 0) {
        t->slots[t->slots_n] = (struct timer_slot){ .generation = 1, .used = true };
        return t->slots_n++;
    }
    uint32_t slot = t->free_slot - 1;
    t->free_slot = t->slots[slot].at;
    t->slots[slot].used = true;
    return slot;
}

static void give_slot(struct timers *t, uint32_t slot)
{
    t->slots[slot].used = false;
    t->slots[slot].generation++;
    t->slots[slot].at = t->free_slot;
    t->free_slot = slot + 1;
}

enum err timers_add(struct timers *t, int64_t due_ms, timer_fn *fn, void *context, uint64_t *ret_id)
{
    if (t->n == t->cap) {
        enum err err = grow(t);
        if (err != OK)
            return err;
    }
    uint32_t slot = take_slot(t);
    struct timer timer = { .due_ms = due_ms, .fn = fn, .context = context };
    timer.id = (uint64_t)t->slots[slot].generation << 32 | (slot + 1);
    t->n++;
    move_up(t, t->n - 1, timer);
    if (ret_id != NULL)
        *ret_id = timer.id;
    return OK;
}

static void remove_at(struct timers *t, size_t at)
{
    give_slot(t, slot_of(t->heap[at].id));
    struct timer last = t->heap[--t->n];
    if (at == t->n)
        return;
    if (at > 0 && earlier(&last, &t->heap[(at - 1) / 2]))
        move_up(t, at, last);
    else
        move_down(t, at, last);
}

void timers_cancel(struct timers *t, uint64_t id)
{
    uint32_t slot = slot_of(id);
    if (id == 0 || slot >= t->slots_n || !t->slots[slot].used || t->slots[slot].generation != id >> 32)
        return;
    remove_at(t, t->slots[slot].at);
}

int timers_wait_ms(const struct timers *t, int64_t now_ms)
{
    if (t->n == 0)
        return -1;
    int64_t wait = t->heap[0].due_ms - now_ms;
    return wait < 0 ? 0 : wait > INT_MAX ? INT_MAX : (int)wait;
}

bool timers_take(struct timers *t, int64_t now_ms, struct timer *ret_timer)
{
    if (t->n == 0 || t->heap[0].due_ms > now_ms)
        return false;
    *ret_timer = t->heap[0];
    remove_at(t, 0);
    return true;
}

void timers_done(struct timers *t)
{
    free(t->heap);
    free(t->slots);
    *t = (struct timers){ 0 };
}
