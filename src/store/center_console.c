#include "store/center_console.h"

#include "store/center_schema.h"

enum { DAY_S = 24 * 3600 };

static enum err take_counts(void *context, const struct db_row *row)
{
    struct center_counts *c = context;
    int64_t *const to[] = { &c->customers,   &c->sites,      &c->devices,      &c->seen_today,     &c->licensed,
                            &c->quarantined, &c->open_calls, &c->open_tickets, &c->incidents_today };
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        *to[i] = db_row_int(row, (int)i);
    return OK;
}

static enum err count_device(void *context, const struct center_device *d)
{
    (void)d;
    ++*(int64_t *)context;
    return OK;
}

enum err center_count(struct db *db, int64_t now_s, struct center_counts *ret_counts, struct why *why)
{
    struct center_counts counts = { 0 };
    const struct center_device_filter unlicensed = { .unlicensed = true, .now_s = now_s };
    enum err err = db_query(db, ASK_COUNTS, DB_ARGS(db_int(now_s), db_int(now_s - DAY_S)), take_counts, &counts, why);
    if (err == OK)
        err = center_device_list(db, &unlicensed, count_device, &counts.unlicensed, why);
    if (err == OK)
        *ret_counts = counts;
    return err;
}
