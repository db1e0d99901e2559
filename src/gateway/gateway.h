/* The running gateway (M-1, M-3): what its parts share. The loop's thread owns all of it. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "conf/command.h"
#include "gateway/identity.h"
#include "gateway/outbox.h"
#include "gateway/settings.h"
#include "http/client.h"
#include "http/server.h"
#include "store/relay.h"

enum { GATEWAY_PATH = 512, GATEWAY_URL = 600 };

struct waiter;
struct uplink;
struct reader;

struct gateway {
    const char *dir, *config;
    struct gateway_settings settings;
    struct gateway_identity *identity;
    struct loop *loop;
    struct http_server *server;
    struct http_client *client;
    struct db *db;
    struct waiter *waiters; /* exchanges of those below that stand until something comes for them */
    struct uplink *uplink;
    struct reader *reader;  /* of the devices without an agent; NULL: there are none */
    unsigned relayed_n;     /* replacement requests under way */
    int64_t refused_told_s; /* when the centre was told of a refusal; 0: never */
    unsigned refused_n;     /* of those since then */
    bool stopping;
};

/* What is kept of an exchange whose reply comes later; first member of what http_set_data gets. */
struct held {
    void (*gone)(struct held *self); /* the exchange is over: never touched again */
};

/* service.c: the listener towards the LAN. */
extern const struct http_handler gateway_service;
struct below_call {
    struct gateway *g;
    struct http_exchange *x;
    const struct soap_parsed *request;
    struct soap_header reply;
};
void gateway_answer(struct http_exchange *x, enum soap_message message, const struct soap_header *reply, const void *body);
void gateway_fail(struct http_exchange *x, const struct soap_header *reply, enum err err, const struct why *why);

/* below.c: an exchange with one below. */
enum err below_exchange(const struct below_call *call, struct why *why) MUST_CHECK;
/* Something came for this neighbour (NULL: for some of them). */
void below_wake(struct gateway *g, const char *via);
void below_release(struct gateway *g); /* answers all that wait: the gateway ends */

/* replacement.c: a board's request goes up at once; nothing is kept. */
enum err replacement_relay(const struct below_call *call, struct why *why) MUST_CHECK;

/* uplink.c */
enum err uplink_start(struct gateway *g, struct why *why) MUST_CHECK;
void uplink_stop(struct gateway *g);
void uplink_news(struct gateway *g); /* something waits to go up */
/* A call to the one above; `done` as in http_client_send. */
enum err uplink_call(struct gateway *g, struct span body, long timeout_ms, size_t max_reply, http_done_fn *done, void *context,
                     struct why *why) MUST_CHECK;

/* arrival.c: takes the reply to what was sent (told: refusals were with it); adds the receipts that are due.
 * *ret_came: how much of it was news. */
enum err arrival_take(struct gateway *g, const struct outbox *sent, bool told, const struct exchange_response *r,
                      struct outbox *receipts, unsigned *ret_came, struct why *why) MUST_CHECK;

/* own.c: what the gateway itself tells the centre. */
#define OWN_VIA "gateway" /* stands where a neighbour's number would */
enum err own_call(struct gateway *g, enum soap_message message, const void *body, char ret_id[LIMIT_MESSAGE_ID + 1],
                  struct why *why) MUST_CHECK;
enum err own_report(struct gateway *g, const struct agentless_report_request *report, struct why *why) MUST_CHECK;
/* Tells the centre that a neighbour spoke for another number and was refused here; some are told, the others are in the log. */
void own_refused(struct gateway *g, const char *peer, const char *number);
void own_answers(struct gateway *g); /* answers to it came */

/* serve.c: everything but the loop's turns: dir and settings are filled, the rest is empty. After an error gateway_stop too. */
enum err gateway_start(struct gateway *g, struct why *why) MUST_CHECK;
void gateway_stop(struct gateway *g);
void gateway_reload_identity(struct gateway *g);

/* `gateway run`. Exit status. */
int gateway_serve(const char *dir, const char *config);

#endif
