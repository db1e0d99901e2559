/* What the CA decides, without asking anybody: facts in, verdict out. No system calls here; a simulator may
 * put the facts together as it likes. */
#ifndef CA_DECIDE_H
#define CA_DECIDE_H

#include "model/number.h"
#include "store/register.h"

/* An order that the requester has, and how much of it is used up: what is live, reserved, or was replaced
 * after a write. What was made in the field is for a device that is counted already. What was voided does not count,
 * so that a failed write costs nothing once it was revoked. */
struct decide_order {
    struct register_order order;
    int64_t used;
};

int64_t decide_used(const struct register_account *account);

struct issue_facts {
    const struct device_number *number;
    const char *requester;
    int64_t request;                 /* the request that asks; to tell a number that stands in it twice */
    struct register_history history; /* what the register knows of the number */
    const struct decide_order *orders; /* all of the requester and the number's model, by age */
    size_t orders_n;
    int64_t now_s;
};

/* Whether an identity may be made for the number, and under which order (I1, I11): the index into `orders`.
 * Errors: LIVE_IDENTITY, BAD_INPUT (twice in one request), BAD_NUMBER (reserved), NO_ORDER, ORDER_EXPIRED,
 * OVER_ORDER; `why` names the number and what to do. */
enum err decide_issue(const struct issue_facts *facts, size_t *ret_order, struct why *why) MUST_CHECK;

/* Whether a request that comes again is the same one (I10). Errors: CONFLICT. */
enum err decide_repeat(const struct register_request *known, const uint8_t digest[REGISTER_DIGEST], int64_t numbers,
                       struct why *why) MUST_CHECK;

/* Where a factory server's report ("written", "failed", "voided") leads. `failed` and `voided` end in a revoked
 * identity. Errors: BAD_INPUT (no such outcome), BAD_TRANSITION. */
enum err decide_outcome(enum lifecycle_state from, const char *outcome, enum lifecycle_state *ret_to, struct why *why) MUST_CHECK;

/* The serial number that bootstrap packs bear; no device may have it. */
#define DECIDE_BOOTSTRAP_SERIAL "BOOTSTRAP"

/* RFC 5280 5.3.1: the code of a reason's name ("key-compromise"). Errors: NOT_FOUND. */
enum err decide_reason_code(const char *name, int *ret_code) MUST_CHECK;
const char *decide_reason_names(void); /* "unspecified, key-compromise, ..." for messages */

#endif
