#include "device/filechip.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 4096, LARGE = 64 };

static enum err fill_ones(int fd, uint32_t size, const char *path, struct why *why)
{
    uint8_t ones[CHUNK];
    memset(ones, 0xff, sizeof ones);
    for (uint32_t at = 0; at < size; at += CHUNK)
        if (pwrite(fd, ones, CHUNK, at) != CHUNK)
            return why_errno(why, errno, "writing %s", path);
    return OK;
}

enum err filechip_create(const char *path, uint32_t size, struct why *why)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return why_errno(why, errno, "making %s", path);
    enum err err = fill_ones(fd, size, path, why);
    close(fd);
    if (err != OK)
        unlink(path);
    return err;
}

enum err filechip_open(const char *path, uint32_t size, uint32_t sector, bool writable, struct test_only_faults *faults,
                       struct filechip *ret_chip, struct why *why)
{
    struct stat st;
    int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, errno, "opening %s", path);
    if (fstat(fd, &st) != 0 || st.st_size != (off_t)size) {
        close(fd);
        return why_set(why, ERR_DAMAGED, "%s has %lld bytes, a chip of %u was expected", path, (long long)st.st_size, size);
    }
    *ret_chip = (struct filechip){ .fd = fd, .size = size, .sector = sector, .faults = faults };
    return OK;
}

void filechip_close(struct filechip *chip)
{
    if (chip->fd >= 0)
        close(chip->fd);
    chip->fd = -1;
}

/* How many of n bytes still get done before the power goes. */
static uint32_t spend(struct filechip *chip, uint32_t n)
{
    struct test_only_faults *f = chip->faults;
    if (f->cut_after < 0)
        return n;
    if (f->cut_after < (int64_t)n) {
        f->off = true;
        n = (uint32_t)f->cut_after;
    }
    f->cut_after -= n;
    return n;
}

static bool write_all(const struct filechip *chip, uint32_t at, const uint8_t *from, uint32_t n)
{
    return n == 0 || pwrite(chip->fd, from, n, at) == (ssize_t)n;
}

static enum flash_err chip_read(void *context, uint32_t at, uint8_t *to, uint32_t n)
{
    const struct filechip *chip = context;
    return !chip->faults->off && pread(chip->fd, to, n, at) == (ssize_t)n ? FLASH_OK : FLASH_IO;
}

/* At most CHUNK bytes. */
static enum flash_err program_piece(struct filechip *chip, uint32_t at, const uint8_t *from, uint32_t n)
{
    uint8_t bytes[CHUNK];
    if (chip_read(chip, at, bytes, n) != FLASH_OK)
        return FLASH_IO;
    for (uint32_t i = 0; i < n; i++) {
        if ((from[i] & ~bytes[i]) != 0)
            return FLASH_IO;
        bytes[i] &= from[i];
    }
    if (chip->faults->fail_write && n >= LARGE) {
        chip->faults->fail_write = false;
        bytes[n / 2] ^= 0x10;
    }
    bool done = write_all(chip, at, bytes, spend(chip, n));
    explicit_bzero(bytes, sizeof bytes); /* it may have held a private key */
    return done && !chip->faults->off ? FLASH_OK : FLASH_IO;
}

static enum flash_err chip_program(void *context, uint32_t at, const uint8_t *from, uint32_t n)
{
    enum flash_err err = FLASH_OK;
    for (uint32_t done = 0; err == FLASH_OK && done < n; done += CHUNK)
        err = program_piece(context, at + done, from + done, n - done < CHUNK ? n - done : CHUNK);
    return err;
}

static enum flash_err chip_erase(void *context, uint32_t at)
{
    struct filechip *chip = context;
    uint8_t ones[CHUNK];
    memset(ones, 0xff, sizeof ones);
    if (chip->faults->off || at % chip->sector != 0)
        return FLASH_IO;
    bool done = write_all(chip, at, ones, spend(chip, chip->sector));
    return done && !chip->faults->off ? FLASH_OK : FLASH_IO;
}

static enum flash_err chip_sync(void *context)
{
    const struct filechip *chip = context;
    return !chip->faults->off && (chip->sync_later || fsync(chip->fd) == 0) ? FLASH_OK : FLASH_IO;
}

static uint32_t chip_size(void *context) { return ((struct filechip *)context)->size; }
static uint32_t chip_sector(void *context) { return ((struct filechip *)context)->sector; }

struct flash filechip_flash(struct filechip *chip)
{
    return (struct flash){ chip, chip_size, chip_sector, chip_read, chip_program, chip_erase, chip_sync };
}

enum err flash_error(enum flash_err err, const char *what, struct why *why)
{
    switch (err) {
    case FLASH_OK: return OK;
    case FLASH_IO: return why_set(why, ERR_FLASH_FAILED, "the memory of the %s cannot be read or written", what);
    case FLASH_EMPTY: return why_set(why, ERR_NOT_FOUND, "there is no %s", what);
    case FLASH_TOO_LARGE: return why_set(why, ERR_TOO_LARGE, "the %s does not fit in its area", what);
    case FLASH_DIFFERS: return why_set(why, ERR_FLASH_FAILED, "the %s reads back different from what was written", what);
    case FLASH_REFUSED: return why_set(why, ERR_BAD_INPUT, "the %s was refused", what);
    case FLASH_ORDER: return why_set(why, ERR_BUG, "the %s was written out of order", what);
    }
    return why_set(why, ERR_BUG, "unknown flash error %d", (int)err);
}
