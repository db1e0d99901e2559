#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip.h"
#include "device/core/crc.h"
#include "device/core/install.h"
#include "device/core/memory.h"
#include "device/core/nvram.h"

static struct chip flash_chip, nvram_chip;
static struct flash flash, nvram;
static struct memory memory;

static void start(void)
{
    chip_init(&flash_chip, FLASH_BYTES, FLASH_SECTOR);
    chip_init(&nvram_chip, NVRAM_BYTES, NVRAM_SECTOR);
    flash = chip_flash(&flash_chip);
    nvram = chip_flash(&nvram_chip);
    assert_int_equal(memory_init(&flash, &nvram, &memory), FLASH_OK);
}

static enum flash_err put(const struct area *area, const char *text)
{
    return install_record(area, (const uint8_t *)text, (uint32_t)strlen(text), KIND_PLAIN, NULL, NULL, NULL);
}

static void assert_holds(const struct area *area, const char *text)
{
    struct slot slot;
    char found[64] = "";
    assert_int_equal(area_find(area, &slot), FLASH_OK);
    assert_int_equal(slot.length, strlen(text));
    assert_int_equal(area_read(area, &slot, 0, (uint8_t *)found, slot.length), FLASH_OK);
    assert_string_equal(found, text);
}

static void checksum_is_the_known_one(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(0, (const uint8_t *)"123456789", 9), 0xcbf43926);
    assert_int_equal(crc32_add(crc32_add(0, (const uint8_t *)"1234", 4), (const uint8_t *)"56789", 5), 0xcbf43926);
}

/* D-1 */
static void boot_picks_identity_before_bootstrap_before_blank(void **state)
{
    (void)state;
    struct boot boot;
    start();
    assert_int_equal(memory_boot(&memory, &boot), FLASH_OK);
    assert_int_equal(boot.state, BOOT_BLANK);
    assert_int_equal(put(&memory.bootstrap, "board"), FLASH_OK);
    assert_int_equal(memory_boot(&memory, &boot), FLASH_OK);
    assert_int_equal(boot.state, BOOT_BOOTSTRAP);
    assert_int_equal(put(&memory.identity, "first"), FLASH_OK);
    assert_int_equal(memory_boot(&memory, &boot), FLASH_OK);
    assert_int_equal(boot.state, BOOT_INDIVIDUAL);
    assert_int_equal(boot.identity.generation, 1);
    assert_holds(&memory.bootstrap, "board");
}

/* D-1 */
static void the_higher_generation_is_in_force_and_its_rot_brings_back_the_other(void **state)
{
    (void)state;
    struct slot slot;
    start();
    assert_int_equal(put(&memory.identity, "first"), FLASH_OK);
    assert_int_equal(put(&memory.identity, "second"), FLASH_OK);
    assert_holds(&memory.identity, "second");
    assert_int_equal(area_find(&memory.identity, &slot), FLASH_OK);
    flash_chip.now[slot.at + SLOT_PAYLOAD_AT] ^= 1;
    assert_holds(&memory.identity, "first");
}

static void a_record_that_would_not_fit_is_refused(void **state)
{
    (void)state;
    struct install in;
    start();
    assert_int_equal(install_begin(&in, &memory.identity, area_capacity(&memory.identity) + 1, 0), FLASH_TOO_LARGE);
    assert_int_equal(install_begin(&in, &memory.identity, 3, 0), FLASH_OK);
    assert_int_equal(install_push(&in, (const uint8_t *)"four", 4), FLASH_TOO_LARGE);
}

static void bytes_in_any_cut_make_the_same_record(void **state)
{
    (void)state;
    struct install in;
    const char *text = "a record of bytes in any cut";
    uint32_t n = (uint32_t)strlen(text);
    for (uint32_t cut = 1; cut <= n; cut++) {
        start();
        assert_int_equal(install_begin(&in, &memory.identity, n, 0), FLASH_OK);
        for (uint32_t at = 0; at < n; at += cut)
            assert_int_equal(install_push(&in, (const uint8_t *)text + at, n - at < cut ? n - at : cut), FLASH_OK);
        assert_int_equal(install_compare(&in), FLASH_OK);
        assert_int_equal(install_verify(&in, NULL, NULL), FLASH_OK);
        assert_int_equal(install_commit(&in), FLASH_OK);
        assert_holds(&memory.identity, text);
    }
}

static enum flash_err says_no(void *context, const struct area *area, const struct slot *slot)
{
    struct slot found;
    (void)slot;
    *(enum flash_err *)context = area_find(area, &found);
    return FLASH_REFUSED;
}

/* I3: judged before the commit record, on what lies in the flash */
static void a_record_that_the_verifier_refuses_never_comes_into_force(void **state)
{
    (void)state;
    enum flash_err seen = FLASH_OK;
    start();
    assert_int_equal(install_record(&memory.identity, (const uint8_t *)"bad", 3, 0, says_no, &seen, NULL), FLASH_REFUSED);
    assert_int_equal(seen, FLASH_EMPTY);
    struct slot slot;
    assert_int_equal(area_find(&memory.identity, &slot), FLASH_EMPTY);
    assert_int_equal(put(&memory.identity, "good"), FLASH_OK);
    assert_int_equal(install_record(&memory.identity, (const uint8_t *)"bad", 3, 0, says_no, &seen, NULL), FLASH_REFUSED);
    assert_holds(&memory.identity, "good");
}

static void steps_out_of_order_are_refused(void **state)
{
    (void)state;
    struct install in;
    start();
    assert_int_equal(install_begin(&in, &memory.identity, 2, 0), FLASH_OK);
    assert_int_equal(install_commit(&in), FLASH_ORDER);
    assert_int_equal(install_begin(&in, &memory.identity, 2, 0), FLASH_OK);
    assert_int_equal(install_compare(&in), FLASH_ORDER);
    assert_int_equal(install_begin(&in, &memory.identity, 0, 0), FLASH_OK);
    assert_int_equal(install_compare(&in), FLASH_OK);
    assert_int_equal(install_commit(&in), FLASH_ORDER);
    assert_int_equal(install_push(&in, (const uint8_t *)"x", 1), FLASH_ORDER);
    struct slot slot;
    assert_int_equal(area_find(&memory.identity, &slot), FLASH_EMPTY);
}

static enum flash_err is_durable(void *context, const struct area *area, const struct slot *slot)
{
    (void)context;
    uint32_t n = SLOT_PAYLOAD_AT + slot->length;
    return area->bytes >= n && memcmp(flash_chip.now + slot->at, flash_chip.durable + slot->at, n) == 0 ? FLASH_OK : FLASH_REFUSED;
}

/* I3: what is judged is what the chip keeps, not what waits to be written */
static void a_record_is_durable_before_it_is_judged(void **state)
{
    (void)state;
    start();
    assert_int_equal(install_record(&memory.identity, (const uint8_t *)"first", 5, 0, is_durable, NULL, NULL), FLASH_OK);
    assert_holds(&memory.identity, "first");
}

static enum flash_err was_asked(void *context, const struct area *area, const struct slot *slot)
{
    (void)area, (void)slot;
    *(bool *)context = true;
    return FLASH_REFUSED;
}

/* F-14: bytes that read back different are the memory's fault: nobody judges them as if they had come so. */
static void a_record_that_reads_back_different_is_not_judged(void **state)
{
    (void)state;
    static const long broken[] = { 0, SLOT_HEAD - 1, SLOT_PAYLOAD_AT, SLOT_PAYLOAD_AT + 63 };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        uint8_t bytes[64] = { 0 };
        bool asked = false;
        start();
        flash_chip.broken_at = broken[i];
        assert_int_equal(install_record(&memory.identity, bytes, sizeof bytes, 0, was_asked, &asked, NULL), FLASH_DIFFERS);
        assert_false(asked);
    }
}

/* F-14: what was written is checked */
static void a_cell_that_takes_no_programming_is_found_by_reading_back(void **state)
{
    (void)state;
    for (long broken = 0; broken < 100; broken++) {
        start();
        uint8_t bytes[64];
        memset(bytes, 0, sizeof bytes);
        flash_chip.broken_at = broken;
        enum flash_err err = install_record(&memory.identity, bytes, sizeof bytes, 0, NULL, NULL, NULL);
        bool matters = flash_chip.now[broken] == 0xff && (broken < SLOT_HEAD || broken >= SLOT_COMMIT_AT) &&
                       (broken < SLOT_COMMIT_AT + SLOT_COMMIT || broken >= SLOT_PAYLOAD_AT);
        struct slot slot;
        if (err == FLASH_OK)
            assert_int_equal(area_find(&memory.identity, &slot), FLASH_OK);
        else
            assert_true(matters && err == FLASH_DIFFERS);
        if (broken >= SLOT_PAYLOAD_AT)
            assert_int_equal(err, FLASH_DIFFERS);
    }
}

static void an_erased_area_is_empty_and_blank(void **state)
{
    (void)state;
    struct slot slot;
    start();
    assert_int_equal(put(&memory.identity, "first"), FLASH_OK);
    assert_int_equal(put(&memory.identity, "second"), FLASH_OK);
    assert_int_equal(area_erase(&memory.identity), FLASH_OK);
    assert_int_equal(area_find(&memory.identity, &slot), FLASH_EMPTY);
    for (uint32_t i = 0; i < 0x8000; i++)
        assert_int_equal(flash_chip.now[i], 0xff);
}

/* An older private key does not stay in the flash (I2). */
static void a_dropped_stale_record_leaves_no_byte(void **state)
{
    (void)state;
    struct slot slot;
    start();
    assert_int_equal(put(&memory.identity, "first"), FLASH_OK);
    assert_int_equal(put(&memory.identity, "second"), FLASH_OK);
    assert_int_equal(area_find(&memory.identity, &slot), FLASH_OK);
    assert_int_equal(area_drop_stale(&memory.identity, &slot), FLASH_OK);
    assert_null(memmem(flash_chip.now, FLASH_BYTES, "first", 5));
    assert_holds(&memory.identity, "second");
}

/* D-2 */
static void the_nvram_keeps_number_values_counters_and_bootstrap_information(void **state)
{
    (void)state;
    start();
    struct nvram in = { .number = "3012-123456",
                        .board = "B-1",
                        .operation = "sleep=60\n",
                        .application = "tray=A4\n",
                        .bootstrap_model = "3012",
                        .bootstrap_fingerprint = { 1, 2 },
                        .counters = { [NVRAM_CHARGE] = 1ull << 40 } };
    struct nvram out;
    assert_int_equal(nvram_read(&memory.nvram, &out), FLASH_EMPTY);
    assert_int_equal(nvram_write(&memory.nvram, &in), FLASH_OK);
    assert_int_equal(nvram_read(&memory.nvram, &out), FLASH_OK);
    assert_memory_equal(&in, &out, sizeof in);
}

static void a_chip_of_another_geometry_is_refused(void **state)
{
    (void)state;
    start();
    flash_chip.size = FLASH_BYTES / 2;
    assert_int_equal(memory_init(&flash, &nvram, &memory), FLASH_TOO_LARGE);
    flash_chip.size = FLASH_BYTES;
    flash_chip.sector = 3000;
    assert_int_equal(memory_init(&flash, &nvram, &memory), FLASH_TOO_LARGE);
}

/* The core is for boards without an operating system: no header of ours from outside, nothing hosted. */
static void the_core_compiles_by_itself(void **state)
{
    (void)state;
    static const char *const files[] = { "area", "crc", "install", "memory", "nvram" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char command[512];
        snprintf(command, sizeof command,
                 "cc -std=c17 -Wall -Wextra -Wconversion -Werror -ffreestanding -c %s/src/device/core/%s.c -o /dev/null",
                 getenv("SOURCE_ROOT"), files[i]);
        assert_int_equal(system(command), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_is_the_known_one),
        cmocka_unit_test(boot_picks_identity_before_bootstrap_before_blank),
        cmocka_unit_test(the_higher_generation_is_in_force_and_its_rot_brings_back_the_other),
        cmocka_unit_test(a_record_that_would_not_fit_is_refused),
        cmocka_unit_test(bytes_in_any_cut_make_the_same_record),
        cmocka_unit_test(a_record_that_the_verifier_refuses_never_comes_into_force),
        cmocka_unit_test(steps_out_of_order_are_refused),
        cmocka_unit_test(a_record_is_durable_before_it_is_judged),
        cmocka_unit_test(a_record_that_reads_back_different_is_not_judged),
        cmocka_unit_test(a_cell_that_takes_no_programming_is_found_by_reading_back),
        cmocka_unit_test(an_erased_area_is_empty_and_blank),
        cmocka_unit_test(a_dropped_stale_record_leaves_no_byte),
        cmocka_unit_test(the_nvram_keeps_number_values_counters_and_bootstrap_information),
        cmocka_unit_test(a_chip_of_another_geometry_is_refused),
        cmocka_unit_test(the_core_compiles_by_itself),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
