/* gateway dial, gateway answer: the two ends of a serial line (M-9). */
#include <stdio.h>
#include <string.h>

#include "gateway/commands.h"
#include "gateway/line.h"
#include "log/log.h"

static void stop(void *context) { loop_stop(context); }

static enum err serve(struct loop *loop, const struct line_options *options, struct why *why)
{
    struct line *line;
    enum err err = loop_on_signals(loop, stop, NULL, loop, why);
    if (err == OK)
        err = line_new(loop, options, &line, why);
    if (err != OK)
        return err;
    if (options->listen != NULL)
        printf("ready dial %.*s:%u\n", (int)(strrchr(options->listen, ':') - options->listen), options->listen, (unsigned)line_port(line));
    else
        printf("ready answer %s\n", options->tty);
    fflush(stdout);
    err = loop_run(loop, why);
    line_free(line);
    return err;
}

static int run(const struct command_line *command, struct line_options options)
{
    struct loop *loop = NULL;
    struct why why = { "" };
    long speed = 0;
    log_setup("line", LOG_INFO, 0);
    options.tty = command_flag(command, "tty");
    options.connect = command_flag(command, "connect");
    enum err err = options.tty == NULL ? why_set(&why, ERR_USAGE, "--tty is missing") : OK;
    if (err == OK)
        err = command_flag_int(command, "speed", 1200, 921600, &speed, &why);
    options.speed = speed;
    if (err == OK)
        err = loop_new(&loop, &why);
    if (err == OK)
        err = serve(loop, &options, &why);
    loop_free(loop);
    return err == OK ? 0 : command_fail(command, err, &why, NULL);
}

int command_dial(const struct command_line *line)
{
    struct why why = { "" };
    long idle_s = 0;
    enum err err = command_flag_int(line, "idle", 0, 24 * 3600, &idle_s, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    return run(line, (struct line_options){ .listen = command_flag(line, "listen"), .idle_s = idle_s });
}

int command_answer(const struct command_line *line)
{
    struct why why = { "" };
    if (command_flag(line, "to") == NULL)
        return command_fail(line, why_set(&why, ERR_USAGE, "--to is missing"), &why, NULL);
    return run(line, (struct line_options){ .to = command_flag(line, "to") });
}
