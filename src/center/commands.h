/* The commands of `nameplate center`, each in command_*.c; main.c has the table. */
#ifndef CENTER_COMMANDS_H
#define CENTER_COMMANDS_H

#include "api/client.h"
#include "center/settings.h"

/* How commands find the running centre and log in (command_api.c). */
extern const struct api_program center_api;

typedef int command_fn(const struct command_line *line);

command_fn command_init, command_serve, command_login, command_operator_add, command_operator_list, command_operator_disable, command_operator_password;

/* DIR/nameplate.conf of --dir, or --config. */
enum err command_settings(const struct command_line *line, char ret_path[API_PATH], struct center_settings *ret_settings,
                          struct why *why) MUST_CHECK;

#endif
