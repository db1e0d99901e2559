/* A number whose pack was voided gets a new one (F-16): by itself, or when an operator has approved it. */
#ifndef FACTORY_REISSUE_H
#define FACTORY_REISSUE_H

#include "factory/factory.h"

/* Whether the number whose write failed had its re-issues of today; one that was ordered already is not held. `db`: of
 * the calling thread. */
enum err reissue_held(const struct decide_policy *policy, struct db *db, const struct identity *failed, bool *ret_held,
                      struct why *why) MUST_CHECK;

/* The next generation of a number whose old certificate is revoked, and the request for it; inside a transaction. In
 * direct mode a station's request asks for it. */
enum err reissue_order(const struct decide_policy *policy, struct db *db, const char *actor, const struct identity *old,
                       struct why *why) MUST_CHECK;

#endif
