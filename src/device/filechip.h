/* A memory chip that is a plain file: pwrite and fsync, with the rules of NOR flash enforced (a program that
 * would have to set a bit fails). The image's bytes lie in the file as they would in the chip. */
#ifndef DEVICE_FILECHIP_H
#define DEVICE_FILECHIP_H

#include "base/err.h"
#include "device/core/flash.h"

/* Faults for tests and the demo; only the local command line can set them, nothing that comes over a network. */
struct test_only_faults {
    bool fail_identity; /* the next identity that is written meets fail_write */
    bool fail_write;    /* the next large program leaves one byte wrong, as a worn cell would; then it is false again */
    int64_t cut_after;  /* the power goes after so many bytes programmed or erased; -1: never */
    bool off;           /* it went: nothing works until the faults are reset */
};

struct filechip {
    int fd; /* -1: closed */
    uint32_t size, sector;
    bool sync_later; /* while a new device is made: the chip's owner syncs once at the end */
    struct test_only_faults *faults; /* the board's; never NULL */
};

/* Makes the file, all bits one; durable when the chip and its folder are synced. Errors: EXISTS, NO_SPACE, IO. */
enum err filechip_create(const char *path, uint32_t size, struct why *why) MUST_CHECK;

/* Errors: NOT_FOUND, DAMAGED (another size), IO. */
enum err filechip_open(const char *path, uint32_t size, uint32_t sector, bool writable, struct test_only_faults *faults,
                       struct filechip *ret_chip, struct why *why) MUST_CHECK;
void filechip_close(struct filechip *chip);

struct flash filechip_flash(struct filechip *chip);

/* The error that a chip's or a record's error means. `what` names the area in the reason. */
enum err flash_error(enum flash_err err, const char *what, struct why *why) MUST_CHECK;

#endif
