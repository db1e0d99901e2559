/* The commands of `nameplate factory`, each in command_*.c; main.c has the table. */
#ifndef FACTORY_COMMANDS_H
#define FACTORY_COMMANDS_H

#include "api/client.h"
#include "factory/settings.h"

typedef int command_fn(const struct command_line *line);

command_fn command_plan_import, command_plan_list, command_model_add,
    command_model_list, command_station_add, command_station_list, command_station_remove, command_request, command_status, command_forget,
    command_number, command_export, command_fsck, command_reconcile, command_audit_list, command_audit_verify, command_label,
    command_plan_remove, command_key, command_reissue, command_station_release;

enum { COMMAND_PATH = API_PATH };

/* DIR/nameplate.conf of --dir, or --config. */
enum err command_settings(const struct command_line *line, char ret_path[COMMAND_PATH], struct factory_settings *ret_settings,
                          struct why *why) MUST_CHECK;

extern const struct api_program factory_api;

#endif
