/* What the centre has seen: counters, incidents, events (M-5, effect 1). */
#include <stdio.h>

#include "center/api.h"
#include "store/center_console.h"

json_t *console_reading(const struct center_reading *r)
{
    char received[CLOCK_TEXT_SIZE];
    json_t *counters = json_object();
    for (size_t i = 0; i < r->reading.counters_n; i++)
        json_object_set_new(counters, r->reading.counters[i].name, json_integer(r->reading.counters[i].value));
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:b,s:s,s:o}", "number", r->number.text, "received",
                     console_time(r->received_s, received), "via", r->via, "epoch", (json_int_t)r->reading.epoch, "sequence",
                     (json_int_t)r->reading.sequence, "billable", r->billable, "verdict", r->verdict, "counters", counters);
}

static enum err add_reading(void *context, const struct center_reading *r)
{
    return api_push(context, console_reading(r));
}

/* number "": NULL */
static const char *about(const struct api_call *call, char number[LIMIT_NUMBER_TEXT + 1])
{
    api_query(call, "number", LIMIT_NUMBER_TEXT + 1, number);
    return number[0] == '\0' ? NULL : number;
}

enum err api_counter_list(struct api_call *call, struct why *why)
{
    char number[LIMIT_NUMBER_TEXT + 1];
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return center_reading_list(call->service->people.db, about(call, number), console_most(call), add_reading, rows, why);
}

static enum err add_incident(void *context, const struct center_incident *i)
{
    char at[CLOCK_TEXT_SIZE];
    return api_push(context,
                    json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:I}", "id", (json_int_t)i->id, "at", console_time(i->at_s, at), "kind",
                              i->kind, "number", i->number, "by", i->by, "text", i->text, "times", (json_int_t)i->times));
}

enum err api_incident_list(struct api_call *call, struct why *why)
{
    char number[LIMIT_NUMBER_TEXT + 1];
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return center_incident_list(call->service->people.db, about(call, number), console_most(call), add_incident, rows, why);
}

static enum err add_event(void *context, const char *number, int64_t at_s, const char *kind, const char *detail)
{
    char at[CLOCK_TEXT_SIZE];
    return api_push(
        context, json_pack("{s:s,s:s,s:s,s:s}", "at", console_time(at_s, at), "number", number, "kind", kind, "detail", detail));
}

enum err api_event_list(struct api_call *call, struct why *why)
{
    char number[LIMIT_NUMBER_TEXT + 1];
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return center_event_list(call->service->people.db, about(call, number), console_most(call), add_event, rows, why);
}

enum err api_status(struct api_call *call, struct why *why)
{
    struct center_counts n;
    enum err err = center_count(call->service->people.db, clock_wall_s(), &n, why);
    if (err == OK)
        call->answer = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "customers", (json_int_t)n.customers, "sites",
                                 (json_int_t)n.sites, "devices", (json_int_t)n.devices, "seen_today", (json_int_t)n.seen_today,
                                 "licensed", (json_int_t)n.licensed, "unlicensed", (json_int_t)n.unlicensed, "quarantined",
                                 (json_int_t)n.quarantined, "open_calls", (json_int_t)n.open_calls, "open_tickets",
                                 (json_int_t)n.open_tickets, "incidents_today", (json_int_t)n.incidents_today);
    return err;
}
