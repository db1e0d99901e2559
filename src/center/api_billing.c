/* What each device counted in a period, for whoever writes the invoices (M-5). */
#include <stdio.h>
#include <string.h>

#include "center/api.h"
#include "center/check.h"
#include "model/bill.h"

/* Devices in one answer: others wait meanwhile. */
enum { DEVICES_USUAL = 50, DEVICES_MOST = 200 };

struct billing {
    struct db *db;
    int64_t from_s, until_s;
    json_t *rows;
    int64_t most, looked_at; /* devices */
    char last[LIMIT_NUMBER_TEXT + 1];
    bool more;
};

struct period {
    struct bill bill;
    int64_t from_s;
};

static enum err take_reading(void *context, const struct center_reading *r, bool follows)
{
    struct period *p = context;
    return bill_take(&p->bill, &r->reading, r->received_s, follows, r->received_s >= p->from_s);
}

static json_t *make_counters(const struct bill *bill)
{
    json_t *list = json_array();
    for (size_t i = 0; i < bill->counters_n; i++) {
        const struct bill_counter *c = &bill->counters[i];
        json_array_append_new(list, json_pack("{s:s,s:I,s:I,s:I}", "name", c->name, "opening", (json_int_t)c->opening, "closing",
                                              (json_int_t)c->closing, "count", (json_int_t)c->count));
    }
    return list;
}

static json_t *make_row(const struct center_device *d, const struct bill *bill)
{
    char opened[CLOCK_TEXT_SIZE], closed[CLOCK_TEXT_SIZE];
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:o}", "number", d->number.text, "customer", d->customer, "site", d->site,
                     "opened", console_time(bill->opened_s, opened), "closed", console_time(bill->closed_s, closed), "readings",
                     (json_int_t)bill->readings, "breaks", (json_int_t)bill->breaks, "counters", make_counters(bill));
}

/* Those that were under an agreement, so that one which never reported is seen; and those with readings of that time. */
static enum err add_device(void *context, const struct center_device *d)
{
    struct billing *b = context;
    struct period p = { .from_s = b->from_s };
    bool due = false;
    b->more = b->looked_at == b->most;
    if (b->more)
        return OK;
    b->looked_at++;
    snprintf(b->last, sizeof b->last, "%s", d->number.text);
    enum err err = center_reading_period(b->db, d->number.text, b->from_s, b->until_s, take_reading, &p, NULL);
    if (err == OK)
        err = center_agreement_within(b->db, d->number.text, b->from_s, b->until_s, &due, NULL);
    if (err != OK || (!due && p.bill.readings == 0))
        return err;
    return api_push(b->rows, make_row(d, &p.bill));
}

static enum err read_period(const struct api_call *call, struct billing *b, struct why *why)
{
    char from[CONSOLE_TIME], until[CONSOLE_TIME];
    if (console_query(call, "from", sizeof from, from) == NULL || console_query(call, "until", sizeof until, until) == NULL)
        return why_set(why, ERR_BAD_INPUT, "which period? \"from\" and \"until\" say it: the first day, and the day behind the last");
    enum err err = console_moment(from, 0, &b->from_s, why);
    if (err == OK)
        err = console_moment(until, 0, &b->until_s, why);
    if (err == OK && b->until_s <= b->from_s)
        err = why_set(why, ERR_BAD_INPUT, "the period would end before it begins");
    return err;
}

/* "next": the number to go on behind, "" at the end. */
enum err api_billing(struct api_call *call, struct why *why)
{
    char customer[LIMIT_NAME + 1], site[LIMIT_NAME + 1], after[LIMIT_NUMBER_TEXT + 1];
    struct billing b = { .db = call->service->people.db };
    enum err err = read_period(call, &b, why);
    if (err == OK)
        err = console_most(call, DEVICES_USUAL, DEVICES_MOST, &b.most, why);
    if (err != OK)
        return err;
    struct center_device_filter filter = { .customer = console_query(call, "customer", sizeof customer, customer),
                                           .site = console_query(call, "site", sizeof site, site),
                                           .now_s = clock_wall_s(),
                                           .after = console_query(call, "after", sizeof after, after),
                                           .most = b.most + 1 };
    b.rows = json_array();
    call->answer = json_pack("{s:o}", "rows", b.rows);
    err = check_known(b.db, filter.customer, filter.site, why);
    if (err == OK)
        err = center_device_list(b.db, &filter, add_device, &b, why);
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    json_object_set_new(call->answer, "from", json_string(console_time(b.from_s, from)));
    json_object_set_new(call->answer, "until", json_string(console_time(b.until_s, until)));
    console_set_next(call, b.more ? b.last : "");
    return err;
}
