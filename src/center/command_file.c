/* What comes from files and goes into them: import, export, programs. */
#include <stdio.h>

#include "base/file.h"
#include "center/check.h"
#include "center/commands.h"

enum { PATH = 512 };

/* Sends a whole file. The answer is the caller's, also with an error (mistakes). */
static enum err send_file(const struct command_line *line, const char *path, const char *type, size_t most, json_t **ret_answer,
                          struct why *why)
{
    struct api_client api;
    AUTO_BUF bytes = { .max = most };
    enum err err = file_read(line->args[0], most, &bytes, why);
    if (err == OK)
        err = api_open(&center_api, line, &api, why);
    if (err != OK)
        return err;
    err = api_send(&api, "POST", path, type, buf_span(&bytes), ret_answer, why);
    api_close(&api);
    return err;
}

int command_import(const struct command_line *line)
{
    json_t *answer = NULL;
    struct why why = { "" };
    bool dry = command_switch(line, "dry-run");
    enum err err = send_file(line, dry ? "/table?dry_run=1" : "/table", "text/csv", LIMIT_TABLE_BYTES, &answer, &why);
    if (err == OK)
        printf("%s: %lld customers, %lld sites, %lld devices, %lld agreements %s\n", line->args[0],
               api_number(answer, "customers"), api_number(answer, "sites"), api_number(answer, "devices"),
               api_number(answer, "agreements"), dry ? "would be taken over (dry run)" : "taken over");
    else if (answer != NULL)
        api_print_mistakes(line->args[0], answer);
    json_decref(answer);
    return err == OK ? 0 : api_fail(&center_api, line, err, &why);
}

int command_export(const struct command_line *line)
{
    json_t *answer;
    const char *output = command_flag(line, "output");
    struct why why = { "" };
    int status = api_run(&center_api, line, "GET", "/table", NULL, &answer);
    if (status != 0)
        return status;
    enum err err = OK;
    if (output != NULL)
        err = file_replace(output, span_text(api_member(answer, "csv")), 0600, &why);
    else if (fputs(api_member(answer, "csv"), stdout) < 0)
        err = ERR_IO;
    json_decref(answer);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_program_add(const struct command_line *line)
{
    json_t *answer = NULL;
    struct why why = { "" };
    char path[PATH] = "/programs";
    const char *version = command_flag(line, "version");
    if (version == NULL)
        return command_fail(line, ERR_USAGE, &(struct why){ "--version is missing" }, NULL);
    enum err err = check_version(version, &why); /* it is a step of the path */
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    api_add_step(path, sizeof path, version);
    err = send_file(line, path, "application/octet-stream", LIMIT_PROGRAM, &answer, &why);
    if (err == OK)
        printf("program %s: %lld bytes, SHA-256 %s\n", api_member(answer, "version"), api_number(answer, "size"),
               api_member(answer, "sha256"));
    json_decref(answer);
    return err == OK ? 0 : api_fail(&center_api, line, err, &why);
}

int command_program_list(const struct command_line *line)
{
    static const char *const columns[] = { "version", "size", "sha256", "added" };
    return api_list(&center_api, line, "/programs", columns, sizeof columns / sizeof *columns);
}
