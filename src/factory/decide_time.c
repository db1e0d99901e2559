#include "base/clock.h"
#include "factory/decide.h"

bool decide_expire(const struct identity *row, int64_t now_s, struct identity *ret_row)
{
    struct identity next = *row;
    if (row->state != LIFE_CLAIMED || row->lease_until_s > now_s ||
        lifecycle_next(row->state, LIFE_EVENT_EXPIRE, ROLE_FACTORY, &next.state, NULL) != OK)
        return false;
    next.lease_until_s = 0;
    *ret_row = next;
    return true;
}

bool decide_erase(const struct decide_policy *policy, const struct identity *row, int64_t now_s)
{
    return row->state == LIFE_WRITTEN && now_s - row->written_s >= policy->retention_s;
}

bool decide_request_due(int32_t today, int32_t minute, int32_t at_minute, int32_t last_day)
{
    return minute >= at_minute && last_day < today;
}

static int32_t last_day_of_month(int32_t today)
{
    int32_t day = today / 100 * 100 + 28;
    while (clock_day_add(day, 1) / 100 == today / 100)
        day = clock_day_add(day, 1);
    return day % 100;
}

bool decide_fetch_due(int32_t today, int32_t minute, int32_t at_day, int32_t at_minute, int32_t last_month)
{
    int32_t last = last_day_of_month(today), day = today % 100;
    int32_t due = at_day < last ? at_day : last;
    if (last_month >= today / 100)
        return false;
    return day > due || (day == due && minute >= at_minute);
}

int64_t decide_backoff_ms(unsigned attempt, uint32_t random, int64_t max_ms)
{
    int64_t delay = 500;
    for (unsigned i = 1; i < attempt && delay < max_ms; i++)
        delay *= 2;
    if (delay > max_ms)
        delay = max_ms;
    return delay / 2 + (int64_t)(random % (uint32_t)(delay / 2 + 1));
}
