#include <string.h>

#include "base/clock.h"
#include "store/center_schema.h"

enum { FORMERLY_KEPT_S = 31 * 86400 };

static const char *const kinds[CENTER_KIND_COUNT] = {
    [CENTER_DEVICE] = "device",
    [CENTER_GATEWAY] = "gateway",
    [CENTER_AGENTLESS] = "agentless",
};
static const char *const standings[CENTER_STANDING_COUNT] = {
    [CENTER_NORMAL] = "normal",
    [CENTER_QUARANTINED] = "quarantined",
    [CENTER_SCRAPPED] = "scrapped",
};

const char *center_kind_name(enum center_kind kind) { return (unsigned)kind < CENTER_KIND_COUNT ? kinds[kind] : "unknown"; }
const char *center_standing_name(enum center_standing s) { return (unsigned)s < CENTER_STANDING_COUNT ? standings[s] : "unknown"; }

enum err center_kind_parse(const char *name, enum center_kind *ret_kind)
{
    for (unsigned i = 0; i < CENTER_KIND_COUNT; i++)
        if (strcmp(kinds[i], name) == 0) {
            *ret_kind = (enum center_kind)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

static enum err standing_parse(const char *name, enum center_standing *ret_standing)
{
    for (unsigned i = 0; i < CENTER_STANDING_COUNT; i++)
        if (strcmp(standings[i], name) == 0) {
            *ret_standing = (enum center_standing)i;
            return OK;
        }
    return ERR_DAMAGED;
}

enum err center_bound(struct db *db, const char *number, const char *gateway, bool *ret_bound, struct why *why)
{
    int64_t n = 0;
    enum err err = db_first_int(db, ASK_DEVICE_BOUND, DB_ARGS(db_text(number), db_text(gateway)), &n, why);
    if (err == OK)
        *ret_bound = n > 0;
    return err;
}

enum err center_bound_lately(struct db *db, const char *number, const char *gateway, int64_t since_s, bool *ret_bound, struct why *why)
{
    int64_t n = 0;
    enum err err = db_first_int(db, ASK_DEVICE_BOUND_LATELY, DB_ARGS(db_text(number), db_text(gateway), db_int(since_s)), &n, why);
    if (err == OK)
        *ret_bound = n > 0;
    return err;
}

static enum err check_gateway(struct db *db, const struct center_device *d, struct why *why)
{
    bool ring = number_equal(&d->number, &d->gateway);
    enum err err = center_there(db, ASK_DEVICE_THERE, "gateway", d->gateway.text, why);
    if (err == OK && !ring)
        err = center_bound(db, d->gateway.text, d->number.text, &ring, why);
    if (err == OK && ring)
        return why_set(why, ERR_CONFLICT, "gateway %s stands behind %s itself", d->gateway.text, d->number.text);
    return err;
}

static enum err take_customer(void *context, const struct db_row *row)
{
    db_row_copy(row, 0, LIMIT_NAME + 1, context);
    return OK;
}

static enum err check_site(struct db *db, const struct center_device *d, struct why *why)
{
    char other[LIMIT_NAME + 1];
    enum err err = center_there(db, ASK_SITE_THERE, "site", d->site, why);
    if (err != OK || d->customer[0] == '\0')
        return err;
    err = db_first(db, ASK_SITE_OTHER, DB_ARGS(db_text(d->site), db_text(d->customer)), take_customer, other, why);
    if (err == OK)
        return why_set(why, ERR_CONFLICT, "site %s is customer %s's, not %s's", d->site, other, d->customer);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* What lies in the gateway to which it was bound until now has still to come. */
static enum err keep_former(struct db *db, const struct center_device *d, struct why *why)
{
    struct center_device known;
    const int64_t now_s = clock_wall_s();
    enum err err = center_device_find(db, d->number.text, &known, why);
    if (err != OK || known.gateway.text[0] == '\0' || number_equal(&known.gateway, &d->gateway))
        return err == ERR_NOT_FOUND ? OK : err;
    err = db_run(db, ASK_FORMERLY_FORGET, DB_ARGS(db_text(d->number.text), db_int(now_s - FORMERLY_KEPT_S)), why);
    return err != OK ? err : db_run(db, ASK_FORMERLY_PUT, DB_ARGS(db_text(d->number.text), db_text(known.gateway.text), db_int(now_s)), why);
}

enum err center_device_put(struct db *db, const struct center_device *d, struct why *why)
{
    enum err err = OK;
    if (d->customer[0] != '\0')
        err = center_there(db, ASK_CUSTOMER_THERE, "customer", d->customer, why);
    if (err == OK && d->site[0] != '\0')
        err = check_site(db, d, why);
    if (err == OK && d->gateway.text[0] != '\0')
        err = check_gateway(db, d, why);
    if (err == OK)
        err = keep_former(db, d, why);
    if (err != OK)
        return err;
    return db_run(db, ASK_DEVICE_PUT,
                  DB_ARGS(db_text(d->number.text), db_text(center_kind_name(d->kind)), db_text(d->customer), db_text(d->site),
                          db_text(d->gateway.text), db_text(d->address), db_text(d->telephone), db_int(d->interval_s)),
                  why);
}

static enum err read_device(const struct db_row *row, struct center_device *d)
{
    *d = (struct center_device){ .interval_s = db_row_int(row, 7), .seen_s = db_row_int(row, 11) };
    db_row_copy(row, 0, sizeof d->number.text, d->number.text);
    db_row_copy(row, 2, sizeof d->customer, d->customer);
    db_row_copy(row, 3, sizeof d->site, d->site);
    db_row_copy(row, 4, sizeof d->gateway.text, d->gateway.text);
    db_row_copy(row, 5, sizeof d->address, d->address);
    db_row_copy(row, 6, sizeof d->telephone, d->telephone);
    db_row_copy(row, 9, sizeof d->standing_reason, d->standing_reason);
    db_row_copy(row, 10, sizeof d->version, d->version);
    enum err err = center_kind_parse(db_row_text(row, 1), &d->kind);
    if (err == OK)
        err = standing_parse(db_row_text(row, 8), &d->standing);
    if (err == OK && !db_row_null(row, 12))
        err = agreement_state_parse(db_row_text(row, 12), &d->agreement.state);
    d->agreement.from_s = db_row_int(row, 13);
    d->agreement.until_s = db_row_int(row, 14);
    db_row_copy(row, 15, sizeof d->via, d->via);
    return err == OK ? OK : ERR_DAMAGED;
}

static enum err take_device(void *context, const struct db_row *row) { return read_device(row, context); }

enum err center_device_find(struct db *db, const char *number, struct center_device *ret_device, struct why *why)
{
    return center_one(db, ASK_DEVICE_GET, DB_ARGS(db_text(number)), take_device, ret_device, number, why);
}

struct listing {
    center_device_fn *fn;
    void *context;
};

static enum err pass_device(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct center_device d;
    enum err err = read_device(row, &d);
    return err == OK ? l->fn(l->context, &d) : err;
}

static const char *or_empty(const char *text) { return text == NULL ? "" : text; }

enum err center_device_list(struct db *db, const struct center_device_filter *f, center_device_fn *fn, void *context,
                            struct why *why)
{
    struct listing l = { fn, context };
    unsigned ask = f->gateway != NULL    ? ASK_DEVICE_EACH_GATEWAY
                   : f->site != NULL     ? ASK_DEVICE_EACH_SITE
                   : f->customer != NULL ? ASK_DEVICE_EACH_CUSTOMER
                                         : ASK_DEVICE_EACH;
    return db_query(db, ask,
                    DB_ARGS(db_text(or_empty(f->customer)), db_text(or_empty(f->site)), db_text(or_empty(f->gateway)),
                            db_int(f->unlicensed), db_int(f->now_s), db_int(f->silent_s), db_text(or_empty(f->after)),
                            db_int(f->most == 0 ? INT64_MAX : f->most), db_text(or_empty(f->standing))),
                    pass_device, &l, why);
}

enum err center_device_seen(struct db *db, const char *number, int64_t now_s, const char *version, const char *via, struct why *why)
{
    return db_run(db, ASK_DEVICE_SEEN, DB_ARGS(db_text(number), db_int(now_s), db_text(version), db_text(via)), why);
}

/* Runs a change of one device's row. Errors: NOT_FOUND. */
static enum err change(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, const char *number,
                       struct why *why)
{
    enum err err = db_run(db, statement, args, args_n, why);
    return err == OK && db_changes(db) == 0 ? why_set(why, ERR_NOT_FOUND, "there is no device %s", number) : err;
}

enum err center_device_stand(struct db *db, const char *number, enum center_standing standing, const char *reason, struct why *why)
{
    return change(db, ASK_DEVICE_STAND, DB_ARGS(db_text(number), db_text(center_standing_name(standing)), db_text(reason)), number,
                  why);
}

enum err center_device_interval(struct db *db, const char *number, int64_t interval_s, struct why *why)
{
    return change(db, ASK_DEVICE_INTERVAL, DB_ARGS(db_text(number), db_int(interval_s)), number, why);
}
