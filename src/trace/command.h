#ifndef TRACE_COMMAND_H
#define TRACE_COMMAND_H

#include "conf/command.h"

extern const struct command_area trace_area;

#endif
