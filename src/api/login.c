#include "api/login.h"

enum err login_decide(const struct login_facts *facts, int64_t most_failures, int64_t lock_s, int64_t now_s,
                      struct login_effect *ret_effect, struct why *why)
{
    *ret_effect = (struct login_effect){ facts->failures, facts->locked_until_s };
    if (facts->known && facts->locked_until_s > now_s)
        return why_set(why, ERR_LOCKED_OUT, "too many wrong passwords: locked for %lld more seconds",
                       (long long)(facts->locked_until_s - now_s));
    if (facts->known && !facts->disabled && facts->password_right) {
        *ret_effect = (struct login_effect){ 0, 0 };
        return OK;
    }
    ret_effect->failures++;
    if (ret_effect->failures >= most_failures)
        *ret_effect = (struct login_effect){ 0, now_s + lock_s };
    return why_set(why, ERR_NOT_AUTHENTICATED, "name or password is wrong");
}
