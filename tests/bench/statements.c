/* What a program asks of SQLite, counted from outside: loaded before it (LD_PRELOAD), it keeps three numbers of 64 bits in the
 * file NAMEPLATE_BENCH_COUNTS: statements that ran, steps of SQLite's machine that they took, rows that they looked at in walks
 * through whole tables. Processor times depend on who else uses the machine; these do not. */
#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STATEMENTS, STEPS, WALKED, NUMBERS };

static _Atomic uint64_t *counts;
static int (*real_reset)(sqlite3_stmt *);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("NAMEPLATE_BENCH_COUNTS");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *at = fd < 0 || ftruncate(fd, NUMBERS * sizeof *counts) != 0
                   ? MAP_FAILED
                   : mmap(NULL, NUMBERS * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    counts = at == MAP_FAILED ? NULL : at;
    *(void **)&real_reset = dlsym(RTLD_NEXT, "sqlite3_reset");
}

int sqlite3_reset(sqlite3_stmt *statement)
{
    if (counts != NULL && statement != NULL) {
        counts[STATEMENTS]++;
        counts[STEPS] += (uint64_t)sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
        counts[WALKED] += (uint64_t)sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
    }
    return real_reset(statement);
}
