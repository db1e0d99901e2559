/* The verbs of `nameplate gateway`. */
#ifndef GATEWAY_COMMANDS_H
#define GATEWAY_COMMANDS_H

#include "conf/command.h"

int command_run(const struct command_line *line);
int command_status(const struct command_line *line);
int command_dial(const struct command_line *line);
int command_answer(const struct command_line *line);

extern const struct command_area gateway_area;

#endif
