/* What is below the programs, simulated: clock, event loop, randomness, log, network, TLS, disk, memory chips. All from one
 * seed, so that a run can be repeated. The programs' own object files stand on it as they stand on the machine (README.md). */
#ifndef TESTS_SIM_FIELD_WORLD_H
#define TESTS_SIM_FIELD_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* One process. It dies in the middle of what it does: from then on nothing of it has an effect, and when its turn is over
 * it is buried (`bury`: frees its memory), to be started again later. */
struct process {
    const char *name;
    bool up, dead;
    long steps_left; /* system calls until it dies; -1: it lives */
    int64_t skew_s;  /* of its wall clock (I13) */
    void (*bury)(struct process *self);
    uint64_t order;
};

typedef void world_fn(void *context);

/* --- Time, chance, what happened: world.c --- */

void world_begin(uint64_t seed);
void world_end(void);
bool world_turn(void); /* the next event; false: none is left */
int64_t world_now_ms(void);
uint64_t world_steps(void);
void world_faults(bool on);

uint64_t world_random(void);
uint64_t world_below(uint64_t most);   /* 0 .. most - 1 */
bool world_chance(unsigned per_mille); /* never without faults */

/* An event of nobody's (node NULL) or of a process; those of a process go with it. */
void world_after(struct process *node, int64_t delay_ms, world_fn *fn, void *context);
void world_forget(struct process *node);

struct process *world_node(void);           /* whose turn it is; NULL: the simulation's own */
struct process *world_enter(struct process *node); /* gives whose turn it was */
void world_leave(struct process *before);       /* buries who died */

/* A system call of the process whose turn it is: false when it dies before it, or is dead. */
bool world_system_call(void);

void world_trace(const char *who, const char *fmt, ...) PRINTF_LIKE(2, 3);
void world_show_trace(bool at_once); /* each line as it comes */
void world_print_trace(void); /* the last lines of a run that broke */

/* The first invariant that did not hold. */
void world_break(const char *fmt, ...) PRINTF_LIKE(1, 2);
const char *world_broken(void); /* NULL: all held */

/* --- Network: net.c --- */

void net_begin(void);
void net_end(void);
void net_late(bool on); /* a request may arrive after its sender gave it up, as TCP does it after close(2) */
/* Somebody in between keeps this connection from working: 0 a port on which nothing is let through. */
void net_cut(unsigned port, bool cut);

/* --- Disk: disk.c. Files of SQLite; what was not synced is lost with the power. --- */

void disk_setup(void);                 /* once: from now on SQLite works on it */
void disk_keep(const char *path);      /* what it holds now is what each run begins with */
void disk_begin(void);
void disk_power_lost(const char *path);
void disk_end(void);

/* --- Memory chips: cells.c --- */

void cells_keep(void); /* what they hold now is what each run begins with */
void cells_begin(void);
/* All chips of a folder, after a death. forgets: some of what was not synced is lost. */
void cells_power_on(const char *dir, bool forgets);
/* The crime: the chips of one device, bit by bit, in another's folder. */
void cells_copy(const char *from, const char *to);

#endif
