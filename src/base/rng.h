/* Random bytes from the kernel. Only programs draw them; whatever decides takes them as an argument. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>

#include "base/err.h"

/* Fills n bytes from getrandom(2). Errors: IO. */
enum err rng_fill(void *out, size_t n) MUST_CHECK;

/* "urn:uuid:..." of 45 characters (RFC 4122, version 4): a message id that nobody else has. Errors: IO. */
enum { RNG_UUID_URN = 46 };
enum err rng_uuid_urn(char ret_urn[RNG_UUID_URN]) MUST_CHECK;

#endif
