/* sim [--seed N] [--seeds N] [--mutate NAME]: exit 0 when all invariants held in all runs. With --mutate a guard is
 * taken out, and exit 0 means that a run showed it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static const char *const mutation_names[MUTATION_COUNT] = {
    [MUTATE_NOTHING] = "nothing",
    [MUTATE_NO_BINDING] = "no-binding",       /* a claim is not bound to its board */
    [MUTATE_ANSWER_FIRST] = "answer-first",   /* the factory server answers before it saves */
    [MUTATE_NO_SYNC] = "no-sync",             /* the device's flash driver does not sync */
    [MUTATE_CLAIM_IS_PROOF] = "claim-is-proof", /* the device reports OK whatever the write did */
    [MUTATE_ROLLBACK] = "rollback",           /* the device takes an older identity for a newer one */
    [MUTATE_ANY_BOARD] = "any-board",         /* the device takes a pack that was claimed for another board */
};

static struct sim sim; /* holds four chips */

static int run_one(uint64_t seed)
{
    bool good = sim_run(&sim, seed, MUTATE_NOTHING);
    printf("seed %llu: %s\n", (unsigned long long)seed, good ? "all invariants hold" : sim.broken);
    return good ? 0 : 1;
}

static int run_many(uint64_t seeds)
{
    unsigned reissued = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        if (!sim_run(&sim, seed, MUTATE_NOTHING)) {
            printf("seed %llu: %s\ntry: sim --seed %llu\n", (unsigned long long)seed, sim.broken, (unsigned long long)seed);
            return 1;
        }
        reissued += sim.rows_n > 1;
    }
    printf("%llu runs: all invariants hold (%u with a re-issue)\n", (unsigned long long)seeds, reissued);
    return 0;
}

static int run_mutation(enum mutation mutation, uint64_t seeds)
{
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        if (sim_run(&sim, seed, mutation))
            continue;
        printf("%s is caught by seed %llu: %s\n", mutation_names[mutation], (unsigned long long)seed, sim.broken);
        return 0;
    }
    printf("%s was not caught by %llu runs\n", mutation_names[mutation], (unsigned long long)seeds);
    return 1;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 2000;
    enum mutation mutation = MUTATE_NOTHING;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            return run_one(strtoull(argv[i + 1], NULL, 10));
        if (strcmp(argv[i], "--seeds") == 0)
            seeds = strtoull(argv[i + 1], NULL, 10);
        for (unsigned k = 0; strcmp(argv[i], "--mutate") == 0 && k < MUTATION_COUNT; k++)
            if (strcmp(argv[i + 1], mutation_names[k]) == 0)
                mutation = (enum mutation)k;
    }
    return mutation == MUTATE_NOTHING ? run_many(seeds) : run_mutation(mutation, seeds);
}
