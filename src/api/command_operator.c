/* operator add|list|disable|password, the same in each program. */
#include <stdio.h>

#include "api/client.h"
#include "api/session.h"
#include "base/file.h"

static int put_operator(const struct api_program *program, const struct command_line *line, const char *role,
                        const char *password_file, int disabled)
{
    json_t *answer, *body = json_pack("{s:s}", "name", line->args[0]);
    char password[PASSWORD_SIZE] = "";
    struct why why = { "" };
    enum err err = password_file == NULL ? OK : file_read_line(password_file, sizeof password, password, &why);
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
    int status = api_run(program, line, "POST", "/operators", body, &answer);
    if (status != 0)
        return status;
    printf("operator %s: %s%s\n", api_member(answer, "name"), api_member(answer, "role"),
           json_is_true(json_object_get(answer, "disabled")) ? ", disabled" : "");
    json_decref(answer);
    return 0;
}

int api_command_operator_add(const struct command_line *line)
{
    return put_operator(line->context, line, command_flag(line, "role"), command_flag(line, "new-password-file"), 0);
}

int api_command_operator_disable(const struct command_line *line)
{
    return put_operator(line->context, line, NULL, NULL, 1);
}

int api_command_operator_password(const struct command_line *line)
{
    return put_operator(line->context, line, NULL, command_flag(line, "new-password-file"), -1);
}

int api_command_operator_list(const struct command_line *line)
{
    static const char *const columns[] = { "name", "role", "disabled", "locked" };
    return api_list(line->context, line, "/operators", columns, sizeof columns / sizeof *columns);
}
