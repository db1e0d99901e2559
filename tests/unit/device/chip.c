#include "chip.h"

#include <string.h>

void chip_init(struct chip *chip, uint32_t size, uint32_t sector)
{
    *chip = (struct chip){ .size = size, .sector = sector, .budget = -1, .broken_at = -1, .seed = 1 };
    memset(chip->now, 0xff, sizeof chip->now);
    memset(chip->durable, 0xff, sizeof chip->durable);
}

static uint32_t draw(struct chip *chip)
{
    chip->seed = chip->seed * 1664525u + 1013904223u;
    return chip->seed >> 8;
}

/* One byte goes from what it is to `to`; false when the power went. */
static bool change(struct chip *chip, uint32_t at, uint8_t to)
{
    if (chip->budget == 0) {
        uint8_t undecided = (uint8_t)(chip->now[at] ^ to);
        if (chip->garble)
            chip->now[at] ^= (uint8_t)(undecided & draw(chip));
        chip->off = true;
        return false;
    }
    if (chip->budget > 0)
        chip->budget--;
    chip->spent++;
    chip->now[at] = to;
    return true;
}

static enum flash_err chip_read(void *context, uint32_t at, uint8_t *to, uint32_t n)
{
    struct chip *chip = context;
    if (chip->off || at > chip->size || n > chip->size - at)
        return FLASH_IO;
    memcpy(to, chip->now + at, n);
    return FLASH_OK;
}

static enum flash_err chip_program(void *context, uint32_t at, const uint8_t *from, uint32_t n)
{
    struct chip *chip = context;
    if (chip->off || at > chip->size || n > chip->size - at)
        return FLASH_IO;
    for (uint32_t i = 0; i < n; i++) {
        if ((from[i] & ~chip->now[at + i]) != 0)
            chip->rules_broken = true;
        uint8_t to = (long)(at + i) == chip->broken_at ? chip->now[at + i] : (uint8_t)(chip->now[at + i] & from[i]);
        if (!change(chip, at + i, to))
            return FLASH_IO;
    }
    return FLASH_OK;
}

static enum flash_err chip_erase(void *context, uint32_t at)
{
    struct chip *chip = context;
    if (chip->off || at % chip->sector != 0 || at >= chip->size)
        return FLASH_IO;
    chip->erases[at / chip->sector]++;
    for (uint32_t i = 0; i < chip->sector; i++)
        if (!change(chip, at + i, 0xff))
            return FLASH_IO;
    return FLASH_OK;
}

static enum flash_err chip_sync(void *context)
{
    struct chip *chip = context;
    if (chip->off)
        return FLASH_IO;
    memcpy(chip->durable, chip->now, chip->size);
    return FLASH_OK;
}

static uint32_t chip_size(void *context) { return ((struct chip *)context)->size; }
static uint32_t chip_sector(void *context) { return ((struct chip *)context)->sector; }

struct flash chip_flash(struct chip *chip)
{
    return (struct flash){ chip, chip_size, chip_sector, chip_read, chip_program, chip_erase, chip_sync };
}

void chip_power_on(struct chip *chip)
{
    for (uint32_t i = 0; i < chip->size; i++) {
        bool keep = chip->forget == CHIP_KEEPS || (chip->forget == CHIP_MIXES && (draw(chip) & 1) != 0);
        if (!keep)
            chip->now[i] = chip->durable[i];
    }
    memcpy(chip->durable, chip->now, chip->size);
    chip->off = false;
    chip->budget = -1;
}
