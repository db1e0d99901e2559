/* Commands that the server carries out: plan, models, stations, operators, requests. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "api/client.h"
#include "base/clock.h"
#include "factory/commands.h"
#include "store/stock.h"

enum err command_settings(const struct command_line *line, char ret_path[API_PATH], struct factory_settings *ret_settings,
                          struct why *why)
{
    enum err err = api_config_path(line, ret_path, why);
    return err != OK ? err : factory_settings_read(ret_path, ret_settings, why);
}

static int finish(json_t *answer)
{
    json_decref(answer);
    return 0;
}

int command_plan_import(const struct command_line *line)
{
    struct api_client api;
    struct why why = { "" };
    json_t *answer = NULL;
    AUTO_BUF csv = { .max = LIMIT_PLAN_BYTES };
    char path[48] = "/plan";
    bool dry = command_switch(line, "dry-run");
    api_add_query(path, sizeof path, "dry_run", dry ? "1" : NULL);
    api_add_query(path, sizeof path, "leave_out_past", command_switch(line, "leave-out-past") ? "1" : NULL);
    enum err err = file_read(line->args[0], LIMIT_PLAN_BYTES, &csv, &why);
    if (err == OK)
        err = api_open(&factory_api, line, &api, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    err = api_send(&api, "POST", path, "text/csv", buf_span(&csv), &answer, &why);
    api_close(&api);
    if (err == OK)
        printf("%s: %lld rows, %lld of them known already, %lld left out as past, %lld devices %s\n", line->args[0],
               api_number(answer, "rows"), api_number(answer, "known"), api_number(answer, "left_out"), api_number(answer, "devices"),
               dry ? "would be planned (dry run)" : "planned");
    else
        api_print_mistakes(line->args[0], answer);
    json_decref(answer);
    return err == OK
               ? 0
               : command_fail(line, err, &why, err == ERR_BAD_INPUT ? "nameplate factory plan import --dry-run FILE" : NULL);
}

int command_plan_remove(const struct command_line *line)
{
    json_t *answer;
    char path[100];
    snprintf(path, sizeof path, "/plan?date=%.10s&model=%.17s", line->args[0], line->args[1]);
    int status = api_run(&factory_api, line, "DELETE", path, NULL, &answer);
    if (status != 0)
        return status;
    printf("%lld devices of model %s are planned for %s no longer\n", api_number(answer, "quantity"), api_member(answer, "model"),
           api_member(answer, "date"));
    return finish(answer);
}

static void print_counts(const json_t *answer)
{
    size_t i;
    json_t *r;
    printf("%-10s  %-8s %-20s %8s %8s %8s %8s %8s %8s %8s\n", "date", "model", "name", "planned", "on hand", "claimed", "today",
           "written", "failed", "left");
    json_array_foreach(json_object_get(answer, "rows"), i, r)
    {
        if (!json_is_true(json_object_get(r, "identity")))
            printf("%-10s  %-8s %-20s %8lld  no identity\n", api_member(r, "date"), api_member(r, "model"), api_member(r, "name"),
                   api_number(r, "quantity"));
        else
            printf("%-10s  %-8s %-20s %8lld %8lld %8lld %8lld %8lld %8lld %8lld\n", api_member(r, "date"), api_member(r, "model"),
                   api_member(r, "name"), api_number(r, "quantity"), api_number(r, "on_hand"), api_number(r, "claimed"),
                   api_number(r, "written_today"), api_number(r, "written"), api_number(r, "failed"), api_number(r, "left"));
    }
}

static int show_counts(const struct command_line *line, const char *path)
{
    json_t *answer;
    int status = api_run(&factory_api, line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    if (command_switch(line, "json")) {
        api_print_json(answer);
    } else {
        print_counts(answer);
    }
    return finish(answer);
}

int command_plan_list(const struct command_line *line)
{
    return show_counts(line, "/plan");
}

int command_status(const struct command_line *line)
{
    int status = show_counts(line, "/status");
    while (status == 0 && command_switch(line, "watch")) {
        fflush(stdout);
        nanosleep(&(struct timespec){ .tv_sec = 2 }, NULL);
        printf("\033[H\033[2J");
        status = show_counts(line, "/status");
    }
    return status;
}

/* Until the CA has answered every request: with packs that are stored durably then, or with a refusal, which leaves numbers
 * of the day planned. */
static enum err wait_for_ca(struct api_client *api, const char *date, long long *ret_planned, struct why *why)
{
    char path[48];
    snprintf(path, sizeof path, "/requests?date=%.10s", date);
    for (;;) {
        json_t *answer = NULL;
        enum err err = api_ask(api, "GET", path, NULL, &answer, why);
        bool open = api_number(answer, "open") != 0;
        *ret_planned = api_number(answer, "planned");
        json_decref(answer);
        if (err != OK || !open)
            return err;
        nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
    }
}

static enum err request_day(struct api_client *api, const char *date, bool wait, struct why *why)
{
    long long planned = 0;
    json_t *answer = NULL, *body = json_pack("{s:s}", "date", date);
    enum err err = api_ask(api, "POST", "/requests", body, &answer, why);
    json_decref(body);
    if (err == OK)
        printf("%lld numbers of %s are asked for\n", api_number(answer, "requested"), date);
    json_decref(answer);
    if (err != OK || !wait)
        return err;
    fflush(stdout);
    err = wait_for_ca(api, date, &planned, why);
    if (err == OK && planned != 0)
        return why_set(why, ERR_CONFLICT, "the CA refused: %lld numbers of %s have no identity, the server's log says why",
                       planned, date);
    if (err == OK)
        printf("the identities of %s are on hand\n", date);
    return err;
}

int command_request(const struct command_line *line)
{
    struct api_client api;
    struct why why = { "" };
    char today[CLOCK_DAY_SIZE];
    const char *date = command_flag(line, "date");
    if (date == NULL) {
        clock_format_day(clock_local_day(clock_wall_s()), today);
        date = today;
    }
    enum err err = api_open(&factory_api, line, &api, &why);
    if (err == OK) {
        err = request_day(&api, date, command_switch(line, "wait"), &why);
        api_close(&api);
    }
    return err == OK ? 0 : api_fail(&factory_api, line, err, &why);
}

/* Only what was said is sent: a change leaves the rest as it is. */
int command_model_add(const struct command_line *line)
{
    static const char *const texts[] = { "name", "voltage", "power", "current", "profile", "pattern", "line" };
    struct why why = { "" };
    long digits = 0;
    enum err err = command_flag(line, "digits") == NULL ? OK : command_flag_int(line, "digits", 1, LIMIT_SERIAL, &digits, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    json_t *answer, *body = json_pack("{s:s}", "code", line->args[0]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (command_flag(line, texts[i]) != NULL)
            json_object_set_new(body, texts[i], json_string(command_flag(line, texts[i])));
    if (digits != 0)
        json_object_set_new(body, "digits", json_integer(digits));
    if (command_switch(line, "no-identity"))
        json_object_set_new(body, "identity", json_false());
    int status = api_run(&factory_api, line, "POST", "/models", body, &answer);
    if (status != 0)
        return status;
    printf("model %s\n", api_member(answer, "code"));
    return finish(answer);
}

int command_model_list(const struct command_line *line)
{
    static const char *const columns[] = { "code", "name", "identity", "line", "voltage", "power", "current", "discontinued" };
    return api_list(&factory_api, line, "/models", columns, sizeof columns / sizeof *columns);
}

int command_station_list(const struct command_line *line)
{
    static const char *const columns[] = { "name", "line" };
    return api_list(&factory_api, line, "/stations", columns, 2);
}

int command_station_add(const struct command_line *line)
{
    json_t *answer;
    const char *at = command_flag(line, "line");
    int status = api_run(&factory_api, line, "POST", "/stations",
                         json_pack("{s:s,s:s}", "name", line->args[0], "line", at == NULL ? line->args[0] : at), &answer);
    if (status != 0)
        return status;
    printf("station %s at line %s\n", api_member(answer, "name"), api_member(answer, "line"));
    return finish(answer);
}

int command_station_release(const struct command_line *line)
{
    json_t *answer;
    char path[200];
    snprintf(path, sizeof path, "/releases/%.64s", line->args[0]);
    int status = api_run(&factory_api, line, "POST", path, NULL, &answer);
    if (status != 0)
        return status;
    printf("station %s may fetch packs again; it had fetched %lld that no device proved\n", line->args[0], api_number(answer, "packs"));
    return finish(answer);
}

int command_station_remove(const struct command_line *line)
{
    json_t *answer;
    char path[200];
    snprintf(path, sizeof path, "/stations/%.64s", line->args[0]);
    int status = api_run(&factory_api, line, "DELETE", path, NULL, &answer);
    return status != 0 ? status : finish(answer);
}

/* The second person of --confirm-user and --confirm-password-file, when they are given. NULL: *ret_err says why. */
static json_t *confirm_body(const struct command_line *line, enum err *ret_err, struct why *why)
{
    json_t *body = json_object();
    char password[256] = "";
    const char *user = command_flag(line, "confirm-user"), *file = command_flag(line, "confirm-password-file");
    *ret_err = user == NULL || file == NULL ? OK : file_read_line(file, sizeof password, password, why);
    if (*ret_err == OK && user != NULL) {
        json_object_set_new(body, "confirm_user", json_string(user));
        json_object_set_new(body, "confirm_password", json_string(password));
    }
    secret_wipe(password, sizeof password);
    if (*ret_err == OK)
        return body;
    json_decref(body);
    return NULL;
}

int command_reissue(const struct command_line *line)
{
    json_t *answer;
    char path[64];
    struct why why = { "" };
    enum err err;
    json_t *body = confirm_body(line, &err, &why);
    if (body == NULL)
        return command_fail(line, err, &why, NULL);
    snprintf(path, sizeof path, "/reissues/%.41s", line->args[0]);
    int status = api_run(&factory_api, line, "POST", path, body, &answer);
    if (status != 0)
        return status;
    printf("a new pack for %s is asked for, generation %lld\n", line->args[0], api_number(answer, "generation"));
    return finish(answer);
}

int command_forget(const struct command_line *line)
{
    json_t *answer;
    char path[64];
    struct why why = { "" };
    enum err err;
    json_t *body = confirm_body(line, &err, &why);
    if (body == NULL)
        return command_fail(line, err, &why, NULL);
    snprintf(path, sizeof path, "/forget/%.32s", line->args[0]);
    int status = api_run(&factory_api, line, "POST", path, body, &answer);
    if (status != 0)
        return status;
    printf("model %s is discontinued: %lld packs are revoked and erased\n", line->args[0], api_number(answer, "voided"));
    if (api_number(answer, "claimed") > 0)
        printf("%lld are at stations now: run this again when they are back\n", api_number(answer, "claimed"));
    return finish(answer);
}

int command_number(const struct command_line *line)
{
    json_t *answer;
    char path[64];
    snprintf(path, sizeof path, "/numbers/%.41s", line->args[0]);
    int status = api_run(&factory_api, line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    api_print_json(answer);
    return finish(answer);
}
