#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "chip.h"
#include "device/core/install.h"
#include "device/core/memory.h"
#include "device/core/nvram.h"

/* Power is cut at every byte of every write that a device ever does. Whatever was cut, the next boot finds each
 * area as it was before or as it was to become: I3, D-1, D-2. */

enum { OLD_BYTES = 900, NEW_BYTES = 1100, BOARD_BYTES = 700, MOST_BYTES = 2048 };

struct device {
    struct chip flash_chip, nvram_chip;
    struct flash flash, nvram;
    struct memory memory;
};

static void device_start(struct device *d)
{
    chip_init(&d->flash_chip, FLASH_BYTES, FLASH_SECTOR);
    chip_init(&d->nvram_chip, NVRAM_BYTES, NVRAM_SECTOR);
    d->flash = chip_flash(&d->flash_chip);
    d->nvram = chip_flash(&d->nvram_chip);
    assert_int_equal(memory_init(&d->flash, &d->nvram, &d->memory), FLASH_OK);
}

static enum flash_err write_bytes(const struct area *area, uint8_t first, uint32_t n)
{
    uint8_t bytes[MOST_BYTES];
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(first + i * 7);
    return install_record(area, bytes, n, KIND_PLAIN, NULL, NULL, NULL);
}

static enum flash_err write_number(struct device *d, const char *number)
{
    struct nvram v = { .counters = { 1, 2, 3 } };
    snprintf(v.number, sizeof v.number, "%s", number);
    return nvram_write(&d->memory.nvram, &v);
}

/* --- What lies in the device --- */

struct picture {
    enum boot_state state;
    uint32_t lengths[3]; /* identity, bootstrap, NVRAM; 0: none */
    uint8_t content[3][MOST_BYTES];
};

static void picture_area(const struct area *area, uint32_t *length, uint8_t *content)
{
    struct slot slot;
    enum flash_err err = area_find(area, &slot);
    assert_int_not_equal(err, FLASH_IO);
    if (err != FLASH_OK)
        return;
    assert_true(slot.length <= MOST_BYTES);
    assert_int_equal(area_read(area, &slot, 0, content, slot.length), FLASH_OK);
    *length = slot.length;
}

static void take_picture(const struct device *d, struct picture *ret_picture)
{
    struct boot boot;
    *ret_picture = (struct picture){ 0 };
    assert_int_equal(memory_boot(&d->memory, &boot), FLASH_OK);
    ret_picture->state = boot.state;
    const struct area *areas[3] = { &d->memory.identity, &d->memory.bootstrap, &d->memory.nvram };
    for (int i = 0; i < 3; i++)
        picture_area(areas[i], &ret_picture->lengths[i], ret_picture->content[i]);
}

static bool same(const struct picture *a, const struct picture *b) { return memcmp(a, b, sizeof *a) == 0; }

/* --- The writes of a device's life: each begins where `prepare` leaves it --- */

static enum flash_err nothing(struct device *d) { return d == NULL ? FLASH_IO : FLASH_OK; }
static enum flash_err board_write(struct device *d) { return write_bytes(&d->memory.bootstrap, 'b', BOARD_BYTES); }
static enum flash_err board_rewrite(struct device *d) { return write_bytes(&d->memory.bootstrap, 'B', BOARD_BYTES); }
static enum flash_err old_identity(struct device *d) { return write_bytes(&d->memory.identity, 'o', OLD_BYTES); }
static enum flash_err new_identity(struct device *d) { return write_bytes(&d->memory.identity, 'n', NEW_BYTES); }
static enum flash_err third_identity(struct device *d) { return write_bytes(&d->memory.identity, 't', OLD_BYTES); }
static enum flash_err old_number(struct device *d) { return write_number(d, "3012-000001"); }
static enum flash_err new_number(struct device *d) { return write_number(d, "3012-000002"); }
static enum flash_err erase_identity(struct device *d) { return area_erase(&d->memory.identity); }

static enum flash_err drop_stale(struct device *d)
{
    struct slot slot;
    enum flash_err err = area_find(&d->memory.identity, &slot);
    return err == FLASH_OK ? area_drop_stale(&d->memory.identity, &slot) : err;
}

struct scenario {
    const char *name;
    enum flash_err (*prepare[4])(struct device *d);
    enum flash_err (*act)(struct device *d);
};

static const struct scenario scenarios[] = {
    { "bootstrap write", { old_number }, board_write },
    { "bootstrap rewrite", { old_number, board_write }, board_rewrite },
    { "first identity", { old_number, board_write }, old_identity },
    { "renewal", { old_number, board_write, old_identity }, new_identity },
    { "renewal over a stale identity", { board_write, old_identity, new_identity }, third_identity },
    { "stale identity dropped", { board_write, old_identity, new_identity }, drop_stale },
    { "erasure of the only identity", { old_number, board_write, old_identity }, erase_identity },
    { "erasure of two identities", { board_write, old_identity, new_identity }, erase_identity },
    { "first NVRAM record", { board_write }, old_number },
    { "NVRAM update", { board_write, old_identity, old_number }, new_number },
    { "second NVRAM update", { board_write, new_number, old_number }, new_number },
};

static void prepare(const struct scenario *s, struct device *d)
{
    device_start(d);
    for (int i = 0; i < 4 && s->prepare[i] != NULL; i++)
        assert_int_equal(s->prepare[i](d), FLASH_OK);
    assert_int_equal(nothing(d), FLASH_OK);
}

struct way {
    bool garble;
    enum chip_forget forget;
};

static const struct way ways[] = {
    { false, CHIP_KEEPS }, { true, CHIP_KEEPS }, { false, CHIP_FORGETS }, { true, CHIP_MIXES }, { false, CHIP_MIXES },
};
enum { WAYS = sizeof ways / sizeof *ways, SCENARIOS = sizeof scenarios / sizeof *scenarios };

static void arm(struct device *d, int64_t budget, const struct way *way, uint32_t seed)
{
    struct chip *chips[2] = { &d->flash_chip, &d->nvram_chip };
    for (int i = 0; i < 2; i++) {
        chips[i]->budget = budget;
        chips[i]->garble = way->garble;
        chips[i]->forget = way->forget;
        chips[i]->seed = seed;
    }
}

static void power_on(struct device *d)
{
    chip_power_on(&d->flash_chip);
    chip_power_on(&d->nvram_chip);
}

static int64_t spent(const struct device *d) { return d->flash_chip.spent + d->nvram_chip.spent; }

struct bounds {
    struct picture before, after;
    struct device ready; /* prepared, to be copied for each cut */
    int64_t bytes;       /* that the act programs and erases */
};

/* The copy's areas must point at its own chips. */
static void device_copy(const struct device *from, struct device *to)
{
    *to = *from;
    to->flash = chip_flash(&to->flash_chip);
    to->nvram = chip_flash(&to->nvram_chip);
    assert_int_equal(memory_init(&to->flash, &to->nvram, &to->memory), FLASH_OK);
}

static void measure(const struct scenario *s, struct bounds *b, struct device *work)
{
    prepare(s, &b->ready);
    device_copy(&b->ready, work);
    take_picture(work, &b->before);
    int64_t start = spent(work);
    assert_int_equal(s->act(work), FLASH_OK);
    b->bytes = spent(work) - start;
    take_picture(work, &b->after);
    assert_false(work->flash_chip.rules_broken || work->nvram_chip.rules_broken);
}

static void assert_old_or_new(const struct scenario *s, const struct bounds *b, const struct device *d, int64_t cut)
{
    struct picture found;
    take_picture(d, &found);
    if (!same(&found, &b->before) && !same(&found, &b->after))
        fail_msg("%s cut at byte %lld of %lld: neither the old state nor the new one", s->name, (long long)cut,
                 (long long)b->bytes);
}

/* I3, D-1, D-2 */
static void power_cut_at_every_byte_leaves_the_old_record_or_the_new_one(void **state)
{
    (void)state;
    static struct bounds b;
    static struct device work;
    for (int i = 0; i < SCENARIOS; i++) {
        measure(&scenarios[i], &b, &work);
        for (int64_t cut = 0; cut < b.bytes; cut++) {
            device_copy(&b.ready, &work);
            arm(&work, cut, &ways[cut % WAYS], (uint32_t)cut);
            enum flash_err err = scenarios[i].act(&work);
            assert_int_not_equal(err, FLASH_OK);
            power_on(&work);
            assert_old_or_new(&scenarios[i], &b, &work, cut);
        }
    }
}

/* The last bytes are where the commit record lies: each of them in each way, many seeds. */
static void power_cut_in_the_commit_record_in_every_way_leaves_the_old_record_or_the_new_one(void **state)
{
    (void)state;
    static struct bounds b;
    static struct device work;
    for (int i = 0; i < SCENARIOS; i++) {
        measure(&scenarios[i], &b, &work);
        for (int64_t cut = b.bytes > 20 ? b.bytes - 20 : 0; cut < b.bytes; cut++) {
            for (uint32_t seed = 0; seed < 4 * WAYS; seed++) {
                device_copy(&b.ready, &work);
                arm(&work, cut, &ways[seed % WAYS], seed + 77);
                assert_int_not_equal(scenarios[i].act(&work), FLASH_OK);
                power_on(&work);
                assert_old_or_new(&scenarios[i], &b, &work, cut);
            }
        }
    }
}

/* The recovery after a cut is the same act again; it is cut too, then done. */
static void power_cut_in_the_recovery_too_leaves_the_old_record_or_the_new_one(void **state)
{
    (void)state;
    static struct bounds b;
    static struct device work;
    for (int i = 0; i < SCENARIOS; i++) {
        measure(&scenarios[i], &b, &work);
        for (int64_t cut = 0; cut < b.bytes; cut += 307) {
            for (int64_t second = 0; second < b.bytes; second += 211) {
                device_copy(&b.ready, &work);
                arm(&work, cut, &ways[cut % WAYS], (uint32_t)cut);
                (void)scenarios[i].act(&work);
                power_on(&work);
                arm(&work, second, &ways[second % WAYS], (uint32_t)second + 5);
                (void)scenarios[i].act(&work);
                power_on(&work);
                assert_old_or_new(&scenarios[i], &b, &work, cut);
                assert_false(work.flash_chip.rules_broken);
            }
            assert_int_equal(scenarios[i].act(&work), FLASH_OK);
            assert_false(work.flash_chip.rules_broken);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cut_at_every_byte_leaves_the_old_record_or_the_new_one),
        cmocka_unit_test(power_cut_in_the_commit_record_in_every_way_leaves_the_old_record_or_the_new_one),
        cmocka_unit_test(power_cut_in_the_recovery_too_leaves_the_old_record_or_the_new_one),
    };
    return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
