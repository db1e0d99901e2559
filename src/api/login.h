/* What a log-in decides: a pure function of what is recorded and whether the password was right. */
#ifndef API_LOGIN_H
#define API_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct login_facts {
    bool known, disabled, password_right;
    int64_t failures, locked_until_s;
};
struct login_effect {
    int64_t failures, locked_until_s; /* to be saved, on success and on failure */
};
/* `ret_effect` is written in every case. Errors: NOT_AUTHENTICATED, LOCKED_OUT. */
enum err login_decide(const struct login_facts *facts, int64_t most_failures, int64_t lock_s, int64_t now_s,
                      struct login_effect *ret_effect, struct why *why) MUST_CHECK;

#endif
