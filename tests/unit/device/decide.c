#include "../test.h"

#include <string.h>

#include "device/decide.h"

static const uint8_t mine[CERT_FINGERPRINT] = { 1 }, other[CERT_FINGERPRINT] = { 2 };

static struct device_view view(enum boot_state state)
{
    return (struct device_view){
        .state = state,
        .number = "3012-123456",
        .board = "B-1",
        .fingerprint = state == BOOT_INDIVIDUAL ? mine : NULL,
        .bootstrap = state == BOOT_BLANK ? NULL : mine,
    };
}

/* The agent refuses to start when NVRAM's number is not its certificate's. */
static void a_device_whose_memory_names_two_numbers_does_not_start(void **state)
{
    (void)state;
    struct why why;
    assert_ok(decide_start(BOOT_INDIVIDUAL, "3012-1", "3012-1", &why));
    assert_err(decide_start(BOOT_INDIVIDUAL, "3012-1", "3012-2", &why), ERR_NUMBER_MISMATCH);
    assert_err(decide_start(BOOT_INDIVIDUAL, "", "3012-2", &why), ERR_NUMBER_MISMATCH);
    assert_err(decide_start(BOOT_INDIVIDUAL, "3012-1", "", &why), ERR_NUMBER_MISMATCH);
    assert_ok(decide_start(BOOT_BOOTSTRAP, "3012-1", "", &why));
    assert_ok(decide_start(BOOT_BLANK, "", "", &why));
}

static enum err offer(const struct device_view *v, const char *number, const char *board, const uint8_t *fingerprint,
                      enum pack_step *ret_step, struct why *why)
{
    struct pack_offer o = { .number = number, .board = board };
    memcpy(o.fingerprint, fingerprint, sizeof o.fingerprint);
    return decide_pack(v, &o, ret_step, why);
}

/* I8: what was voided does not come back by a late or replayed transmission */
static void an_older_identity_does_not_replace_a_newer_one(void **state)
{
    (void)state;
    struct why why;
    enum pack_step step;
    struct device_view done = view(BOOT_INDIVIDUAL);
    struct pack_offer o = { .number = "3012-123456", .board = "B-1", .fingerprint = { 2 }, .issued_s = 999 };
    done.issued_s = 1000;
    assert_err(decide_pack(&done, &o, &step, &why), ERR_BAD_TRANSITION);
    o.issued_s = 1000; /* made again within the second */
    assert_ok(decide_pack(&done, &o, &step, &why));
    assert_int_equal(step, PACK_WRITE);
    o.issued_s = 999; /* its own, once more */
    o.fingerprint[0] = 1;
    assert_ok(decide_pack(&done, &o, &step, &why));
    assert_int_equal(step, PACK_REPORT_AGAIN);
}

/* F-14, I10 */
static void a_pack_is_written_once_and_its_repetition_only_reported(void **state)
{
    (void)state;
    struct why why;
    enum pack_step step;
    const struct device_view fresh = view(BOOT_BOOTSTRAP), done = view(BOOT_INDIVIDUAL);
    assert_ok(offer(&fresh, "3012-123456", "B-1", mine, &step, &why));
    assert_int_equal(step, PACK_WRITE);
    assert_ok(offer(&done, "3012-123456", "B-1", mine, &step, &why));
    assert_int_equal(step, PACK_REPORT_AGAIN);
    assert_ok(offer(&done, "3012-123456", "B-1", other, &step, &why));
    assert_int_equal(step, PACK_WRITE);
}

static void a_pack_for_another_number_or_a_blank_board_is_refused(void **state)
{
    (void)state;
    struct why why;
    enum pack_step step;
    const struct device_view blank = view(BOOT_BLANK);
    struct device_view bare = view(BOOT_BOOTSTRAP);
    assert_err(offer(&bare, "3012-123457", "B-1", mine, &step, &why), ERR_NUMBER_MISMATCH);
    assert_string_equal(why.text, "this device is 3012-123456, not 3012-123457");
    bare.number = "";
    assert_err(offer(&bare, "3012-123456", "B-1", mine, &step, &why), ERR_NUMBER_MISMATCH);
    assert_err(offer(&blank, "3012-123456", "B-1", mine, &step, &why), ERR_BAD_TRANSITION);
}

/* I2: the board that was exchanged for its twin after it told its status */
static void a_pack_for_another_board_of_the_same_number_is_refused(void **state)
{
    (void)state;
    struct why why;
    enum pack_step step;
    const struct device_view board = view(BOOT_BOOTSTRAP), done = view(BOOT_INDIVIDUAL);
    struct device_view nameless = view(BOOT_BOOTSTRAP);
    nameless.board = "";
    assert_err(offer(&board, "3012-123456", "B-2", mine, &step, &why), ERR_CONFLICT);
    assert_string_equal(why.text, "this is board B-1, the pack is for board B-2");
    assert_err(offer(&board, "3012-123456", "", mine, &step, &why), ERR_CONFLICT);
    assert_err(offer(&done, "3012-123456", "B-2", mine, &step, &why), ERR_CONFLICT);
    assert_err(offer(&nameless, "3012-123456", "B-1", mine, &step, &why), ERR_CONFLICT);
    assert_ok(offer(&nameless, "3012-123456", "", mine, &step, &why));
}

static void a_result_is_reported_again_by_a_device_that_has_one(void **state)
{
    (void)state;
    struct why why;
    const struct device_view without = view(BOOT_BOOTSTRAP), with = view(BOOT_INDIVIDUAL);
    assert_ok(decide_result_request(&with, "3012-123456", &why));
    assert_err(decide_result_request(&with, "3012-1", &why), ERR_NUMBER_MISMATCH);
    assert_err(decide_result_request(&without, "3012-123456", &why), ERR_NOT_FOUND);
}

/* F-22 */
static void a_bootstrap_certificate_is_for_one_board_and_before_the_identity(void **state)
{
    (void)state;
    struct why why;
    enum bootstrap_step step;
    const struct device_view blank = view(BOOT_BLANK), board = view(BOOT_BOOTSTRAP), done = view(BOOT_INDIVIDUAL);
    assert_ok(decide_bootstrap(&blank, "B-1", mine, &step, &why));
    assert_int_equal(step, BOOTSTRAP_WRITE);
    assert_ok(decide_bootstrap(&board, "B-1", other, &step, &why));
    assert_int_equal(step, BOOTSTRAP_WRITE);
    assert_ok(decide_bootstrap(&board, "B-1", mine, &step, &why));
    assert_int_equal(step, BOOTSTRAP_HAS_IT);
    assert_err(decide_bootstrap(&board, "B-2", mine, &step, &why), ERR_CONFLICT);
    assert_err(decide_bootstrap(&done, "B-1", other, &step, &why), ERR_BAD_TRANSITION);
}

/* F-23 */
static void parameters_come_after_the_identity(void **state)
{
    (void)state;
    struct why why;
    const struct device_view board = view(BOOT_BOOTSTRAP), done = view(BOOT_INDIVIDUAL);
    assert_err(decide_parameters(&board, &why), ERR_BAD_TRANSITION);
    assert_ok(decide_parameters(&done, &why));
}

/* F-14: S10 is repeated until S13 comes */
static void a_result_is_sent_until_it_was_received_or_refused(void **state)
{
    (void)state;
    static const struct {
        enum err err;
        enum report_step step;
    } rows[] = {
        { OK, REPORT_DONE },           { ERR_UNREACHABLE, REPORT_AGAIN }, { ERR_TIMEOUT, REPORT_AGAIN },
        { ERR_PEER_GONE, REPORT_AGAIN }, { ERR_BUSY, REPORT_AGAIN },        { ERR_IO, REPORT_AGAIN },
        { ERR_NO_SPACE, REPORT_AGAIN }, { ERR_PROOF_FAILED, REPORT_GIVE_UP }, { ERR_NOT_ALLOWED, REPORT_GIVE_UP },
        { ERR_BAD_CERTIFICATE, REPORT_GIVE_UP },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t delay_ms = -1;
        assert_int_equal(decide_report(rows[i].err, 1, &delay_ms), rows[i].step);
        assert_int_equal(delay_ms, rows[i].step == REPORT_AGAIN ? 100 : -1);
    }
}

static void the_wait_between_reports_doubles_up_to_a_few_seconds(void **state)
{
    (void)state;
    int64_t last = 0;
    for (unsigned attempt = 1; attempt < 100; attempt++) {
        int64_t delay_ms = 0;
        assert_int_equal(decide_report(ERR_UNREACHABLE, attempt, &delay_ms), REPORT_AGAIN);
        assert_true(delay_ms >= last && delay_ms <= 5000);
        last = delay_ms;
    }
    assert_int_equal(last, 3200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_whose_memory_names_two_numbers_does_not_start),
        cmocka_unit_test(a_pack_is_written_once_and_its_repetition_only_reported),
        cmocka_unit_test(a_pack_for_another_number_or_a_blank_board_is_refused),
        cmocka_unit_test(a_pack_for_another_board_of_the_same_number_is_refused),
        cmocka_unit_test(an_older_identity_does_not_replace_a_newer_one),
        cmocka_unit_test(a_result_is_reported_again_by_a_device_that_has_one),
        cmocka_unit_test(a_bootstrap_certificate_is_for_one_board_and_before_the_identity),
        cmocka_unit_test(parameters_come_after_the_identity),
        cmocka_unit_test(a_result_is_sent_until_it_was_received_or_refused),
        cmocka_unit_test(the_wait_between_reports_doubles_up_to_a_few_seconds),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
