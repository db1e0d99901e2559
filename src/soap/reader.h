/* The push reader behind soap_read_... and soap_stream_...: Expat's events, the place in the envelope, the limits.
 * Internal to soap/. feed.c takes the bytes, reader.c knows the envelope, header.c the header blocks, body.c records and
 * fields, and fault.c the faults. */
#ifndef SOAP_READER_H
#define SOAP_READER_H

#include <expat.h>

#include "base/arena.h"
#include "soap/fields.h"

/* Where in the envelope the reader is: inside which element. */
enum soap_place {
    PLACE_OUTSIDE,  /* before or behind the envelope */
    PLACE_ENVELOPE,
    PLACE_HEADER,
    PLACE_BLOCK,    /* one header block, at any depth */
    PLACE_BODY,
    PLACE_RECORD,   /* the operation's element or a list's record */
    PLACE_FIELD,    /* an element with text */
    PLACE_FAULT     /* at any depth */
};

struct soap_level {
    const struct soap_record *record;
    const char *element; /* for messages */
    uint8_t *object; /* NULL in a stream's outermost level, which has no fields */
    uint32_t seen;   /* one bit per field */
};

enum { SOAP_LEVELS = 4 };

/* A fault while it is read. */
struct soap_fault_parts {
    bool found, typed, receiver;
    enum err err;
    char reason[WHY_MAX];
};

struct soap_reader {
    XML_Parser parser;
    struct why *why; /* of the call under way */
    enum err err;    /* the first one; everything after it is ignored */

    enum soap_service service;
    enum soap_message message; /* of a request: known once the body began, unless `fixed` */
    bool fixed, response, message_read;
    const struct soap_stream_events *events; /* NULL: the whole message is kept */
    size_t bytes, max_bytes;                 /* taken so far, ceiling */
    bool past;                               /* what comes goes past Expat, up to the next markup */
    unsigned long lines_past;                /* line ends that went past it */

    enum soap_place place;
    unsigned depth; /* of open elements */
    bool header_seen, body_seen, done;
    struct buf text; /* of the open field, block or fault element; may hold a secret */

    struct soap_header header;
    unsigned block_depth; /* of the header block's own element */
    bool reply_to;        /* the block is ReplyTo */
    char *block_to;       /* where its text goes; NULL: nowhere */
    size_t block_room;

    struct arena *arena;
    void *body;
    struct soap_level levels[SOAP_LEVELS];
    size_t levels_n;
    const struct soap_field *field;
    size_t items; /* records of lists so far */

    unsigned fault_depth;
    struct soap_fault_parts fault;
};

/* An element's name, split. */
struct soap_name {
    struct span ns; /* empty: none */
    const char *local;
};
bool soap_name_is(const struct soap_name *name, const char *ns, const char *local);

/* max_bytes bounds the document; the arena's ceiling is set from it. Errors: NO_MEMORY. */
enum err soap_reader_init(struct soap_reader *r, size_t max_arena) MUST_CHECK;
void soap_reader_done(struct soap_reader *r); /* wipes; frees the arena too unless it was taken out */
enum err soap_reader_push(struct soap_reader *r, struct span piece, bool last, struct why *why) MUST_CHECK;

/* The line that is being read, from 1. */
unsigned long soap_reader_line(const struct soap_reader *r);
/* Text, from Expat or past it. */
void soap_text(struct soap_reader *r, const char *text, size_t n);

/* Ends the reading: keeps the first error, puts "line N, <element>: reason" into the caller's why. */
void soap_reader_fail(struct soap_reader *r, const char *element, enum err err, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Inside <Header>: a block begins; an element inside one begins; one ends. */
void soap_block_start(struct soap_reader *r, const struct soap_name *name, const char **attributes);
void soap_block_inner(struct soap_reader *r, const struct soap_name *name);
void soap_block_end(struct soap_reader *r, const struct soap_name *name);

/* Inside <Body>: the operation's element, and everything in it. */
void soap_operation_start(struct soap_reader *r, const struct soap_name *name);
void soap_field_start(struct soap_reader *r, const struct soap_name *name);
void soap_field_end(struct soap_reader *r, const struct soap_name *name);
void soap_record_end(struct soap_reader *r, const struct soap_name *name);

/* Inside <Fault>. */
void soap_fault_part_end(struct soap_reader *r, const struct soap_name *name);
/* The error that the fault stands for, its reason into why. */
enum err soap_fault_error(const struct soap_fault_parts *fault, struct why *why);

#endif
