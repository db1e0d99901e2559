/* The verbs of `nameplate device`; each is a file. */
#ifndef DEVICE_COMMANDS_H
#define DEVICE_COMMANDS_H

#include "base/buf.h"
#include "conf/command.h"

int command_new(const struct command_line *line);
int command_number(const struct command_line *line);
int command_run(const struct command_line *line);
int command_scan(const struct command_line *line);
int command_show(const struct command_line *line);
int command_export(const struct command_line *line);
int command_remote(const struct command_line *line);
int command_count(const struct command_line *line);
int command_job(const struct command_line *line);
int command_event(const struct command_line *line);
int command_threshold(const struct command_line *line);
int command_replace(const struct command_line *line);
int command_swarm(const struct command_line *line);
int command_field_swarm(const struct command_line *line); /* with --field */

/* The DER of the certificate in a PEM or DER file. Errors: BAD_CERTIFICATE, those of file_read. */
enum err read_root(const char *path, struct buf *to, struct why *why) MUST_CHECK;

extern const struct command_area device_area;

#endif
