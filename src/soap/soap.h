/* SOAP 1.1 and 1.2 between bytes and structs: no I/O here. Expat reads, our own writer writes.
 *
 * Reading is strict: depth and size limits, no DOCTYPE, each field at most once, in any order, unknown elements
 * in the message's own namespace refused (foreign toolkits leave order to the schema, so we do not insist). */
#ifndef SOAP_SOAP_H
#define SOAP_SOAP_H

#include "base/arena.h"
#include "base/buf.h"
#include "soap/messages.h"

enum soap_version { SOAP_1_1, SOAP_1_2 };

/* Faults that SOAP itself names; the others take their code from the error's row. */
enum soap_fault { SOAP_FAULT_OF_ERROR, SOAP_FAULT_VERSION_MISMATCH, SOAP_FAULT_MUST_UNDERSTAND };

/* What stands in the header (WS-Addressing 1.0). Absent ones are "". */
struct soap_header {
    enum soap_version version;
    char message_id[LIMIT_MESSAGE_ID + 1];
    char relates_to[LIMIT_MESSAGE_ID + 1];
    char reply_to[256]; /* address */
    enum soap_fault fault; /* set by the reader when it refused the envelope; soap_write_fault looks at it */
};

/* The header of the answer to what was read: its version, RelatesTo its MessageID, and its `fault`. */
struct soap_header soap_reply_header(const struct soap_header *request);

struct soap_message_row {
    const char *operation;    /* "PackRequest" */
    unsigned services, roles; /* SERVICE_BITs, ROLE_BITs */
    size_t max_body;
};
const struct soap_message_row *soap_message_row(enum soap_message message);

struct soap_service_row {
    const char *name, *path, *ns;
};
const struct soap_service_row *soap_service_row(enum soap_service service);

/* ROLE_BITs of all who may send this service anything at all: whom its listener lets in. */
unsigned soap_service_peers(enum soap_service service);

/* A message that was read. The struct behind `body` (struct pack_request, say) and all that it points at live
 * until soap_parsed_done, which wipes them: a pack holds a private key. */
struct soap_parsed {
    struct soap_header header;
    enum soap_message message;
    void *body;
    struct arena *arena;
};
#define AUTO_PARSED __attribute__((cleanup(soap_parsed_done))) struct soap_parsed
void soap_parsed_done(struct soap_parsed *p);

/* Reads a request to `service`; which operation it is decides the body's first element.
 * Errors: BAD_INPUT with line and element, UNSUPPORTED (no such operation here), TOO_LARGE, NO_MEMORY.
 * ret_parsed->header is set on errors too, as far as it was read, so that the fault goes out in the right version
 * and names the request. */
enum err soap_read_request(enum soap_service service, struct span xml, struct soap_parsed *ret_parsed, struct why *why) MUST_CHECK;

/* Reads the answer to `message` of `service`. A fault becomes the error that its detail names, its reason `why`. */
enum err soap_read_response(enum soap_service service, enum soap_message message, struct span xml,
                            struct soap_parsed *ret_parsed, struct why *why) MUST_CHECK;

/* `body` is the struct of that message (struct pack_request ...). Appends a whole envelope. */
enum err soap_write_request(enum soap_service service, enum soap_message message, const struct soap_header *header,
                            const void *body, struct buf *to) MUST_CHECK;
enum err soap_write_response(enum soap_service service, enum soap_message message, const struct soap_header *header,
                             const void *body, struct buf *to) MUST_CHECK;

/* A typed fault: detail <fault><error>OVER_ORDER</error><action>refuse</action><reason>...</reason></fault>. */
enum err soap_write_fault(const struct soap_header *header, enum err err, const char *reason, struct buf *to) MUST_CHECK;

/* HTTP status of a fault: 500 in SOAP 1.1; in 1.2 400 for the sender's fault, 500 for ours. */
int soap_fault_status(enum soap_version version, enum err err);

const char *soap_content_type(enum soap_version version); /* "text/xml; charset=utf-8" */

/* --- Batches: CertificateTransmissionRequest is read and written item by item, in memory that does not grow --- */

struct soap_stream; /* a push reader: bytes in any cut */

struct soap_stream_events {
    /* Each record of the message's one list, e.g. struct wanted_number or struct issued_pack; valid during the call. */
    enum err (*on_item)(void *context, const void *record);
    void *context;
};
enum err soap_stream_new(enum soap_service service, enum soap_message message, bool response,
                         const struct soap_stream_events *events, struct soap_stream **ret_stream) MUST_CHECK;
enum err soap_stream_push(struct soap_stream *stream, struct span piece, bool last, struct why *why) MUST_CHECK;
const struct soap_header *soap_stream_header(const struct soap_stream *stream); /* complete once an item came */
void soap_stream_free(struct soap_stream *stream);

/* Writing in pieces: opening, items, closing. */
enum err soap_write_open(enum soap_service service, enum soap_message message, bool response, const struct soap_header *header,
                         struct buf *to) MUST_CHECK;
enum err soap_write_item(enum soap_service service, enum soap_message message, bool response, const void *record,
                         struct buf *to) MUST_CHECK;
enum err soap_write_close(enum soap_service service, enum soap_message message, bool response, const struct soap_header *header,
                          struct buf *to) MUST_CHECK;

/* The WSDL 1.1 of a service, made from messages.h; both bindings; `address` is where it answers. */
enum err soap_write_wsdl(enum soap_service service, const char *address, struct buf *to) MUST_CHECK;

#endif
