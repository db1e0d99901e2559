#include "center/console.h"

#include <stdio.h>

#include "center/api.h"
#include "center/check.h"

static const struct api_route routes[] = {
    { "POST", "/api/v1/session", API_ANYBODY, api_login },
    { "DELETE", "/api/v1/session", MAY_VIEW, api_logout },
    { "GET", "/api/v1/openapi.json", API_ANYBODY, api_description },
    { "GET", "/api/v1/operators", MAY_ADMINISTER, api_operator_list },
    { "POST", "/api/v1/operators", MAY_ADMINISTER, api_operator_put },
    { "GET", "/api/v1/status", MAY_VIEW, api_status },
    { "GET", "/api/v1/customers", MAY_VIEW, api_customer_list },
    { "POST", "/api/v1/customers", MAY_MANAGE, api_customer_put },
    { "GET", "/api/v1/sites", MAY_VIEW, api_site_list },
    { "POST", "/api/v1/sites", MAY_MANAGE, api_site_put },
    { "GET", "/api/v1/devices", MAY_VIEW, api_device_list },
    { "POST", "/api/v1/devices", MAY_MANAGE, api_device_put },
    { "GET", "/api/v1/devices/", MAY_VIEW, api_device_show },
    { "POST", "/api/v1/scrapped/", MAY_ADMINISTER, api_device_scrap },
    { "POST", "/api/v1/released/", MAY_ADMINISTER, api_device_release },
    { "GET", "/api/v1/tickets", MAY_VIEW, api_ticket_list },
    { "POST", "/api/v1/tickets/", MAY_ADMINISTER, api_ticket_decide },
    { "GET", "/api/v1/agreements", MAY_VIEW, api_agreement_list },
    { "POST", "/api/v1/agreements/", MAY_MANAGE, api_agreement_change },
    { "GET", "/api/v1/calls", MAY_VIEW, api_call_list },
    { "POST", "/api/v1/calls", MAY_MANAGE, api_call_add },
    { "GET", "/api/v1/calls/", MAY_VIEW, api_call_show },
    { "GET", "/api/v1/counters", MAY_VIEW, api_counter_list },
    { "GET", "/api/v1/billing", MAY_VIEW, api_billing },
    { "GET", "/api/v1/incidents", MAY_VIEW, api_incident_list },
    { "GET", "/api/v1/events", MAY_VIEW, api_event_list },
    { "GET", "/api/v1/programs", MAY_VIEW, api_program_list },
    { "POST", "/api/v1/programs/", MAY_ADMINISTER, api_program_add },
    { "GET", "/api/v1/table", MAY_VIEW, api_table_export },
    { "POST", "/api/v1/table", MAY_MANAGE, api_table_import },
};

static const char *const roles[] = {
    [CONSOLE_VIEWER] = "viewer",
    [CONSOLE_MANAGER] = "manager",
    [CONSOLE_ADMIN] = "admin",
    NULL,
};

static const char description[] =
#include "openapi-center.inc"
    ;

const struct api_table console_table = { routes, sizeof routes / sizeof *routes, roles, description };

static size_t most_bytes(const char *path)
{
    static const char programs[] = "/api/v1/programs/";
    if (strncmp(path, programs, sizeof programs - 1) == 0)
        return LIMIT_PROGRAM;
    return strcmp(path, "/api/v1/table") == 0 ? LIMIT_TABLE_BYTES : LIMIT_JSON;
}

void console_init(struct console *c)
{
    c->service = (struct api_service){ .table = &console_table,
                                       .people = center_people(c->db),
                                       .audit = center_audit_entry,
                                       .login_failures = c->settings->common.login_failures,
                                       .lock_s = c->settings->common.lock_s,
                                       .session_s = c->settings->common.session_s,
                                       .context = c,
                                       .most = most_bytes };
}

enum err console_commit(struct api_call *call, enum err err, const char *event, const char *number, const char *detail,
                        struct why *why)
{
    const struct console *c = console_of(call);
    err = api_commit(call, err, event, number, detail, why);
    if (err == OK && c->changed != NULL)
        c->changed(c->context, number);
    return err;
}

enum err console_number(const char *text, struct device_number *ret_number, struct why *why)
{
    return number_parse(span_text(text), ret_number, why);
}

enum err console_whole(const struct api_call *call, const char *name, int64_t fallback, int64_t *ret_value, struct why *why)
{
    char text[24], *end;
    int64_t n = fallback;
    if (console_query(call, name, sizeof text, text) != NULL) {
        n = strtoll(text, &end, 10);
        if (text[strspn(text, "0123456789")] != '\0' || n < 1 || n == INT64_MAX)
            return why_set(why, ERR_BAD_INPUT, "%s=\"%s\" is not a whole number, 1 at least", name, text);
    }
    *ret_value = n;
    return OK;
}

enum err console_most(const struct api_call *call, int64_t fallback, int64_t most, int64_t *ret_most, struct why *why)
{
    enum err err = console_whole(call, "most", fallback, ret_most, why);
    if (err == OK && *ret_most > most)
        *ret_most = most;
    return err;
}

static enum err read_time(const struct api_call *call, const char *name, int64_t *ret_s, struct why *why)
{
    char text[CONSOLE_TIME];
    api_query(call, name, sizeof text, text);
    return console_moment(text, 0, ret_s, why);
}

static enum err read_times(const struct api_call *call, struct center_filter *f, struct why *why)
{
    enum err err = read_time(call, "since", &f->since_s, why);
    if (err == OK)
        err = read_time(call, "until", &f->until_s, why);
    if (err == OK && f->until_s != 0 && f->until_s <= f->since_s)
        err = why_set(why, ERR_BAD_INPUT, "the time would end before it begins: \"until\" is not behind \"since\"");
    return err;
}

enum err console_read_filter(const struct api_call *call, const char *kind, struct console_filter *to, struct why *why)
{
    struct center_filter *f = &to->filter;
    struct device_number number;
    *f = (struct center_filter){ .number = console_query(call, "number", sizeof to->number, to->number),
                                 .customer = console_query(call, "customer", sizeof to->customer, to->customer),
                                 .site = console_query(call, "site", sizeof to->site, to->site),
                                 .kind = console_query(call, kind, sizeof to->kind, to->kind),
                                 .now_s = clock_wall_s() };
    enum err err = f->number == NULL ? OK : console_number(f->number, &number, why);
    if (err == OK)
        err = check_known(call->service->people.db, f->customer, f->site, why);
    if (err == OK)
        err = read_times(call, f, why);
    if (err == OK)
        err = console_whole(call, "after", 0, &f->after, why);
    return err == OK ? console_most(call, ROWS_MOST, ROWS_MOST, &f->most, why) : err;
}

enum err console_check_number(const struct api_call *call, const struct center_filter *f, struct why *why)
{
    struct center_device d;
    return f->number == NULL ? OK : center_device_find(call->service->people.db, f->number, &d, why);
}

void console_set_next(struct api_call *call, const char *next)
{
    json_object_set_new(call->answer, "more", json_boolean(next[0] != '\0'));
    json_object_set_new(call->answer, "next", json_string(next));
}

void console_set_next_key(struct api_call *call, int64_t next)
{
    char text[24] = "";
    if (next != 0)
        snprintf(text, sizeof text, "%lld", (long long)next);
    console_set_next(call, text);
}

enum err console_moment(const char *text, int64_t fallback, int64_t *ret_s, struct why *why)
{
    int64_t at = fallback;
    if (text[0] != '\0' && clock_parse(text, &at) != OK)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is not a day or moment: write it as 2026-03-19 or 2026-03-19T12:00:00Z", text);
    *ret_s = at;
    return OK;
}

const char *console_query(const struct api_call *call, const char *name, size_t size, char *text)
{
    api_query(call, name, size, text);
    return text[0] == '\0' ? NULL : text;
}

const char *console_time(int64_t at_s, char to[CLOCK_TEXT_SIZE])
{
    to[0] = '\0';
    if (at_s != 0)
        clock_format(at_s, to);
    return to;
}
