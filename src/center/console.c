#include "center/console.h"

#include "center/api.h"

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

int64_t console_most(const struct api_call *call)
{
    char text[16];
    api_query(call, "most", sizeof text, text);
    long long n = strtoll(text, NULL, 10);
    return n < 1 ? ROWS_USUAL : n > ROWS_MOST ? ROWS_MOST : n;
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
