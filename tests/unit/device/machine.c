#include "bench.h"

#include <stdio.h>

#include "base/file.h"
#include "device/machine.h"

/* Applications over services: D-5, D-7, M-5 */

static struct bench bench;

static int begin(void **state)
{
    (void)state;
    bench_start(&bench, false);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bench_stop(&bench);
    return 0;
}

static uint64_t counted(enum charge_counter counter) { return bench.board.ledger.now.values[counter]; }

static void applications_count_what_they_are_for(void **state)
{
    (void)state;
    struct why why = { "" };
    assert_ok(machine_count(&bench.board, "copy", 12, &why));
    assert_ok(machine_count(&bench.board, "scan", 1, &why));
    assert_int_equal(counted(CHARGE_COPY), 12);
    assert_int_equal(counted(CHARGE_SCAN), 1);
    assert_err(machine_count(&bench.board, "web", 1, &why), ERR_NOT_ALLOWED);
    assert_err(machine_count(&bench.board, "stapler", 1, &why), ERR_NOT_FOUND);
    assert_err(machine_count(&bench.board, "copy", 0, &why), ERR_BAD_INPUT);
    assert_err(machine_count(&bench.board, "copy", -5, &why), ERR_BAD_INPUT);
}

/* D-1: a folder that was left half made (the power went, the program was ended) is in nobody's way; a whole one is. */
static void a_device_has_its_name_when_it_is_whole(void **state)
{
    (void)state;
    struct why why = { "" };
    struct board board;
    char dir[128], half[160], chip[200];
    const struct board_order order = { .number = "7001-000002", .model = "7001", .board = "" };
    snprintf(dir, sizeof dir, "%s/half", bench.dir);
    snprintf(half, sizeof half, "%s.new", dir);
    snprintf(chip, sizeof chip, "%s/flash.bin", half);
    assert_ok(file_make_dir(half, &why));
    assert_ok(filechip_create(chip, FLASH_BYTES, &why));
    assert_ok(board_create(dir, &order, &why));
    assert_false(file_exists(half));
    assert_err(board_create(dir, &order, &why), ERR_EXISTS);
    assert_false(file_exists(half));
    assert_ok(board_open(dir, BOARD_USE, &board, &why));
    assert_string_equal(board.values.number, "7001-000002");
    board_close(&board);
}

/* D-7: a meter is a device whose application counts units */
static void a_meter_counts_units_and_makes_no_copies(void **state)
{
    (void)state;
    struct why why = { "" };
    struct board meter;
    char dir[128];
    snprintf(dir, sizeof dir, "%s/meter", bench.dir);
    const struct board_order order = { .number = "7001-000001", .model = "7001", .board = "", .applications = "water,gas" };
    assert_ok(board_create(dir, &order, &why));
    assert_ok(board_open(dir, BOARD_USE, &meter, &why));
    assert_ok(machine_count(&meter, "water", 1500, &why));
    assert_err(machine_count(&meter, "copy", 1, &why), ERR_NOT_FOUND);
    board_close(&meter);
    assert_ok(board_open(dir, BOARD_LOOK, &meter, &why));
    assert_int_equal(meter.ledger.now.values[CHARGE_WATER], 1500);
    board_close(&meter);
}

/* D-5: the door between the layers */
static void an_application_is_let_to_the_services_of_its_row_and_no_further(void **state)
{
    (void)state;
    struct why why = { "" };
    for (size_t i = 0; i < application_rows_n; i++) {
        enum software app = application_rows[i].software;
        bench.board.applications |= 1u << app;
        assert_err(service_ask(&bench.board, app, SOFTWARE_OS, &why), ERR_NOT_ALLOWED);
        assert_err(service_ask(&bench.board, app, SOFTWARE_MEMORY, &why),
                   (software_rows[app].needs & SOFTWARE_BIT(MEMORY)) != 0 ? OK : ERR_NOT_ALLOWED);
        if (application_rows[i].counter != CHARGE_COUNT)
            assert_ok(service_ask(&bench.board, app, SOFTWARE_SYSTEM, &why));
        if (application_rows[i].resources != 0)
            assert_ok(service_ask(&bench.board, app, SOFTWARE_RESOURCES, &why));
    }
}

struct log {
    int done;
    uint64_t prints, copies; /* counted when the first job was done */
};

static void job_done(void *context, enum err err, const struct why *why)
{
    struct log *log = context;
    (void)why;
    assert_ok(err);
    if (log->done++ == 0) {
        log->prints = counted(CHARGE_PRINT);
        log->copies = counted(CHARGE_COPY);
    }
}

static void tick(void *context) { loop_stop(context); }

/* D-5: copy and print want the same plotter: the second one waits for the first; each page is counted as it comes out */
static void jobs_share_the_hardware_and_count_page_by_page(void **state)
{
    (void)state;
    struct machine m;
    struct log log = { 0 };
    struct why why = { "" };
    machine_init(bench.loop, &bench.board, &m);
    assert_ok(machine_job(&m, "copy", 3, job_done, &log, &why));
    assert_ok(machine_job(&m, "print", 2, job_done, &log, &why));
    assert_int_not_equal(machine_job(&m, "web", 2, job_done, &log, &why), OK);
    for (int i = 0; i < 200 && log.done < 2; i++) {
        assert_ok(loop_timer(bench.loop, 5, tick, bench.loop, NULL));
        assert_ok(loop_run(bench.loop, NULL));
    }
    assert_int_equal(log.done, 2);
    assert_int_equal(log.copies, 3);
    assert_int_equal(log.prints, 0);
    assert_int_equal(counted(CHARGE_PRINT), 2);
    machine_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(applications_count_what_they_are_for, begin, end),
        cmocka_unit_test_setup_teardown(a_device_has_its_name_when_it_is_whole, begin, end),
        cmocka_unit_test_setup_teardown(a_meter_counts_units_and_makes_no_copies, begin, end),
        cmocka_unit_test_setup_teardown(an_application_is_let_to_the_services_of_its_row_and_no_further, begin, end),
        cmocka_unit_test_setup_teardown(jobs_share_the_hardware_and_count_page_by_page, begin, end),
    };
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
