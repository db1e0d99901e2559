/* Certificate revocation lists of the four authorities (RFC 5280 section 5). */
#ifndef CA_CRL_H
#define CA_CRL_H

#include "ca/authority.h"
#include "store/register.h"

/* Appends the authority's list: the newest on record while nothing was revoked since and it is not half over,
 * else a new one under the next number (I7). `force` makes a new one in any case. Without the authority's key
 * (an offline root) the newest on record is all there is. Errors: NOT_FOUND then, when there is none. */
enum err crl_current(struct db *db, const struct authorities *ca, enum authority_name name, int64_t days, bool force,
                     struct buf *der_to, struct why *why) MUST_CHECK;

#endif
