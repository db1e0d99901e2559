/* Guards of the product that can be taken out, each with the name for --mutate. */
#ifndef TESTS_SIM_FIELD_MUTATE_H
#define TESTS_SIM_FIELD_MUTATE_H

#include <stdbool.h>

#define MUTATIONS(X) \
    X(NOTHING, "nothing", "the product as it is") \
    X(FORGET_SEQUENCE, "forget-sequence", "the device does not write down the number of a reading") \
    X(NO_RECOVERY, "no-recovery", "a start does not look for readings whose number was not written down") \
    X(FORGET_TOKEN, "forget-token", "the device does not write down token and nonce of its session") \
    X(FORGET_COUNT, "forget-count", "the device does not write down what it counts") \
    X(FORGET_READINGS, "forget-readings", "the device forgets a reading, or a call, once a gateway took it") \
    X(NO_SYNC, "no-sync", "nobody syncs a disk or a chip") \
    X(GATEWAY_ANSWERS_FIRST, "gateway-answers-first", "a gateway gives receipts before it commits") \
    X(CENTER_ANSWERS_FIRST, "center-answers-first", "so does the centre") \
    X(ACCEPT_DUPLICATES, "accept-duplicates", "the centre does not know which calls of devices it had") \
    X(ANY_GATEWAY, "any-gateway", "the centre takes letters from any gateway") \
    X(FORGET_BINDING, "forget-binding", "the centre does not know to which gateway a device was bound before") \
    X(NO_AGREEMENT, "no-agreement", "the centre does not look at agreements") \
    X(NO_QUARANTINE, "no-quarantine", "the centre does not write down who is in quarantine")

enum mutation {
#define X(code, name, what) MUTATE_##code,
    MUTATIONS(X)
#undef X
    MUTATION_COUNT
};

bool mutate_choose(const char *name); /* false: there is none of that name */
bool mutated(enum mutation which);

#endif
