/* The numbers of a batch from their acceptance to their certificate: reserved, all or none. */
#ifndef CA_RESERVE_H
#define CA_RESERVE_H

#include "ca/signer.h"

/* Where the numbers stand in batch->numbers; nothing is reserved yet. Errors: NO_MEMORY. */
enum err reserve_find_places(struct batch *b) MUST_CHECK;

/* Inside the transaction that makes the request: every number is judged and reserved. Errors: those of decide_issue. */
enum err reserve_all(struct signer *s, struct batch *b, const struct register_request *r, struct why *why) MUST_CHECK;

/* Reads which of the request's numbers are still reserved: always (_load), or when one was let go since (_refresh). */
enum err reserve_load(struct signer *s, struct batch *b, struct why *why) MUST_CHECK;
enum err reserve_refresh(struct signer *s, struct batch *b, struct why *why) MUST_CHECK;

const char *reserve_order_name(const struct batch *b, int64_t order_id); /* "" when unknown */
void reserve_done(struct batch *b);

#endif
