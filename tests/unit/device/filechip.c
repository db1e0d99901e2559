#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/core/install.h"
#include "device/core/memory.h"
#include "device/filechip.h"

static char path[] = "/tmp/nameplate-chip-XXXXXX";
static struct test_only_faults faults = { .cut_after = -1 };
static struct filechip chip;
static struct flash flash;

static int start(void **state)
{
    struct why why;
    (void)state;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    close(fd);
    unlink(path);
    faults = (struct test_only_faults){ .cut_after = -1 };
    assert_ok(filechip_create(path, FLASH_BYTES, &why));
    assert_ok(filechip_open(path, FLASH_BYTES, FLASH_SECTOR, true, &faults, &chip, &why));
    flash = filechip_flash(&chip);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    filechip_close(&chip);
    unlink(path);
    return 0;
}

static void programming_only_clears_bits_and_erasing_sets_them(void **state)
{
    (void)state;
    uint8_t byte = 0;
    assert_int_equal(flash.program(&chip, 10, (const uint8_t *)"\x5a", 1), FLASH_OK);
    assert_int_equal(flash.program(&chip, 10, (const uint8_t *)"\xff", 1), FLASH_IO);
    assert_int_equal(flash.program(&chip, 10, (const uint8_t *)"\x50", 1), FLASH_OK);
    assert_int_equal(flash.read(&chip, 10, &byte, 1), FLASH_OK);
    assert_int_equal(byte, 0x50);
    assert_int_equal(flash.erase(&chip, 0), FLASH_OK);
    assert_int_equal(flash.erase(&chip, 1), FLASH_IO);
    assert_int_equal(flash.read(&chip, 10, &byte, 1), FLASH_OK);
    assert_int_equal(byte, 0xff);
}

/* F-14: the device checks what it wrote */
static void a_failed_write_is_found_and_the_next_one_works(void **state)
{
    (void)state;
    const struct area area = { &flash, 0x4e454449, { 0x0000, 0x4000 }, 0x4000 };
    uint8_t bytes[200] = { 0 };
    faults.fail_write = true;
    assert_int_equal(install_record(&area, bytes, sizeof bytes, 0, NULL, NULL, NULL), FLASH_DIFFERS);
    assert_int_equal(install_record(&area, bytes, sizeof bytes, 0, NULL, NULL, NULL), FLASH_OK);
}

static void a_power_cut_stops_at_its_byte_and_stays_off(void **state)
{
    (void)state;
    uint8_t bytes[8] = { 0 }, found[8];
    faults.cut_after = 5;
    assert_int_equal(flash.program(&chip, 0, bytes, 4), FLASH_OK);
    assert_int_equal(flash.program(&chip, 4, bytes, 4), FLASH_IO);
    assert_int_equal(flash.read(&chip, 0, found, 8), FLASH_IO);
    assert_int_equal(flash.sync(&chip), FLASH_IO);
    faults = (struct test_only_faults){ .cut_after = -1 };
    assert_int_equal(flash.read(&chip, 0, found, 8), FLASH_OK);
    assert_memory_equal(found, "\0\0\0\0\0\xff\xff\xff", 8);
}

static int synced_fd, syncs;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    synced_fd = fd;
    syncs++;
    return __real_fsync(fd);
}

/* I9; while a new device is made, its maker syncs once at the end. */
static void a_sync_reaches_the_disk(void **state)
{
    (void)state;
    syncs = 0;
    assert_int_equal(flash.program(&chip, 0, (const uint8_t *)"\x5a", 1), FLASH_OK);
    assert_int_equal(flash.sync(&chip), FLASH_OK);
    assert_true(syncs == 1 && synced_fd == chip.fd);
    chip.sync_later = true;
    assert_int_equal(flash.sync(&chip), FLASH_OK);
    assert_int_equal(syncs, 1);
}

static void a_file_of_another_size_is_no_chip(void **state)
{
    (void)state;
    struct filechip other;
    struct why why;
    assert_err(filechip_open(path, FLASH_BYTES / 2, FLASH_SECTOR, false, &faults, &other, &why), ERR_DAMAGED);
    assert_err(filechip_create(path, FLASH_BYTES, &why), ERR_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(programming_only_clears_bits_and_erasing_sets_them, start, stop),
        cmocka_unit_test_setup_teardown(a_failed_write_is_found_and_the_next_one_works, start, stop),
        cmocka_unit_test_setup_teardown(a_power_cut_stops_at_its_byte_and_stays_off, start, stop),
        cmocka_unit_test_setup_teardown(a_sync_reaches_the_disk, start, stop),
        cmocka_unit_test_setup_teardown(a_file_of_another_size_is_no_chip, start, stop),
    };
    return cmocka_run_group_tests_name("filechip", tests, NULL, NULL);
}
