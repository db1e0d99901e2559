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

/* How long passwords are looked at, whoever asks: each costs the thread that serves the line or the field some 50 ms of its
 * processor. Zero at the start; `now_ms` is monotonic, `took_ms` processor time. */
enum { LOGIN_DEBT_MS = 3000, LOGIN_SHARE = 4 }; /* so much at once, some dozens; over time a quarter */
struct login_pace {
    int64_t debt_ms, paid_until_ms;
};
bool login_may_try(struct login_pace *pace, int64_t now_ms);
void login_tried(struct login_pace *pace, int64_t took_ms);

#endif
