/* The field's SOAP service: one request, from its message to its answer. */
#ifndef CENTER_SERVICE_H
#define CENTER_SERVICE_H

#include "center/center.h"
#include "soap/soap.h"

/* A step takes *request over (empties it) when it answers later; else it answers by service_answer before it returns. An error
 * becomes a fault. */
typedef enum err service_step(struct center *center, struct http_exchange *x, struct soap_parsed *request, struct why *why);

void service_answer(struct http_exchange *x, const struct soap_header *reply, enum soap_message message, const void *body);
void service_fail(struct http_exchange *x, const struct soap_header *reply, enum err err, const struct why *why);

/* A connection with a certificate that was refused: an incident, or one that was under way when its identity was replaced. For the
 * field listener (struct http_server_options). */
void service_refused(void *context, const struct peer *claimed, const char *peer_address, enum err err, const struct why *why);

#endif
