/* Lists that are read in pages, and what they look like: devices, agreements, calls, counters, incidents, events. */
#include <stdio.h>
#include <string.h>

#include "center/commands.h"

enum { PATH = 1024, ROWS_USUAL = 1000, ROWS_MOST = 1000000 };

const char *command_or_dash(const char *text)
{
    return text[0] == '\0' ? "-" : text;
}

const char *command_from(const json_t *agreement)
{
    return strcmp(api_member(agreement, "state"), "none") == 0 ? "begins" : "from";
}

void command_print_counters(const json_t *counters)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)counters, name, value)
        printf("  %s %lld", name, (long long)json_integer_value(value));
}

/* --- Page by page --- */

/* Takes the page over into all that came before. */
static json_t *append_page(json_t *all, json_t *page)
{
    if (all == NULL)
        return page;
    json_array_extend(json_object_get(all, "rows"), json_object_get(page, "rows"));
    json_object_set(all, "more", json_object_get(page, "more"));
    json_object_set(all, "next", json_object_get(page, "next"));
    json_decref(page);
    return all;
}

static enum err read_pages(struct api_client *api, const char *path, int64_t most, json_t **all, struct why *why)
{
    enum err err = OK;
    int64_t left = most;
    for (bool first = true; err == OK && (first || api_member(*all, "next")[0] != '\0') && (most == 0 || left > 0); first = false) {
        char page_path[PATH], rows[24];
        json_t *page = NULL;
        snprintf(page_path, sizeof page_path, "%s", path);
        snprintf(rows, sizeof rows, "%lld", (long long)left);
        api_add_query(page_path, sizeof page_path, "most", most == 0 ? NULL : rows);
        api_add_query(page_path, sizeof page_path, "after", first ? NULL : api_member(*all, "next"));
        err = api_ask(api, "GET", page_path, NULL, &page, why);
        left -= (int64_t)json_array_size(json_object_get(page, "rows"));
        if (err == OK)
            *all = append_page(*all, page);
        else
            json_decref(page);
    }
    return err;
}

enum err command_read_list(const struct command_line *line, const char *path, int64_t most, json_t **ret_all, struct why *why)
{
    struct api_client api;
    json_t *all = NULL;
    enum err err = api_open(&center_api, line, &api, why);
    if (err != OK)
        return err;
    err = read_pages(&api, path, most, &all, why);
    api_close(&api);
    if (err == OK)
        *ret_all = all;
    else
        json_decref(all);
    return err;
}

/* With --json as it is, else by `print`. */
static int show(const struct command_line *line, const char *path, void (*print)(const json_t *rows))
{
    struct why why = { "" };
    json_t *all = NULL;
    long most = ROWS_USUAL;
    enum err err = command_flag(line, "most") == NULL ? OK : command_flag_int(line, "most", 1, ROWS_MOST, &most, &why);
    if (err == OK)
        err = command_read_list(line, path, most, &all, &why);
    if (err != OK)
        return api_fail(&center_api, line, err, &why);
    if (command_switch(line, "json"))
        api_print_json(all);
    else {
        api_make_plain(all);
        print(json_object_get(all, "rows"));
        if (api_member(all, "next")[0] != '\0')
            fprintf(stderr, "there are more: --after %s goes on behind the last one, --most shows more at once\n", api_member(all, "next"));
    }
    json_decref(all);
    return 0;
}

static void add_flags(const struct command_line *line, const char *const *flags, char path[PATH])
{
    for (; *flags != NULL; flags++)
        api_add_query(path, PATH, *flags, command_flag(line, *flags));
}

/* --- Devices --- */

/* An agreement that is written down and has not begun is not none. */
static const char *agreement_word(const json_t *row, char text[32])
{
    const char *ahead = api_member(row, "agreement_ahead");
    if (ahead[0] == '\0')
        return api_member(row, "agreement");
    snprintf(text, 32, "from %.10s", ahead);
    return text;
}

static void print_devices(const json_t *rows)
{
    char agreement[32];
    size_t i;
    json_t *r;
    printf("%-18s %-9s %-15s %-11s %-16s %-16s %-18s %s\n", "number", "kind", "agreement", "standing", "customer", "site",
           "gateway", "seen");
    json_array_foreach(rows, i, r) printf(
        "%-18s %-9s %-15s %-11s %-16s %-16s %-18s %s%s%s\n", api_member(r, "number"), api_member(r, "kind"),
        agreement_word(r, agreement), api_member(r, "standing"), command_or_dash(api_member(r, "customer")),
        command_or_dash(api_member(r, "site")), command_or_dash(api_member(r, "gateway")),
        api_member(r, "seen")[0] == '\0' ? "never" : api_member(r, "seen"), api_member(r, "reason")[0] == '\0' ? "" : "  ",
        api_member(r, "reason"));
}

static int show_devices(const struct command_line *line, char path[PATH])
{
    static const char *const flags[] = { "customer", "site", "after", NULL };
    add_flags(line, flags, path);
    return show(line, path, print_devices);
}

int command_device_list(const struct command_line *line)
{
    char path[PATH] = "/devices";
    api_add_query(path, sizeof path, "gateway", command_flag(line, "gateway"));
    return show_devices(line, path);
}

int command_unlicensed(const struct command_line *line)
{
    char path[PATH] = "/devices";
    api_add_query(path, sizeof path, "unlicensed", "1");
    return show_devices(line, path);
}

int command_quarantine_list(const struct command_line *line)
{
    char path[PATH] = "/devices";
    api_add_query(path, sizeof path, "standing", "quarantined");
    return show_devices(line, path);
}

int command_silent(const struct command_line *line)
{
    char path[PATH] = "/devices", seconds[24];
    struct why why = { "" };
    long days = 1;
    enum err err = command_flag(line, "days") == NULL ? OK : command_flag_int(line, "days", 1, 3650, &days, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    snprintf(seconds, sizeof seconds, "%lld", days * 86400LL);
    api_add_query(path, sizeof path, "silent", seconds);
    return show_devices(line, path);
}

/* --- What came in --- */

/* Of the number that is the operand, if there is one. */
static int show_filtered(const struct command_line *line, char path[PATH], const char *kind, void (*print)(const json_t *rows))
{
    const char *const flags[] = { kind, "customer", "site", "since", "until", "after", NULL };
    api_add_query(path, PATH, "number", line->args_n == 0 ? NULL : line->args[0]);
    add_flags(line, flags, path);
    return show(line, path, print);
}

static void print_agreements(const json_t *rows)
{
    size_t i;
    json_t *r;
    json_array_foreach(rows, i, r)
        printf("%-18s %-9s %s %s%s%s\n", api_member(r, "number"), api_member(r, "state"), command_from(r), api_member(r, "from"),
               api_member(r, "until")[0] == '\0' ? "" : " until ", api_member(r, "until"));
}

int command_agreement_list(const struct command_line *line)
{
    char path[PATH] = "/agreements";
    return show_filtered(line, path, "state", print_agreements);
}

static void print_calls(const json_t *rows)
{
    size_t i;
    json_t *r;
    json_array_foreach(rows, i, r) printf("%s  %-18s %-4s %-27s %-9s %-18s %s  %s\n", api_member(r, "accepted"), api_member(r, "number"),
                                          api_member(r, "direction"), api_member(r, "operation"), api_member(r, "state"),
                                          command_or_dash(api_member(r, "actor")), command_or_dash(api_member(r, "reason")),
                                          api_member(r, "id"));
}

static int print_call(const struct command_line *line)
{
    char path[PATH] = "/calls";
    json_t *call;
    api_add_step(path, sizeof path, command_flag(line, "id"));
    int status = api_run(&center_api, line, "GET", path, NULL, &call);
    if (status != 0)
        return status;
    api_print_json(call);
    json_decref(call);
    return 0;
}

int command_calls(const struct command_line *line)
{
    char path[PATH] = "/calls";
    if (command_flag(line, "id") != NULL)
        return print_call(line);
    if (command_switch(line, "open"))
        api_add_query(path, sizeof path, "open", "1");
    return show_filtered(line, path, "state", print_calls);
}

static void print_readings(const json_t *rows)
{
    size_t i;
    json_t *r;
    json_array_foreach(rows, i, r)
    {
        const char *via = api_member(r, "via");
        printf("%s  %-18s %5lld/%lld", api_member(r, "received"), api_member(r, "number"), api_number(r, "epoch"),
               api_number(r, "sequence"));
        command_print_counters(json_object_get(r, "counters"));
        if (via[0] != '\0')
            printf("  via %s", via);
        if (!json_is_true(json_object_get(r, "billable")))
            printf("  not billed: %s", api_member(r, "verdict"));
        putchar('\n');
    }
}

int command_counters(const struct command_line *line)
{
    char path[PATH] = "/counters";
    return show_filtered(line, path, "verdict", print_readings);
}

static void print_incidents(const json_t *rows)
{
    size_t i;
    json_t *r;
    json_array_foreach(rows, i, r)
    {
        printf("%s  %s  %s  %s", api_member(r, "at"), api_member(r, "kind"), command_or_dash(api_member(r, "number")),
               api_member(r, "text"));
        if (api_member(r, "by")[0] != '\0')
            printf(" (by %s)", api_member(r, "by"));
        if (api_number(r, "times") > 1)
            printf(" (%lld times)", api_number(r, "times"));
        putchar('\n');
    }
}

int command_incidents(const struct command_line *line)
{
    char path[PATH] = "/incidents";
    return show_filtered(line, path, "kind", print_incidents);
}

static void print_events(const json_t *rows)
{
    size_t i;
    json_t *r;
    json_array_foreach(rows, i, r) printf(
        "%s  %-18s %s  %s\n", api_member(r, "at"), api_member(r, "number"), api_member(r, "kind"), api_member(r, "detail"));
}

int command_events(const struct command_line *line)
{
    char path[PATH] = "/events";
    return show_filtered(line, path, "kind", print_events);
}
