#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024 };

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* the newest first */
    size_t left;          /* of the ceiling */
    size_t max;
};

enum err arena_new(size_t max_bytes, struct arena **ret_arena)
{
    struct arena *a = malloc(sizeof *a);
    if (a == NULL)
        return ERR_NO_MEMORY;
    *a = (struct arena){ .left = max_bytes, .max = max_bytes };
    *ret_arena = a;
    return OK;
}

static void free_block(struct block *b)
{
    explicit_bzero(b->bytes, b->used);
    free(b);
}

void arena_reset(struct arena *a)
{
    struct block *b = a->blocks;
    while (b != NULL && b->next != NULL) {
        struct block *next = b->next;
        free_block(b);
        b = next;
    }
    if (b != NULL) {
        explicit_bzero(b->bytes, b->used);
        b->used = 0;
    }
    a->blocks = b;
    a->left = a->max;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    arena_reset(a);
    free(a->blocks);
    free(a);
}

static struct block *add_block(struct arena *a, size_t n)
{
    size_t size = n > BLOCK_BYTES ? n : (size_t)BLOCK_BYTES;
    struct block *b = malloc(sizeof *b + size);
    if (b == NULL)
        return NULL;
    b->next = a->blocks;
    b->size = size;
    b->used = 0;
    a->blocks = b;
    return b;
}

void *arena_take(struct arena *a, size_t n)
{
    if (n > a->left)
        return NULL;
    size_t round = (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    struct block *b = a->blocks;
    if (b == NULL || b->size - b->used < round)
        b = add_block(a, round);
    if (b == NULL)
        return NULL;
    void *piece = memset(b->bytes + b->used, 0, round);
    b->used += round;
    a->left -= n;
    return piece;
}

char *arena_text(struct arena *a, struct span text)
{
    char *copy = arena_take(a, text.n + 1);
    if (copy != NULL && text.n != 0)
        memcpy(copy, text.at, text.n);
    return copy;
}
