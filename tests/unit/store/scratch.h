/* A folder of its own for each test program, removed at the end. */
#ifndef TESTS_UNIT_STORE_SCRATCH_H
#define TESTS_UNIT_STORE_SCRATCH_H

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_dir[] = "/tmp/nameplate-test-XXXXXX";

static inline int scratch_make(void **state)
{
    (void)state;
    return mkdtemp(scratch_dir) == NULL ? -1 : 0;
}

static inline int scratch_remove(void **state)
{
    (void)state;
    DIR *dir = opendir(scratch_dir);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        unlinkat(dirfd(dir), e->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    return rmdir(scratch_dir);
}

/* "scratch/name", with whatever a former test left there removed. */
static inline const char *scratch_path(const char *name)
{
    static char path[PATH_MAX], side[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/%s", scratch_dir, name);
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < 3; i++) {
        snprintf(side, sizeof side, "%s%s", path, ends[i]);
        unlink(side);
    }
    return path;
}

#endif
