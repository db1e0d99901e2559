/* A simulated NOR chip whose power can be cut at any byte, with work that a cut forgets when it was not synced. */
#ifndef TESTS_UNIT_DEVICE_CHIP_H
#define TESTS_UNIT_DEVICE_CHIP_H

#include "device/core/flash.h"

enum { CHIP_MOST = 64 * 1024, CHIP_SECTORS_MOST = 128 };

/* What a power cut does to bytes that were not synced. */
enum chip_forget { CHIP_KEEPS, CHIP_FORGETS, CHIP_MIXES };

struct chip {
    uint8_t now[CHIP_MOST], durable[CHIP_MOST];
    uint32_t size, sector;
    int64_t budget; /* bytes until the power goes; -1: never */
    bool garble;    /* the byte at which it goes is left half done */
    bool off;
    enum chip_forget forget;
    uint32_t seed;
    int64_t spent;  /* bytes programmed and erased so far */
    long broken_at; /* this byte takes no programming; -1: none */
    uint32_t erases[CHIP_SECTORS_MOST]; /* of each sector */
    bool rules_broken; /* a program tried to set a bit: a bug of the caller */
};

void chip_init(struct chip *chip, uint32_t size, uint32_t sector);
struct flash chip_flash(struct chip *chip);
void chip_power_on(struct chip *chip); /* after a cut: forgets what the mode says; unlimited budget again */

#endif
