/* The heads of the CA's audit trail and of ours, kept by each other: what was cut off the end of one shows. */
#ifndef FACTORY_WITNESS_H
#define FACTORY_WITNESS_H

#include "factory/factory.h"

/* What the two trails look like now against what was kept of them. A head with n 0: there is none. */
struct witness {
    struct audit_head own;             /* ours now */
    struct audit_head ca_kept, ca_now; /* the CA's: as we kept it, and its entry of that number now */
    struct audit_head own_kept, own_now; /* ours: as the CA kept it, and our entry of that number now */
    struct audit_head ca;              /* the CA's head now */
};

/* What is asked: with `keep`, the CA keeps our head. Fills own and ca_kept. */
enum err witness_ask(struct db *db, bool keep, struct witness *ret_witness, struct witness_request *ret_request,
                     struct why *why) MUST_CHECK;
/* Fills the rest. Errors: BAD_INPUT. */
enum err witness_take(struct db *db, const struct witness_response *answer, struct witness *witness, struct why *why) MUST_CHECK;

bool witness_ca_differs(const struct witness *witness);
bool witness_own_differs(const struct witness *witness);

#endif
