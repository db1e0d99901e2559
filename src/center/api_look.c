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

/* A list in pages: which rows, and the rows; its page function is asked behind it. */
static enum err begin(struct api_call *call, const char *kind, struct console_filter *filter, json_t **ret_rows, struct why *why)
{
    *ret_rows = json_array();
    call->answer = json_pack("{s:o}", "rows", *ret_rows);
    return console_read_filter(call, kind, filter, why);
}

/* The same of devices that are known here: an empty list means that there is nothing. An incident may be about any number. */
static enum err begin_known(struct api_call *call, const char *kind, struct console_filter *filter, json_t **ret_rows, struct why *why)
{
    enum err err = begin(call, kind, filter, ret_rows, why);
    return err == OK ? console_check_number(call, &filter->filter, why) : err;
}

enum err api_counter_list(struct api_call *call, struct why *why)
{
    struct console_filter f;
    json_t *rows;
    int64_t next = 0;
    enum err err = begin_known(call, "verdict", &f, &rows, why);
    if (err == OK)
        err = center_reading_page(call->service->people.db, &f.filter, add_reading, rows, &next, why);
    console_set_next_key(call, next);
    return err;
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
    struct console_filter f;
    json_t *rows;
    int64_t next = 0;
    enum err err = begin(call, "kind", &f, &rows, why);
    if (err == OK)
        err = center_incident_page(call->service->people.db, &f.filter, add_incident, rows, &next, why);
    console_set_next_key(call, next);
    return err;
}

static enum err add_event(void *context, const char *number, int64_t at_s, const char *kind, const char *detail)
{
    char at[CLOCK_TEXT_SIZE];
    return api_push(
        context, json_pack("{s:s,s:s,s:s,s:s}", "at", console_time(at_s, at), "number", number, "kind", kind, "detail", detail));
}

enum err api_event_list(struct api_call *call, struct why *why)
{
    struct console_filter f;
    json_t *rows;
    int64_t next = 0;
    enum err err = begin_known(call, "kind", &f, &rows, why);
    if (err == OK)
        err = center_event_page(call->service->people.db, &f.filter, add_event, rows, &next, why);
    console_set_next_key(call, next);
    return err;
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
