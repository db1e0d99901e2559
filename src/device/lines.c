#include "device/lines.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Hands over each whole line; a line that does not fit is cut there. */
static void take_lines(struct lines *l)
{
    char *end;
    while ((end = memchr(l->text, '\n', l->used)) != NULL || l->used == LINE_MOST - 1) {
        char *line_end = end == NULL ? l->text + l->used : end;
        char line[LINE_MOST];
        size_t n = (size_t)(line_end - l->text), gone = end == NULL ? n : n + 1;
        memcpy(line, l->text, n);
        line[n > 0 && line[n - 1] == '\r' ? n - 1 : n] = '\0';
        memmove(l->text, l->text + gone, l->used - gone);
        l->used -= gone;
        l->fn(l->context, line);
    }
}

static void readable(void *context, int fd, uint32_t events)
{
    struct lines *l = context;
    (void)events;
    ssize_t n = read(fd, l->text + l->used, LINE_MOST - 1 - l->used);
    if (n > 0) {
        l->used += (size_t)n;
        take_lines(l);
        return;
    }
    if (loop_watch(l->loop, fd, 0, readable, l) != OK)
        loop_stop(l->loop);
    l->fn(l->context, NULL);
}

enum err lines_watch(struct loop *loop, line_fn *fn, void *context, struct lines *ret_lines)
{
    *ret_lines = (struct lines){ .loop = loop, .fn = fn, .context = context };
    return loop_watch(loop, STDIN_FILENO, EPOLLIN, readable, ret_lines);
}
