/* The desk: exchanges on their way. Those that came in one turn of the loop share one commit; one that has nothing to tell
 * waits, when its asker wants to, until there is something. */
#ifndef CENTER_DESK_H
#define CENTER_DESK_H

#include "center/job.h"
#include "center/service.h"

enum err desk_new(struct center *center, struct desk **ret_desk) MUST_CHECK;
void desk_free(struct desk *desk);

/* The step of ExchangeRequest. */
service_step desk_take;
void desk_gone(struct http_exchange *x); /* the exchange ended, replied to or not */

/* Whoever waits with an identity that these lists revoke is refused now. */
void desk_revoke(struct desk *desk, const struct trust *trust);

/* Who waits with this number, or is a gateway above it, looks again; NULL: everybody. */
void desk_wake(struct center *center, const char *number);

/* Whoever waits is answered now: the centre stops. */
void desk_release(struct desk *desk);

/* An incident that no exchange brought; kept with the next commit. Beyond a few hundred a second they are counted only. */
void desk_incident(struct desk *desk, const struct center_incident *incident);

#endif
