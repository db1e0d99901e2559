/* center call: a call is queued, and its answer waited for. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "center/commands.h"

enum { PATH = 512, LINE = 200, LOOK_MS = 200 };

/* Flags that say what is called, and of which operations. */
static const struct {
    const char *operation, *flag;
} belongs[] = { { "interval", "interval" }, { "program", "version" }, { "threshold", "application" }, { "threshold", "at" } };

static enum err check_flags(const struct command_line *line, struct why *why)
{
    char own[64] = "";
    const char *operation = line->args[1], *foreign = NULL;
    for (size_t i = 0; i < sizeof belongs / sizeof *belongs; i++) {
        size_t n = strlen(own);
        if (strcmp(belongs[i].operation, operation) == 0)
            snprintf(own + n, sizeof own - n, "--%s, ", belongs[i].flag);
        else if (foreign == NULL && command_flag(line, belongs[i].flag) != NULL)
            foreign = belongs[i].flag;
    }
    return foreign == NULL ? OK : why_set(why, ERR_USAGE, "--%s is not for the call \"%s\": it takes %s--limit and --wait", foreign, operation, own);
}

static enum err make_body(const struct command_line *line, json_t *body, struct why *why)
{
    static const struct {
        const char *flag;
        long least, most;
    } numbers[] = { { "interval", LIMIT_POLL_LEAST_S, LIMIT_POLL_MOST_S }, { "limit", 1, LIMIT_POLL_MOST_S }, { "at", 0, LIMIT_THRESHOLD } };
    enum err err = OK;
    for (size_t i = 0; err == OK && i < sizeof numbers / sizeof *numbers; i++) {
        long value;
        if (command_flag(line, numbers[i].flag) == NULL)
            continue;
        err = command_flag_int(line, numbers[i].flag, numbers[i].least, numbers[i].most, &value, why);
        if (err == OK)
            json_object_set_new(body, numbers[i].flag, json_integer(value));
    }
    static const char *const texts[] = { "version", "application" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (command_flag(line, texts[i]) != NULL)
            json_object_set_new(body, texts[i], json_string(command_flag(line, texts[i])));
    return err;
}

/* When the called one may be expected: "3012-000001 polls every 3600 s and was last here at 2026-11-30T20:40:19Z". */
static const char *say_expected(const json_t *queued, size_t size, char *ret_text)
{
    const char *seen = api_member(queued, "seen");
    snprintf(ret_text, size, "%s polls every %lld s and was %s%s", api_member(queued, "number"), api_number(queued, "interval"),
             seen[0] == '\0' ? "never here" : "last here at ", seen);
    return ret_text;
}

/* Until the call is over, or the time is. */
static enum err wait_for_answer(struct api_client *api, const json_t *queued, long seconds, json_t **ret_call, struct why *why)
{
    char path[PATH] = "/calls", expected[LINE];
    int64_t until = clock_mono_ms() + 1000 * (int64_t)seconds;
    api_add_step(path, sizeof path, api_member(queued, "id"));
    for (;;) {
        json_t *call = NULL;
        enum err err = api_ask(api, "GET", path, NULL, &call, why);
        if (err == OK && json_is_true(json_object_get(call, "over"))) {
            *ret_call = call;
            return OK;
        }
        if (err == OK && clock_mono_ms() >= until)
            err = why_set(why, ERR_TIMEOUT, "no answer within %ld seconds, the call is %s (%s): nameplate center calls shows it",
                          seconds, api_member(call, "state"), say_expected(queued, sizeof expected, expected));
        json_decref(call);
        if (err != OK)
            return err;
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
    }
}

/* 0 for a response; a fault, refusal or expiry is told and gives 1. */
static enum err show_answer(const json_t *call, struct why *why)
{
    const json_t *answer = json_object_get(call, "answer");
    const char *error = api_member(answer, "error");
    if (error[0] != '\0')
        return why_set(why, err_from_name(error), "%s refused: %s", api_member(call, "number"), api_member(answer, "reason"));
    if (answer == NULL)
        return why_set(why, ERR_PEER_GONE, "the call is %s: %s", api_member(call, "state"), api_member(call, "reason"));
    api_print_json(answer);
    return OK;
}

static enum err make_call(struct api_client *api, const json_t *body, long seconds,
                          struct why *why)
{
    json_t *queued = NULL, *call = NULL;
    enum err err = api_ask(api, "POST", "/calls", body, &queued, why);
    char expected[LINE];
    if (err == OK && seconds == 0)
        printf("%s waits, %s: %s\n", api_member(queued, "operation"), say_expected(queued, sizeof expected, expected), api_member(queued, "id"));
    if (err == OK && seconds > 0)
        err = wait_for_answer(api, queued, seconds, &call, why);
    if (err == OK && seconds > 0)
        err = show_answer(call, why);
    json_decref(queued);
    json_decref(call);
    return err;
}

int command_call(const struct command_line *line)
{
    struct api_client api;
    struct why why = { "" };
    long seconds = 0;
    json_t *body = json_pack("{s:s,s:s}", "number", line->args[0], "operation", line->args[1]);
    enum err err = check_flags(line, &why);
    if (err == OK)
        err = make_body(line, body, &why);
    if (err == OK && command_flag(line, "wait") != NULL)
        err = command_flag_int(line, "wait", 1, 86400, &seconds, &why);
    if (err == OK)
        err = api_open(&center_api, line, &api, &why);
    if (err == OK) {
        err = make_call(&api, body, seconds, &why);
        api_close(&api);
    }
    json_decref(body);
    return err == OK ? 0 : api_fail(&center_api, line, err, &why);
}
