#include <stdio.h>

#include "device/agent.h"
#include "device/commands.h"
#include "device/settings.h"
#include "log/log.h"

struct scanning {
    struct loop *loop;
    struct agent agent;
};

/* The report runs by itself; this looks when it has ended. */
static void look(void *context)
{
    struct scanning *s = context;
    uint64_t id;
    if (!s->agent.scan.active || s->agent.scan.attempt > 5 || loop_timer(s->loop, 20, look, s, &id) != OK)
        loop_stop(s->loop);
}

static enum err send(struct scanning *s, struct board *board, const char *station, const char *text, struct why *why)
{
    uint64_t id;
    agent_init(s->loop, "", 0, station, &s->agent);
    s->agent.board = board;
    enum err err = board->root == NULL ? trust_new(&s->agent.trust) : OK;
    if (board->root != NULL)
        s->agent.trust = trust_ref(board->trust);
    if (err == OK)
        err = report_scan(&s->agent, text, why);
    if (err == OK)
        err = loop_timer(s->loop, 20, look, s, &id);
    if (err == OK)
        err = loop_run(s->loop, why);
    bool received = err == OK && !s->agent.scan.active && s->agent.scan.received;
    agent_unplug(&s->agent);
    return err == OK && !received ? why_set(why, ERR_UNREACHABLE, "the station at %s did not take the scan", station) : err;
}

int command_scan(const struct command_line *line)
{
    struct why why = { "" };
    char dir[BOARD_PATH];
    struct device_settings settings;
    struct board board;
    struct scanning s = { 0 };
    enum err err = device_dir(line, sizeof dir, dir, &why);
    if (err == OK)
        err = device_settings_load(line, dir, &settings, &why);
    if (err == OK)
        err = board_open(dir, BOARD_LOOK, &board, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    log_setup("device", LOG_WARN, 0);
    err = loop_new(&s.loop, &why);
    const char *station = command_flag(line, "station");
    if (err == OK)
        err = send(&s, &board, station == NULL ? settings.station : station, line->args[0], &why);
    loop_free(s.loop);
    board_close(&board);
    return err == OK ? 0 : command_fail(line, err, &why, "nameplate device scan --help");
}
