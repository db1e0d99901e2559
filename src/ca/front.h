/* The front: TLS, HTTP and SOAP, and none of the CA's keys. It says who asks (from the certificate, never from
 * the message), checks that this role may send this message, and passes on; the signer decides. */
#ifndef CA_FRONT_H
#define CA_FRONT_H

#include "ca/link.h"
#include "ca/protocol.h"
#include "ca/settings.h"
#include "http/server.h"
#include "soap/soap.h"

struct front {
    const struct command_line *line; /* for a reload */
    const struct ca_settings *settings;
    struct loop *loop;
    struct http_server *server;
    struct signer_link *link;
    bool lost; /* the signer has gone */
    bool draining;
    int64_t requests, faults, packs; /* for /metrics */
    int64_t lists_tag;
    uint64_t lists_timer;
    loop_fn *ready; /* waits for the first lists; NULL once called */
    int exit_status;
};

/* One SOAP request under way; belongs to its exchange. */
struct call {
    struct front *front;
    struct http_exchange *x;
    struct soap_header header; /* of the request */
    enum soap_message message;
    int64_t tag;               /* at the link; 0: none */
    struct buf body;           /* collected, until it is known to be a batch */
    struct batch_call *batch;  /* of a batch (front_batch.c), else NULL */
    bool answered;
};

/* HTTP handler of the server: pages by GET, SOAP by POST. */
extern const struct http_handler front_handler;

/* GET: the WSDL, /healthz, /readyz, /metrics. */
void front_page(struct front *f, struct http_exchange *x);

/* Answers a call, once: with a message, or with a fault that tells the caller why. */
void call_answer(struct call *c, const void *response);
void call_fault(struct call *c, enum err err, const struct why *why);
/* Answers with the fault of an ERROR frame. */
void call_fault_of(struct call *c, struct frame_reader *fields);
/* The header of the answer. */
struct soap_header call_reply_header(const struct call *c);
/* Whether the peer's role may send the message; the fault is answered if not. */
bool call_permitted(struct call *c);

/* All messages but the batch: sends the parsed request to the signer (front_calls.c). */
void call_dispatch(struct call *c, const void *request);

/* The batch (front_batch.c): begins with what was collected, goes on with pieces, and ends. */
void batch_call_begin(struct call *c);
void batch_call_piece(struct call *c, struct span piece);
void batch_call_complete(struct call *c);
void batch_call_free(struct call *c);

/* TLS with the newest CRLs (front_tls.c): asks the signer now and every half minute; `ready` runs when the first came. */
void front_watch_lists(struct front *f, loop_fn *ready);
void front_reload(struct front *f); /* asks for them out of turn, and reads the files again */
enum err front_tls(const struct ca_settings *s, struct frame_reader *lists, struct tls_context **ret_tls, struct why *why) MUST_CHECK;

#endif
