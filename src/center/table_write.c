/* The database as a table. */
#include <stdio.h>

#include "base/clock.h"
#include "center/table.h"

static enum err put_field(struct buf *to, const char *text, bool last)
{
    enum err err = OK;
    size_t n = strlen(text);
    bool quote = text[strcspn(text, ",;\"#")] != '\0' || (n > 0 && (text[0] == ' ' || text[n - 1] == ' '));
    if (quote)
        err = buf_put_text(to, "\"");
    for (const char *at = text; err == OK && *at != '\0'; at++)
        err = buf_put(to, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
    if (err == OK && quote)
        err = buf_put_text(to, "\"");
    return err != OK ? err : buf_put_text(to, last ? "\n" : ",");
}

static enum err put_line(struct buf *to, const char *const *fields, size_t n)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < n; i++)
        err = put_field(to, fields[i], i + 1 == n);
    return err;
}
#define PUT_LINE(to, ...)                                                                                                        \
    put_line(to, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static enum err write_customer(void *context, const struct center_customer *c)
{
    return PUT_LINE(context, "customer", c->id, c->name, c->address, c->telephone, c->email);
}

static enum err write_site(void *context, const struct center_site *s)
{
    return PUT_LINE(context, "site", s->id, s->customer, s->name, s->address);
}

struct writing {
    struct buf *to;
    int64_t now_s;
};

static enum err write_device(void *context, const struct center_device *d)
{
    const struct writing *w = context;
    char interval[24] = "";
    if (d->standing == CENTER_SCRAPPED)
        return OK;
    if (d->interval_s != 0)
        snprintf(interval, sizeof interval, "%lld", (long long)d->interval_s);
    return PUT_LINE(w->to, "device", d->number.text, center_kind_name(d->kind), d->customer, d->site, d->gateway.text, d->address,
                    d->telephone, interval);
}

static enum err write_agreement(void *context, const char *number, const struct agreement *a)
{
    const struct writing *w = context;
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE] = "";
    if (agreement_now(a, w->now_s) == AGREEMENT_ENDED)
        return OK;
    clock_format(a->from_s, from);
    if (a->until_s != 0)
        clock_format(a->until_s, until);
    return PUT_LINE(w->to, "agreement", number, agreement_state_name(a->state), from, until);
}

enum err table_write(struct db *db, int64_t now_s, struct buf *to, struct why *why)
{
    struct writing writing = { to, now_s };
    const struct center_device_filter all = { .now_s = now_s };
    enum err err = buf_put_text(to, "#customer,id,name,address,telephone,email\n");
    if (err == OK)
        err = center_customer_list(db, write_customer, to, why);
    if (err == OK)
        err = buf_put_text(to, "#site,id,customer,name,address\n");
    if (err == OK)
        err = center_site_list(db, NULL, write_site, to, why);
    if (err == OK)
        err = buf_put_text(to, "#device,number,kind,customer,site,gateway,address,telephone,interval\n");
    if (err == OK)
        err = center_device_list(db, &all, write_device, &writing, why);
    if (err == OK)
        err = buf_put_text(to, "#agreement,number,state,from,until\n");
    return err != OK ? err : center_agreement_list(db, NULL, write_agreement, &writing, why);
}
