/* The commands of `nameplate center`, each in command_*.c; main.c has the table. */
#ifndef CENTER_COMMANDS_H
#define CENTER_COMMANDS_H

#include "api/client.h"
#include "center/settings.h"

/* How commands find the running centre and log in (command_api.c). */
extern const struct api_program center_api;

typedef int command_fn(const struct command_line *line);

command_fn command_customer_add, command_customer_list, command_site_add, command_site_list, command_device_add,
    command_device_list, command_device_show, command_device_bind, command_device_approve, command_device_scrap, command_tickets,
    command_agreement_add, command_agreement_end, command_agreement_suspend, command_agreement_resume, command_agreement_list,
    command_call, command_calls, command_counters, command_billing, command_silent, command_incidents, command_events, command_unlicensed,
    command_quarantine_list, command_quarantine_release, command_program_add, command_program_list, command_import, command_export, command_status,
    command_audit_list, command_audit_verify;

/* A list of the service, page by page: all pages' rows in one answer, which ends with what its last page says of "more" and "next".
 * `most` rows; 0: all there are. *ret_all is the caller's, NULL on an error. */
enum err command_read_list(const struct command_line *line, const char *path, int64_t most, json_t **ret_all, struct why *why) MUST_CHECK;

const char *command_or_dash(const char *text); /* "-" for "" */
const char *command_from(const json_t *agreement); /* "from"; "begins" before it has */
void command_print_counters(const json_t *counters); /* "  copy 12  print 3" */

/* DIR/nameplate.conf of --dir, or --config. */
enum err command_settings(const struct command_line *line, char ret_path[API_PATH], struct center_settings *ret_settings,
                          struct why *why) MUST_CHECK;

#endif
