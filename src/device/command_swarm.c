/* Thousands of devices in one process: one bench address, and commands on standard input say which of them is in
 * front of the station. Each command is answered with one line, "ok ..." or "error ...". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "device/agent.h"
#include "device/commands.h"
#include "device/lines.h"
#include "device/settings.h"
#include "log/log.h"

enum { WORDS = 4, FAULTS = 256 };

/* A fault that waits for its device to be plugged in. */
struct waiting_fault {
    char number[LIMIT_NUMBER_TEXT + 1]; /* "": free */
    bool fail;
    int64_t cut_after;
};

struct swarm {
    const struct command_line *line;
    char dir[BOARD_PATH];
    struct device_settings settings;
    struct buf root; /* DER */
    struct loop *loop;
    struct agent agent;
    struct board board; /* the one in front */
    bool plugged;
    struct lines lines;
    struct waiting_fault faults[FAULTS];
};

static enum err device_path(const struct swarm *s, const char *number, char ret_dir[BOARD_PATH], struct why *why)
{
    struct device_number parsed;
    enum err err = number_parse(span_text(number), &parsed, why);
    if (err != OK)
        return err;
    int n = snprintf(ret_dir, BOARD_PATH, "%s/%s", s->dir, parsed.text);
    return n >= BOARD_PATH ? why_set(why, ERR_TOO_LARGE, "%s: the path is too long", s->dir) : OK;
}

static bool in_front(const struct swarm *s, const char *number)
{
    return s->plugged && strcmp(s->board.values.number, number) == 0;
}

static enum err do_new(struct swarm *s, char **words, struct why *why)
{
    struct device_number number;
    char dir[BOARD_PATH];
    enum err err = number_make(words[1], words[2], &number, why);
    if (err == OK)
        err = device_path(s, number.text, dir, why);
    const struct board_order order = {
        .number = number.text, .model = words[1], .board = words[3] == NULL ? "" : words[3], .root = buf_span(&s->root)
    };
    if (err == OK)
        err = board_create(dir, &order, why);
    if (err == OK)
        printf("ok %s\n", number.text);
    return err;
}

static enum err do_unplug(struct swarm *s, char **words, struct why *why)
{
    (void)words, (void)why;
    agent_unplug(&s->agent);
    if (s->plugged)
        board_close(&s->board);
    s->plugged = false;
    if (words != NULL)
        printf("ok\n");
    return OK;
}

static void take_faults(struct swarm *s, const char *number)
{
    for (int i = 0; i < FAULTS; i++)
        if (strcmp(s->faults[i].number, number) == 0) {
            s->board.faults.fail_identity |= s->faults[i].fail;
            if (s->faults[i].cut_after >= 0)
                s->board.faults.cut_after = s->faults[i].cut_after;
            s->faults[i].number[0] = '\0';
        }
}

static enum err plug(struct swarm *s, const char *number, struct why *why)
{
    char dir[BOARD_PATH];
    enum err err = do_unplug(s, NULL, why);
    if (err == OK)
        err = device_path(s, number, dir, why);
    if (err == OK)
        err = board_open(dir, BOARD_USE, &s->board, why);
    if (err != OK)
        return err;
    s->plugged = true;
    s->board.store_sealed = strcmp(s->settings.store, "sealed") == 0;
    err = agent_plug(&s->agent, &s->board, why);
    if (err == OK)
        take_faults(s, number);
    return err;
}

static enum err do_plug(struct swarm *s, char **words, struct why *why)
{
    enum err err = plug(s, words[1], why);
    if (err == OK)
        printf("ok %s %s\n", s->board.values.number, board_state_name(s->board.boot.state));
    return err;
}

static enum err add_fault(struct swarm *s, const char *number, bool fail, int64_t cut_after, struct why *why)
{
    struct device_number parsed;
    enum err err = number_parse(span_text(number), &parsed, why);
    int i = 0;
    while (i < FAULTS && s->faults[i].number[0] != '\0')
        i++;
    if (err == OK && i == FAULTS)
        err = why_set(why, ERR_TOO_LARGE, "%d faults are waiting already", FAULTS);
    if (err != OK)
        return err;
    s->faults[i] = (struct waiting_fault){ .fail = fail, .cut_after = cut_after };
    memcpy(s->faults[i].number, parsed.text, sizeof s->faults[i].number);
    if (in_front(s, number))
        take_faults(s, number);
    printf("ok %s\n", number);
    return OK;
}

static enum err do_fail(struct swarm *s, char **words, struct why *why) { return add_fault(s, words[1], true, -1, why); }

static enum err do_cut(struct swarm *s, char **words, struct why *why)
{
    char *end;
    long bytes = strtol(words[2], &end, 10);
    if (end == words[2] || *end != '\0' || bytes < 0)
        return why_set(why, ERR_USAGE, "cut NUMBER BYTES: %s is not a count", words[2]);
    return add_fault(s, words[1], false, bytes, why);
}

static void print_board(const struct board *b)
{
    char fingerprint[2 * CERT_FINGERPRINT + 1] = "-";
    if (b->identity.key != NULL)
        hex_encode(b->identity.fingerprint, CERT_FINGERPRINT, fingerprint);
    printf("ok %s %s generation=%u fingerprint=%s starts=%llu writes=%llu failures=%llu\n", b->values.number,
           board_state_name(b->boot.state), b->boot.state == BOOT_INDIVIDUAL ? b->boot.identity.generation : 0, fingerprint,
           (unsigned long long)b->values.counters[NVRAM_BOOTS], (unsigned long long)b->values.counters[NVRAM_WRITES],
           (unsigned long long)b->values.counters[NVRAM_FAILURES]);
}

static enum err do_show(struct swarm *s, char **words, struct why *why)
{
    struct board other;
    char dir[BOARD_PATH];
    if (in_front(s, words[1])) {
        print_board(&s->board);
        return OK;
    }
    enum err err = device_path(s, words[1], dir, why);
    if (err == OK)
        err = board_open(dir, BOARD_LOOK, &other, why);
    if (err != OK)
        return err;
    print_board(&other);
    board_close(&other);
    return OK;
}

static enum err do_scan(struct swarm *s, char **words, struct why *why)
{
    if (!s->plugged)
        return why_set(why, ERR_NOT_FOUND, "no device is in front of the station");
    enum err err = report_scan(&s->agent, words[1], why);
    if (err == OK)
        printf("ok\n");
    return err;
}

struct verb {
    const char *name;
    int words; /* at least, with the verb */
    enum err (*run)(struct swarm *s, char **words, struct why *why);
    const char *usage;
};

static const struct verb verbs[] = {
    { "new", 3, do_new, "new MODEL SERIAL [BOARD]" }, { "plug", 2, do_plug, "plug NUMBER" }, { "unplug", 1, do_unplug, "unplug" },
    { "fail", 2, do_fail, "fail NUMBER" }, { "cut", 3, do_cut, "cut NUMBER BYTES" }, { "show", 2, do_show, "show NUMBER" },
    { "scan", 2, do_scan, "scan TEXT" },
};

static enum err obey(struct swarm *s, char **words, int n, struct why *why)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, words[0]) != 0)
            continue;
        return n >= verbs[i].words ? verbs[i].run(s, words, why) : why_set(why, ERR_USAGE, "the command is: %s", verbs[i].usage);
    }
    return why_set(why, ERR_USAGE, "there is no \"%s\"; new, plug, unplug, fail, cut, show and scan are", words[0]);
}

static void commanded(void *context, const char *text)
{
    struct swarm *s = context;
    struct why why = { "" };
    char line[LINE_MOST], *words[WORDS + 1] = { NULL }, *rest = line;
    int n = 0;
    if (text == NULL) {
        loop_stop(s->loop);
        return;
    }
    snprintf(line, sizeof line, "%s", text);
    while (n < WORDS && (words[n] = strtok_r(n == 0 ? line : NULL, " \t", &rest)) != NULL)
        n++;
    if (n == 0)
        return;
    enum err err = obey(s, words, n, &why);
    if (err != OK)
        printf("error %s\n", why_text(&why, err));
    fflush(stdout);
}

/* The power comes back: the device in front starts again. */
static void start_again(void *context)
{
    struct swarm *s = context;
    struct why why = { "" };
    char number[sizeof s->board.values.number];
    if (!s->plugged || !s->board.faults.off)
        return;
    snprintf(number, sizeof number, "%s", s->board.values.number);
    log_event(LOG_WARN, "test-only-power-cut", "number", number, NULL);
    enum err err = plug(s, number, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "start", err, &why, "number", number, NULL);
}

static void power_lost(void *context)
{
    struct swarm *s = context;
    uint64_t id;
    if (loop_timer(s->loop, 1, start_again, s, &id) != OK)
        loop_stop(s->loop);
}

static void stop(void *context) { loop_stop(((struct swarm *)context)->loop); }

/* A free port is chosen now and kept, so that the ready line can say it before the first device comes. */
static enum err choose_port(struct swarm *s, struct why *why)
{
    struct http_server *probe = NULL;
    const struct http_server_options options = {
        .address = s->agent.address, .port = s->agent.port, .handler = &device_service, .context = &s->agent
    };
    enum err err = http_server_new(s->loop, &options, &probe, why);
    if (err != OK)
        return err;
    s->agent.port = http_server_port(probe);
    http_server_free(probe);
    return OK;
}

static enum err load(struct swarm *s, struct why *why)
{
    enum log_level level = LOG_WARN;
    enum err err = device_dir(s->line, sizeof s->dir, s->dir, why);
    if (err == OK)
        err = device_settings_load(s->line, s->dir, &s->settings, why);
    if (err == OK && command_flag(s->line, "listen") != NULL)
        err = device_settings_listen(command_flag(s->line, "listen"), &s->settings, why);
    if (err == OK && command_flag(s->line, "root") != NULL)
        err = read_root(command_flag(s->line, "root"), &s->root, why);
    if (err == OK)
        err = log_level_parse(s->settings.log_level, &level);
    log_setup("device", level, s->settings.log_json);
    return err;
}

static enum err serve(struct swarm *s, struct why *why)
{
    enum err err = loop_new(&s->loop, why);
    if (err != OK)
        return err;
    agent_init(s->loop, s->settings.address, (uint16_t)s->settings.port, s->settings.station, &s->agent);
    s->agent.power_lost = power_lost;
    s->agent.context = s;
    err = choose_port(s, why);
    if (err == OK)
        err = loop_on_signals(s->loop, stop, NULL, s, why);
    if (err == OK && lines_watch(s->loop, commanded, s, &s->lines) != OK)
        err = why_set(why, ERR_IO, "standard input must be a pipe or a terminal");
    if (err != OK)
        return err;
    printf("ready device %s:%u\n", s->agent.address, (unsigned)s->agent.port);
    fflush(stdout);
    return loop_run(s->loop, why);
}

int command_swarm(const struct command_line *line)
{
    struct why why = { "" };
    if (command_flag(line, "field") != NULL)
        return command_field_swarm(line);
    struct swarm *s = calloc(1, sizeof *s);
    if (s == NULL)
        return command_fail(line, ERR_NO_MEMORY, &why, NULL);
    s->line = line;
    enum err err = load(s, &why);
    if (err == OK)
        err = serve(s, &why);
    if (s->agent.loop != NULL && do_unplug(s, NULL, &why) != OK)
        err = ERR_BUG;
    loop_free(s->loop);
    buf_done(&s->root);
    free(s);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}
