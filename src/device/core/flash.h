/* The memory chip below the device's storage, as six functions that the board's maker supplies.
 *
 * Nothing in this folder allocates, prints, opens a file or starts a thread: it compiles by itself, each file with
 *     cc -std=c17 -Wall -Wextra -Wconversion -ffreestanding -c FILE
 * and all memory that it works on belongs to the caller.
 *
 * The chip follows the rules of NOR flash: `erase` sets all bits of one sector to one, `program` can only clear
 * bits. What was programmed or erased is durable after `sync` only; before that a power cut may leave any part
 * of it done, including a byte half programmed. EEPROM and battery-backed memory obey the same six functions.
 * Each function returns FLASH_OK or FLASH_IO. `at` and `n` are bytes and lie inside the chip. */
#ifndef DEVICE_CORE_FLASH_H
#define DEVICE_CORE_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flash_err {
    FLASH_OK,
    FLASH_IO,        /* the chip did not do it */
    FLASH_EMPTY,     /* no committed record is there */
    FLASH_TOO_LARGE, /* does not fit in its area, or the chip is smaller than its layout */
    FLASH_DIFFERS,   /* what was read back is not what was written */
    FLASH_REFUSED,   /* the verifier said no */
    FLASH_ORDER,     /* a step out of order: a bug of the caller */
};

struct flash {
    void *chip; /* handed to each function; the caller's */
    uint32_t (*size)(void *chip);
    uint32_t (*sector)(void *chip); /* bytes that one erase covers */
    enum flash_err (*read)(void *chip, uint32_t at, uint8_t *to, uint32_t n);
    enum flash_err (*program)(void *chip, uint32_t at, const uint8_t *from, uint32_t n);
    enum flash_err (*erase)(void *chip, uint32_t at); /* the sector that begins at `at` */
    enum flash_err (*sync)(void *chip);
};

#endif
