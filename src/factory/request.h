/* What is asked of the CA: requests are made durable with their numbers before anything is sent. */
#ifndef FACTORY_REQUEST_H
#define FACTORY_REQUEST_H

#include "factory/factory.h"

/* Puts the planned numbers of the days from..to under requests: one for all (batch) or one for each (single).
 * `actor` for the audit trail. *ret_n: how many numbers. Does the whole transaction. */
enum err request_make(struct db *db, const char *actor, bool single, int32_t from, int32_t to, int64_t *ret_n,
                      struct why *why) MUST_CHECK;

#endif
