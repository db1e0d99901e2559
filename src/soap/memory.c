#include "soap/memory.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static struct piece *piece_of(void *at) { return (struct piece *)(void *)((unsigned char *)at - offsetof(struct piece, bytes)); }

static void *take(size_t n)
{
    struct piece *p = n > SIZE_MAX - sizeof *p ? NULL : malloc(sizeof *p + n);
    if (p == NULL)
        return NULL;
    p->size = n;
    return p->bytes;
}

static void give_back(void *at)
{
    if (at == NULL)
        return;
    struct piece *p = piece_of(at);
    explicit_bzero(p->bytes, p->size);
    free(p);
}

static void *resize(void *at, size_t n)
{
    void *larger = take(n);
    if (larger == NULL || at == NULL)
        return larger;
    size_t old = piece_of(at)->size;
    memcpy(larger, at, old < n ? old : n);
    give_back(at);
    return larger;
}

const XML_Memory_Handling_Suite soap_wiped_memory = { .malloc_fcn = take, .realloc_fcn = resize, .free_fcn = give_back };
