/* Boots over arbitrary flash, NVRAM and remote functions' memory: whatever lies there, the boot ends in one of its three states, and what it
 * found can be read; then a record is written over it and found. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device/core/install.h"
#include "device/core/memory.h"
#include "device/core/nvram.h"
#include "device/core/queue.h"

struct image {
    uint8_t bytes[OPTION_BYTES];
    uint32_t size, sector;
};

static enum flash_err image_read(void *context, uint32_t at, uint8_t *to, uint32_t n)
{
    const struct image *image = context;
    if (at > image->size || n > image->size - at)
        abort();
    memcpy(to, image->bytes + at, n);
    return FLASH_OK;
}

static enum flash_err image_program(void *context, uint32_t at, const uint8_t *from, uint32_t n)
{
    struct image *image = context;
    if (at > image->size || n > image->size - at)
        abort();
    for (uint32_t i = 0; i < n; i++)
        image->bytes[at + i] &= from[i];
    return FLASH_OK;
}

static enum flash_err image_erase(void *context, uint32_t at)
{
    struct image *image = context;
    if (at % image->sector != 0 || at >= image->size)
        abort();
    memset(image->bytes + at, 0xff, image->sector);
    return FLASH_OK;
}

static enum flash_err image_sync(void *context) { return context == NULL ? FLASH_IO : FLASH_OK; }
static uint32_t image_size(void *context) { return ((struct image *)context)->size; }
static uint32_t image_sector(void *context) { return ((struct image *)context)->sector; }

static struct flash image_flash(struct image *image)
{
    return (struct flash){ image, image_size, image_sector, image_read, image_program, image_erase, image_sync };
}

static void read_all(const struct area *area)
{
    static uint8_t bytes[FLASH_BYTES];
    struct slot slot;
    if (area_find(area, &slot) == FLASH_OK && area_read(area, &slot, 0, bytes, slot.length) != FLASH_OK)
        abort();
}

/* Whatever the log holds, one more count is kept. */
static void count_once(const struct memory *memory)
{
    struct ledger before, after;
    if (ledger_open(&memory->ledger, &before) != FLASH_OK)
        abort();
    enum flash_err err = ledger_count(&before, CHARGE_COPY, 1);
    if (err == FLASH_TOO_LARGE) /* it is as high as it gets */
        return;
    if (err != FLASH_OK || ledger_open(&memory->ledger, &after) != FLASH_OK ||
        memcmp(&before.now, &after.now, sizeof after.now) != 0)
        abort();
}

/* Whatever the remote functions' memory holds, its letters can be read, and one more letter and id are kept when there is
 * room. */
static void keep_a_letter(struct image *image)
{
    static struct queue q;
    static uint8_t bytes[QUEUE_PAYLOAD];
    static const uint8_t id[SEEN_ID] = { 1, 2, 3 };
    const struct flash option = image_flash(image);
    uint32_t slot = 0;
    if (queue_open(&option, &q) != FLASH_OK)
        abort();
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++)
        if (q.entries[i].serial != 0 && queue_read(&q, i, bytes) != FLASH_OK)
            abort();
    if (queue_free(&q) != 0 && queue_put(&q, 1, (const uint8_t *)"letter", 6, &slot) == FLASH_OK &&
        (queue_open(&option, &q) != FLASH_OK || q.entries[slot].length != 6))
        abort();
    if (queue_remember(&q, id) == FLASH_OK && (queue_open(&option, &q) != FLASH_OK || !queue_knows(&q, id)))
        abort();
}

/* The input is an image from the front of the chip; what it does not cover is erased. Its first byte chooses the
 * chip, so that NVRAM records are reached too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct image chips[3];
    struct memory memory;
    struct boot boot;
    struct nvram values;
    struct slot slot;
    chips[0] = (struct image){ .size = FLASH_BYTES, .sector = FLASH_SECTOR };
    chips[1] = (struct image){ .size = NVRAM_BYTES, .sector = NVRAM_SECTOR };
    chips[2] = (struct image){ .size = OPTION_BYTES, .sector = OPTION_SECTOR };
    for (int i = 0; i < 3; i++)
        memset(chips[i].bytes, 0xff, OPTION_BYTES);
    if (size > 1) {
        struct image *chip = &chips[(data[0] & 2) != 0 ? 2 : data[0] & 1];
        memcpy(chip->bytes, data + 1, size - 1 < chip->size ? size - 1 : chip->size);
    }
    struct flash flash = image_flash(&chips[0]), nvram = image_flash(&chips[1]);
    if (memory_init(&flash, &nvram, &memory) != FLASH_OK || memory_boot(&memory, &boot) != FLASH_OK)
        abort();
    keep_a_letter(&chips[2]);
    read_all(&memory.identity);
    read_all(&memory.bootstrap);
    if (nvram_read(&memory.nvram, &values) == FLASH_OK && memchr(values.number, '\0', sizeof values.number) == NULL)
        abort();
    count_once(&memory);
    enum flash_err err = install_record(&memory.identity, (const uint8_t *)"new", 3, KIND_PLAIN, NULL, NULL, &slot);
    if (err != FLASH_OK && err != FLASH_TOO_LARGE) /* the last generation of all is in use */
        abort();
    if (memory_boot(&memory, &boot) != FLASH_OK ||
        (err == FLASH_OK && (boot.state != BOOT_INDIVIDUAL || boot.identity.at != slot.at)))
        abort();
    return 0;
}
