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

/* How many passwords are looked at, whoever asks: each costs the thread that serves the line or the field some 50 ms. Zero
 * at the start; `now_ms` is monotonic. */
enum { LOGIN_EVERY_MS = 250, LOGIN_BURST = 10 };
struct login_pace {
    int64_t next_ms;
};
bool login_may_try(struct login_pace *pace, int64_t now_ms);

#endif
