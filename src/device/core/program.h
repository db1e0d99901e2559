/* The two program slots A and B (D-4, M-8), on a memory of their own.
 *
 * A new program is written into the slot that does not run, sector by sector; each sector that is durable is marked, so
 * that a break costs one sector at most. When all of it is there and was judged (hash and signature, by the caller) the
 * slot is marked complete. The boot loader then starts it on trial: it must confirm itself. A trial that is interrupted, by
 * the power or by its own crash, begins again, PROGRAM_ATTEMPTS times in all; then the start goes back to the one before.
 * All marks are bits cleared in place: none of them can be half done.
 *
 *   head       version, size, SHA-256, generation; checksummed
 *   complete   all of it is there and judged good
 *   tried      it was started on trial: a mark for each time
 *   confirmed  it said that it works
 *   bad        it was tried in vain, or was judged bad
 *   told       the centre is told how its trial ended */
#ifndef DEVICE_CORE_PROGRAM_H
#define DEVICE_CORE_PROGRAM_H

#include "flash.h"

enum {
    PROGRAM_SECTOR = 4096,
    PROGRAM_SLOTS = 2,
    PROGRAM_SLOT_BYTES = 1024 * PROGRAM_SECTOR,
    PROGRAM_MOST = PROGRAM_SLOT_BYTES - PROGRAM_SECTOR, /* the first sector is the head */
    PROGRAM_CHIP_BYTES = PROGRAM_SLOTS * PROGRAM_SLOT_BYTES,
    PROGRAM_VERSION = 64,
    PROGRAM_SHA256 = 32,
};

/* In the order in which they lie in the head sector. */
#define PROGRAM_MARKS(X) \
    X(COMPLETE, complete) X(TRIED, tried) X(CONFIRMED, confirmed) X(BAD, bad) \
    X(TRIED_AGAIN, tried_again) X(TRIED_LAST, tried_last) X(TOLD, told)

enum program_mark {
#define X(code, name) PROGRAM_##code,
    PROGRAM_MARKS(X)
#undef X
    PROGRAM_MARK_COUNT
};

enum { PROGRAM_ATTEMPTS = 3 }; /* as many marks of being tried */

struct program_head {
    char version[PROGRAM_VERSION]; /* NUL-terminated */
    uint32_t size, generation;
    uint8_t sha256[PROGRAM_SHA256];
};

struct program_slot {
    bool there; /* the head is whole */
    struct program_head head;
    bool marks[PROGRAM_MARK_COUNT];
    uint32_t next; /* offset of the first byte that is not durable yet; head.size when all is */
};

struct programs {
    const struct flash *flash; /* must outlive it */
    struct program_slot slots[PROGRAM_SLOTS];
};

enum { PROGRAM_NONE = -1 }; /* what was built in at the factory */

/* Errors: IO, TOO_LARGE for a chip of another size. */
enum flash_err program_open(const struct flash *flash, struct programs *ret_programs);

/* How often it was started on trial. Pure. */
int program_attempts(const struct program_slot *s);

/* Which slot starts: the newest complete one that is not bad and was confirmed, or may be tried (again). PROGRAM_NONE: what
 * was built in. Pure. */
int program_choose(const struct programs *p);

/* A slot for this program: the one where it was begun, else the one that is not `running`, erased. The head's generation
 * is set here: the program that was begun last is the newest, also when it is the one before that comes back. Errors: TOO_LARGE, IO. */
enum flash_err program_begin(struct programs *p, int running, const struct program_head *head, int *ret_slot);

/* Takes the whole sectors of what lies at `next`, and the last bytes when they end the program; *ret_taken may be 0.
 * Errors: ORDER for another offset, TOO_LARGE, IO, DIFFERS. */
enum flash_err program_write(struct programs *p, int slot, uint32_t offset, const uint8_t *bytes, uint32_t n, uint32_t *ret_taken);
enum flash_err program_read(const struct programs *p, int slot, uint32_t offset, uint8_t *to, uint32_t n); /* TOO_LARGE, IO */

enum flash_err program_set_mark(struct programs *p, int slot, enum program_mark mark); /* durable when OK; IO */
enum flash_err program_set_tried(struct programs *p, int slot); /* the next attempt's mark; ORDER when all were made, IO */

#endif
