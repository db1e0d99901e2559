/* The identities of one number as the register has them, and moving one: what renew.c and settle.c have in common. */
#ifndef CA_HISTORY_H
#define CA_HISTORY_H

#include "ca/decide_field.h"

/* Those of the number; with a fingerprint, `ret_named` is the one that has it (id 0: none; may be NULL). */
enum err history_load(struct db *db, const char *number, struct span fingerprint, struct field_history *ret_history,
                      struct field_identity *ret_named, struct why *why) MUST_CHECK;

/* Moves an identity, with an entry in the audit trail, inside the caller's transaction. A state that is not live, and
 * `to` is one, counts as revoked for that reason. */
struct history_move {
    const char *actor, *event, *number, *reason;
};
enum err history_move(struct db *db, const struct field_identity *i, enum lifecycle_state to, const struct history_move *move,
                      struct why *why) MUST_CHECK;

#endif
