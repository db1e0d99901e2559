#include "device/run_field.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/parameters.h"
#include "device/threshold.h"
#include "log/log.h"

enum { ARGUMENTS = 64, COMMAND_LINE = 16 * 1024 };

void field_url_of(const struct board *b, const char *setting, char ret_url[FIELD_URL])
{
    snprintf(ret_url, FIELD_URL, "%.*s", FIELD_URL - 1, setting);
    if (*ret_url == '\0')
        parameters_get(b->values.operation, "field.url", FIELD_URL, ret_url);
}

/* A start is a start: this process becomes a new one with the arguments that it was given, and keeps its id. */
static void restart(void *context)
{
    const struct run_field *r = context;
    char line[COMMAND_LINE + 1], *arguments[ARGUMENTS + 1] = { NULL };
    size_t n = 0;
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC); /* it says no size: one read has all of it */
    ssize_t length = fd < 0 ? 0 : read(fd, line, COMMAND_LINE);
    line[length > 0 ? length : 0] = '\0';
    for (ssize_t at = 0; at < length && n < ARGUMENTS; at += (ssize_t)strlen(line + at) + 1)
        arguments[n++] = line + at;
    if (fd >= 0)
        close(fd);
    log_event(LOG_INFO, "restart", "number", r->agent->board->values.number, NULL);
    if (n > 0)
        execv("/proc/self/exe", arguments);
    log_event(LOG_ERROR, "restart", "number", r->agent->board->values.number, "why", "the program cannot start again", NULL);
    exit(75);
}

/* --- The field --- */

static void begin(struct run_field *r)
{
    struct board *b = r->agent->board;
    struct why why = { "" };
    struct field_options options = {
        .wait_s = r->settings->field_wait_s,
        .report_s = r->settings->field_report_s,
        .trial_s = r->settings->field_trial_s,
        .test_only_no_confirm = r->no_confirm,
        .test_only_claim = r->claim,
        .test_only_die_at = r->die_at,
        .restart = restart,
        .context = r,
    };
    field_url_of(b, r->settings->field_url, options.url);
    if (r->field != NULL || b->boot.state != BOOT_INDIVIDUAL || *options.url == '\0')
        return;
    if (!b->option.there) {
        if (!r->told)
            log_event(LOG_WARN, "no-remote-service", "number", b->values.number, "why",
                      "the memory of the remote functions is missing: nameplate device remote adds it", NULL);
        r->told = true;
        return;
    }
    enum err err = field_start(r->agent->loop, b, &options, &r->field, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "field", err, &why, "number", b->values.number, NULL);
    else
        log_event(LOG_INFO, "field", "number", b->values.number, "url", options.url, "version", option_version(&b->option), NULL);
    r->agent->field = r->field;
}

static void begin_now(void *context)
{
    struct run_field *r = context;
    r->timer = 0;
    begin(r);
}

void run_field_changed(struct run_field *r)
{
    if (r->timer == 0 && loop_timer(r->agent->loop, 0, begin_now, r, &r->timer) != OK)
        log_event(LOG_ERROR, "field", "number", r->agent->board->values.number, "why", "out of memory", NULL);
}

/* --- The commands --- */

/* A threshold may have been passed: what is told goes at once. */
static void counted(void *context)
{
    struct run_field *r = context;
    struct why why = { "" };
    bool told = false;
    enum err err = threshold_tell(r->agent->board, &told, &why);
    if (err != OK)
        log_failure(LOG_WARN, "event", err, &why, "number", r->agent->board->values.number, NULL);
    if (told && r->field != NULL)
        field_kick(r->field);
}

static enum err control_count(struct run_field *r, char **words, char ret_text[32], struct why *why)
{
    enum err err = machine_count(r->agent->board, words[1], strtoll(words[2], NULL, 10), why);
    if (err == OK)
        counted(r);
    snprintf(ret_text, 32, "counted");
    return err;
}

static enum err control_threshold(struct run_field *r, char **words, char ret_text[32], struct why *why)
{
    enum err err = threshold_set(r->agent->board, words[1], strtoll(words[2], NULL, 10), why);
    if (err == OK)
        counted(r);
    snprintf(ret_text, 32, "set");
    return err;
}

static enum err control_event(struct run_field *r, char **words, char ret_text[32], struct why *why)
{
    char detail[CONTROL_LINE] = "";
    struct event_report_request body = { .kind = words[1], .detail = detail };
    for (int i = 2; words[i] != NULL; i++)
        snprintf(detail + strlen(detail), sizeof detail - strlen(detail), "%s%s", i > 2 ? " " : "", words[i]);
    if (r->field == NULL)
        return why_set(why, ERR_BAD_TRANSITION, "the device is not in the field: it needs its identity, the remote functions and a URL");
    snprintf(ret_text, 32, "kept");
    return field_call(r->field, SOAP_EVENT_REPORT, &body, 0, why);
}

static void job_done(void *context, enum err err, const struct why *why) { control_answer(context, err, why, "done"); }

static void obey(void *context, char **words, struct control_reply *reply)
{
    struct run_field *r = context;
    struct why why = { "" };
    char text[32] = "";
    enum err err = ERR_UNSUPPORTED;
    bool whole = words[0] != NULL && words[1] != NULL;
    if (whole && strcmp(words[0], "event") == 0)
        err = control_event(r, words, text, &why);
    else if (whole && words[2] != NULL && strcmp(words[0], "count") == 0)
        err = control_count(r, words, text, &why);
    else if (whole && words[2] != NULL && strcmp(words[0], "threshold") == 0)
        err = control_threshold(r, words, text, &why);
    else if (whole && words[2] != NULL && strcmp(words[0], "job") == 0) {
        err = machine_job(&r->machine, words[1], strtoll(words[2], NULL, 10), job_done, reply, &why);
        if (err == OK)
            return; /* answered when it is done */
    }
    control_answer(reply, err, &why, text);
}

enum err run_field_start(const struct command_line *line, const struct device_settings *settings, struct agent *agent,
                         struct run_field *ret_run, struct why *why)
{
    *ret_run = (struct run_field){ .settings = settings, .agent = agent, .no_confirm = command_switch(line, "test-only-no-confirm"),
                                   .claim = command_flag(line, "test-only-claim"),
                                   .die_at = command_flag(line, "test-only-die-at") };
    machine_init(agent->loop, agent->board, &ret_run->machine);
    ret_run->machine.counted = counted;
    ret_run->machine.context = ret_run;
    enum err err = control_new(agent->loop, agent->board->dir, obey, ret_run, &ret_run->control, why);
    if (err == OK)
        begin(ret_run);
    return err;
}

void run_field_stop(struct run_field *r)
{
    if (r->agent == NULL)
        return;
    loop_cancel(r->agent->loop, r->timer);
    r->agent->field = NULL;
    field_stop(r->field);
    machine_done(&r->machine);
    control_free(r->control);
}
