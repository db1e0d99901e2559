/* Devices and gateways: entering, showing, scrapping, release from quarantine (M-7). */
#include <stdio.h>

#include "base/hex.h"
#include "center/api.h"
#include "center/check.h"

struct rows {
    json_t *list;
    int64_t most, now_s;
    char last[LIMIT_NUMBER_TEXT + 1];
    bool more; /* than `most` */
};

json_t *console_agreement(const struct agreement *a, int64_t now_s)
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    return json_pack("{s:s,s:s,s:s,s:s}", "state", agreement_state_name(agreement_now(a, now_s)), "written",
                     agreement_state_name(a->state), "from", console_time(a->from_s, from), "until",
                     console_time(a->until_s, until));
}

static json_t *make_row(const struct center_device *d, int64_t now_s)
{
    char seen[CLOCK_TEXT_SIZE], ahead[CLOCK_TEXT_SIZE];
    const int64_t ahead_s = agreement_is_ahead(&d->agreement, now_s) ? d->agreement.from_s : 0;
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:s,s:s}", "number", d->number.text, "kind",
                     center_kind_name(d->kind), "agreement", agreement_state_name(agreement_now(&d->agreement, now_s)),
                     "agreement_ahead", console_time(ahead_s, ahead),
                     "standing", center_standing_name(d->standing), "customer", d->customer, "site", d->site, "gateway",
                     d->gateway.text, "address", d->address, "interval", (json_int_t)d->interval_s, "telephone", d->telephone,
                     "reason", d->standing_reason, "version", d->version, "seen", console_time(d->seen_s, seen));
}

static enum err add_device(void *context, const struct center_device *d)
{
    struct rows *rows = context;
    rows->more = (int64_t)json_array_size(rows->list) == rows->most;
    if (rows->more)
        return OK;
    snprintf(rows->last, sizeof rows->last, "%s", d->number.text);
    return api_push(rows->list, make_row(d, rows->now_s));
}

/* Since when a device may have been silent; 0: it is no question. */
static enum err read_silence(const struct api_call *call, int64_t now_s, int64_t *ret_since_s, struct why *why)
{
    int64_t seconds = 0;
    enum err err = console_whole(call, "silent", 0, &seconds, why);
    if (err == OK && seconds > now_s)
        err = why_set(why, ERR_BAD_INPUT, "silent=\"%lld\" is more seconds than there were", (long long)seconds);
    *ret_since_s = seconds == 0 ? 0 : now_s - seconds;
    return err;
}

static enum err check_standing(const char *name, struct why *why)
{
    for (int s = 0; name != NULL && s < CENTER_STANDING_COUNT; s++)
        if (strcmp(name, center_standing_name((enum center_standing)s)) == 0)
            return OK;
    return name == NULL ? OK : why_set(why, ERR_BAD_INPUT, "\"%s\" is not normal, quarantined or scrapped", name);
}

enum err api_device_list(struct api_call *call, struct why *why)
{
    char customer[LIMIT_NAME + 1], site[LIMIT_NAME + 1], gateway[LIMIT_NUMBER_TEXT + 1], after[LIMIT_NUMBER_TEXT + 1], unlicensed[4],
        standing[16];
    struct rows rows = { .list = json_array(), .now_s = clock_wall_s() };
    struct center_device_filter filter = { .customer = console_query(call, "customer", sizeof customer, customer),
                                           .site = console_query(call, "site", sizeof site, site),
                                           .gateway = console_query(call, "gateway", sizeof gateway, gateway),
                                           .unlicensed = console_query(call, "unlicensed", sizeof unlicensed, unlicensed) != NULL,
                                           .now_s = rows.now_s,
                                           .standing = console_query(call, "standing", sizeof standing, standing),
                                           .after = console_query(call, "after", sizeof after, after) };
    call->answer = json_pack("{s:o}", "rows", rows.list);
    enum err err = read_silence(call, rows.now_s, &filter.silent_s, why);
    if (err == OK)
        err = console_most(call, ROWS_MOST, ROWS_MOST, &rows.most, why);
    filter.most = rows.most + 1;
    if (err == OK)
        err = check_standing(filter.standing, why);
    if (err == OK)
        err = check_known(call->service->people.db, filter.customer, filter.site, why);
    if (err == OK)
        err = center_device_list(call->service->people.db, &filter, add_device, &rows, why);
    console_set_next(call, rows.more ? rows.last : "");
    return err;
}

/* --- Entering --- */

static enum err read_place(struct api_call *call, struct center_device *d, struct why *why)
{
    char gateway[LIMIT_NUMBER_TEXT + 1];
    enum err err = api_text(call, "customer", d->customer, sizeof d->customer, d->customer, why);
    if (err == OK)
        err = api_text(call, "site", d->site, sizeof d->site, d->site, why);
    if (err == OK)
        err = api_text(call, "gateway", d->gateway.text, sizeof gateway, gateway, why);
    if (err == OK && gateway[0] == '\0')
        d->gateway.text[0] = '\0';
    else if (err == OK)
        err = console_number(gateway, &d->gateway, why);
    if (err == OK && gateway[0] != '\0')
        err = check_gateway(call->service->people.db, d->gateway.text, why);
    return err;
}

static enum err read_device(struct api_call *call, struct center_device *d, struct why *why)
{
    char kind[16];
    enum err err = api_text(call, "kind", center_kind_name(d->kind), sizeof kind, kind, why);
    if (err == OK && center_kind_parse(kind, &d->kind) != OK)
        err = why_set(why, ERR_BAD_INPUT, "\"%s\" is not a kind: device, gateway or agentless is needed", kind);
    if (err == OK)
        err = read_place(call, d, why);
    if (err == OK)
        err = api_text(call, "address", d->address, sizeof d->address, d->address, why);
    if (err == OK)
        err = api_text(call, "telephone", d->telephone, sizeof d->telephone, d->telephone, why);
    if (err == OK)
        err = api_integer(call, "interval", d->interval_s, 0, LIMIT_POLL_MOST_S, &d->interval_s, why);
    return err != OK ? err : check_device(d, why);
}

static enum err count_identity(void *context, const struct center_identity *i)
{
    (void)i;
    ++*(json_int_t *)context;
    return OK;
}

/* New or changed: what the body does not say stays as it is. */
enum err api_device_put(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    struct center_device d = { .kind = CENTER_DEVICE };
    char number[LIMIT_NUMBER_TEXT + 1], detail[4 * LIMIT_NAME];
    enum err err = api_text(call, "number", NULL, sizeof number, number, why);
    if (err == OK)
        err = console_number(number, &d.number, why);
    if (err != OK)
        return err;
    struct center_device known;
    json_int_t identities = 0;
    err = center_device_find(db, number, &known, NULL);
    if (err == OK)
        d = known;
    if (err == OK || err == ERR_NOT_FOUND)
        err = read_device(call, &d, why);
    if (err == OK && d.standing == CENTER_SCRAPPED)
        err = why_set(why, ERR_CONFLICT, "%s is scrapped", number);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = center_device_put(db, &d, why);
    if (err == OK)
        err = center_identity_of(db, number, count_identity, &identities, why);
    call->answer = json_pack("{s:s,s:s,s:s,s:I}", "number", d.number.text, "kind", center_kind_name(d.kind), "gateway", d.gateway.text,
                             "identities", identities);
    snprintf(detail, sizeof detail, "customer=%s site=%s gateway=%s", d.customer, d.site, d.gateway.text);
    return console_commit(call, err, "device", d.number.text, detail, why);
}

/* --- One device --- */

static enum err add_identity(void *context, const struct center_identity *i)
{
    char fingerprint[2 * CENTER_FINGERPRINT + 1];
    hex_encode(i->fingerprint, CENTER_FINGERPRINT, fingerprint);
    return api_push(context, json_pack("{s:I,s:s,s:s}", "generation", (json_int_t)i->generation, "state", i->state, "fingerprint",
                                       fingerprint));
}

static enum err add_reading(void *context, const struct center_reading *r)
{
    return api_push(context, console_reading(r));
}

/* What is not settled about it: presences that came late, a reading that is missing. */
static enum err add_doubts(struct db *db, const char *number, json_t *to, struct why *why)
{
    struct center_doubt doubt;
    struct center_gap gap;
    char late[CLOCK_TEXT_SIZE], since[CLOCK_TEXT_SIZE];
    enum err err = center_doubt_find(db, number, &doubt, why);
    if (err == OK)
        err = center_gap_find(db, number, &gap, why);
    if (err != OK)
        return err;
    json_object_set_new(to, "late", json_integer(doubt.late));
    json_object_set_new(to, "late_last", json_string(console_time(doubt.late_s, late)));
    json_object_set_new(to, "missing_reading", json_integer(gap.since_s == 0 ? 0 : gap.sequence));
    json_object_set_new(to, "missing_since", json_string(console_time(gap.since_s, since)));
    return OK;
}

enum err api_device_show(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    struct center_device d;
    int64_t now = clock_wall_s();
    json_t *identities = json_array(), *readings = json_array();
    enum err err = console_number(call->rest, &d.number, why);
    if (err == OK)
        err = center_device_find(db, call->rest, &d, why);
    if (err == OK)
        err = center_identity_of(db, call->rest, add_identity, identities, why);
    if (err == OK)
        err = center_reading_list(db, call->rest, 1, add_reading, readings, why);
    if (err == OK)
        call->answer = make_row(&d, now);
    if (call->answer != NULL) {
        json_object_set_new(call->answer, "agreement", console_agreement(&d.agreement, now));
        json_object_set(call->answer, "identities", identities);
        json_object_set(call->answer, "readings", readings);
        err = add_doubts(db, call->rest, call->answer, why);
    }
    json_decref(identities);
    json_decref(readings);
    return err;
}

/* --- The end of a device, and of its quarantine --- */

/* For the audit trail. */
static enum err read_reason(const struct api_call *call, const char *what, char ret_reason[CENTER_TEXT], struct why *why)
{
    enum err err = api_text(call, "reason", "", CENTER_TEXT, ret_reason, why);
    return err == OK && ret_reason[0] == '\0' ? why_set(why, ERR_BAD_INPUT, "%s has to be said: --reason", what) : err;
}

enum err api_device_scrap(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    struct center_device d;
    char reason[CENTER_TEXT];
    int64_t now = clock_wall_s();
    enum err err = read_reason(call, "why the device is no more", reason, why);
    if (err == OK)
        err = center_device_find(db, call->rest, &d, why);
    if (err == OK && d.standing == CENTER_SCRAPPED)
        err = why_set(why, ERR_CONFLICT, "%s is scrapped already", d.number.text);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = center_device_stand(db, d.number.text, CENTER_SCRAPPED, reason, why);
    if (err == OK && (d.agreement.state == AGREEMENT_ACTIVE || d.agreement.state == AGREEMENT_SUSPENDED) &&
        agreement_now(&d.agreement, now) != AGREEMENT_ENDED)
        err = center_agreement_set(db, d.number.text, AGREEMENT_ENDED, now, why);
    call->answer = json_pack("{s:s,s:s}", "number", call->rest, "standing", "scrapped");
    return console_commit(call, err, "scrapped", call->rest, reason, why);
}

enum err api_device_release(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    struct center_device d;
    char reason[CENTER_TEXT];
    enum err err = read_reason(call, "what was found out", reason, why);
    if (err == OK)
        err = center_device_find(db, call->rest, &d, why);
    if (err == OK && d.standing != CENTER_QUARANTINED)
        err = why_set(why, ERR_CONFLICT, "%s is not in quarantine", d.number.text);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = center_device_stand(db, d.number.text, CENTER_NORMAL, "", why);
    if (err == OK)
        err = center_session_forget(db, d.number.text, why);
    call->answer = json_pack("{s:s,s:s}", "number", call->rest, "standing", "normal");
    return console_commit(call, err, "quarantine-released", call->rest, reason, why);
}
