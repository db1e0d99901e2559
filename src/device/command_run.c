#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "device/agent.h"
#include "device/commands.h"
#include "device/lines.h"
#include "device/run_field.h"
#include "device/settings.h"
#include "log/log.h"

enum { BUSY_MS = 2000, LOOK_MS = 20 };

struct run {
    const struct command_line *line;
    char dir[BOARD_PATH];
    struct device_settings settings;
    struct loop *loop;
    struct board board;
    struct agent agent;
    struct run_field field;
    struct lines lines;
};

static void scanned(void *context, const char *text)
{
    struct run *r = context;
    struct why why = { "" };
    if (text == NULL || *text == '\0')
        return;
    enum err err = report_scan(&r->agent, text, &why);
    if (err != OK)
        log_failure(LOG_WARN, "scan", err, &why, "number", r->board.values.number, NULL);
}

/* As if the plug was pulled: no answer, no tidying up. */
static void power_lost(void *context)
{
    (void)context;
    log_event(LOG_WARN, "test-only-power-cut", NULL);
    _exit(75);
}

static void changed(void *context) { run_field_changed(&((struct run *)context)->field); }
static void stop(void *context) { loop_stop(((struct run *)context)->loop); }
static void drain(void *context) { http_server_drain(((struct run *)context)->agent.server, stop, context); }

static enum err setup_log(const struct device_settings *s, struct why *why)
{
    enum log_level level;
    if (log_level_parse(s->log_level, &level) != OK)
        return why_set(why, ERR_CONFIG, "[log] level = %s: debug, info, warn or error is needed", s->log_level);
    log_setup("device", level, s->log_json);
    return OK;
}

static enum err load(struct run *r, struct device_settings *ret_settings, struct why *why)
{
    struct device_settings s;
    const char *listen = command_flag(r->line, "listen");
    enum err err = device_settings_load(r->line, r->dir, &s, why);
    if (err == OK && listen != NULL)
        err = device_settings_listen(listen, &s, why);
    if (err == OK)
        err = setup_log(&s, why);
    if (err == OK)
        *ret_settings = s;
    return err;
}

/* The address stays; what can change while it runs is the log and the way of storing. */
static void reload(void *context)
{
    struct run *r = context;
    struct why why = { "" };
    enum err err = load(r, &r->settings, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
    else
        log_event(LOG_INFO, "reloaded", "taken", "log, way of storing", "at-next-start", "addresses, field", NULL);
    r->board.store_sealed = strcmp(r->settings.store, "sealed") == 0;
}

static enum err set_faults(struct run *r, struct why *why)
{
    long cut = -1;
    enum err err = OK;
    if (command_flag(r->line, "test-only-power-cut-at") != NULL)
        err = command_flag_int(r->line, "test-only-power-cut-at", 0, 1000000, &cut, why);
    r->board.faults.fail_identity = command_switch(r->line, "test-only-fail-write");
    r->board.faults.cut_after = cut;
    return err;
}

/* A command (count, event) may have the memory for a moment, just when the device starts again. */
static enum err open_board(const char *dir, struct board *ret_board, struct why *why)
{
    const int64_t until_ms = clock_mono_ms() + BUSY_MS;
    enum err err = board_open(dir, BOARD_USE, ret_board, why);
    while (err == ERR_BUSY && clock_mono_ms() < until_ms) {
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
        err = board_open(dir, BOARD_USE, ret_board, why);
    }
    return err;
}

static enum err open_all(struct run *r, struct why *why)
{
    enum err err = loop_new(&r->loop, why);
    if (err == OK)
        err = open_board(r->dir, &r->board, why);
    if (err != OK)
        return err;
    r->board.store_sealed = strcmp(r->settings.store, "sealed") == 0;
    agent_init(r->loop, r->settings.address, (uint16_t)r->settings.port, r->settings.station, &r->agent);
    r->agent.power_lost = power_lost;
    r->agent.changed = changed;
    r->agent.context = r;
    err = set_faults(r, why);
    if (err == OK)
        err = board_load(&r->board, why);
    if (err == OK)
        err = agent_plug(&r->agent, &r->board, why);
    if (err == OK)
        err = run_field_start(r->line, &r->settings, &r->agent, &r->field, why);
    return err != OK ? err : loop_on_signals(r->loop, drain, reload, r, why);
}

static enum err serve(struct run *r, struct why *why)
{
    if (lines_watch(r->loop, scanned, r, &r->lines) != OK)
        log_event(LOG_DEBUG, "no-scanner-on-standard-input", NULL);
    printf("ready device %s:%u\n", r->agent.address, (unsigned)r->agent.port);
    fflush(stdout);
    return loop_run(r->loop, why);
}

static void close_all(struct run *r)
{
    run_field_stop(&r->field);
    if (r->agent.loop != NULL)
        agent_unplug(&r->agent);
    board_close(&r->board);
    loop_free(r->loop);
}

static int check_config(struct run *r)
{
    struct why why = { "" };
    settings_print(stdout, device_setting_rows, device_setting_rows_n, &r->settings);
    enum err err = http_check_address(r->settings.address, &why);
    err = err != OK ? why_prefix(&why, err, "[listen] address") : board_open(r->dir, BOARD_LOOK, &r->board, &why);
    board_close(&r->board);
    return err == OK ? 0 : command_fail(r->line, err, &why, NULL);
}

int command_run(const struct command_line *line)
{
    struct why why = { "" };
    struct run r = { .line = line, .board = { .flash_file = { .fd = -1 }, .nvram_file = { .fd = -1 } } };
    r.board.option.file.fd = r.board.option.program_file.fd = -1;
    enum err err = device_dir(line, sizeof r.dir, r.dir, &why);
    if (err == OK)
        err = load(&r, &r.settings, &why);
    if (err == OK && command_switch(line, "check-config"))
        return check_config(&r);
    if (err == OK)
        err = open_all(&r, &why);
    if (err == OK)
        err = serve(&r, &why);
    close_all(&r);
    return err == OK ? 0 : command_fail(line, err, &why, err == ERR_NOT_FOUND ? "nameplate device new --help" : NULL);
}
