#include "../test.h"

#include <stdlib.h>
#include <string.h>

#include "device/core/loader.h"
#include "device/core/queue.h"
#include "device/core/software.h"
#include "device/resource.h"

/* The remote functions' memory (D-3), the boot loader's choice (D-4), the layers (D-5), cut at any byte. */

struct image {
    uint8_t *now;
    uint32_t size;
    int64_t budget; /* bytes until the power goes; -1: never */
    bool off;
    int64_t spent;
};

static bool spend(struct image *i)
{
    i->off = i->off || i->budget == 0;
    if (i->off)
        return false;
    i->budget -= i->budget > 0;
    i->spent++;
    return true;
}

static enum flash_err image_read(void *chip, uint32_t at, uint8_t *to, uint32_t n)
{
    const struct image *i = chip;
    memcpy(to, i->now + at, n);
    return i->off ? FLASH_IO : FLASH_OK;
}

static enum flash_err image_program(void *chip, uint32_t at, const uint8_t *from, uint32_t n)
{
    struct image *i = chip;
    for (uint32_t k = 0; k < n; k++) {
        assert_int_equal(from[k] & ~i->now[at + k], 0);
        if (!spend(i))
            return FLASH_IO;
        i->now[at + k] &= from[k];
    }
    return FLASH_OK;
}

static enum flash_err image_erase(void *chip, uint32_t at)
{
    struct image *i = chip;
    for (uint32_t k = 0; k < OPTION_SECTOR; k++) {
        if (!spend(i))
            return FLASH_IO;
        i->now[at + k] = 0xff;
    }
    return FLASH_OK;
}

static enum flash_err image_sync(void *chip) { return ((struct image *)chip)->off ? FLASH_IO : FLASH_OK; }
static uint32_t image_size(void *chip) { return ((struct image *)chip)->size; }
static uint32_t image_sector(void *chip) { return chip == NULL ? 0 : OPTION_SECTOR; }

static struct flash image_new(struct image *i, uint32_t size)
{
    *i = (struct image){ .now = malloc(size), .size = size, .budget = -1 };
    assert_non_null(i->now);
    memset(i->now, 0xff, size);
    return (struct flash){ i, image_size, image_sector, image_read, image_program, image_erase, image_sync };
}

static void power_on(struct image *i)
{
    i->budget = -1;
    i->off = false;
}

static void fill(uint8_t *bytes, uint32_t n, uint8_t seed)
{
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(seed + i * 3);
}

/* --- Queue --- */

/* D-3, I9: a letter is there whole or not at all; the others stay */
static void a_letter_cut_at_any_byte_is_whole_or_not_there(void **state)
{
    (void)state;
    enum { N = 300 };
    struct image image;
    static struct queue q;
    uint8_t old[N], letter[N], found[N];
    const struct flash flash = image_new(&image, OPTION_BYTES);
    fill(old, N, 1);
    fill(letter, N, 2);
    for (int64_t cut = 0;; cut++) {
        uint32_t kept = 0, slot = QUEUE_SLOTS;
        memset(image.now, 0xff, image.size);
        assert_int_equal(queue_open(&flash, &q), FLASH_OK);
        assert_int_equal(queue_put(&q, 1, old, N, &kept), FLASH_OK);
        image.budget = cut;
        enum flash_err err = queue_put(&q, 2, letter, N, &slot);
        power_on(&image);
        assert_int_equal(queue_open(&flash, &q), FLASH_OK);
        assert_int_equal(queue_read(&q, kept, found), FLASH_OK);
        assert_memory_equal(found, old, N);
        assert_true(queue_free(&q) == QUEUE_SLOTS - 1 || err == FLASH_OK);
        assert_int_equal(queue_put(&q, 3, letter, N, &slot), FLASH_OK);
        assert_int_equal(queue_read(&q, slot, found), FLASH_OK);
        assert_memory_equal(found, letter, N);
        if (err == FLASH_OK)
            break;
    }
    free(image.now);
}

static void slots_are_taken_in_turn_and_a_full_memory_says_so(void **state)
{
    (void)state;
    struct image image;
    static struct queue q;
    uint8_t byte = 7;
    uint32_t slot = 0;
    const struct flash flash = image_new(&image, OPTION_BYTES);
    assert_int_equal(queue_open(&flash, &q), FLASH_OK);
    for (uint32_t i = 0; i < 3 * QUEUE_SLOTS; i++) {
        assert_int_equal(queue_put(&q, 1, &byte, 1, &slot), FLASH_OK);
        assert_int_equal(slot, i % QUEUE_SLOTS);
        assert_int_equal(queue_drop(&q, slot), FLASH_OK);
        assert_int_equal(queue_open(&flash, &q), FLASH_OK);
    }
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++)
        assert_int_equal(queue_put(&q, 1, &byte, 1, NULL), FLASH_OK);
    assert_int_equal(queue_put(&q, 1, &byte, 1, NULL), FLASH_EMPTY);
    free(image.now);
}

/* I10: some hundred ids are remembered, also after starts and power cuts */
static void ids_are_remembered_round_the_ring(void **state)
{
    (void)state;
    struct image image;
    static struct queue q;
    const struct flash flash = image_new(&image, OPTION_BYTES);
    assert_int_equal(queue_open(&flash, &q), FLASH_OK);
    for (uint32_t i = 1; i < 2000; i++) {
        uint8_t id[SEEN_ID] = { (uint8_t)i, (uint8_t)(i >> 8), 1 }, before[SEEN_ID] = { 0 };
        if (i % 97 == 0) {
            image.budget = i % 40;
            (void)!queue_remember(&q, id);
            power_on(&image);
            assert_int_equal(queue_open(&flash, &q), FLASH_OK);
        }
        if (!queue_knows(&q, id))
            assert_int_equal(queue_remember(&q, id), FLASH_OK);
        if (i % 50 == 0)
            assert_int_equal(queue_open(&flash, &q), FLASH_OK);
        for (uint32_t back = 0; back < 300 && back < i; back += 37) {
            before[0] = (uint8_t)(i - back);
            before[1] = (uint8_t)((i - back) >> 8);
            before[2] = 1;
            assert_true(queue_knows(&q, before));
        }
    }
    free(image.now);
}

/* --- Programs --- */

static struct program_head head_of(const char *version, uint32_t size)
{
    struct program_head h = { .size = size };
    memcpy(h.version, version, strlen(version));
    fill(h.sha256, PROGRAM_SHA256, (uint8_t)version[0]);
    return h;
}

/* As far as the power lasts. */
static enum flash_err fetch_and_complete(struct programs *p, int running, const char *version, uint32_t size)
{
    enum { PART = 6 * PROGRAM_SECTOR };
    static uint8_t bytes[PART];
    const struct program_head head = head_of(version, size);
    int slot = PROGRAM_NONE;
    enum flash_err err = program_begin(p, running, &head, &slot);
    while (err == FLASH_OK && p->slots[slot].next < size) {
        uint32_t left = size - p->slots[slot].next, taken = 0;
        fill(bytes, PART, (uint8_t)p->slots[slot].next);
        err = program_write(p, slot, p->slots[slot].next, bytes, left < PART ? left : PART, &taken);
    }
    return err == FLASH_OK ? program_set_mark(p, slot, PROGRAM_COMPLETE) : err;
}

static const char *running(const struct programs *p, const struct loaded *l)
{
    return l->slot == PROGRAM_NONE ? "factory" : p->slots[l->slot].head.version;
}

/* D-4, M-8: cut all along the way; what runs is always whole: the old one, or the new one once it is complete */
static void a_program_cut_anywhere_is_complete_or_not_started(void **state)
{
    (void)state;
    enum { SIZE = 30000 };
    struct image image;
    struct programs p;
    struct loaded l;
    const struct flash flash = image_new(&image, PROGRAM_CHIP_BYTES);
    for (int64_t cut = 0; cut < 120000; cut += 733) {
        memset(image.now, 0xff, 4 * PROGRAM_SECTOR);
        memset(image.now + PROGRAM_SLOT_BYTES, 0xff, 4 * PROGRAM_SECTOR);
        assert_int_equal(program_open(&flash, &p), FLASH_OK);
        image.budget = cut;
        enum flash_err err = fetch_and_complete(&p, PROGRAM_NONE, "2.0", SIZE);
        power_on(&image);
        assert_int_equal(program_open(&flash, &p), FLASH_OK);
        assert_string_equal(program_choose(&p) == PROGRAM_NONE ? "factory" : p.slots[program_choose(&p)].head.version,
                            err == FLASH_OK ? "2.0" : "factory");
        uint32_t had = p.slots[0].there ? p.slots[0].next : 0;
        assert_int_equal(fetch_and_complete(&p, PROGRAM_NONE, "2.0", SIZE), FLASH_OK);
        assert_true(had == 0 || p.slots[0].head.generation == 1);
        assert_int_equal(loader_choose(&p, &l), FLASH_OK);
        assert_string_equal(running(&p, &l), "2.0");
    }
    free(image.now);
}

/* D-4 */
static void a_new_program_that_had_its_time_falls_back(void **state)
{
    (void)state;
    struct image image;
    struct programs p;
    struct loaded l;
    const struct flash flash = image_new(&image, PROGRAM_CHIP_BYTES);
    assert_int_equal(program_open(&flash, &p), FLASH_OK);
    assert_int_equal(loader_choose(&p, &l), FLASH_OK);
    assert_string_equal(running(&p, &l), "factory");
    assert_int_equal(fetch_and_complete(&p, l.slot, "2.0", 5000), FLASH_OK);
    assert_int_equal(loader_choose(&p, &l), FLASH_OK);
    assert_true(l.on_trial);
    assert_int_equal(loader_confirm(&p, &l), FLASH_OK);
    assert_int_equal(fetch_and_complete(&p, l.slot, "3.0", 5000), FLASH_OK);
    assert_int_equal(loader_choose(&p, &l), FLASH_OK);
    assert_string_equal(running(&p, &l), "3.0");
    assert_int_equal(loader_give_up(&p, &l), FLASH_OK); /* its time was over */
    assert_int_equal(program_open(&flash, &p), FLASH_OK);
    assert_int_equal(loader_choose(&p, &l), FLASH_OK);
    assert_string_equal(running(&p, &l), "2.0");
    assert_false(l.on_trial);
    assert_int_equal(fetch_and_complete(&p, l.slot, "4.0", 5000), FLASH_OK);
    assert_int_equal(loader_choose(&p, &l), FLASH_OK);
    assert_string_equal(running(&p, &l), "4.0");
    free(image.now);
}

/* D-4, M-8: it lies in the other slot still, but as the older one: it would never be started there */
static void the_program_before_comes_back_when_it_is_ordered_again(void **state)
{
    (void)state;
    static const char *const versions[] = { "2.0", "3.0", "2.0", "3.0", "3.0" };
    struct image image;
    struct programs p;
    struct loaded l;
    const struct flash flash = image_new(&image, PROGRAM_CHIP_BYTES);
    assert_int_equal(program_open(&flash, &p), FLASH_OK);
    assert_int_equal(loader_choose(&p, &l), FLASH_OK);
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        assert_int_equal(fetch_and_complete(&p, l.slot, versions[i], 5000), FLASH_OK);
        assert_int_equal(program_open(&flash, &p), FLASH_OK);
        assert_int_equal(loader_choose(&p, &l), FLASH_OK);
        assert_string_equal(running(&p, &l), versions[i]);
        assert_int_equal(l.on_trial, i != 4);
        assert_int_equal(loader_confirm(&p, &l), FLASH_OK);
    }
    free(image.now);
}

/* A chip on which 2.0 is confirmed and 3.0 waits for its trial. */
static void lay_new_beside_old(const struct flash *flash, struct image *image)
{
    struct programs p;
    struct loaded l;
    memset(image->now, 0xff, 2 * PROGRAM_SECTOR);
    memset(image->now + PROGRAM_SLOT_BYTES, 0xff, 2 * PROGRAM_SECTOR);
    assert_int_equal(program_open(flash, &p), FLASH_OK);
    assert_int_equal(fetch_and_complete(&p, PROGRAM_NONE, "2.0", 100), FLASH_OK);
    assert_int_equal(loader_choose(&p, &l), FLASH_OK);
    assert_int_equal(loader_confirm(&p, &l), FLASH_OK);
    assert_int_equal(fetch_and_complete(&p, l.slot, "3.0", 100), FLASH_OK);
}

/* One start, whose power goes after so many bytes. */
static enum flash_err start(const struct flash *flash, struct image *image, int64_t cut, struct programs *p, struct loaded *l)
{
    power_on(image);
    image->budget = cut;
    enum flash_err err = program_open(flash, p);
    return err == FLASH_OK ? loader_choose(p, l) : err;
}

/* D-4: one that crashes each time runs three times; a confirmed one for ever */
static void a_trial_that_is_interrupted_begins_again_three_times_in_all(void **state)
{
    (void)state;
    struct image image;
    struct programs p;
    struct loaded l;
    const struct flash flash = image_new(&image, PROGRAM_CHIP_BYTES);
    for (int confirmed_at = 1; confirmed_at <= PROGRAM_ATTEMPTS + 1; confirmed_at++) {
        lay_new_beside_old(&flash, &image);
        for (int n = 1; n <= PROGRAM_ATTEMPTS + 3; n++) {
            const bool runs = n <= PROGRAM_ATTEMPTS || confirmed_at <= PROGRAM_ATTEMPTS;
            assert_int_equal(start(&flash, &image, -1, &p, &l), FLASH_OK);
            assert_string_equal(running(&p, &l), runs ? "3.0" : "2.0");
            assert_int_equal(l.on_trial, runs && n <= confirmed_at);
            if (n == confirmed_at && runs)
                assert_int_equal(loader_confirm(&p, &l), FLASH_OK);
        }
        assert_int_equal(p.slots[1].marks[PROGRAM_BAD], confirmed_at > PROGRAM_ATTEMPTS);
    }
    free(image.now);
}

/* D-4, I3: the power is cut at each byte of any of its starts, and of the confirmation: a whole program runs at each start, a
 * cut costs one attempt at most, and what was confirmed or given up stays so. */
static void a_power_cut_in_a_trial_costs_one_attempt_at_most(void **state)
{
    (void)state;
    struct image image;
    struct programs p;
    struct loaded l;
    const struct flash flash = image_new(&image, PROGRAM_CHIP_BYTES);
    for (int at = 1; at <= PROGRAM_ATTEMPTS + 1; at++)
        for (int64_t cut = 0; cut <= 12; cut++) {
            int trials = 0;
            lay_new_beside_old(&flash, &image);
            for (int n = 1; n <= PROGRAM_ATTEMPTS + 3; n++) {
                enum flash_err err = start(&flash, &image, n == at ? cut : -1, &p, &l);
                trials += err == FLASH_OK && l.on_trial;
                if (err == FLASH_OK)
                    assert_string_equal(running(&p, &l), l.on_trial ? "3.0" : "2.0");
            }
            power_on(&image);
            assert_in_range(trials, PROGRAM_ATTEMPTS - 1, PROGRAM_ATTEMPTS);
            assert_int_equal(start(&flash, &image, -1, &p, &l), FLASH_OK);
            assert_string_equal(running(&p, &l), "2.0");
        }
    for (int64_t cut = 0; cut <= 4; cut++) {
        lay_new_beside_old(&flash, &image);
        assert_int_equal(start(&flash, &image, -1, &p, &l), FLASH_OK);
        image.budget = cut;
        enum flash_err confirmed = loader_confirm(&p, &l);
        assert_int_equal(start(&flash, &image, -1, &p, &l), FLASH_OK);
        assert_string_equal(running(&p, &l), "3.0");
        assert_true(!l.on_trial || confirmed != FLASH_OK);
    }
    free(image.now);
}

/* --- Layers --- */

/* D-5: no row reaches below the layer under it, and nothing needs what comes after it */
static void no_application_reaches_below_the_services(void **state)
{
    (void)state;
    for (int caller = 0; caller < SOFTWARE_COUNT; caller++)
        for (int needed = 0; needed < SOFTWARE_COUNT; needed++) {
            if ((software_rows[caller].needs & 1u << needed) == 0)
                continue;
            assert_true(needed < caller);
            assert_true(software_rows[needed].layer + 1 >= software_rows[caller].layer);
            if (software_rows[caller].layer == LAYER_APPLICATION)
                assert_int_equal(software_rows[needed].layer, LAYER_SERVICE);
        }
    assert_false(software_may_call(SOFTWARE_COPY, SOFTWARE_OS));
    assert_false(software_may_call(SOFTWARE_COPY, SOFTWARE_MEMORY));
    assert_true(software_may_call(SOFTWARE_SYSTEM, SOFTWARE_MEMORY));
}

/* D-6: the remote service sits between system control and network control */
static void the_remote_service_sits_between_system_and_network_control(void **state)
{
    (void)state;
    assert_int_equal(software_rows[SOFTWARE_REMOTE].needs, SOFTWARE_BIT(SYSTEM) | SOFTWARE_BIT(NETWORK));
}

static enum flash_err note_start(void *context, enum software what)
{
    enum software *last = context;
    assert_true((int)what >= (int)*last);
    *last = what;
    return FLASH_OK;
}

/* D-4: the OS, then the services, then the applications that the device has */
static void the_loader_starts_each_layer_after_the_one_below(void **state)
{
    (void)state;
    struct loaded l;
    enum software last = SOFTWARE_OS;
    assert_int_equal(loader_choose(NULL, &l), FLASH_OK);
    assert_int_equal(loader_start(&l, SOFTWARE_BIT(WATER), note_start, &last), FLASH_OK);
    assert_int_equal(last, SOFTWARE_WATER);
    assert_int_equal(l.started & SOFTWARE_BIT(COPY), 0);
    assert_int_not_equal(l.started & SOFTWARE_BIT(PANEL), 0);
}

/* D-5: requests for the hardware are arbitrated; nobody is overtaken for what it waits for */
static void hardware_goes_to_those_who_came_first(void **state)
{
    (void)state;
    struct claim claims[4] = {
        { RESOURCE_SCANNER | RESOURCE_PLOTTER, true, false }, /* copy */
        { RESOURCE_PLOTTER, true, false },                    /* print */
        { RESOURCE_SCANNER | RESOURCE_LINE, true, false },    /* fax */
        { RESOURCE_LINE, true, false },                       /* a fax that comes in */
    };
    assert_int_equal(resource_grant(claims, 4), 1);
    assert_true(claims[0].holds && !claims[1].holds && !claims[2].holds && !claims[3].holds);
    claims[0] = (struct claim){ 0 };
    assert_int_equal(resource_grant(claims, 4), 2);
    assert_true(claims[1].holds && claims[2].holds && !claims[3].holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_cut_at_any_byte_is_whole_or_not_there),
        cmocka_unit_test(slots_are_taken_in_turn_and_a_full_memory_says_so),
        cmocka_unit_test(ids_are_remembered_round_the_ring),
        cmocka_unit_test(a_program_cut_anywhere_is_complete_or_not_started),
        cmocka_unit_test(a_new_program_that_had_its_time_falls_back),
        cmocka_unit_test(the_program_before_comes_back_when_it_is_ordered_again),
        cmocka_unit_test(a_trial_that_is_interrupted_begins_again_three_times_in_all),
        cmocka_unit_test(a_power_cut_in_a_trial_costs_one_attempt_at_most),
        cmocka_unit_test(no_application_reaches_below_the_services),
        cmocka_unit_test(the_remote_service_sits_between_system_and_network_control),
        cmocka_unit_test(the_loader_starts_each_layer_after_the_one_below),
        cmocka_unit_test(hardware_goes_to_those_who_came_first),
    };
    return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
