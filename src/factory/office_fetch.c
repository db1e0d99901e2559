/* F-1: the plan of the month comes from the MES by HTTPS, at the set day and time. */
#include <stdio.h>

#include "base/clock.h"
#include "factory/office_internal.h"
#include "factory/plan_import.h"
#include "log/log.h"

/* A clock that is a day ahead must not cost today's rows, which come once a month; one day more harms nobody: it is not asked for. */
enum { CLOCK_AHEAD_DAYS = 1 };

static enum err get_plan(const struct factory_settings *s, struct buf *to, struct why *why)
{
    struct http_call call = { .url = s->mes_url, .method = "GET", .web_ca_file = s->mes_ca, .max_reply = LIMIT_PLAN_BYTES };
    struct http_result result;
    http_call_wait(&call, &result);
    enum err err = result.err;
    if (err != OK)
        (void)!why_set(why, err, "MES: %s", why_text(&result.why, err));
    else if (result.status != 200)
        err = why_set(why, ERR_UNREACHABLE, "the MES answered with HTTP status %d", result.status);
    else
        err = buf_put_span(to, buf_span(&result.body));
    http_result_done(&result);
    return err;
}

static enum err take_over(struct office *o, struct span csv, int32_t month, struct why *why)
{
    AUTO_PLAN plan = { 0 };
    struct plan_result result;
    const struct plan_file file = {
        .csv = csv, .actor = "mes", .days_late = (int)o->policy.days_late + CLOCK_AHEAD_DAYS, .leave_out_past = true
    };
    enum err err = plan_import(o->db, &file, &plan, &result, why);
    if (err != OK)
        return err;
    char devices[24], past[24];
    snprintf(devices, sizeof devices, "%lld", (long long)result.devices);
    snprintf(past, sizeof past, "%zu", result.past);
    log_event(result.past == 0 ? LOG_INFO : LOG_WARN, "plan-fetched", "devices", devices, "rows-left-out-as-past", past, NULL);
    /* What is new for today is asked for at once. */
    err = result.devices == 0 ? OK : stock_mark_set(o->db, "requested-day", 0, why);
    return err != OK ? err : stock_mark_set(o->db, "fetched-month", month, why);
}

enum err office_fetch(struct office *o, struct why *why)
{
    const struct factory_settings *s = &o->factory->settings;
    int64_t now = clock_wall_s(), last = 0;
    int32_t today = clock_local_day(now), at = 0;
    AUTO_BUF csv = { .max = LIMIT_PLAN_BYTES };
    enum err err = factory_parse_minute(s->mes_at, &at, why);
    if (err == OK)
        err = stock_mark_get(o->db, "fetched-month", &last, why);
    if (err != OK || s->mes_url[0] == '\0' ||
        !decide_fetch_due(today, clock_local_minute(now), (int32_t)s->mes_day, at, (int32_t)last))
        return err;
    err = get_plan(s, &csv, why);
    return err != OK ? err : take_over(o, buf_span(&csv), today / 100, why);
}
