/* Command lines of all programs: tables of verbs and flags, from which parsing, --help, "did you mean" and
 * the manual pages' checks come. Exit status: 0, 1 (refused or failed), 2 (usage). */
#ifndef CONF_COMMAND_H
#define CONF_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { COMMAND_FLAGS_MAX = 24, COMMAND_ARGS_MAX = 64 };

struct command_flag {
    const char *name;  /* "dir", given as --dir VALUE or --dir=VALUE */
    const char *value; /* "DIR" in the help; NULL: a switch */
    const char *fallback; /* value when not given; NULL: none */
    const char *help;
};

struct command_line {
    const struct command *command;
    const void *context; /* the area's */
    const char *flags[COMMAND_FLAGS_MAX]; /* by the flag's position; NULL when neither given nor defaulted */
    const char *args[COMMAND_ARGS_MAX];   /* what is not a flag */
    size_t args_n;
};

struct command {
    const char *verb;     /* "plan import": one or two words; "" when it is the only command of its area */
    const char *operands; /* "FILE", "NUMBER..." for the help; "" when none */
    size_t least_args, most_args;
    const char *help;     /* one sentence, from its capital letter to its full stop; the first line of --help */
    const char *example;  /* a whole line that works */
    int (*run)(const struct command_line *line); /* exit status */
    const struct command_flag *flags; /* ended by a NULL name; may be NULL */
};

struct command_area {
    const char *name; /* "factory" */
    const char *help; /* what this program is, one such sentence */
    const struct command *commands; /* ended by a NULL verb */
    enum err (*begin)(struct why *why); /* before any command; NULL: nothing to do */
    const void *context; /* for commands that several programs share */
};

/* Parses and runs; prints help and usage errors itself. For main(): `return command_main(&area, argc, argv)`. */
int command_main(const struct command_area *area, int argc, char **argv);

/* The value of a flag, NULL when absent; a flag that the command does not have is a bug and aborts. */
const char *command_flag(const struct command_line *line, const char *name);
bool command_switch(const struct command_line *line, const char *name);

/* Whole number in a range. Errors: USAGE. */
enum err command_flag_int(const struct command_line *line, const char *name, long least, long most, long *ret_value,
                          struct why *why) MUST_CHECK;

/* Prints "nameplate: AREA: sentence" (and "try: hint" when not NULL) to standard error; returns 1, or 2 for USAGE. */
int command_fail(const struct command_line *line, enum err err, const struct why *why, const char *hint);

#endif
