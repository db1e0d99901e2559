/* nameplate demo: starts the programs, keeps them going, asks them at the end what became of each device. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/command.h"
#include "demo/demo.h"
#include "demo/field.h"

enum { TURN_MS = 20, REPORTS_MS = 30000 };

static void on_signal(int number) { child_interrupted = number; }

void demo_fail(struct demo *d, enum err err, const struct why *why, const char *where)
{
    if (d->failed)
        return;
    d->failed = true;
    d->err = why_set(&d->why, err, "%s: %s (its log: %s/%s.log)", where, why_text(why, err), child_places.log, where);
}

static bool all_lines_done(const struct demo *d)
{
    for (unsigned i = 0; i < DEMO_LINES; i++)
        if (d->lines[i].phase != LINE_DONE)
            return false;
    return true;
}

static enum err turn(struct demo *d, struct why *why)
{
    enum err err = child_turn(d->children, d->children_n, TURN_MS, why);
    if (err == OK && d->failed) {
        *why = d->why;
        err = d->err;
    }
    return err;
}

static enum err run_lines(struct demo *d, struct why *why)
{
    enum err err = OK;
    for (unsigned i = 0; i < DEMO_LINES && err == OK; i++)
        err = line_begin(&d->lines[i], why);
    while (err == OK && !all_lines_done(d)) {
        for (unsigned i = 0; i < DEMO_LINES; i++)
            line_go_on(&d->lines[i]);
        mishaps_turn(d);
        err = turn(d, why);
    }
    return err;
}

static bool ca_knows_all(const struct demo *d)
{
    for (size_t i = 0; i < d->devices; i++)
        if (d->units[i].register_[0] == '\0')
            return false;
    return true;
}

/* The factory server tells the CA what was written behind the lines' backs: waits until it knows of all. */
static enum err wait_for_reports(struct demo *d, struct why *why)
{
    enum err err = OK;
    if (d->ca_phase == CA_OFF && d->ca.pid == 0)
        err = child_start(&d->ca, why);
    d->ca_phase = CA_ON_AFTER;
    for (int64_t until = clock_mono_ms() + REPORTS_MS; err == OK && clock_mono_ms() < until;) {
        err = facts_read_ca(d, why);
        if (err != OK || ca_knows_all(d))
            return err;
        for (int i = 0; i < 10 && err == OK; i++)
            err = turn(d, why);
    }
    return err != OK ? err : why_set(why, ERR_TIMEOUT, "the CA was not told of every written device");
}

static enum err judge(const struct demo *d, const struct demo_totals *t, struct why *why)
{
    if (t->written != t->planned || t->proved != t->planned)
        return why_set(why, ERR_CONFLICT, "%zu of %zu devices were written, %zu proved (logs: %s)", t->written, t->planned, t->proved, child_places.log);
    return d->failed ? d->err : OK;
}

static enum err run(struct demo *d, struct why *why)
{
    struct demo_totals totals;
    struct field_totals field = { 0 };
    enum err err = demo_setup(d, why);
    if (err == OK)
        err = run_lines(d, why);
    if (err == OK)
        err = wait_for_reports(d, why);
    if (err == OK)
        err = field_run(d, &field, why);
    child_end_all(d->children, d->children_n);
    if (err == OK)
        err = facts_total(d, &totals, why);
    if (err != OK)
        return err;
    progress_table(d, &totals, &field);
    return judge(d, &totals, why);
}

static enum err prepare(const struct command_line *line, struct demo *d, struct why *why)
{
    long devices = 0, kills = 0, seed = 0;
    const char *dir = command_flag(line, "dir");
    if (strlen(dir) > sizeof d->dir / 2)
        return why_set(why, ERR_USAGE, "the path of %s is too long", dir);
    snprintf(d->dir, sizeof d->dir, "%s", dir);
    snprintf(d->ca_dir, sizeof d->ca_dir, "%s/ca", dir);
    snprintf(d->factory_dir, sizeof d->factory_dir, "%s/factory", dir);
    snprintf(d->plan, sizeof d->plan, "%s/plan.csv", dir);
    snprintf(d->password, sizeof d->password, "%s/admin.password", dir);
    enum err err = command_flag_int(line, "seed", 0, INT32_MAX, &seed, why);
    if (err == OK)
        err = command_flag_int(line, "test-only-kills", 0, DEMO_KILLS, &kills, why);
    if (err == OK && command_flag(line, "devices") != NULL)
        err = command_flag_int(line, "devices", DEMO_DEVICES_LEAST, DEMO_DEVICES_MOST, &devices, why);
    if (err == OK)
        err = child_setup(d->dir, why);
    if (err == OK)
        err = demo_plan(d, (size_t)devices, why);
    d->kills = (size_t)kills;
    d->terminal = isatty(STDOUT_FILENO) != 0;
    d->began_ms = clock_mono_ms();
    if (err == OK)
        mishaps_plan(d, (uint64_t)seed);
    return err;
}

static int command_demo(const struct command_line *line)
{
    struct why why = { "" };
    struct demo *d = calloc(1, sizeof *d);
    struct sigaction act = { .sa_handler = on_signal };
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    act.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &act, NULL);
    if (d == NULL)
        return command_fail(line, ERR_NO_MEMORY, &why, NULL);
    enum err err = prepare(line, d, &why);
    if (err == OK)
        err = run(d, &why);
    free(d->units);
    free(d);
    if (err == OK)
        return 0;
    if (child_interrupted != 0) /* the programs and commands that it hit, too, are no faults */
        err = why_set(&why, ERR_CONFLICT, "interrupted; the same command goes on from here");
    fputs(isatty(STDOUT_FILENO) ? "\n" : "", stdout);
    fflush(stdout);
    return command_fail(line, err, &why, err == ERR_USAGE ? "nameplate demo --help" : NULL);
}

static const struct command_flag flags[] = {
    { "devices", "N", NULL, "devices that get an identity, on three lines (default: 60, or as the folder has it)" },
    { "dir", "DIR", "demo", "folder for everything; a second run in it goes on where the first stopped" },
    { "seed", "N", "1", "what is random in the demo's mishaps" },
    { "test-only-kills", "N", "0", "for tests: so many kill -9 of CA, factory server and stations at random moments" },
    { 0 },
};

static const struct command commands[] = {
    { .verb = "run", .operands = "", .help = "A whole factory on this machine, from a production plan to proven identities.",
      .example = "nameplate demo --devices 1000 --dir /tmp/factory", .run = command_demo, .flags = flags },
    { 0 },
};

static const struct command_area area = { .name = "demo", .help = "The main job on this machine; the verb `run` may be left out.", .commands = commands };

int main(int argc, char **argv)
{
    const char *with_verb[COMMAND_ARGS_MAX + 2] = { argv[0], "run" };
    if (argc >= 2 && strncmp(argv[1], "--", 2) != 0)
        return command_main(&area, argc, argv);
    for (int i = 1; i < argc && i < COMMAND_ARGS_MAX; i++)
        with_verb[i + 1] = argv[i];
    return command_main(&area, argc < COMMAND_ARGS_MAX ? argc + 1 : COMMAND_ARGS_MAX, (char **)(uintptr_t)with_verb);
}
