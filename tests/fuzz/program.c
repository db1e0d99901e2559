/* Program slots over arbitrary heads and marks (D-4, M-8): the boot loader chooses a slot whose head can be trusted or what
 * was built in, and a new program can be fetched into the other one. The input's halves lie in the first sectors of A and B. */
#include <stdlib.h>
#include <string.h>

#include "device/core/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t chip[PROGRAM_CHIP_BYTES];
static uint32_t dirty[PROGRAM_SLOTS]; /* bytes of each slot that may not be erased */

static void *check(uint32_t at, uint32_t n)
{
    if (at > sizeof chip || n > sizeof chip - at)
        abort();
    return chip + at;
}

static enum flash_err chip_read(void *context, uint32_t at, uint8_t *to, uint32_t n)
{
    (void)context;
    memcpy(to, check(at, n), n);
    return FLASH_OK;
}

static enum flash_err chip_program(void *context, uint32_t at, const uint8_t *from, uint32_t n)
{
    uint8_t *to = check(at, n);
    uint32_t slot = at / PROGRAM_SLOT_BYTES, end = at % PROGRAM_SLOT_BYTES + n;
    (void)context;
    if (dirty[slot] < end)
        dirty[slot] = end;
    for (uint32_t i = 0; i < n; i++)
        to[i] &= from[i];
    return FLASH_OK;
}

static enum flash_err chip_erase(void *context, uint32_t at)
{
    (void)context;
    if (at % PROGRAM_SECTOR != 0)
        abort();
    memset(check(at, PROGRAM_SECTOR), 0xff, PROGRAM_SECTOR);
    return FLASH_OK;
}

static enum flash_err chip_sync(void *context) { return context == NULL ? FLASH_OK : FLASH_IO; }
static uint32_t chip_size(void *context) { return context == NULL ? PROGRAM_CHIP_BYTES : 0; }
static uint32_t chip_sector(void *context) { return context == NULL ? PROGRAM_SECTOR : 0; }

/* Erased, but for the halves. */
static void lay(const uint8_t *data, size_t size)
{
    static bool begun;
    const size_t half = size / 2;
    for (uint32_t i = 0; i < PROGRAM_SLOTS; i++) {
        memset(chip + i * PROGRAM_SLOT_BYTES, 0xff, begun ? dirty[i] : PROGRAM_SLOT_BYTES);
        dirty[i] = (uint32_t)(half < PROGRAM_SECTOR ? half : PROGRAM_SECTOR);
        if (dirty[i] > 0)
            memcpy(chip + i * PROGRAM_SLOT_BYTES, data + i * half, dirty[i]);
    }
    begun = true;
}

static void check_slots(const struct programs *p)
{
    for (int i = 0; i < PROGRAM_SLOTS; i++) {
        const struct program_slot *s = &p->slots[i];
        if (s->there && (s->head.size > PROGRAM_MOST || s->next > s->head.size ||
                         memchr(s->head.version, '\0', PROGRAM_VERSION) == NULL))
            abort();
    }
}

static void fetch(struct programs *p, int running)
{
    static const uint8_t text[] = "a new program";
    const struct program_head head = { .version = "fuzz", .size = sizeof text, .sha256 = { 1 } };
    uint8_t back[sizeof text];
    int slot = PROGRAM_NONE;
    uint32_t taken = 0;
    if (program_begin(p, running, &head, &slot) != FLASH_OK || slot < 0)
        abort();
    if (p->slots[slot].next == 0 && (program_write(p, slot, 0, text, sizeof text, &taken) != FLASH_OK || taken != sizeof text))
        abort();
    if (program_open(p->flash, p) != FLASH_OK || !p->slots[slot].there || p->slots[slot].next != sizeof text)
        abort();
    if (taken > 0 && (program_read(p, slot, 0, back, sizeof back) != FLASH_OK || memcmp(back, text, sizeof text) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct flash flash = { NULL, chip_size, chip_sector, chip_read, chip_program, chip_erase, chip_sync };
    struct programs p;
    struct loaded loaded;
    lay(data, size);
    if (program_open(&flash, &p) != FLASH_OK)
        abort();
    check_slots(&p);
    if (loader_choose(&p, &loaded) != FLASH_OK || (loaded.slot != PROGRAM_NONE && !p.slots[loaded.slot].marks[PROGRAM_COMPLETE]))
        abort();
    fetch(&p, loaded.slot);
    return 0;
}
