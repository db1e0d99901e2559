#include "api/login.h"

/* The same words in each case: who asks does not learn whether there is such an account, or that it is locked. */
static enum err refuse(enum err err, int64_t most_failures, int64_t lock_s, struct why *why)
{
    return why_set(why, err, "name or password is wrong, or the account is locked: it is for %lld seconds after %lld wrong passwords",
                   (long long)lock_s, (long long)most_failures);
}

enum err login_decide(const struct login_facts *facts, int64_t most_failures, int64_t lock_s, int64_t now_s,
                      struct login_effect *ret_effect, struct why *why)
{
    *ret_effect = (struct login_effect){ facts->failures, facts->locked_until_s };
    if (facts->known && facts->locked_until_s > now_s)
        return refuse(ERR_LOCKED_OUT, most_failures, lock_s, why);
    if (facts->known && !facts->disabled && facts->password_right) {
        *ret_effect = (struct login_effect){ 0, 0 };
        return OK;
    }
    ret_effect->failures++;
    if (ret_effect->failures >= most_failures)
        *ret_effect = (struct login_effect){ 0, now_s + lock_s };
    return refuse(ERR_NOT_AUTHENTICATED, most_failures, lock_s, why);
}

bool login_may_try(struct login_pace *pace, int64_t now_ms)
{
    int64_t paid_ms = (now_ms - pace->paid_until_ms) / LOGIN_SHARE;
    pace->debt_ms = pace->debt_ms > paid_ms ? pace->debt_ms - paid_ms : 0;
    pace->paid_until_ms += paid_ms * LOGIN_SHARE;
    return pace->debt_ms <= LOGIN_DEBT_MS;
}

void login_tried(struct login_pace *pace, int64_t took_ms) { pace->debt_ms += took_ms; }
