/* The verbs of a device in the field: its remote functions, what it counts, what it reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/commands.h"
#include "device/control.h"
#include "device/event.h"
#include "device/field.h"
#include "device/machine.h"
#include "device/parameters.h"
#include "device/settings.h"
#include "device/threshold.h"

static enum err set_url(const char *dir, const char *url, struct why *why)
{
    struct board b;
    enum err err = board_open(dir, BOARD_USE, &b, why);
    if (err != OK)
        return err;
    struct nvram values = b.values;
    err = parameters_set(&values, "field.url", url, why);
    if (err == OK)
        err = board_save_values(&b, &values, why);
    board_close(&b);
    return err;
}

int command_remote(const struct command_line *line)
{
    struct why why = { "" };
    char dir[BOARD_PATH];
    const char *url = command_flag(line, "url");
    enum err err = device_dir(line, sizeof dir, dir, &why);
    if (err == OK && url != NULL && strncmp(url, "https://", 8) != 0)
        err = why_set(&why, ERR_USAGE, "--url %s: https://HOST:PORT is needed", url);
    if (err == OK)
        err = option_create(dir, &why);
    bool had = err == ERR_EXISTS;
    if (had)
        err = OK;
    if (err == OK && url != NULL)
        err = set_url(dir, url, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    printf("the device in %s %s its remote functions\n", dir, had ? "has" : "got");
    return 0;
}

/* A device that does not run does it here and now, as one start of its life. */
static enum err do_it_here(const char *dir, char *const *words, struct why *why)
{
    struct board b;
    struct why later;
    bool told;
    enum err err = board_open(dir, BOARD_USE, &b, why);
    if (err != OK)
        return err;
    if (strcmp(words[0], "event") == 0)
        err = event_put(&b, words[1], words[2] == NULL ? "" : words[2], why);
    else if (strcmp(words[0], "threshold") == 0)
        err = threshold_set(&b, words[1], strtoll(words[2], NULL, 10), why);
    else
        err = machine_count(&b, words[1], strtoll(words[2], NULL, 10), why);
    if (err == OK && threshold_tell(&b, &told, &later) != OK)
        told = false; /* its next start does it */
    board_close(&b);
    return err;
}

static enum err check_number(const char *text, long long least, struct why *why)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    return end != text && *end == '\0' && n >= least ? OK : why_set(why, ERR_USAGE, "%s is not a number of units", text);
}

static int tell(const struct command_line *line, const char *verb, bool here)
{
    struct why why = { "" };
    char dir[BOARD_PATH], text[CONTROL_LINE], ask[CONTROL_LINE];
    char *const words[] = { (char *)(uintptr_t)verb, (char *)(uintptr_t)line->args[0], (char *)(uintptr_t)line->args[1], NULL };
    enum err err = device_dir(line, sizeof dir, dir, &why);
    if (err == OK && strcmp(verb, "event") != 0)
        err = check_number(line->args[1], strcmp(verb, "threshold") == 0 ? 0 : 1, &why);
    int n = snprintf(ask, sizeof ask, "%s %s %s\n", verb, line->args[0], line->args_n > 1 ? line->args[1] : "");
    if (err == OK && (n >= (int)sizeof ask || strpbrk(line->args[0], " \n") != NULL || strchr(ask, '\n') != ask + n - 1))
        err = why_set(&why, ERR_USAGE, "the words are too long, or the first has a space in it, or there is more than one line");
    if (err == OK)
        err = control_ask(dir, ask, text, &why);
    if (err == ERR_NOT_FOUND && here)
        err = do_it_here(dir, words, &why);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_count(const struct command_line *line) { return tell(line, "count", true); }
int command_job(const struct command_line *line) { return tell(line, "job", false); }
int command_threshold(const struct command_line *line) { return tell(line, "threshold", true); }
int command_event(const struct command_line *line) { return tell(line, "event", true); }
