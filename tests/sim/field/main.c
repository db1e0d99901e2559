/* sim_field [--seed N] [--from N] [--seeds N] [--steps N] [--trace] [--move] [--late] [--suspend] [--renew] [--replace] [--rebind]
 * [--program] [--mutate NAME]: exit 0 when all held in all runs; with --mutate when a run broke. README.md says what is simulated, and
 * how to read a run that broke. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "mutate.h"

enum { DRAIN_MS = 1200 * 1000, MOMENT_MS = 4000, STEPS_MOST = 100000 };

/* What happens besides the faults. */
static const struct {
    const char *flag;
    bool *on;
} scenarios[] = {
    { "--move", &sim.moves },       { "--suspend", &sim.suspends }, { "--renew", &sim.renews },
    { "--replace", &sim.replaces }, { "--rebind", &sim.rebinds },   { "--program", &sim.programs },
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

struct options {
    uint64_t seed, from, seeds, steps;
    bool late;
    const char *mutation; /* NULL: the product as it is */
};

static struct totals {
    uint64_t steps, deaths, calls, events;
} totals;

static void turn_until(int64_t end_ms, uint64_t steps, bool settle)
{
    char why[200] = "";
    int64_t moment_ms = world_now_ms();
    while (world_broken() == NULL && world_now_ms() < end_ms && world_steps() < steps && world_turn()) {
        check_turn();
        if (world_steps() > STEPS_MOST)
            world_break("after %d events it goes round in circles", STEPS_MOST);
        if (world_now_ms() < moment_ms)
            continue;
        moment_ms = world_now_ms() + MOMENT_MS;
        check_moment();
        if (settle && check_settled(why, sizeof why))
            return;
    }
    if (settle && world_broken() == NULL)
        world_break("I12: long after the last fault: %s", why);
}

static bool run(uint64_t seed, const struct options *o)
{
    world_begin(seed);
    net_begin();
    net_late(o->late);
    sim.seed = seed;
    nodes_begin();
    world_faults(true);
    people_begin();
    turn_until(FAULTS_END_MS, o->steps, false);
    world_faults(false);
    people_end();
    turn_until(world_now_ms() + DRAIN_MS, UINT64_MAX, true);
    if (world_broken() == NULL)
        check_end();
    totals.steps += world_steps();
    totals.deaths += sim.deaths;
    totals.calls += sim.calls_n;
    totals.events += sim.events_n;
    world_faults(false);
    nodes_end();
    net_end();
    world_end();
    return world_broken() == NULL;
}

static int run_all(const struct options *o)
{
    uint64_t first = o->seed != 0 ? o->seed : o->from, n = o->seed != 0 ? 1 : o->seeds;
    for (uint64_t seed = first; seed < first + n; seed++) {
        if (run(seed, o))
            continue;
        printf("%s%sseed %llu: %s\n", o->mutation == NULL ? "" : o->mutation, o->mutation == NULL ? "" : " is caught by ",
               (unsigned long long)seed, world_broken());
        if (o->mutation != NULL)
            return 0;
        world_print_trace();
        printf("try: sim_field --seed %llu --trace%s", (unsigned long long)seed, o->late ? " --late" : "");
        for (size_t i = 0; i < SCENARIOS; i++)
            printf("%s%s", *scenarios[i].on ? " " : "", *scenarios[i].on ? scenarios[i].flag : "");
        printf("\n");
        return 1;
    }
    printf("%llu runs, %llu steps, %llu deaths, %llu calls, %llu events: all held\n", (unsigned long long)n, (unsigned long long)totals.steps,
           (unsigned long long)totals.deaths, (unsigned long long)totals.calls, (unsigned long long)totals.events);
    return o->mutation != NULL ? 1 : 0;
}

static const char *text_after(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

static uint64_t number_after(int argc, char **argv, const char *name, uint64_t otherwise)
{
    const char *text = text_after(argc, argv, name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static bool is_there(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    const struct options o = { .seed = number_after(argc, argv, "--seed", 0), .from = number_after(argc, argv, "--from", 1),
                               .seeds = number_after(argc, argv, "--seeds", 10), .steps = number_after(argc, argv, "--steps", UINT64_MAX),
                               .late = is_there(argc, argv, "--late"), .mutation = text_after(argc, argv, "--mutate") };
    for (size_t i = 0; i < SCENARIOS; i++)
        *scenarios[i].on = is_there(argc, argv, scenarios[i].flag);
    world_show_trace(false);
    world_begin(1);
    disk_setup();
    nodes_setup();
    if (o.mutation != NULL && !mutate_choose(o.mutation)) {
        fprintf(stderr, "there is no mutation %s\n", o.mutation);
        return 2;
    }
    world_show_trace(is_there(argc, argv, "--trace"));
    int status = run_all(&o);
    nodes_clean();
    disk_end();
    return status;
}
