/* Commands that the server carries out: plan, models, stations, operators, requests. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "factory/api_client.h"

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text == NULL ? "" : text;
}

static long long int_of(const json_t *row, const char *name)
{
    return (long long)json_integer_value(json_object_get(row, name));
}

static int finish(json_t *answer)
{
    json_decref(answer);
    return 0;
}

int command_login(const struct command_line *line)
{
    const char *user = command_flag(line, "user"), *file = command_flag(line, "password-file");
    struct api api;
    struct why why = { "" };
    json_t *answer = NULL;
    char path[COMMAND_PATH];
    enum err err = user == NULL || file == NULL ? why_set(&why, ERR_USAGE, "--user and --password-file are needed") : OK;
    if (err == OK)
        err = api_connect(line, &api, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    err = api_login_with(&api, user, file, &answer, &why);
    if (err == OK)
        err = api_session_path(&api, sizeof path, path);
    if (err == OK)
        err = file_replace(path, span_text(text_of(answer, "token")), 0600, &why);
    if (err == OK)
        printf("%s is logged in as %s\n", text_of(answer, "name"), text_of(answer, "role"));
    json_decref(answer);
    api_close(&api);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

static void print_mistakes(const char *file, const json_t *answer)
{
    size_t i;
    json_t *mistake;
    json_array_foreach(json_object_get(answer, "mistakes"), i, mistake) fprintf(
        stderr, "%s:%lld:%lld: %s\n", file, int_of(mistake, "line"), int_of(mistake, "column"), text_of(mistake, "reason"));
    if (json_is_true(json_object_get(answer, "more")))
        fprintf(stderr, "%s: and more\n", file);
}

int command_plan_import(const struct command_line *line)
{
    struct api api;
    struct why why = { "" };
    json_t *answer = NULL;
    AUTO_BUF csv = { .max = LIMIT_PLAN_BYTES };
    bool dry = command_switch(line, "dry-run");
    enum err err = file_read(line->args[0], LIMIT_PLAN_BYTES, &csv, &why);
    if (err == OK)
        err = api_open(line, &api, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    err = api_send(&api, "POST", dry ? "/plan?dry_run=1" : "/plan", "text/csv", buf_span(&csv), &answer, &why);
    api_close(&api);
    if (err == OK)
        printf("%s: %lld rows, %lld of them known already, %lld devices %s\n", line->args[0], int_of(answer, "rows"),
               int_of(answer, "known"), int_of(answer, "devices"), dry ? "would be planned (dry run)" : "planned");
    else
        print_mistakes(line->args[0], answer);
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
    int status = api_run(line, "DELETE", path, NULL, &answer);
    if (status != 0)
        return status;
    printf("%lld devices of model %s are planned for %s no longer\n", int_of(answer, "quantity"), text_of(answer, "model"),
           text_of(answer, "date"));
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
            printf("%-10s  %-8s %-20s %8lld  no identity\n", text_of(r, "date"), text_of(r, "model"), text_of(r, "name"),
                   int_of(r, "quantity"));
        else
            printf("%-10s  %-8s %-20s %8lld %8lld %8lld %8lld %8lld %8lld %8lld\n", text_of(r, "date"), text_of(r, "model"),
                   text_of(r, "name"), int_of(r, "quantity"), int_of(r, "on_hand"), int_of(r, "claimed"),
                   int_of(r, "written_today"), int_of(r, "written"), int_of(r, "failed"), int_of(r, "left"));
    }
}

static int show_counts(const struct command_line *line, const char *path)
{
    json_t *answer;
    int status = api_run(line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    if (command_switch(line, "json")) {
        json_dumpf(answer, stdout, JSON_INDENT(2));
        putchar('\n');
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

/* Until the CA has answered every request: with packs that are stored durably then, or with a refusal. */
static enum err wait_for_ca(struct api *api, struct why *why)
{
    for (;;) {
        json_t *answer = NULL;
        enum err err = api_call(api, "GET", "/requests", NULL, &answer, why);
        bool open = int_of(answer, "open") != 0;
        json_decref(answer);
        if (err != OK || !open)
            return err;
        nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
    }
}

/* How many numbers of the day have no pack yet. */
static enum err count_without(struct api *api, const char *date, long long *ret_n, struct why *why)
{
    char path[64];
    size_t i;
    json_t *answer = NULL, *row;
    snprintf(path, sizeof path, "/plan?from=%.10s&to=%.10s", date, date);
    enum err err = api_call(api, "GET", path, NULL, &answer, why);
    *ret_n = 0;
    json_array_foreach(json_object_get(answer, "rows"), i, row) *ret_n += int_of(row, "planned") + int_of(row, "requested");
    json_decref(answer);
    return err;
}

static enum err request_day(struct api *api, const char *date, bool wait, struct why *why)
{
    long long without = 0;
    json_t *answer = NULL, *body = json_pack("{s:s}", "date", date);
    enum err err = api_call(api, "POST", "/requests", body, &answer, why);
    json_decref(body);
    if (err == OK)
        printf("%lld numbers of %s are asked for\n", int_of(answer, "requested"), date);
    json_decref(answer);
    if (err != OK || !wait)
        return err;
    fflush(stdout);
    err = wait_for_ca(api, why);
    if (err == OK)
        err = count_without(api, date, &without, why);
    if (err == OK && without != 0)
        return why_set(why, ERR_CONFLICT, "the CA refused: %lld numbers of %s have no identity, the server's log says why", without,
                       date);
    if (err == OK)
        printf("the identities of %s are on hand\n", date);
    return err;
}

int command_request(const struct command_line *line)
{
    struct api api;
    struct why why = { "" };
    const char *date = command_flag(line, "date");
    if (date == NULL)
        return command_fail(line, ERR_USAGE, &(struct why){ "--date is missing" }, "nameplate factory request --date 2026-03-19");
    enum err err = api_open(line, &api, &why);
    if (err == OK) {
        err = request_day(&api, date, command_switch(line, "wait"), &why);
        api_close(&api);
    }
    return err == OK ? 0
                     : command_fail(line, err, &why,
                                    err == ERR_NOT_AUTHENTICATED ? "nameplate factory login --user NAME --password-file FILE" : NULL);
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
    int status = api_run(line, "POST", "/models", body, &answer);
    if (status != 0)
        return status;
    printf("model %s\n", text_of(answer, "code"));
    return finish(answer);
}

static int list(const struct command_line *line, const char *path, const char *const *columns, size_t n)
{
    json_t *answer, *row;
    size_t i;
    int status = api_run(line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        for (size_t c = 0; c < n; c++) {
            const json_t *value = json_object_get(row, columns[c]);
            printf("%s%s%s", c == 0 ? "" : "  ", json_is_boolean(value) ? columns[c] : json_string_value(value),
                   json_is_boolean(value) ? (json_is_true(value) ? "=yes" : "=no") : "");
        }
        putchar('\n');
    }
    return finish(answer);
}

int command_model_list(const struct command_line *line)
{
    static const char *const columns[] = { "code", "name", "identity", "line", "voltage", "power", "current", "discontinued" };
    return list(line, "/models", columns, sizeof columns / sizeof *columns);
}

int command_station_list(const struct command_line *line)
{
    static const char *const columns[] = { "name", "line" };
    return list(line, "/stations", columns, 2);
}

int command_operator_list(const struct command_line *line)
{
    static const char *const columns[] = { "name", "role", "disabled", "locked" };
    return list(line, "/operators", columns, 4);
}

int command_station_add(const struct command_line *line)
{
    json_t *answer;
    const char *at = command_flag(line, "line");
    int status = api_run(line, "POST", "/stations",
                         json_pack("{s:s,s:s}", "name", line->args[0], "line", at == NULL ? line->args[0] : at), &answer);
    if (status != 0)
        return status;
    printf("station %s at line %s\n", text_of(answer, "name"), text_of(answer, "line"));
    return finish(answer);
}

int command_station_remove(const struct command_line *line)
{
    json_t *answer;
    char path[200];
    snprintf(path, sizeof path, "/stations/%.64s", line->args[0]);
    int status = api_run(line, "DELETE", path, NULL, &answer);
    return status != 0 ? status : finish(answer);
}

static int put_operator(const struct command_line *line, const char *role, const char *password_file, int disabled)
{
    json_t *answer, *body = json_pack("{s:s}", "name", line->args[0]);
    char password[256] = "";
    struct why why = { "" };
    enum err err = password_file == NULL ? OK : command_read_line(password_file, sizeof password, password, &why);
    if (role != NULL)
        json_object_set_new(body, "role", json_string(role));
    if (password_file != NULL)
        json_object_set_new(body, "password", json_string(password));
    if (disabled >= 0)
        json_object_set_new(body, "disabled", json_boolean(disabled));
    secret_wipe(password, sizeof password);
    if (err != OK) {
        json_decref(body);
        return command_fail(line, err, &why, NULL);
    }
    int status = api_run(line, "POST", "/operators", body, &answer);
    if (status != 0)
        return status;
    printf("operator %s: %s%s\n", text_of(answer, "name"), text_of(answer, "role"),
           json_is_true(json_object_get(answer, "disabled")) ? ", disabled" : "");
    return finish(answer);
}

int command_operator_add(const struct command_line *line)
{
    return put_operator(line, command_flag(line, "role"), command_flag(line, "new-password-file"), 0);
}

int command_operator_disable(const struct command_line *line)
{
    return put_operator(line, NULL, NULL, 1);
}

int command_operator_password(const struct command_line *line)
{
    return put_operator(line, NULL, command_flag(line, "new-password-file"), -1);
}

int command_forget(const struct command_line *line)
{
    json_t *answer, *body = json_object();
    char path[64], password[256] = "";
    const char *user = command_flag(line, "confirm-user"), *file = command_flag(line, "confirm-password-file");
    struct why why = { "" };
    if (user != NULL && file != NULL && command_read_line(file, sizeof password, password, &why) != OK) {
        json_decref(body);
        return command_fail(line, ERR_NOT_FOUND, &why, NULL);
    }
    if (user != NULL) {
        json_object_set_new(body, "confirm_user", json_string(user));
        json_object_set_new(body, "confirm_password", json_string(password));
    }
    secret_wipe(password, sizeof password);
    snprintf(path, sizeof path, "/forget/%.32s", line->args[0]);
    int status = api_run(line, "POST", path, body, &answer);
    if (status != 0)
        return status;
    printf("model %s is discontinued: %lld packs are revoked and erased\n", line->args[0], int_of(answer, "voided"));
    if (int_of(answer, "claimed") > 0)
        printf("%lld are at stations now: run this again when they are back\n", int_of(answer, "claimed"));
    return finish(answer);
}

int command_number(const struct command_line *line)
{
    json_t *answer;
    char path[64];
    snprintf(path, sizeof path, "/numbers/%.41s", line->args[0]);
    int status = api_run(line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    json_dumpf(answer, stdout, JSON_INDENT(2));
    putchar('\n');
    return finish(answer);
}
