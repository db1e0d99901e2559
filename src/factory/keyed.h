/* F-9: numbers that were keyed in at the factory server and wait for a station of their line. They are kept in memory
 * alone: what a stop of the server loses is keyed in again. */
#ifndef FACTORY_KEYED_H
#define FACTORY_KEYED_H

#include "model/number.h"

struct keyed_number {
    struct device_number number;
    char line[LIMIT_NAME + 1], by[LIMIT_NAME + 1]; /* by: the operator */
    char station[LIMIT_NAME + 1];                  /* that was told it; "" none yet */
    int64_t until_s;                               /* nobody takes it after this */
};

struct keyed {
    struct keyed_number list[LIMIT_KEYED]; /* oldest first */
    size_t n;
};

/* Errors: EXISTS (it waits already), BUSY (too many wait). */
enum err keyed_add(struct keyed *keyed, const struct keyed_number *number, int64_t now_s, struct why *why) MUST_CHECK;

void keyed_withdraw(struct keyed *keyed, const struct device_number *number); /* as if it had not been added */

/* The oldest that waits for this line and that no other station was told; the same one again until it is taken, so
 * that a lost answer loses nothing. NULL: none. Valid until the next call. */
const struct keyed_number *keyed_next(struct keyed *keyed, const char *line, const char *station, int64_t now_s);

/* The station has begun with it: it waits no longer. false: this station was not told it. */
bool keyed_take(struct keyed *keyed, const char *station, const char *number, struct keyed_number *ret_number);

#endif
