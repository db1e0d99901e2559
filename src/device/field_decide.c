#include "device/field_decide.h"

#include <string.h>

static int64_t spread(int64_t ms, uint64_t random)
{
    return ms + (int64_t)(random % (uint64_t)(ms / 10 + 1));
}

static int64_t back_off_ms(struct poll *poll)
{
    const int64_t most = poll->interval_s * 1000;
    unsigned doublings = poll->failures < 20 ? poll->failures : 20;
    int64_t ms = (int64_t)1000 << doublings;
    poll->failures++;
    return ms < most ? ms : most;
}

int64_t poll_after(struct poll *poll, const struct poll_result *result, uint64_t random)
{
    if (result->failed)
        return spread(back_off_ms(poll), random);
    if (result->fresh || result->more) {
        poll->failures = 0;
        return 0;
    }
    if (result->stale)
        return spread(back_off_ms(poll), random);
    poll->failures = 0;
    int64_t ms = spread(poll->interval_s * 1000, random) - result->took_ms;
    return ms > 0 ? ms : 0;
}

int64_t poll_first(const struct poll *poll, uint64_t random)
{
    int64_t most = poll->interval_s * 1000 / 10;
    return (int64_t)(random % (uint64_t)((most < 500 ? most : 500) + 1));
}

int64_t poll_wait(const struct poll *poll, int64_t setting_s, bool letters)
{
    int64_t most = poll->interval_s < LIMIT_POLL_WAIT_S ? poll->interval_s : LIMIT_POLL_WAIT_S;
    if (letters)
        return 0;
    return setting_s < most ? setting_s : most;
}

enum err poll_set_interval(struct poll *poll, int64_t interval_s, struct why *why)
{
    if (interval_s < LIMIT_POLL_LEAST_S || interval_s > LIMIT_POLL_MOST_S)
        return why_set(why, ERR_BAD_INPUT, "a polling interval has %d to %d seconds, not %lld", LIMIT_POLL_LEAST_S,
                       LIMIT_POLL_MOST_S, (long long)interval_s);
    poll->interval_s = interval_s;
    return OK;
}

bool renewal_is_due(int64_t not_before_s, int64_t not_after_s, int64_t now_s, uint64_t random)
{
    const int64_t validity_s = not_after_s - not_before_s;
    const int64_t later_s = (int64_t)(random % (uint64_t)(validity_s > 0 ? validity_s / 10 + 1 : 1));
    return not_after_s - now_s <= validity_s / 3 - later_s;
}

enum session_step decide_admission(const char *state, const char *error)
{
    if (strcmp(state, "admitted") == 0)
        return SESSION_ADMITTED;
    if (strcmp(error, err_row(ERR_UNCONFIRMED)->name) == 0)
        return SESSION_CONFIRM;
    return strcmp(error, err_row(ERR_EXPIRED)->name) == 0 ? SESSION_RENEW : SESSION_REFUSED;
}

bool session_allows(enum session_step step, enum soap_message message)
{
    switch (step) {
    case SESSION_ADMITTED: return true;
    case SESSION_REFUSED: return false;
    case SESSION_RENEW: return message == SOAP_RENEWAL;
    case SESSION_CONFIRM: return message == SOAP_RENEWAL_CONFIRMATION;
    }
    return false;
}

enum receipt_step decide_receipt(bool accepted, const char *error, bool reading)
{
    if (accepted)
        return RECEIPT_TAKEN;
    const enum err err = err_from_name(error);
    if (err == ERR_UNKNOWN_IDENTITY || err == ERR_UNCONFIRMED || err == ERR_BUSY || err == ERR_NO_SPACE)
        return RECEIPT_LATER;
    if (reading && (err == ERR_NO_AGREEMENT || err == ERR_QUARANTINED || err == ERR_NOT_BOUND))
        return RECEIPT_REDO;
    return RECEIPT_REFUSED;
}
