#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "chip.h"
#include "device/core/memory.h"
#include "device/core/nvram.h"

/* The log of counters, epoch, readings and session in the NVRAM: D-2, M-5. */

struct device {
    struct chip flash_chip, nvram_chip;
    struct flash flash, nvram;
    struct memory memory;
    struct ledger ledger;
};

static void device_open(struct device *d)
{
    d->flash = chip_flash(&d->flash_chip);
    d->nvram = chip_flash(&d->nvram_chip);
    assert_int_equal(memory_init(&d->flash, &d->nvram, &d->memory), FLASH_OK);
    assert_int_equal(ledger_open(&d->memory.ledger, &d->ledger), FLASH_OK);
}

static void device_start(struct device *d)
{
    chip_init(&d->flash_chip, FLASH_BYTES, FLASH_SECTOR);
    chip_init(&d->nvram_chip, NVRAM_BYTES, NVRAM_SECTOR);
    device_open(d);
}

static enum flash_err session(struct ledger *l, unsigned n)
{
    uint8_t token[LEDGER_TOKEN] = { 0 }, nonce[LEDGER_NONCE];
    snprintf((char *)token, sizeof token, "token-%u", n);
    memset(nonce, (int)n, sizeof nonce);
    return ledger_set_session(l, token, nonce);
}

/* A device's life, step by step; each is one change. */
static enum flash_err step(struct ledger *l, unsigned n)
{
    switch (n % 5) {
    case 0: return ledger_count(l, CHARGE_COPY, n);
    case 1: return session(l, n);
    case 2: return ledger_set(l, LEDGER_EPOCH, l->now.values[LEDGER_EPOCH] + 1);
    case 3: return ledger_set_reading(l, l->now.values[LEDGER_READINGS] + 1, l->now.values[LEDGER_EPOCH]);
    default: return ledger_count(l, CHARGE_WATER, 1000);
    }
}

static bool same(const struct ledger_state *a, const struct ledger_state *b) { return memcmp(a, b, sizeof *a) == 0; }

static void a_blank_memory_has_nothing_counted(void **state)
{
    (void)state;
    static struct device d;
    const struct ledger_state nothing = { 0 };
    device_start(&d);
    assert_true(d.ledger.blank && same(&d.ledger.now, &nothing));
}

/* M-5 */
static void what_was_counted_is_there_after_a_start(void **state)
{
    (void)state;
    static struct device d;
    device_start(&d);
    for (unsigned n = 0; n < 500; n++) {
        assert_int_equal(step(&d.ledger, n), FLASH_OK);
        struct ledger_state said = d.ledger.now;
        device_open(&d);
        assert_true(same(&said, &d.ledger.now));
    }
    assert_int_equal(d.ledger.now.values[CHARGE_WATER], 100 * 1000);
    assert_int_equal(d.ledger.now.values[LEDGER_EPOCH], 100);
    assert_int_equal(d.ledger.now.values[LEDGER_READINGS], 100);
    assert_int_equal(d.ledger.now.values[LEDGER_READ_EPOCH], 100);
    assert_string_equal((char *)d.ledger.now.token, "token-496");
    assert_false(d.nvram_chip.rules_broken);
}

struct way {
    bool garble;
    enum chip_forget forget;
};
static const struct way ways[] = {
    { false, CHIP_KEEPS }, { true, CHIP_KEEPS }, { false, CHIP_FORGETS }, { true, CHIP_MIXES }, { false, CHIP_MIXES },
};
enum { WAYS = sizeof ways / sizeof *ways, LIFE = 60 };

static void arm(struct device *d, int64_t budget, unsigned way, uint32_t seed)
{
    d->nvram_chip.budget = budget;
    d->nvram_chip.garble = ways[way].garble;
    d->nvram_chip.forget = ways[way].forget;
    d->nvram_chip.seed = seed;
}

static void copy_device(const struct device *from, struct device *to)
{
    *to = *from;
    device_open(to);
}

static void assert_life_goes_on(struct device *d, const struct ledger_state *before, const struct ledger_state *after, unsigned n)
{
    device_open(d);
    if (!same(&d->ledger.now, before) && !same(&d->ledger.now, after))
        fail_msg("step %u: neither the old state nor the new one", n);
    struct ledger_state goal = *after;
    if (same(&d->ledger.now, before))
        assert_int_equal(step(&d->ledger, n), FLASH_OK);
    device_open(d);
    assert_true(same(&d->ledger.now, &goal));
    assert_false(d->nvram_chip.rules_broken);
}

/* D-2, M-5: cut at every byte of every change in a life that goes round the ring, in each way; then life goes on */
static void power_cut_at_every_byte_leaves_the_count_before_or_after(void **state)
{
    (void)state;
    static struct device d, work;
    device_start(&d);
    for (unsigned n = 0; n < LIFE; n++) {
        copy_device(&d, &work);
        int64_t start = work.nvram_chip.spent;
        assert_int_equal(step(&work.ledger, n), FLASH_OK);
        int64_t bytes = work.nvram_chip.spent - start;
        struct ledger_state before = d.ledger.now, after = work.ledger.now;
        for (int64_t cut = 0; cut < bytes; cut++) {
            copy_device(&d, &work);
            arm(&work, cut, (unsigned)(cut + n) % WAYS, (uint32_t)(cut * 7 + n));
            assert_int_not_equal(step(&work.ledger, n), FLASH_OK);
            chip_power_on(&work.nvram_chip);
            assert_life_goes_on(&work, &before, &after, n);
        }
        assert_int_equal(step(&d.ledger, n), FLASH_OK);
    }
}

/* D-2: a worn cell in the middle of the ring costs a sector, never a count */
static void a_sector_that_does_not_take_a_record_is_passed_over(void **state)
{
    (void)state;
    static struct device d;
    device_start(&d);
    d.nvram_chip.broken_at = (long)d.memory.ledger.at[2] + 5;
    for (unsigned n = 0; n < 1000; n++) {
        assert_int_equal(step(&d.ledger, n), FLASH_OK);
        struct ledger_state said = d.ledger.now;
        device_open(&d);
        assert_true(same(&said, &d.ledger.now));
    }
    assert_int_equal(d.ledger.now.values[CHARGE_WATER], 200 * 1000);
}

/* D-2: the figures of doc/protocol/flash.md: 21 counts to an erasure, 168 to one of each sector */
static void counts_wear_the_sectors_evenly(void **state)
{
    (void)state;
    enum { COUNTS = 100000, PER_SECTOR = 21 };
    static struct device d;
    device_start(&d);
    for (unsigned n = 0; n < COUNTS; n++)
        assert_int_equal(ledger_count(&d.ledger, CHARGE_PRINT, 1), FLASH_OK);
    uint32_t least = UINT32_MAX, most = 0, all = 0;
    for (uint32_t i = 0; i < d.memory.ledger.sectors; i++) {
        uint32_t n = d.nvram_chip.erases[d.memory.ledger.at[i] / NVRAM_SECTOR];
        least = n < least ? n : least;
        most = n > most ? n : most;
        all += n;
    }
    assert_true(most - least <= 1);
    assert_true(all <= COUNTS / PER_SECTOR + 1);
}

/* Folders from before the log keep working: their NVRAM record lies where it did, and the log begins blank. */
static void a_memory_from_before_the_log_still_reads(void **state)
{
    (void)state;
    static struct device d;
    struct nvram values = { .number = "3012-000001", .counters = { 0, 7 } }, found;
    device_start(&d);
    struct area old = d.memory.nvram;
    old.bytes = 0x1000;
    assert_int_equal(nvram_write(&old, &values), FLASH_OK);
    assert_int_equal(nvram_write(&old, &values), FLASH_OK);
    device_open(&d);
    assert_true(d.ledger.blank);
    assert_int_equal(session(&d.ledger, 1), FLASH_OK);
    assert_int_equal(nvram_read(&d.memory.nvram, &found), FLASH_OK);
    assert_string_equal(found.number, "3012-000001");
    assert_int_equal(nvram_write(&d.memory.nvram, &values), FLASH_OK);
    device_open(&d);
    assert_string_equal((char *)d.ledger.now.token, "token-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blank_memory_has_nothing_counted),
        cmocka_unit_test(what_was_counted_is_there_after_a_start),
        cmocka_unit_test(power_cut_at_every_byte_leaves_the_count_before_or_after),
        cmocka_unit_test(a_sector_that_does_not_take_a_record_is_passed_over),
        cmocka_unit_test(counts_wear_the_sectors_evenly),
        cmocka_unit_test(a_memory_from_before_the_log_still_reads),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
