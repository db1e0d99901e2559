/* Plan, requests, counts (F-1, F-3, F-19). */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "factory/admin.h"
#include "factory/office.h"
#include "factory/plan_import.h"
#include "factory/request.h"
#include "log/log.h"

enum err api_plan_import(struct api_call *call, struct why *why)
{
    AUTO_PLAN plan = { 0 };
    struct plan_result result;
    char dry[8], past[8];
    api_query(call, "dry_run", sizeof dry, dry);
    api_query(call, "leave_out_past", sizeof past, past);
    const struct factory *f = admin_factory(call);
    const struct plan_file file = { .csv = call->body,
                                    .actor = call->actor,
                                    .days_late = (int)f->policy.days_late,
                                    .leave_out_past = past[0] != '\0',
                                    .dry_run = dry[0] != '\0' };
    enum err err = plan_import(f->db, &file, &plan, &result, why);
    if (err == OK)
        call->answer = json_pack("{s:I,s:I,s:I,s:I,s:b}", "rows", (json_int_t)result.rows, "known", (json_int_t)result.known,
                                 "left_out", (json_int_t)result.past, "devices", (json_int_t)result.devices, "dry_run", dry[0] != '\0');
    else if (plan.mistakes.n > 0)
        call->answer = api_mistakes(&plan.mistakes);
    return err;
}

static enum err add_count(void *context, const struct stock_count *c)
{
    char day[CLOCK_DAY_SIZE];
    clock_format_day(c->day, day);
    int64_t left = c->identity ? c->quantity - c->written : 0;
    json_t *row =
        json_pack("{s:s,s:s,s:s,s:s,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "date", day, "model", c->model, "name", c->name,
                  "first_serial", c->first_serial, "identity", c->identity, "quantity", (json_int_t)c->quantity, "planned",
                  (json_int_t)c->planned, "requested", (json_int_t)c->requested, "on_hand", (json_int_t)c->on_hand, "claimed",
                  (json_int_t)c->claimed, "written", (json_int_t)c->written, "written_today", (json_int_t)c->written_today,
                  "failed", (json_int_t)c->failed, "left", (json_int_t)left);
    return row == NULL || json_array_append_new(context, row) != 0 ? ERR_NO_MEMORY : OK;
}

static int64_t local_midnight(int64_t now_s)
{
    time_t now = (time_t)now_s;
    struct tm tm;
    localtime_r(&now, &tm);
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm);
}

static enum err list_counts(struct api_call *call, int32_t from, int32_t to, struct why *why)
{
    char text[16];
    enum err err = OK;
    api_query(call, "from", sizeof text, text);
    if (text[0] != '\0')
        err = clock_parse_day(text, &from);
    api_query(call, "to", sizeof text, text);
    if (err == OK && text[0] != '\0')
        err = clock_parse_day(text, &to);
    if (err != OK)
        return why_set(why, err, "\"%s\" is not a day: write it as 2026-03-19", text);
    json_t *rows = json_array();
    err = stock_count_each(admin_factory(call)->db, from, to, local_midnight(clock_wall_s()), add_count, rows, why);
    call->answer = json_pack("{s:o}", "rows", rows);
    return err;
}

enum err api_status(struct api_call *call, struct why *why)
{
    const struct factory *f = admin_factory(call);
    int32_t today = clock_local_day(clock_wall_s());
    return list_counts(call, clock_day_add(today, -(int)f->policy.days_late), clock_day_add(today, (int)f->settings.request_ahead_days), why);
}

enum err api_plan_list(struct api_call *call, struct why *why)
{
    return list_counts(call, 0, 99991231, why);
}

/* Corrects a wrong plan while nothing of it was asked for. */
enum err api_plan_remove(struct api_call *call, struct why *why)
{
    struct db *db = admin_factory(call)->db;
    char date[16], model[LIMIT_MODEL_CODE + 2], detail[64];
    int32_t day = 0;
    int64_t quantity = 0;
    api_query(call, "date", sizeof date, date);
    api_query(call, "model", sizeof model, model);
    if (clock_parse_day(date, &day) != OK)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is not a day: write it as 2026-03-19", date);
    enum err err = db_begin(db, why);
    if (err == OK)
        err = stock_plan_remove(db, day, model, &quantity, why);
    call->answer = json_pack("{s:s,s:s,s:I}", "date", date, "model", model, "quantity", (json_int_t)quantity);
    snprintf(detail, sizeof detail, "date=%s quantity=%lld", date, (long long)quantity);
    return api_commit(call, err, "plan-removed", model, detail, why);
}

static void tell_requested(const char *date, int64_t n, int64_t took_ms)
{
    char numbers[24], took[24];
    snprintf(numbers, sizeof numbers, "%lld", (long long)n);
    snprintf(took, sizeof took, "%lld", (long long)took_ms);
    log_event(LOG_INFO, "requested", "date", date, "numbers", numbers, "took_ms", took, NULL);
}

enum err api_request(struct api_call *call, struct why *why)
{
    struct factory *f = admin_factory(call);
    char date[16];
    int32_t day = 0;
    int64_t n = 0, began_ms = clock_mono_ms();
    enum err err = api_text(call, "date", NULL, sizeof date, date, why);
    if (err == OK && clock_parse_day(date, &day) != OK)
        err = why_set(why, ERR_BAD_INPUT, "\"%s\" is not a day: write it as 2026-03-19", date);
    if (err == OK && f->policy.direct)
        err = why_set(why, ERR_CONFLICT, "in direct mode packs are fetched when a station asks");
    if (err == OK)
        err = request_make(f->db, call->actor, strcmp(f->settings.request_mode, "single") == 0, day, day, &n, why);
    if (err == OK) {
        call->answer = json_pack("{s:I}", "requested", (json_int_t)n);
        office_wake(f->office);
        tell_requested(date, n, clock_mono_ms() - began_ms);
    }
    return err;
}

static enum err count_request(void *context, const struct stock_request *r)
{
    int64_t *n = context;
    (void)r;
    (*n)++;
    return OK;
}

/* How many requests the CA has not answered yet; of a day, how many numbers are under none. */
enum err api_request_open(struct api_call *call, struct why *why)
{
    struct db *db = admin_factory(call)->db;
    char date[16];
    int32_t day = 0;
    int64_t open = 0, planned = 0;
    api_query(call, "date", sizeof date, date);
    if (date[0] != '\0' && clock_parse_day(date, &day) != OK)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is not a day: write it as 2026-03-19", date);
    enum err err = stock_request_each(db, STOCK_REQUEST_OPEN, count_request, &open, why);
    if (err == OK && day != 0)
        err = stock_planned(db, day, &planned, why);
    call->answer = json_pack("{s:I}", "open", (json_int_t)open);
    if (day != 0)
        json_object_set_new(call->answer, "planned", json_integer(planned));
    return err;
}
