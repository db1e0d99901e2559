/* One line: its devices are made, their boards get the bootstrap certificate (S1701 to S1705), then one after the
 * other comes onto the bench, is scanned, written and proved (S1706 to S1712). All by what its three programs say. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "demo/demo.h"

#define BOARD_ID "B%u-%s" /* line, serial number */

enum { WINDOW = 64, ATTEMPTS = 30, RETRY_MS = 300, CUT_AFTER_BYTES = 900 };

static void swarm_say(struct line *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void swarm_say(struct line *l, const char *fmt, ...)
{
    char text[160];
    struct why why;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    enum err err = child_send(&l->swarm, text, &why);
    if (err != OK)
        demo_fail(l->demo, err, &why, l->swarm.name);
}

static struct unit *present(struct line *l) { return &l->units[l->next]; }

static void enter(struct line *l, enum line_phase phase)
{
    l->phase = phase;
    l->next = l->answered = l->asked = 0;
    l->pending = 0;
    l->wait = WAIT_NOTHING;
}

static void give_up(struct line *l, const char *text)
{
    struct why why;
    demo_fail(l->demo, why_set(&why, ERR_CONFLICT, "%s", text), &why, l->name);
}

/* --- making and showing: many commands to the swarm, answered in order --- */

static void ask_each(struct line *l)
{
    while (l->asked < l->units_n && l->asked - l->answered < WINDOW) {
        const struct unit *u = &l->units[l->asked++];
        if (l->phase == LINE_MAKING)
            swarm_say(l, "new %s %s " BOARD_ID "\n", l->model, number_serial(&u->number), l->index + 1, number_serial(&u->number));
        else
            swarm_say(l, "show %s\n", u->number.text);
    }
}

static void take_shown(struct unit *u, const char *line)
{
    const char *at = strstr(line, " fingerprint=");
    if (at != NULL && sscanf(at, " fingerprint=%64[0-9a-f]", u->flash) != 1)
        u->flash[0] = '\0';
}

static void take_each(struct line *l, const char *line)
{
    struct unit *u = &l->units[l->answered++];
    if (strncmp(line, "ok", 2) != 0 && strstr(line, "exist") == NULL) {
        give_up(l, line);
        return;
    }
    if (l->phase == LINE_SHOWING)
        take_shown(u, line);
    if (l->answered < l->units_n)
        return;
    enter(l, l->phase == LINE_MAKING ? LINE_BOARDING : LINE_DONE);
}

/* --- boarding and writing: one device on the bench --- */

static void plug(struct line *l)
{
    const struct unit *u = present(l);
    l->pending = 1;
    if (l->phase == LINE_WRITING && !l->fault_set) {
        l->pending += u->fault == FAULT_WRITE_FAILS || u->fault == FAULT_POWER_CUT;
        if (u->fault == FAULT_WRITE_FAILS)
            swarm_say(l, "fail %s\n", u->number.text);
        else if (u->fault == FAULT_POWER_CUT)
            swarm_say(l, "cut %s %d\n", u->number.text, CUT_AFTER_BYTES);
        l->fault_set = l->pending > 1;
    }
    l->wait = WAIT_SWARM;
    swarm_say(l, "plug %s\n", u->number.text);
}

static bool shows_wrong_nameplate(struct line *l)
{
    return l->phase == LINE_WRITING && present(l)->fault == FAULT_WRONG_NAMEPLATE && !l->wrong_shown;
}

static void scan(struct line *l)
{
    struct child *station = l->phase == LINE_BOARDING ? &l->board : &l->station;
    char text[160];
    struct why why;
    const char *number = shows_wrong_nameplate(l) ? l->units[l->next - 1].number.text : present(l)->number.text;
    if (l->phase == LINE_BOARDING)
        snprintf(text, sizeof text, BOARD_ID "\n", l->index + 1, number_serial(&present(l)->number));
    else
        snprintf(text, sizeof text, "%s\n", number);
    if (child_send(station, text, &why) == OK) /* else it was killed: scanned again when it is back */
        l->wait = WAIT_STATION;
}

static bool is_done(const struct line *l, const struct unit *u) { return l->phase == LINE_BOARDING ? u->boarded || u->written : u->written; }

/* The next device to be put onto the bench: those that had no pack come again when all others are through. */
static bool find_next(struct line *l)
{
    size_t first_missing = l->units_n;
    for (; l->next < l->units_n; l->next++) {
        if (!is_done(l, present(l)) && !present(l)->missing)
            return true;
    }
    for (size_t i = 0; i < l->units_n && first_missing == l->units_n; i++)
        if (!is_done(l, &l->units[i]))
            first_missing = i;
    l->next = first_missing;
    if (first_missing == l->units_n || clock_mono_ms() < l->retry_at_ms)
        return false;
    present(l)->missing = false;
    return true;
}

static bool all_done(const struct line *l)
{
    for (size_t i = 0; i < l->units_n; i++)
        if (!is_done(l, &l->units[i]))
            return false;
    return true;
}

/* The board step's program says no ready line and ends when the factory server is not there: it is tried again. */
static void keep_boarding(struct line *l)
{
    struct why why;
    if (l->board.pid != 0 || clock_mono_ms() < l->retry_at_ms)
        return;
    enum err err = child_start(&l->board, &why);
    if (err != OK)
        demo_fail(l->demo, err, &why, l->board.name);
    l->board.ready = true;
}

static void bench_turn(struct line *l)
{
    struct child *station = l->phase == LINE_BOARDING ? &l->board : &l->station;
    if (l->phase == LINE_BOARDING && !all_done(l))
        keep_boarding(l);
    if (l->wait != WAIT_NOTHING)
        return;
    if (l->on_bench) {
        if (station->ready)
            scan(l);
    } else if (find_next(l)) {
        l->on_bench = true;
        plug(l);
    } else if (all_done(l)) {
        if (l->phase == LINE_BOARDING) {
            l->board.ending = true;
            child_close_input(&l->board);
        }
        enter(l, l->phase == LINE_BOARDING ? LINE_WRITING : LINE_SHOWING);
    }
}

static void take_pass(struct line *l)
{
    struct unit *u = present(l);
    l->wait = WAIT_NOTHING;
    l->on_bench = false;
    if (shows_wrong_nameplate(l)) {
        give_up(l, "a wrong nameplate was not refused");
        return;
    }
    if (l->phase == LINE_BOARDING) {
        u->boarded = true;
    } else {
        u->written = true;
        l->written++;
        l->wrong_shown = l->fault_set = false;
    }
    l->next++;
    progress_step(l->demo);
}

static void take_fail(struct line *l, const char *line)
{
    struct unit *u = present(l);
    l->wait = WAIT_NOTHING;
    if (shows_wrong_nameplate(l)) {
        l->wrong_shown = true;
        progress_say(l->demo, "%s: a wrong nameplate was refused: %s", l->station.name, line);
        return;
    }
    l->on_bench = false;
    u->missing = true;
    l->retry_at_ms = clock_mono_ms() + RETRY_MS;
    l->next++;
    if (++u->attempts >= ATTEMPTS)
        give_up(l, line);
}

static void on_swarm_line(void *context, struct child *child, const char *line)
{
    struct line *l = context;
    if (strncmp(line, "ready ", 6) == 0)
        return;
    if (l->phase == LINE_MAKING || l->phase == LINE_SHOWING) {
        take_each(l, line);
    } else if (strncmp(line, "ok", 2) != 0) {
        give_up(l, line);
    } else if (l->wait == WAIT_SWARM && --l->pending == 0) {
        l->wait = WAIT_NOTHING;
    }
    (void)child;
}

/* Ended before all boards were written: the factory server was not there. */
static void on_board_exit(void *context, struct child *child, int status)
{
    struct line *l = context;
    (void)status;
    if (child->ending)
        return;
    if (l->wait == WAIT_STATION)
        l->wait = WAIT_NOTHING;
    l->retry_at_ms = clock_mono_ms() + RETRY_MS;
    if (++l->board_starts >= ATTEMPTS)
        give_up(l, "the board step does not stay up");
}

static void on_station_line(void *context, struct child *child, const char *line)
{
    struct line *l = context;
    (void)child;
    if (l->wait != WAIT_STATION)
        return;
    if (strncmp(line, "PASS", 4) == 0)
        take_pass(l);
    else if (strncmp(line, "FAIL", 4) == 0)
        take_fail(l, line);
}

/* Killed, or ended by itself: both begin again; what was under way is scanned again. */
static void on_station_exit(void *context, struct child *child, int status)
{
    struct line *l = context;
    struct why why;
    if (child->ending)
        return;
    if (l->wait == WAIT_STATION)
        l->wait = WAIT_NOTHING;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && child_start(child, &why) == OK)
        return;
    demo_fail(l->demo, why_set(&why, ERR_CONFLICT, "it ended by itself"), &why, child->name);
}

static void on_swarm_exit(void *context, struct child *child, int status)
{
    struct line *l = context;
    struct why why;
    (void)status;
    if (child->ending || l->demo->failed)
        return;
    demo_fail(l->demo, why_set(&why, ERR_CONFLICT, "it ended by itself"), &why, child->name);
}

void line_go_on(struct line *l)
{
    switch (l->phase) {
    case LINE_STARTING:
        if (l->swarm.ready)
            enter(l, LINE_MAKING);
        break;
    case LINE_MAKING:
    case LINE_SHOWING: ask_each(l); break;
    case LINE_BOARDING:
    case LINE_WRITING: bench_turn(l); break;
    case LINE_DONE:
    default: break;
    }
}

void line_init(struct line *l)
{
    char name[CHILD_NAME];
    snprintf(l->name, sizeof l->name, "line-%u", l->index + 1);
    snprintf(l->dir, sizeof l->dir, "%s/%s", l->demo->dir, l->name);
    snprintf(l->devices_dir, sizeof l->devices_dir, "%s/devices-%u", l->demo->dir, l->index + 1);
    snprintf(l->station_address, sizeof l->station_address, "127.0.%u.1", l->index + 1);
    snprintf(l->device_address, sizeof l->device_address, "127.0.%u.2", l->index + 1);
    child_init(&l->station, l->name, on_station_line, on_station_exit, l, "station", "run", "--dir", l->dir, NULL);
    snprintf(name, sizeof name, "board-%u", l->index + 1);
    child_init(&l->board, name, on_station_line, on_board_exit, l, "station", "board", "--model", l->model, "--dir", l->dir, NULL);
    snprintf(name, sizeof name, "devices-%u", l->index + 1);
    child_init(&l->swarm, name, on_swarm_line, on_swarm_exit, l, "device", "swarm", "--dir", l->devices_dir, NULL);
}
