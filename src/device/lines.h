/* Lines from standard input, on the loop. */
#ifndef DEVICE_LINES_H
#define DEVICE_LINES_H

#include <stddef.h>

#include "http/loop.h"

enum { LINE_MOST = 1024 };

typedef void line_fn(void *context, const char *line); /* NULL: the end of the input */

struct lines {
    struct loop *loop;
    line_fn *fn;
    void *context;
    size_t used;
    char text[LINE_MOST];
};

/* Errors: IO when standard input cannot be waited for (a plain file, /dev/null). */
enum err lines_watch(struct loop *loop, line_fn *fn, void *context, struct lines *ret_lines) MUST_CHECK;

#endif
