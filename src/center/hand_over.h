/* The board that stands in for a number is told where its counters go on: from the last reading that was believed (M-5), from
 * nothing when there is none. It reads nothing until it has that word. */
#ifndef CENTER_HAND_OVER_H
#define CENTER_HAND_OVER_H

#include "center/center.h"

/* A call down, within the caller's transaction; also when as many calls as may wait for this number. Errors: NOT_FOUND. */
enum err hand_over_tell(struct center *center, const struct device_number *number, int64_t now_s, struct why *why) MUST_CHECK;

/* Somebody else may have taken it (the old board, behind the same gateway): what was taken and not answered in its time is told anew,
 * under an id that no gateway knows; some of them, those that are over longest. One that fails is in the log, and its turn comes later. */
enum err hand_over_anew(struct center *center, int64_t now_s, struct why *why) MUST_CHECK;

/* The board answered one that was told anew meanwhile: it need not be told again. Within the caller's transaction. */
enum err hand_over_answered(struct db *db, const struct device_number *number, struct span answer, struct why *why) MUST_CHECK;

#endif
