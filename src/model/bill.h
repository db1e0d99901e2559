/* What a device counted in a period (M-5), from the billable reading before it on: the sum over its chains, in each of which every
 * reading follows the one before (counter.h), of what its last one has more than its first. */
#ifndef MODEL_BILL_H
#define MODEL_BILL_H

#include <stdbool.h>

#include "model/counter.h"

enum { BILL_COUNTERS = 4 * LIMIT_COUNTERS }; /* boards that were exchanged may have counted something else each */

struct bill_counter {
    char name[sizeof((struct counter *)0)->name];
    int64_t opening, closing;
    int64_t count; /* closing - opening, but for the leaps between two chains */
};

struct bill {
    size_t counters_n;
    struct bill_counter counters[BILL_COUNTERS];
    int64_t readings;           /* within the period; each that follows has the next sequence number */
    int64_t opened_s, closed_s; /* when the first and the last reading of it came */
    int64_t breaks;             /* how often a chain ended and another one began: what lies between is nobody's to bill */
    struct reading last;
};

/* Another billable reading, oldest first: of each chain at least the first and the last. `follows`: of the same chain as the one
 * before. `within`: of the period, else the last one before it. Errors: TOO_LARGE. */
enum err bill_take(struct bill *bill, const struct reading *reading, int64_t received_s, bool follows, bool within) MUST_CHECK;

#endif
