#include "nvram.h"

#include "bytes.h"
#include "install.h"

/* Fields in their order on the chip; texts and bytes first, the counters behind. */
#define FIELDS(F)                                                                                                                \
    F(number, true)                                                                                                              \
    F(board, true) F(operation, true) F(application, true) F(bootstrap_model, true) F(bootstrap_fingerprint, false)

struct field {
    uint32_t offset, size;
    bool text;
};

static const struct field fields[] = {
#define F(name, text) { offsetof(struct nvram, name), sizeof(((struct nvram *)0)->name), text },
    FIELDS(F)
#undef F
};

enum { FIELDS_N = sizeof fields / sizeof *fields, COUNTER_BYTES = 8 * NVRAM_COUNTER_ROOM };

static uint32_t record_size(void)
{
    uint32_t n = COUNTER_BYTES;
    for (int i = 0; i < FIELDS_N; i++)
        n += fields[i].size;
    return n;
}

static void end_text(char *text, uint32_t size)
{
    if (text[size - 1] != '\0')
        text[0] = '\0';
}

enum flash_err nvram_read(const struct area *area, struct nvram *ret_nvram)
{
    struct nvram v;
    struct slot slot;
    uint8_t counters[COUNTER_BYTES];
    uint32_t offset = 0;
    enum flash_err err = area_find(area, &slot);
    if (err == FLASH_OK && slot.length != record_size())
        err = FLASH_EMPTY;
    for (int i = 0; err == FLASH_OK && i < FIELDS_N; i++) {
        uint8_t *to = (uint8_t *)&v + fields[i].offset;
        err = area_read(area, &slot, offset, to, fields[i].size);
        if (err == FLASH_OK && fields[i].text)
            end_text((char *)to, fields[i].size);
        offset += fields[i].size;
    }
    if (err == FLASH_OK)
        err = area_read(area, &slot, offset, counters, COUNTER_BYTES);
    if (err != FLASH_OK)
        return err;
    for (int i = 0; i < NVRAM_COUNTER_ROOM; i++)
        v.counters[i] = get_u64(counters + 8 * i);
    *ret_nvram = v;
    return FLASH_OK;
}

enum flash_err nvram_write(const struct area *area, const struct nvram *nvram)
{
    struct install in;
    uint8_t counters[COUNTER_BYTES];
    for (int i = 0; i < NVRAM_COUNTER_ROOM; i++)
        put_u64(counters + 8 * i, nvram->counters[i]);
    enum flash_err err = install_begin(&in, area, record_size(), 0);
    for (int i = 0; err == FLASH_OK && i < FIELDS_N; i++)
        err = install_push(&in, (const uint8_t *)nvram + fields[i].offset, fields[i].size);
    if (err == FLASH_OK)
        err = install_push(&in, counters, COUNTER_BYTES);
    if (err == FLASH_OK)
        err = install_compare(&in);
    if (err == FLASH_OK)
        err = install_verify(&in, NULL, NULL);
    return err == FLASH_OK ? install_commit(&in) : err;
}
