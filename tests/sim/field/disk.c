/* SQLite's files in memory: what was written and not synced is lost with the power, and a process that died writes nothing.
 * A file's name is durable at once. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutate.h"
#include "world.h"

enum { FILES = 64, NAME = 480, REGIONS = 8, GROW = 64 * 1024 };

struct bytes {
    uint8_t *at;
    size_t n, cap;
};

struct file {
    char name[NAME]; /* "": free */
    struct bytes now, durable, kept;
    size_t dirty_from, dirty_to; /* of `now`: what may differ from `durable` */
    bool there, kept_there;
    void *shared[REGIONS]; /* of the log's index; lives as long as the file is open */
    int users;
};

struct handle {
    sqlite3_file base;
    struct file *file;
};

static struct file files[FILES];

static void set_size(struct bytes *b, size_t n)
{
    if (n > b->cap) {
        b->cap = (n + GROW - 1) / GROW * GROW;
        b->at = realloc(b->at, b->cap);
        if (b->at == NULL)
            abort();
    }
    if (n > b->n)
        memset(b->at + b->n, 0, n - b->n);
    b->n = n;
}

static void copy(const struct bytes *from, struct bytes *to)
{
    set_size(to, from->n);
    if (from->n != 0)
        memcpy(to->at, from->at, from->n);
}

static void touch(struct file *f, size_t from, size_t to)
{
    f->dirty_from = from < f->dirty_from ? from : f->dirty_from;
    f->dirty_to = to > f->dirty_to ? to : f->dirty_to;
}

static void copy_dirty(struct file *f, const struct bytes *from, struct bytes *to)
{
    set_size(to, from->n);
    size_t end = f->dirty_to < from->n ? f->dirty_to : from->n;
    if (f->dirty_from < end)
        memcpy(to->at + f->dirty_from, from->at + f->dirty_from, end - f->dirty_from);
    f->dirty_from = SIZE_MAX;
    f->dirty_to = 0;
}

static struct file *find(const char *name)
{
    for (size_t i = 0; i < FILES; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    return NULL;
}

static struct file *make(const char *name)
{
    struct file *f = find(name);
    for (size_t i = 0; f == NULL && i < FILES; i++)
        if (files[i].name[0] == '\0')
            f = &files[i];
    if (f == NULL)
        abort();
    snprintf(f->name, sizeof f->name, "%s", name);
    return f;
}

/* --- One file --- */

static struct file *of(sqlite3_file *base) { return ((struct handle *)(void *)base)->file; }

static void forget_shared(struct file *f)
{
    for (size_t i = 0; i < REGIONS; i++) {
        free(f->shared[i]);
        f->shared[i] = NULL;
    }
}

static int file_close(sqlite3_file *base)
{
    struct file *f = of(base);
    if (--f->users == 0)
        forget_shared(f);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *to, int n, sqlite3_int64 at)
{
    const struct bytes *b = &of(base)->now;
    size_t from = (size_t)at, want = (size_t)n, have = from >= b->n ? 0 : b->n - from;
    if (have > want)
        have = want;
    if (have != 0)
        memcpy(to, b->at + from, have);
    memset((uint8_t *)to + have, 0, want - have);
    return have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *from, int n, sqlite3_int64 at)
{
    struct file *f = of(base);
    struct bytes *b = &f->now;
    size_t to = (size_t)at, want = (size_t)n;
    if (!world_system_call())
        return SQLITE_IOERR_WRITE;
    touch(f, to < b->n ? to : b->n, to + want);
    if (to + want > b->n)
        set_size(b, to + want);
    memcpy(b->at + to, from, want);
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    if (!world_system_call())
        return SQLITE_IOERR_TRUNCATE;
    struct file *f = of(base);
    size_t n = (size_t)size;
    touch(f, n < f->now.n ? n : f->now.n, n < f->now.n ? f->now.n : n);
    set_size(&f->now, n);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    struct file *f = of(base);
    if (!world_system_call())
        return SQLITE_IOERR_FSYNC;
    if (!mutated(MUTATE_NO_SYNC))
        copy_dirty(f, &f->now, &f->durable);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)of(base)->now.n;
    return SQLITE_OK;
}

/* One process has a file open, with one connection: locks never meet. */
static int file_lock(sqlite3_file *base, int level)
{
    (void)base, (void)level;
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *ret)
{
    (void)base;
    *ret = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
    (void)base, (void)op, (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int file_traits(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static int shared_map(sqlite3_file *base, int page, int size, int extend, void volatile **ret)
{
    struct file *f = of(base);
    (void)extend;
    if (page >= REGIONS)
        return SQLITE_IOERR_SHMMAP;
    if (f->shared[page] == NULL)
        f->shared[page] = calloc(1, (size_t)size);
    *ret = f->shared[page];
    return f->shared[page] == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

static int shared_lock(sqlite3_file *base, int offset, int n, int flags)
{
    (void)base, (void)offset, (void)n, (void)flags;
    return SQLITE_OK;
}

static void shared_barrier(sqlite3_file *base) { (void)base; }

static int shared_unmap(sqlite3_file *base, int delete)
{
    (void)delete;
    forget_shared(of(base));
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate, .xSync = file_sync,
    .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_lock, .xCheckReservedLock = file_reserved, .xFileControl = file_control,
    .xSectorSize = file_sector, .xDeviceCharacteristics = file_traits, .xShmMap = shared_map, .xShmLock = shared_lock,
    .xShmBarrier = shared_barrier, .xShmUnmap = shared_unmap,
};

/* --- The folder --- */

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
    (void)vfs;
    struct handle *h = (struct handle *)(void *)base;
    struct file *f = name == NULL ? NULL : find(name);
    bool alive = (f != NULL && f->there) || world_system_call();
    base->pMethods = NULL;
    if (name == NULL || !alive || ((f == NULL || !f->there) && (flags & SQLITE_OPEN_CREATE) == 0 && (flags & SQLITE_OPEN_MAIN_DB) == 0))
        return SQLITE_CANTOPEN;
    if (f == NULL || !f->there) {
        f = make(name);
        f->now.n = f->durable.n = 0;
        f->dirty_from = SIZE_MAX;
        f->dirty_to = 0;
        f->there = true;
    }
    f->users++;
    h->file = f;
    base->pMethods = &methods;
    if (ret_flags != NULL)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs, (void)sync;
    struct file *f = find(name);
    if (!world_system_call())
        return SQLITE_IOERR_DELETE;
    if (f == NULL || !f->there)
        return SQLITE_IOERR_DELETE_NOENT;
    f->there = false;
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
    (void)vfs, (void)flags;
    const struct file *f = find(name);
    *ret = f != NULL && f->there && f->now.n != 0;
    return SQLITE_OK;
}

static int disk_path(sqlite3_vfs *vfs, const char *name, int n, char *to)
{
    (void)vfs;
    snprintf(to, (size_t)n, "%s", name);
    return SQLITE_OK;
}

static int disk_random(sqlite3_vfs *vfs, int n, char *to)
{
    (void)vfs;
    for (int i = 0; i < n; i++)
        to[i] = (char)world_random();
    return n;
}

static int disk_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int disk_time(sqlite3_vfs *vfs, double *ret)
{
    (void)vfs;
    *ret = 2461000.5;
    return SQLITE_OK;
}

static int disk_error(sqlite3_vfs *vfs, int n, char *to)
{
    (void)vfs, (void)n, (void)to;
    return 0;
}

void disk_setup(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 1, .szOsFile = sizeof(struct handle), .mxPathname = NAME - 1, .zName = "simulation", .xOpen = disk_open,
        .xDelete = disk_delete, .xAccess = disk_access, .xFullPathname = disk_path, .xRandomness = disk_random, .xSleep = disk_sleep,
        .xCurrentTime = disk_time, .xGetLastError = disk_error,
    };
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
}

void disk_keep(const char *path)
{
    struct file *f = make(path);
    copy(&f->now, &f->kept);
    f->kept_there = true;
}

void disk_begin(void)
{
    for (size_t i = 0; i < FILES; i++) {
        files[i].there = files[i].kept_there;
        copy(&files[i].kept, &files[i].now);
        copy(&files[i].kept, &files[i].durable);
        files[i].dirty_from = SIZE_MAX;
        files[i].dirty_to = 0;
    }
}

void disk_power_lost(const char *path)
{
    for (size_t i = 0; i < FILES; i++)
        if (strncmp(files[i].name, path, strlen(path)) == 0)
            copy_dirty(&files[i], &files[i].durable, &files[i].now);
}

void disk_end(void)
{
    for (size_t i = 0; i < FILES; i++) {
        forget_shared(&files[i]);
        free(files[i].now.at);
        free(files[i].durable.at);
        free(files[i].kept.at);
        files[i] = (struct file){ .there = false };
    }
}
