/* factory key: a device number keyed in at the factory server (F-9). A person's number counts when it came twice. */
#include <stdio.h>
#include <unistd.h>

#include "factory/commands.h"

enum { TYPED_MAX = LIMIT_NUMBER_TEXT + 2 };

static enum err ask(const char *question, char ret_text[TYPED_MAX], struct why *why)
{
    printf("%s", question);
    fflush(stdout);
    if (fgets(ret_text, TYPED_MAX, stdin) == NULL)
        return why_set(why, ERR_USAGE, "nothing was keyed in");
    size_t n = strcspn(ret_text, "\r\n");
    if (ret_text[n] == '\0')
        return why_set(why, ERR_BAD_NUMBER, "a device number has at most %d characters", LIMIT_NUMBER_TEXT);
    ret_text[n] = '\0';
    return OK;
}

static enum err read_twice(const struct command_line *line, char ret_first[TYPED_MAX], char ret_again[TYPED_MAX], struct why *why)
{
    if (line->args_n == 2) {
        for (size_t i = 0; i < 2; i++)
            if (strlen(line->args[i]) >= TYPED_MAX)
                return why_set(why, ERR_BAD_NUMBER, "a device number has at most %d characters", LIMIT_NUMBER_TEXT);
        snprintf(ret_first, TYPED_MAX, "%s", line->args[0]);
        snprintf(ret_again, TYPED_MAX, "%s", line->args[1]);
        return OK;
    }
    if (line->args_n == 1 || !isatty(STDIN_FILENO))
        return why_set(why, ERR_USAGE, "a number that is keyed in is given twice");
    enum err err = ask("device number: ", ret_first, why);
    return err != OK ? err : ask("the same again: ", ret_again, why);
}

int command_key(const struct command_line *line)
{
    char first[TYPED_MAX] = "", again[TYPED_MAX] = "";
    const char *at = command_flag(line, "line");
    struct why why = { "" };
    enum err err = at == NULL ? why_set(&why, ERR_USAGE, "--line is missing: the line whose station shall work on it")
                              : read_twice(line, first, again, &why);
    if (err == OK && strcmp(first, again) != 0)
        err = why_set(&why, ERR_CONFLICT, "%s was keyed in first and %s then", first, again);
    if (err != OK)
        return command_fail(line, err, &why, "nameplate factory key NUMBER NUMBER --line L");
    json_t *answer;
    int status = api_run(&factory_api, line, "POST", "/keys", json_pack("{s:s,s:s,s:s}", "number", first, "again", again, "line", at), &answer);
    if (status != 0)
        return status;
    printf("%s waits for a station of line %s\n", first, at);
    json_decref(answer);
    return 0;
}
