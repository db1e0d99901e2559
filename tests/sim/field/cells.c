/* Memory chips in memory, in the place of src/device/filechip.c: the rules of NOR flash, bytes half written when the power
 * goes, work that a cut forgets when it was not synced. A chip is the file name it would have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "device/filechip.h"
#include "mutate.h"
#include "world.h"

enum { CELLS = 64, NAME = 440, FDS = 1024, OPENED = 4 };

struct cells {
    char name[NAME]; /* "": free */
    uint32_t size;
    uint8_t *now, *durable, *kept;
    uint32_t dirty_from, dirty_to; /* what may differ between `now` and `durable` */
    time_t changes;
    int opened[OPENED]; /* descriptors; 0: none */
    bool off;
};

static struct cells all[CELLS];
static struct cells *by_fd[FDS];

/* A chip or its folder is made under a name of its own and renamed when it is whole (option.c, create.c). */
static void plain_name(const char *path, char ret_name[NAME])
{
    const char *end = strstr(path, ".new");
    size_t n = end == NULL ? strlen(path) : (size_t)(end - path);
    snprintf(ret_name, NAME, "%.*s%s", (int)n, path, end == NULL ? "" : end + 4);
}

static struct cells *find(const char *path)
{
    char name[NAME];
    plain_name(path, name);
    for (size_t i = 0; i < CELLS; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static struct cells *make(const char *path, uint32_t size)
{
    struct cells *c = find(path);
    for (size_t i = 0; c == NULL && i < CELLS; i++)
        if (all[i].name[0] == '\0')
            c = &all[i];
    if (c == NULL)
        abort();
    plain_name(path, c->name);
    c->size = size;
    for (int i = 0; i < 3; i++) {
        uint8_t **bytes = (uint8_t **[]){ &c->now, &c->durable, &c->kept }[i];
        free(*bytes);
        *bytes = malloc(size);
        if (*bytes == NULL)
            abort();
        memset(*bytes, 0xff, size);
    }
    c->dirty_from = size;
    c->dirty_to = 0;
    return c;
}

enum err __wrap_filechip_create(const char *path, uint32_t size, struct why *why);
enum err __wrap_filechip_open(const char *path, uint32_t size, uint32_t sector, bool writable, struct test_only_faults *faults,
                              struct filechip *ret_chip, struct why *why);
void __wrap_filechip_close(struct filechip *chip);
struct flash __wrap_filechip_flash(struct filechip *chip);

enum err __wrap_filechip_create(const char *path, uint32_t size, struct why *why)
{
    FILE *f = fopen(path, "we"); /* its name is looked for */
    if (f != NULL)
        fclose(f);
    make(path, size);
    return f == NULL ? why_set(why, ERR_IO, "%s", path) : OK;
}

/* Who has the chip open sees by the time of its last change that it changed. */
static void show_changes(const struct cells *c)
{
    const struct timespec times[2] = { { .tv_sec = c->changes }, { .tv_sec = c->changes } };
    for (int i = 0; i < OPENED; i++)
        if (c->opened[i] != 0 && futimens(c->opened[i], times) != 0)
            abort();
}

/* The descriptor is one that can be locked. */
enum err __wrap_filechip_open(const char *path, uint32_t size, uint32_t sector, bool writable, struct test_only_faults *faults,
                              struct filechip *ret_chip, struct why *why)
{
    (void)writable;
    struct cells *c = find(path);
    if (c == NULL || c->size != size)
        return why_set(why, ERR_NOT_FOUND, "there is no chip %s", path);
    int fd = memfd_create("chip", MFD_CLOEXEC), at = 0;
    while (at < OPENED && c->opened[at] != 0)
        at++;
    if (fd <= 0 || fd >= FDS || at == OPENED)
        abort();
    by_fd[fd] = c;
    c->opened[at] = fd;
    show_changes(c);
    *ret_chip = (struct filechip){ .fd = fd, .size = size, .sector = sector, .faults = faults };
    return OK;
}

void __wrap_filechip_close(struct filechip *chip)
{
    for (int i = 0; chip->fd >= 0 && i < OPENED; i++)
        if (by_fd[chip->fd]->opened[i] == chip->fd)
            by_fd[chip->fd]->opened[i] = 0;
    if (chip->fd >= 0)
        close(chip->fd);
    chip->fd = -1;
}

static struct cells *of(const struct filechip *chip) { return by_fd[chip->fd]; }

static enum flash_err cell_read(void *context, uint32_t at, uint8_t *to, uint32_t n)
{
    const struct cells *c = of(context);
    if (c->off || at > c->size || n > c->size - at)
        return FLASH_IO;
    memcpy(to, c->now + at, n);
    return FLASH_OK;
}

static void touch(struct cells *c, uint32_t from, uint32_t to)
{
    c->dirty_from = c->dirty_from < from ? c->dirty_from : from;
    c->dirty_to = c->dirty_to > to ? c->dirty_to : to;
    c->changes++;
    show_changes(c);
}

static void make_durable(struct cells *c)
{
    if (c->dirty_from < c->dirty_to)
        memcpy(c->durable + c->dirty_from, c->now + c->dirty_from, c->dirty_to - c->dirty_from);
    c->dirty_from = c->size;
    c->dirty_to = 0;
}

enum power { POWER_STAYS, POWER_GOES, POWER_GONE };

/* How many of n bytes get done; when the power goes in between, one of them is left half done. */
static enum power spend(struct cells *c, uint32_t n, uint32_t *ret_done)
{
    const struct process *node = world_node();
    bool gone = node != NULL && node->dead, stays = world_system_call();
    *ret_done = stays ? n : gone ? 0 : (uint32_t)world_below(n);
    c->off = !stays;
    return stays ? POWER_STAYS : gone ? POWER_GONE : POWER_GOES;
}

static enum flash_err cell_program(void *context, uint32_t at, const uint8_t *from, uint32_t n)
{
    struct cells *c = of(context);
    if (c->off || at > c->size || n > c->size - at)
        return FLASH_IO;
    for (uint32_t i = 0; i < n; i++)
        if ((from[i] & ~c->now[at + i]) != 0)
            world_break("%s: a program tried to set a bit at %u", c->name, at + i);
    uint32_t done;
    enum power power = spend(c, n, &done);
    touch(c, at, at + n);
    for (uint32_t i = 0; i < done; i++)
        c->now[at + i] &= from[i];
    if (power == POWER_GOES)
        c->now[at + done] = (uint8_t)(c->now[at + done] & (from[done] | (uint8_t)world_random()));
    return power == POWER_STAYS ? FLASH_OK : FLASH_IO;
}

static enum flash_err cell_erase(void *context, uint32_t at)
{
    const struct filechip *chip = context;
    struct cells *c = of(chip);
    if (c->off || at % chip->sector != 0 || at >= c->size)
        return FLASH_IO;
    uint32_t done;
    enum power power = spend(c, chip->sector, &done);
    touch(c, at, at + chip->sector);
    memset(c->now + at, 0xff, done);
    if (power == POWER_GOES)
        c->now[at + done] |= (uint8_t)world_random();
    return power == POWER_STAYS ? FLASH_OK : FLASH_IO;
}

static enum flash_err cell_sync(void *context)
{
    struct cells *c = of(context);
    const struct filechip *chip = context;
    if (c->off || (!chip->sync_later && !world_system_call()))
        return FLASH_IO;
    if (!mutated(MUTATE_NO_SYNC))
        make_durable(c);
    return FLASH_OK;
}

static uint32_t cell_size(void *context) { return ((struct filechip *)context)->size; }
static uint32_t cell_sector(void *context) { return ((struct filechip *)context)->sector; }

struct flash __wrap_filechip_flash(struct filechip *chip)
{
    return (struct flash){ chip, cell_size, cell_sector, cell_read, cell_program, cell_erase, cell_sync };
}

/* --- A run --- */

void cells_keep(void)
{
    for (size_t i = 0; i < CELLS; i++)
        if (all[i].name[0] != '\0')
            memcpy(all[i].kept, all[i].now, all[i].size);
}

void cells_begin(void)
{
    for (size_t i = 0; i < CELLS; i++) {
        if (all[i].name[0] == '\0')
            continue;
        memcpy(all[i].now, all[i].kept, all[i].size);
        memcpy(all[i].durable, all[i].kept, all[i].size);
        all[i].dirty_from = all[i].size;
        all[i].dirty_to = 0;
        all[i].off = false;
    }
}

static bool is_in(const struct cells *c, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(c->name, dir, n) == 0 && c->name[n] == '/';
}

void cells_power_on(const char *dir, bool forgets)
{
    for (size_t i = 0; i < CELLS; i++) {
        struct cells *c = &all[i];
        if (!is_in(c, dir))
            continue;
        for (uint32_t at = c->dirty_from; forgets && at < c->dirty_to; at++) /* some of what was not synced stayed */
            if (c->now[at] != c->durable[at] && (world_random() & 1) != 0)
                c->now[at] = c->durable[at];
        make_durable(c);
        c->off = false;
    }
}

void cells_copy(const char *from, const char *to)
{
    for (size_t i = 0; i < CELLS; i++) {
        char name[NAME];
        if (!is_in(&all[i], from))
            continue;
        snprintf(name, sizeof name, "%s%s", to, all[i].name + strlen(from));
        struct cells *c = find(name);
        if (c == NULL)
            abort();
        memcpy(c->now, all[i].now, c->size);
        memcpy(c->durable, all[i].now, c->size);
    }
}
