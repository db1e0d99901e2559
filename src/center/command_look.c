/* What operators look at: customers, sites, one device, replacement boards, the centre in numbers. Lists in pages: command_list.c. */
#include <stdio.h>

#include "center/commands.h"

enum { PATH = 512 };

/* GETs a path; with --json the answer is printed as it is, else by `print`. */
static int show(const struct command_line *line, const char *path, void (*print)(const json_t *answer))
{
    json_t *answer;
    int status = api_run(&center_api, line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    if (command_switch(line, "json"))
        api_print_json(answer);
    else {
        api_make_plain(answer);
        print(answer);
    }
    json_decref(answer);
    return 0;
}

static void add_flags(const struct command_line *line, const char *const *flags, char path[PATH])
{
    for (; *flags != NULL; flags++)
        api_add_query(path, PATH, *flags, command_flag(line, *flags));
}

static void print_customers(const json_t *answer)
{
    size_t i;
    json_t *r;
    json_array_foreach(json_object_get(answer, "rows"), i, r)
        printf("%-16s %s  %s  %s  %s\n", api_member(r, "id"), api_member(r, "name"), api_member(r, "address"),
               api_member(r, "telephone"), api_member(r, "email"));
}

int command_customer_list(const struct command_line *line)
{
    return show(line, "/customers", print_customers);
}

static void print_sites(const json_t *answer)
{
    size_t i;
    json_t *r;
    json_array_foreach(json_object_get(answer, "rows"), i, r) printf(
        "%-16s %-16s %s  %s\n", api_member(r, "id"), api_member(r, "customer"), api_member(r, "name"), api_member(r, "address"));
}

int command_site_list(const struct command_line *line)
{
    static const char *const flags[] = { "customer", NULL };
    char path[PATH] = "/sites";
    add_flags(line, flags, path);
    return show(line, path, print_sites);
}

static void print_device(const json_t *d)
{
    static const char *const members[] = { "kind", "customer", "site", "gateway", "address", "telephone", "version", "seen" };
    const json_t *agreement = json_object_get(d, "agreement");
    size_t i;
    json_t *r;
    const char *until = api_member(agreement, "until"), *reason = api_member(d, "reason");
    printf("number      %s\n", api_member(d, "number"));
    for (size_t m = 0; m < sizeof members / sizeof *members; m++)
        printf("%-11s %s\n", members[m], command_or_dash(api_member(d, members[m])));
    if (api_number(d, "interval") != 0)
        printf("interval    %lld s\n", api_number(d, "interval"));
    printf("standing    %s%s%s\n", api_member(d, "standing"), reason[0] == '\0' ? "" : ": ", reason);
    printf("agreement   %s", api_member(agreement, "state"));
    if (api_member(agreement, "from")[0] != '\0')
        printf(", %s %s%s%s", command_from(agreement), api_member(agreement, "from"), until[0] == '\0' ? "" : " until ", until);
    putchar('\n');
    if (api_number(d, "late") > 0)
        printf("late        %lld presence%s came late, the last %s\n", api_number(d, "late"), api_number(d, "late") == 1 ? "" : "s",
               api_member(d, "late_last"));
    if (api_number(d, "missing_reading") > 0)
        printf("missing     reading %lld, since %s: the next ones wait for it\n", api_number(d, "missing_reading"), api_member(d, "missing_since"));
    json_array_foreach(json_object_get(d, "identities"), i, r)
        printf("identity    generation %lld, %s, %s\n", api_number(r, "generation"), api_member(r, "state"),
               api_member(r, "fingerprint"));
    json_array_foreach(json_object_get(d, "readings"), i, r)
    {
        printf("counters    %s:", api_member(r, "received"));
        command_print_counters(json_object_get(r, "counters"));
        printf("%s\n", json_is_true(json_object_get(r, "billable")) ? "" : "  not billed");
    }
}

int command_device_show(const struct command_line *line)
{
    char path[PATH] = "/devices";
    api_add_step(path, sizeof path, line->args[0]);
    return show(line, path, print_device);
}

static void print_tickets(const json_t *answer)
{
    size_t i;
    json_t *r;
    json_array_foreach(json_object_get(answer, "rows"), i, r)
        printf("%s  %s  board %s  key %s  %s  %s\n", api_member(r, "asked"), api_member(r, "number"), api_member(r, "board"),
               api_member(r, "fingerprint"), api_member(r, "state"), api_member(r, "actor"));
}

int command_tickets(const struct command_line *line)
{
    char path[PATH] = "/tickets";
    if (!command_switch(line, "all"))
        api_add_query(path, sizeof path, "open", "1");
    return show(line, path, print_tickets);
}

static void print_status(const json_t *n)
{
    printf("%lld customers, %lld sites, %lld devices, %lld of them seen within a day\n", api_number(n, "customers"),
           api_number(n, "sites"), api_number(n, "devices"), api_number(n, "seen_today"));
    printf("%lld under an active agreement, %lld seen without one, %lld in quarantine\n", api_number(n, "licensed"),
           api_number(n, "unlicensed"), api_number(n, "quarantined"));
    printf("%lld calls open, %lld replacement boards wait, %lld incidents within a day\n", api_number(n, "open_calls"),
           api_number(n, "open_tickets"), api_number(n, "incidents_today"));
}

int command_status(const struct command_line *line)
{
    return show(line, "/status", print_status);
}
