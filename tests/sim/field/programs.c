/* Programs that operators send to two of the devices (M-8, D-4), and what must hold of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../center_list.h"
#include "base/file.h"
#include "field.h"
#include "pki/cert.h"

enum { VERSIONS = 2, SIZE = 30000 };

static struct program {
    uint8_t bytes[SIZE], sha256[CERT_FINGERPRINT];
    struct buf signature;
    struct certificate signers[2];
    struct fetch_program_request request;
} programs[VERSIONS];

static const char *const versions[VERSIONS] = { "2.0", "3.0" };

static void must(enum err err)
{
    if (err != OK)
        abort();
}

static void make(struct program *p, const char *version, uint8_t seed)
{
    for (size_t i = 0; i < SIZE; i++)
        p->bytes[i] = (uint8_t)(i * seed + i / 251);
    cert_fingerprint_der(span_of(p->bytes, SIZE), p->sha256); /* SHA-256 */
    p->request = (struct fetch_program_request){ .version = version, .size = SIZE, .sha256 = span_of(p->sha256, sizeof p->sha256) };
    ca_sign_program(&p->request, p->signers, &p->signature);
}

void programs_setup(const char *folder, struct db *db)
{
    char path[PATH + 20];
    snprintf(path, sizeof path, "%s/programs", folder);
    if (mkdir(path, 0700) != 0)
        abort();
    for (int i = 0; i < VERSIONS; i++) {
        struct program *p = &programs[i];
        struct center_program row = { .size = SIZE, .added_s = 1 };
        make(p, versions[i], (uint8_t)(7 + i));
        snprintf(path, sizeof path, "%s/programs/%s", folder, versions[i]);
        must(file_replace(path, span_of(p->bytes, SIZE), 0600, NULL));
        snprintf(row.version, sizeof row.version, "%s", versions[i]);
        memcpy(row.sha256, p->sha256, sizeof row.sha256);
        row.signature = buf_span(&p->signature);
        must(center_program_add(db, &row, NULL));
    }
}

void programs_clean(void)
{
    for (int i = 0; i < VERSIONS; i++)
        buf_done(&programs[i].signature);
}

/* The memory for programs of a device that gets some; it is blank when a run begins. */
void programs_prepare(const struct machine *m)
{
    struct board board;
    must(board_open(m->dir, BOARD_USE, &board, NULL));
    must(option_need_programs(m->dir, &board.option, NULL));
    board_close(&board);
}

bool programs_are_for(enum place at) { return sim.programs && (at == DIRECT || at == BELOW_1); }

const struct fetch_program_request *programs_draw(void) { return &programs[world_below(VERSIONS)].request; }

static bool is_whole(const struct programs *p, int slot)
{
    uint8_t found[SIZE];
    for (int i = 0; i < VERSIONS; i++)
        if (strcmp(p->slots[slot].head.version, versions[i]) == 0)
            return program_read(p, slot, 0, found, SIZE) == FLASH_OK && memcmp(found, programs[i].bytes, SIZE) == 0;
    return false;
}

/* D-4, I3: what starts is whole, and was judged; one on trial has not had more starts than it may. */
void programs_check_start(const struct machine *m)
{
    const struct option *o = &m->board.option;
    const int slot = o->loaded.slot;
    if (slot == PROGRAM_NONE)
        return;
    const struct program_slot *s = &o->programs.slots[slot];
    if (!s->marks[PROGRAM_COMPLETE] || s->marks[PROGRAM_BAD] || !is_whole(&o->programs, slot))
        world_break("D-4: %s started a program that is not whole or not good", m->process.name);
    if (o->loaded.on_trial == s->marks[PROGRAM_CONFIRMED])
        world_break("D-4: %s is on trial with a program that is confirmed, or not with one that is not", m->process.name);
    world_trace(m->process.name, "runs program %s%s", s->head.version, o->loaded.on_trial ? " on trial" : "");
}

/* M-8: how each trial ended lies at the centre. */
bool programs_settled(char *ret_why, size_t size)
{
    for (int at = 0; at < COPY; at++) {
        const struct machine *m = &sim.machines[at];
        snprintf(ret_why, size, "%s has not told how a program's trial ended", m->process.name);
        for (int i = 0; programs_are_for((enum place)at) && i < PROGRAM_SLOTS; i++) {
            const struct program_slot *s = &m->board.option.programs.slots[i];
            if (s->there && (s->marks[PROGRAM_CONFIRMED] || s->marks[PROGRAM_BAD]) && !s->marks[PROGRAM_TOLD])
                return false;
        }
    }
    return true;
}

struct outcomes {
    const char *version;
    int good;
};

static enum err take_outcome(void *context, const char *number, int64_t at_s, const char *kind, const char *detail)
{
    struct outcomes *o = context;
    (void)number, (void)at_s;
    o->good += strcmp(kind, "program") == 0 && strncmp(detail, o->version, strlen(o->version)) == 0 && strstr(detail, " confirmed ") != NULL;
    return OK;
}

/* What runs in the end has confirmed itself, and the centre was told so; but an event that was on its way when the agreement was
 * suspended is refused for good. */
void check_programs(void)
{
    for (int at = 0; at < COPY; at++) {
        const struct machine *m = &sim.machines[at];
        const struct option *o = &m->board.option;
        if (!programs_are_for((enum place)at) || o->loaded.slot == PROGRAM_NONE)
            continue;
        struct outcomes found = { .version = option_version(o) };
        if (o->loaded.on_trial)
            world_break("D-4: the trial of %s in %s has no end", found.version, m->process.name);
        if (center_event_list(sim.center.db, m->number, 100000, take_outcome, &found, NULL) != OK || (found.good == 0 && !sim.suspends))
            world_break("M-8: %s runs %s, and the centre was not told", m->process.name, found.version);
    }
}
