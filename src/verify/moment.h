/* A moment as RFC 3339 writes it. */
#ifndef VERIFY_MOMENT_H
#define VERIFY_MOMENT_H

#include <stdint.h>

#include "base/err.h"

/* "2026-11-22T15:04:05Z", also with a fraction of a second (dropped) and with an offset ("+01:00"), or a bare
 * date. Errors: BAD_INPUT. */
enum err moment_parse(const char *text, int64_t *ret_wall_s) MUST_CHECK;

#endif
