#include "verify/judge.h"

static const struct command commands[] = { JUDGE_COMMAND, { .verb = NULL } };
static const struct command_area area = {
    .name = "verify",
    .help = "Judges a certificate exactly as the servers do.",
    .commands = commands,
};

int main(int argc, char **argv) { return command_main(&area, argc, argv); }
