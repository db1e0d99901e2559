/* Random bytes from the kernel. Only programs draw them; whatever decides takes them as an argument. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>

#include "base/err.h"

/* Fills n bytes from getrandom(2). Errors: IO. */
enum err rng_fill(void *out, size_t n) MUST_CHECK;

#endif
