/* The office's own work on the stock: leases, erasure, the daily request, low-stock warning. */
#include <stdio.h>

#include "base/clock.h"
#include "factory/office_internal.h"
#include "factory/request.h"
#include "log/log.h"

enum { CHANGES_MAX = 256, LOW_EVERY_MS = 10 * 60 * 1000 };

/* Rows are collected first and changed then: a query must not change what it walks. */
struct changes {
    struct office *office;
    int64_t now_s;
    struct identity rows[CHANGES_MAX];
    enum lifecycle_state from[CHANGES_MAX];
    size_t n;
};

static enum err collect_expired(void *context, const struct identity *row)
{
    struct changes *c = context;
    if (c->n < CHANGES_MAX && decide_expire(row, c->now_s, &c->rows[c->n]))
        c->from[c->n++] = row->state;
    return OK;
}

static enum err collect_erased(void *context, const struct identity *row)
{
    struct changes *c = context;
    if (c->n == CHANGES_MAX || !decide_erase(&c->office->policy, row, c->now_s))
        return OK;
    c->rows[c->n] = *row;
    c->from[c->n] = row->state;
    return lifecycle_next(row->state, LIFE_EVENT_ERASE, ROLE_FACTORY, &c->rows[c->n++].state, NULL);
}

static enum err look_expired(struct changes *c, struct why *why)
{
    return stock_identity_in_state(c->office->db, LIFE_CLAIMED, "", collect_expired, c, why);
}

static enum err look_erased(struct changes *c, struct why *why)
{
    int64_t until_s = c->now_s - c->office->policy.retention_s;
    return stock_identity_written(c->office->db, until_s, CHANGES_MAX, collect_erased, c, why);
}

static enum err change_all(struct office *o, enum err (*look)(struct changes *c, struct why *why), const char *event, bool drop,
                           struct why *why)
{
    struct changes c = { .office = o, .now_s = clock_wall_s() };
    enum err err = look(&c, why);
    if (err != OK || c.n == 0)
        return err;
    c.n = 0; /* read again inside the transaction: a station may have claimed anew since */
    err = db_begin(o->db, why);
    if (err == OK)
        err = look(&c, why);
    for (size_t i = 0; err == OK && i < c.n; i++) {
        err = stock_identity_save(o->db, &c.rows[i], c.from[i], drop, why);
        if (err == OK)
            err = factory_note(o->db, o->name, event, c.rows[i].number.text, why, "generation=%lld station=%s",
                               (long long)c.rows[i].generation, c.rows[i].station);
    }
    if (err == OK)
        err = db_commit(o->db, why);
    db_rollback(o->db);
    return err;
}

enum err office_expire(struct office *o, struct why *why)
{
    return change_all(o, look_expired, "expire", false, why);
}

enum err office_erase(struct office *o, struct why *why)
{
    return change_all(o, look_erased, "erase", true, why);
}

enum err office_request(struct office *o, struct why *why)
{
    const struct factory_settings *s = &o->factory->settings;
    int64_t now = clock_wall_s(), last = 0, n = 0;
    int32_t today = clock_local_day(now), at = 0;
    enum err err = factory_parse_minute(s->request_at, &at, why);
    if (err == OK)
        err = stock_mark_get(o->db, "requested-day", &last, why);
    if (err != OK || o->policy.direct || !decide_request_due(today, clock_local_minute(now), at, (int32_t)last))
        return err;
    err = request_make(o->db, o->name, strcmp(s->request_mode, "single") == 0, clock_day_add(today, -(int)o->policy.days_late),
                       clock_day_add(today, (int)s->request_ahead_days), &n, why);
    if (err == OK)
        err = stock_mark_set(o->db, "requested-day", today, why);
    if (err == OK) {
        char numbers[24];
        snprintf(numbers, sizeof numbers, "%lld", (long long)n);
        log_event(LOG_INFO, "request", "numbers", numbers, NULL);
    }
    return err;
}

static enum err warn_one(void *context, const struct stock_count *c)
{
    struct office *o = context;
    int64_t left = c->quantity - c->written;
    char on_hand[24], text[24];
    snprintf(on_hand, sizeof on_hand, "%lld", (long long)(c->on_hand + c->claimed));
    snprintf(text, sizeof text, "%lld", (long long)left);
    if (c->identity && left > 0 && c->on_hand + c->claimed < left && c->on_hand < o->factory->settings.low_stock)
        log_event(LOG_WARN, "low-stock", "model", c->model, "on_hand", on_hand, "to_be_made", text, NULL);
    return OK;
}

void office_warn_low(struct office *o)
{
    int32_t today = clock_local_day(clock_wall_s());
    if (o->factory->settings.low_stock == 0 || clock_mono_ms() < o->low_at_ms)
        return;
    o->low_at_ms = clock_mono_ms() + LOW_EVERY_MS;
    if (stock_count_each(o->db, today, today, 0, warn_one, o, NULL) != OK)
        o->low_at_ms = 0;
}
