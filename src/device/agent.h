/* The remote-service part of a device (D-6): a SOAP server that answers the station, and a SOAP client that
 * reports to it, around one board at a time. The bench address stays; boards come and go in front of it. */
#ifndef DEVICE_AGENT_H
#define DEVICE_AGENT_H

#include "device/board.h"
#include "device/decide.h"
#include "device/field.h"
#include "http/client.h"
#include "http/server.h"
#include "pki/proof.h"
#include "soap/soap.h"

enum { AGENT_URL = 256 };

/* What is still to be told to the station: a write result until it was received (S10, S13), or a scan (S4). */
struct report {
    struct agent *agent;
    struct http_client *client; /* its own: a kept connection would speak under another identity */
    struct tls_context *tls;
    enum soap_message message;  /* WRITE_RESULT or SCAN_REPORT */
    char url[AGENT_URL];
    struct buf body;            /* the envelope; the same for each attempt, so that its MessageID is too */
    unsigned attempt;
    uint64_t timer;
    bool active, received;
};

struct agent {
    struct loop *loop;
    char address[64];
    uint16_t port;
    struct http_server *server; /* NULL: no board is in front */
    struct board *board;        /* the caller's; NULL: none */
    struct trust *trust;
    struct credential ephemeral; /* of a blank board */
    char station[AGENT_URL];    /* where the station listens: configured, or the last ReplyTo */
    struct secret pack;         /* acknowledged, not yet written */
    uint8_t nonce[PROOF_NONCE];
    uint8_t pack_fingerprint[CERT_FINGERPRINT];
    uint64_t write_timer;
    struct report result, scan;
    struct field *field;        /* the caller's; NULL: no remote service */
    loop_fn *power_lost;        /* a test-only fault cut the power; called from the loop */
    loop_fn *changed;           /* identity or parameters came from the station; may be NULL */
    void *context;
};

/* Keeps address and port for the boards to come; port 0 becomes a free one with the first board. */
void agent_init(struct loop *loop, const char *address, uint16_t port, const char *station, struct agent *ret_agent);

/* The board comes to the bench address, or leaves it; connections end. Never from inside a handler. */
enum err agent_plug(struct agent *a, struct board *board, struct why *why) MUST_CHECK;
void agent_unplug(struct agent *a);

/* Shows what the board has now to the connections that come (after the bootstrap certificate was written). */
enum err agent_show_credential(struct agent *a, struct why *why) MUST_CHECK;

/* Acknowledged: written in the next turn of the loop, then reported (S8, S10). */
enum err agent_take_pack(struct agent *a, struct span pack, const uint8_t nonce[PROOF_NONCE],
                         const uint8_t fingerprint[CERT_FINGERPRINT], struct why *why) MUST_CHECK;
/* Reports the identity that is in the flash, in the next turn of the loop (S10). */
enum err agent_take_result_request(struct agent *a, const uint8_t nonce[PROOF_NONCE], struct why *why) MUST_CHECK;

struct device_view agent_view(const struct agent *a);

/* report.c: each runs until the station has received it, or refuses. failure NULL: OK with a proof by the new key. */
enum err report_result(struct agent *a, enum err write_error, const struct why *failure, struct why *why) MUST_CHECK;
enum err report_scan(struct agent *a, const char *text, struct why *why) MUST_CHECK;
void report_stop(struct report *r);

/* service.c: the SOAP service, an http_handler with the agent as its context. */
extern const struct http_handler device_service;

/* answer.c: what one request leads to. The answer's texts live in the board or are constants. */
struct answer {
    union {
        struct device_status_response device_status;
        struct pack_transmission_response pack_transmission;
        struct result_response result;
        struct parameter_initialisation_response parameter_initialisation;
        struct bootstrap_write_response bootstrap_write;
    } body;
    struct why why; /* behind a reason in the body */
};
enum err answer_request(struct agent *a, const struct soap_parsed *request, struct answer *ret_answer,
                        struct why *why) MUST_CHECK;

#endif
