/* Inside of the serial line: what line.c (the line itself) and stream.c (the connections that it carries) share. */
#ifndef GATEWAY_LINE_INSIDE_H
#define GATEWAY_LINE_INSIDE_H

#include "gateway/dialler.h"
#include "gateway/line.h"
#include "gateway/tty.h"
#include "gateway/wire.h"

enum { STREAMS = 32 };

struct stream {
    struct line *line;
    int fd; /* -1: free */
    uint16_t id;
    bool closing; /* the other end is done: what waits is written, then it is closed */
    struct buf out;
};

struct line {
    struct loop *loop;
    struct line_options options;
    struct sockaddr_storage to;
    int tty, listener;
    struct dialler *dialler; /* while the connection is made */
    uint64_t timer;          /* to open it again */
    uint64_t idle_timer;     /* to hang up */
    bool moved;              /* something passed since that was set */
    struct buf out;
    uint8_t sequence;
    uint16_t next_id;
    struct wire_reader reader;
    struct stream streams[STREAMS];
};

/* The line carries frames. */
static inline bool line_stands(const struct line *l) { return l->tty >= 0 && l->dialler == NULL; }

/* line.c */
void line_say(struct line *l, enum wire_type type, uint16_t stream, struct span payload);
void line_watch(struct line *l); /* after anything has happened: line, streams, and whether it is idle */

/* stream.c */
struct stream *stream_add(struct line *l, int fd, uint16_t id); /* takes the descriptor; NULL: no room, closed */
struct stream *stream_find(struct line *l, uint16_t id);
void stream_watch(struct stream *s); /* is read only while the line has room */
void stream_open(struct line *l, uint16_t id);                  /* OPEN came: connects */
void stream_take(struct stream *s, struct span payload);        /* DATA came */
void stream_end(struct stream *s);                              /* CLOSE came */
void stream_drop(struct stream *s);
void stream_drop_all(struct line *l);
bool stream_any(const struct line *l);

#endif
