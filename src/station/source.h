/* Where scans come from: standard input, tty devices, HID scanners, network scanners (F-8), and typed lines (F-9).
 *
 * Sources that queue (stdin, tcp: scripts and buffered scanners) are read only while the bench is free, so that
 * nothing is lost; what a person triggers (tty, hid) is handed on at once, and refused while one is worked on. */
#ifndef STATION_SOURCE_H
#define STATION_SOURCE_H

#include <stddef.h>

#include "base/limit.h"
#include "http/loop.h"

enum { SOURCES_MAX = 16, SOURCE_LINE = LIMIT_SCAN + 64 };

struct station;

enum source_kind { SOURCE_NONE, SOURCE_LINES, SOURCE_HID, SOURCE_LISTENER };

struct source {
    enum source_kind kind;
    struct sources *all;
    int fd;
    bool owned;   /* closed by us */
    bool queued;  /* read while the bench is free only */
    bool pollable; /* false: a plain file, read whenever there is room */
    bool watching, ended, keyed, overlong;
    bool shift;   /* HID */
    size_t n;
    char text[SOURCE_LINE];
};

struct sources {
    struct station *st;
    struct source list[SOURCES_MAX];
    char tcp_address[80]; /* of the listener; "" when there is none */
    bool stdin_only;      /* the program ends when its input does */
};

/* Opens all that the setting names. Errors: CONFIG, those of open(2) and bind(2). */
enum err sources_open(struct station *st, struct why *why) MUST_CHECK;
void sources_pump(struct sources *all); /* the bench may be free now */
void sources_close(struct sources *all);

/* hid.c: opens and grabs an evdev device; reads its keys into `text`. */
enum err hid_open(const char *path, int *ret_fd, struct why *why) MUST_CHECK;
/* One key event; the character, '\n' for Enter, 0 for none. */
char hid_char(uint16_t code, int32_t value, bool *shift);

/* For source.c and hid.c: one character of a line; true when a line is complete in `text`. */
bool source_put(struct source *s, char c);
void source_hand_on(struct source *s);
void source_end(struct source *s); /* nothing more will come */
void hid_read(struct source *s);

#endif
