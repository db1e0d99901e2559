/* What a device answered to a call, for people: the SOAP envelope as JSON. */
#ifndef CENTER_ANSWER_H
#define CENTER_ANSWER_H

#include <jansson.h>

#include "soap/soap.h"

/* The calls that an operator can make, by the word of `center call`. */
struct operation {
    const char *word;
    enum soap_message message;
};
extern const struct operation answer_operations[];
extern const size_t answer_operations_n;
const struct operation *answer_operation(const char *word); /* NULL: there is none */

/* `operation`: "ChargeCounterRequest". A fault becomes {"error", "reason"}. The caller owns it; NULL when out of memory. */
json_t *answer_as_json(const char *operation, struct span envelope);

#endif
