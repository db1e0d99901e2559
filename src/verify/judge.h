/* `nameplate verify`: one certificate, judged by the function that the servers call. */
#ifndef VERIFY_JUDGE_H
#define VERIFY_JUDGE_H

#include "conf/command.h"

extern const struct command_flag judge_flags[];

/* Prints one line: "accepted: SUBJECT" and exits with 0, or the reason and 1; 2 is wrong use. */
int judge_run(const struct command_line *line);

#define JUDGE_COMMAND                                                                               \
    {                                                                                               \
        .verb = "", .operands = "LEAF.pem", .least_args = 1, .most_args = 1,                        \
        .help = "Judge a certificate exactly as the servers do: exit status 0 accepted, 1 refused.", \
        .example = "nameplate verify --profile device --ca root.pem --untrusted chain.pem cert.pem", \
        .run = judge_run, .flags = judge_flags,                                                     \
    }

#endif
