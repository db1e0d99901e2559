#include "memory.h"

static bool fits(const struct area *area)
{
    uint32_t size = area->flash->size(area->flash->chip), sector = area->flash->sector(area->flash->chip);
    return sector != 0 && area->bytes % sector == 0 && area->at[0] % sector == 0 && area->at[1] % sector == 0 &&
           area->at[0] + area->bytes <= size && area->at[1] + area->bytes <= size;
}

enum flash_err memory_init(const struct flash *flash, const struct flash *nvram, struct memory *ret_memory)
{
    struct memory m = {
#define A(name, chip, magic, first, second, bytes, what) .name = { chip, magic, { first, second }, bytes },
        MEMORY_AREAS(A)
#undef A
    };
#define A(name, chip, magic, first, second, bytes, what) fits(&m.name) &&
    bool all = MEMORY_AREAS(A) true;
#undef A
    if (!all)
        return FLASH_TOO_LARGE;
    static const uint32_t ring[] = {
#define L(place) place,
        MEMORY_LEDGER(L)
#undef L
    };
    m.ledger.flash = nvram;
    for (uint32_t i = 0; i < sizeof ring / sizeof *ring; i++)
        m.ledger.at[m.ledger.sectors++] = ring[i];
    *ret_memory = m;
    return FLASH_OK;
}

enum flash_err memory_boot(const struct memory *memory, struct boot *ret_boot)
{
    struct boot boot = { .state = BOOT_BLANK };
    enum flash_err err = area_find(&memory->bootstrap, &boot.bootstrap);
    if (err == FLASH_IO)
        return err;
    if (err == FLASH_OK)
        boot.state = BOOT_BOOTSTRAP;
    err = area_find(&memory->identity, &boot.identity);
    if (err == FLASH_IO)
        return err;
    if (err == FLASH_OK)
        boot.state = BOOT_INDIVIDUAL;
    *ret_boot = boot;
    return FLASH_OK;
}
