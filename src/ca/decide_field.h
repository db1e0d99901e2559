/* What the CA decides about identities of devices in the field, without asking anybody (M-8). */
#ifndef CA_DECIDE_FIELD_H
#define CA_DECIDE_FIELD_H

#include "model/number.h"
#include "store/register.h"

/* The identities of a number that matter: rows of the register, id 0 when there is none. */
struct field_identity {
    int64_t id, order_id, generation;
    enum lifecycle_state state;
    uint8_t fingerprint[REGISTER_FINGERPRINT];
};
struct field_history {
    struct field_identity live;     /* one at most (I1) */
    struct field_identity renewing; /* made and not confirmed; one at most */
    struct field_identity former;   /* the newest of those that were in a device and are dead */
};

enum renewal_reason { RENEWAL, REPLACEMENT };

/* Errors: BAD_INPUT. */
enum err decide_renewal_reason(const char *text, enum renewal_reason *ret_reason, struct why *why) MUST_CHECK;

/* Whether a new identity may be made for the device with this number, and which one comes before it. A renewal is for
 * the live identity that asks (`replaces`); a replacement board may follow one that was revoked, too.
 * Errors: NOT_FOUND (never was in a device), BAD_TRANSITION, CONFLICT. */
enum err decide_renewal(const char *number, enum renewal_reason reason, struct span replaces, const struct field_history *history,
                        const struct field_identity **ret_before, struct why *why) MUST_CHECK;

/* Where the centre's report ("admitted", "confirmed", "revoked") leads an identity. `replaces_live`: its predecessor is
 * live, and is superseded when *ret_supersedes. Errors: BAD_INPUT, BAD_TRANSITION. */
enum err decide_settlement(enum lifecycle_state from, const char *outcome, bool replaces_live, enum lifecycle_state *ret_to,
                           bool *ret_supersedes, struct why *why) MUST_CHECK;

#endif
