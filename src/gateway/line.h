/* A serial line that carries TCP connections (M-9): one end listens and says OPEN for each connection it takes, the other
 * connects to the centre for it. It holds no identity and sees only TLS. */
#ifndef GATEWAY_LINE_H
#define GATEWAY_LINE_H

#include "http/loop.h"

struct line;

struct line_options {
    const char *tty;     /* the serial device; opened again when it went */
    const char *connect; /* the command that makes the modem's connection, see dialler.h; NULL: it stands already */
    int64_t idle_s;      /* not 0: made when a connection comes, ended when nothing passed for so long; else it is held */
    int64_t speed;       /* bits per second: 1200 ... 921600 */
    const char *listen;  /* "ADDRESS:PORT", port 0 any free one; NULL: the other end */
    const char *to;      /* "ADDRESS:PORT" of the centre, at the other end */
};

/* Errors: USAGE (an address, a speed), IO, NOT_FOUND (the serial device). */
enum err line_new(struct loop *loop, const struct line_options *options, struct line **ret_line, struct why *why) MUST_CHECK;
uint16_t line_port(const struct line *line); /* where it listens */
void line_free(struct line *line);           /* NULL is fine */

#endif
