/* Memory for one request: many small pieces, freed together, wiped when they go.
 *
 * Pieces are aligned for any object and zeroed. The ceiling bounds what one peer can make us allocate. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct arena;

/* max_bytes: the sum of all pieces. Errors: NO_MEMORY. */
enum err arena_new(size_t max_bytes, struct arena **ret_arena) MUST_CHECK;
void arena_free(struct arena *arena); /* overwrites, then frees; NULL is fine */
void arena_reset(struct arena *arena); /* overwrites; keeps the first block for reuse */

/* NULL when out of memory or over the ceiling. */
void *arena_take(struct arena *arena, size_t n);
char *arena_text(struct arena *arena, struct span text); /* a copy with a NUL */

#endif
