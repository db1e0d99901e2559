/* What happened to one device number, gathered from every trail that a folder holds. */
#ifndef TRACE_EVENTS_H
#define TRACE_EVENTS_H

#include "base/buf.h"
#include "model/number.h"

struct event {
    int64_t at_s;
    unsigned source; /* in the order of the line: CA, factory server, centre, device */
    size_t order;    /* as they were read */
    int64_t generation, rank; /* events_sort: which identity of the number, how far along the line */
    char *actor, *event, *detail; /* owned */
};

struct events {
    struct event *list; /* owned */
    size_t n, room;
    struct device_number number;
    unsigned sources; /* trails that were there */
    char note[1024];  /* what a reader has to know of them, sentences; "": nothing */
};

/* Reads DIR/ca/register.db, DIR/factory/stock.db, DIR/center/center.db and every history.jsonl of a device below DIR, and sorts by time.
 * A trail that is not there is passed over; one whose database was moved is read where it is now, or, where that cannot be, as far as
 * the file has it, and the note says so, also with an error. Errors: NOT_FOUND when there is none at all, DAMAGED, NO_MEMORY. */
enum err events_gather(const char *dir, const struct device_number *number, struct events *ret_events,
                       struct why *why) MUST_CHECK;
void events_done(struct events *e);

/* order.c: by time; within a second each trail's own order, and between trails by what causes what. Events stand
 * trail by trail before. */
void events_sort(struct events *events);

const char *event_source_name(unsigned source); /* "ca", "factory", "center", "device" */

/* Appends one event; the texts are copied. Errors: NO_MEMORY. */
enum err events_add(struct events *e, unsigned source, int64_t at_s, const char *actor, const char *event,
                    const char *detail) MUST_CHECK;

/* history.c: reads one device's history when it is about the number. Errors: IO, NO_MEMORY. */
enum err events_read_history(struct events *e, const char *path, unsigned source, struct why *why) MUST_CHECK;

#endif
