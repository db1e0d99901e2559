/* nameplate station VERB. */
#ifndef STATION_COMMANDS_H
#define STATION_COMMANDS_H

#include "conf/command.h"

extern const struct command_area station_area;

int command_init(const struct command_line *line);
int command_enrol(const struct command_line *line);
int command_run(const struct command_line *line);
int command_board(const struct command_line *line);

#endif
