/* Charge counters (M-5) and the one rule by which a reading is believed: it must follow the one before. */
#ifndef MODEL_COUNTER_H
#define MODEL_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limit.h"

struct counter {
    char name[24]; /* "copy", "print", "fax", "scan", "water", "gas", "electricity" */
    int64_t value;
};

/* One reading: what the device's NVRAM said when it was asked. `sequence` counts the readings of the device's
 * life, `epoch` its starts, `boots` those of them since the reading before. */
struct reading {
    int64_t epoch, boots, sequence;
    size_t counters_n;
    struct counter counters[LIMIT_COUNTERS];
};

enum reading_verdict {
    READING_FOLLOWS,          /* the next one: may be billed */
    READING_SAME,             /* the last one again, unchanged: no second effect (I10) */
    READING_COUNTER_BACK,     /* a counter is lower than before, or gone */
    READING_SEQUENCE_REPEATS, /* a sequence number that was used for something else: memory restored or copied */
    READING_SEQUENCE_SKIPS,   /* readings were made that nobody here has seen: an exchanged or copied memory */
    READING_EPOCH_BACK,
    READING_EPOCH_SKIPS,      /* epoch is not the last one and `boots` more */
    READING_BEFORE_FIRST,     /* made before the first one that is known here: it says nothing that the others do not */
    READING_VERDICT_COUNT
};

/* `last` is NULL for the first reading of a device, which any may be. Never BEFORE_FIRST: who knows all of them says that.
 * Of one that skips others, SEQUENCE_SKIPS says that they may explain it, another verdict that nothing can. Pure. */
enum reading_verdict reading_judge(const struct reading *last, const struct reading *now);

/* Whether they are one reading, told twice. */
bool reading_same(const struct reading *one, const struct reading *other);

const char *reading_verdict_name(enum reading_verdict verdict); /* "counter-back" */
const char *reading_verdict_text(enum reading_verdict verdict); /* a sentence for the list of incidents */

#endif
