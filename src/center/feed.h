/* What the CA tells: which identities there are, and which are revoked; and which calls are over. */
#ifndef CENTER_FEED_H
#define CENTER_FEED_H

#include "center/center.h"

enum err feed_start(struct center *center, struct why *why) MUST_CHECK;
void feed_stop(struct center *center);

/* The CA told of these: they are kept, and a ticket that waits for one of them goes on. */
struct identity_list_response;
enum err feed_identities(struct center *center, const struct identity_list_response *told, struct why *why) MUST_CHECK;

/* What is over by this moment: each second, where it leads. What fails is in the log, and holds up nothing else. */
void feed_expire(struct center *center, int64_t now_s);

/* Whether the CA would have told of an identity that is unknown here: it was heard lately, and the identity came here before,
 * some seconds ago. One that was just written is unknown for a moment. */
bool feed_ought_to_know(struct center *center, const uint8_t fingerprint[CENTER_FINGERPRINT], int64_t now_s);

#endif
