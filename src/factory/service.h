/* The stations' SOAP service: one request, from its message to its answer. */
#ifndef FACTORY_SERVICE_H
#define FACTORY_SERVICE_H

#include "factory/factory.h"
#include "soap/soap.h"

/* A request under way. Steps answer by service_answer or return an error, which becomes a fault. */
struct service_call {
    struct factory *factory;
    struct http_exchange *x;           /* NULL once the peer has gone */
    const struct soap_parsed *request; /* valid until the step returns */
    struct soap_header reply;          /* header of the answer */
    enum soap_message message;
    struct stock_station station; /* who asks; empty for an enrolling one */
    char actor[LIMIT_NAME + 16];  /* "station:line-1" for the audit trail */
    bool later;                   /* the step goes on after its return and answers then (service_keep) */
};

typedef enum err service_step(struct service_call *call, struct why *why);

void service_answer(struct service_call *call, const void *body);
void service_fail(struct service_call *call, enum err err, const struct why *why);

/* For a step that must ask the CA first: a copy of the call that lives on, until service_release. Its `request`
 * is NULL, its `x` becomes NULL when the peer goes. NULL when out of memory. */
struct service_call *service_keep(struct service_call *call);
void service_release(struct service_call *kept);

/* The steps, each in the file of its name. */
enum err service_hello(struct service_call *call, struct why *why);
enum err service_keyed(struct service_call *call, struct why *why);     /* S3, keyed in here (F-9) */
enum err service_claim(struct service_call *call, struct why *why);     /* S5, S6 */
enum err service_reception(struct service_call *call, struct why *why); /* S9 */
enum err service_result(struct service_call *call, struct why *why);    /* S11, S12 */
enum err service_bootstrap(struct service_call *call, struct why *why); /* S1702 */
enum err service_board(struct service_call *call, struct why *why);     /* S1705 */
enum err service_enrol(struct service_call *call, struct why *why);

#endif
