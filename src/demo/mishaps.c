/* What goes wrong on purpose beside the devices' own faults: the CA is off for a while; kills for the tests. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"

/* xorshift64*: the same kills for the same seed. */
static uint64_t draw(struct demo *d)
{
    d->random ^= d->random >> 12;
    d->random ^= d->random << 25;
    d->random ^= d->random >> 27;
    return d->random * 0x2545f4914f6cdd1du;
}

static int compare(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

void mishaps_plan(struct demo *d, uint64_t seed)
{
    d->random = seed * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < d->kills; i++)
        d->kill_at[i] = draw(d) % (2 * d->devices - 1);
    qsort(d->kill_at, d->kills, sizeof *d->kill_at, compare);
}

/* The CA's second process: the child of its front. 0 when it has none just now. */
static pid_t signer_of(pid_t front)
{
    char path[64];
    long pid = 0;
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)front, (long)front);
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%ld", &pid) != 1)
        pid = 0;
    if (file != NULL)
        fclose(file);
    return (pid_t)pid;
}

static bool kill_one(struct demo *d)
{
    static const char *const names[] = { "the CA's front", "the CA's signer", "the factory server", "a station" };
    size_t which = draw(d) % 4;
    struct child *c = which < 2 ? &d->ca : which == 2 ? &d->factory : &d->lines[draw(d) % DEMO_LINES].station;
    pid_t pid = which == 1 && c->ready ? signer_of(c->pid) : c->pid;
    if (!c->ready || c->ending || pid <= 0)
        return false;
    kill(pid, SIGKILL);
    d->signer_killed = d->signer_killed || which == 1;
    progress_say(d, "kill -9 %zu of %zu: %s", d->killed + 1, d->kills, which == 3 ? c->name : names[which]);
    return true;
}

static void kills_turn(struct demo *d)
{
    if (d->killed == d->kills || d->progress < d->kill_at[d->killed])
        return;
    if (d->kill_due_ms == 0)
        d->kill_due_ms = clock_mono_ms() + (int64_t)(draw(d) % 40); /* somewhere inside what is going on */
    if (clock_mono_ms() < d->kill_due_ms || !kill_one(d))
        return;
    d->killed++;
    d->kill_due_ms = 0;
}

static size_t written(const struct demo *d)
{
    size_t n = 0;
    for (unsigned i = 0; i < DEMO_LINES; i++)
        n += d->lines[i].written;
    return n;
}

/* Off from half of the devices to three quarters; never while a new pack is being waited for. */
enum { STALL_MS = 5000 };

/* Enough was written without the CA, or what is left needs it: a re-issue after a failed write. */
static bool ca_is_missed(const struct demo *d)
{
    return written(d) >= d->devices * 3 / 4 || clock_mono_ms() - d->stepped_ms > STALL_MS;
}

static void ca_turn(struct demo *d)
{
    struct why why;
    if (d->ca_phase == CA_ON_BEFORE && d->ca.ready && written(d) >= d->devices / 2 && written(d) < d->devices * 3 / 4) {
        d->ca_phase = CA_GOING_OFF;
        child_signal(&d->ca, SIGTERM);
    } else if (d->ca_phase == CA_OFF && ca_is_missed(d)) {
        d->ca_phase = CA_ON_AFTER;
        enum err err = child_start(&d->ca, &why);
        if (err != OK)
            demo_fail(d, err, &why, "ca");
        progress_say(d, "the CA is on again: %zu devices were written without it", written(d) - d->written_while_off);
    }
}

void mishaps_turn(struct demo *d)
{
    ca_turn(d);
    kills_turn(d);
}
