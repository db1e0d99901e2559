/* Agreements: under which devices are remotely managed (M-6, M-7). */
#include <stdio.h>

#include "center/api.h"

struct rows {
    json_t *list;
    int64_t now_s;
};

static enum err add_agreement(void *context, const char *number, const struct agreement *a)
{
    struct rows *rows = context;
    json_t *row = console_agreement(a, rows->now_s);
    if (row != NULL)
        json_object_set_new(row, "number", json_string(number));
    return api_push(rows->list, row);
}

static enum err check_filter(const struct api_call *call, const struct center_filter *f, struct why *why)
{
    enum agreement_state state;
    if (f->kind != NULL && agreement_state_parse(f->kind, &state) != OK)
        return why_set(why, ERR_BAD_INPUT, "an agreement is not \"%s\": active, suspended, ended, or none (not begun) is", f->kind);
    return console_check_number(call, f, why);
}

enum err api_agreement_list(struct api_call *call, struct why *why)
{
    struct console_filter f;
    struct rows rows = { json_array(), clock_wall_s() };
    int64_t next = 0;
    call->answer = json_pack("{s:o}", "rows", rows.list);
    enum err err = console_read_filter(call, "state", &f, why);
    if (err == OK)
        err = check_filter(call, &f.filter, why);
    if (err == OK)
        err = center_agreement_page(call->service->people.db, &f.filter, add_agreement, &rows, &next, why);
    console_set_next_key(call, next);
    return err;
}

static enum err read_time(struct api_call *call, const char *name, int64_t fallback, int64_t *ret_s, struct why *why)
{
    char text[CONSOLE_TIME];
    enum err err = api_text(call, name, "", sizeof text, text, why);
    return err != OK ? err : console_moment(text, fallback, ret_s, why);
}

static enum err add(struct api_call *call, int64_t now, struct why *why)
{
    struct db *db = call->service->people.db;
    int64_t from, until;
    enum err err = read_time(call, "from", now, &from, why);
    if (err == OK)
        err = read_time(call, "until", 0, &until, why);
    if (err == OK && until != 0 && until <= from)
        err = why_set(why, ERR_BAD_INPUT, "the agreement would end before it begins");
    if (err == OK)
        err = db_begin(db, why);
    return err != OK ? err : center_agreement_add(db, call->rest, from, until, why);
}

static enum err set(struct api_call *call, enum agreement_state state, int64_t now, struct why *why)
{
    enum err err = db_begin(call->service->people.db, why);
    return err != OK ? err : center_agreement_set(call->service->people.db, call->rest, state, now, why);
}

/* {"action": "add", "from", "until"} or end, suspend, resume. It counts from the device's next poll. */
enum err api_agreement_change(struct api_call *call, struct why *why)
{
    static const struct {
        const char *action;
        enum agreement_state state;
    } actions[] = { { "end", AGREEMENT_ENDED }, { "suspend", AGREEMENT_SUSPENDED }, { "resume", AGREEMENT_ACTIVE } };
    struct center_device d;
    char action[16], event[40];
    int64_t now = clock_wall_s();
    size_t i = 0, n = sizeof actions / sizeof *actions;
    enum err err = api_text(call, "action", NULL, sizeof action, action, why);
    if (err == OK)
        err = console_number(call->rest, &d.number, why);
    if (err == OK)
        err = center_device_find(call->service->people.db, call->rest, &d, why);
    if (err != OK)
        return err;
    while (i < n && strcmp(actions[i].action, action) != 0)
        i++;
    if (strcmp(action, "add") == 0)
        err = d.standing == CENTER_SCRAPPED ? why_set(why, ERR_CONFLICT, "%s is scrapped", d.number.text) : add(call, now, why);
    else
        err = i == n ? why_set(why, ERR_BAD_INPUT, "\"%s\" is not add, end, suspend or resume", action)
                     : set(call, actions[i].state, now, why);
    call->answer = json_pack("{s:s,s:s}", "number", d.number.text, "action", action);
    snprintf(event, sizeof event, "agreement-%s", action);
    return console_commit(call, err, event, d.number.text, d.customer, why);
}
