#include "center.h"

#include <stdio.h>
#include <string.h>

#include "field/letter.h"

/* The longer works of a device in the field: another identity, another program. M-4, M-8, D-4, I3 */

static struct bench bench;
static struct center center;
static const char *asked;

static bool is_answered(const struct center *c) { return center_answer_to(c, asked) != NULL; }
static bool was_restarted(const struct center *c) { return c->restarts > 0; }
static bool is_delayed(const struct center *c) { return c->delays_n > 0; }
static bool is_confirmed(const struct center *c) { return c->confirmed; }
static bool had_four_parts(const struct center *c) { return c->parts >= 4; }

static int begin(void **state)
{
    (void)state;
    center_start(&center, &bench);
    return 0;
}

static int end(void **state)
{
    (void)state;
    center_stop(&center);
    return 0;
}

static bool has_former_identity(void)
{
    const struct area *area = &bench.board.memory.identity;
    uint8_t magic[4];
    uint32_t other = area->at[bench.board.boot.identity.at == area->at[0] ? 1 : 0];
    assert_int_equal(area->flash->read(area->flash->chip, other, magic, 4), FLASH_OK);
    return magic[0] != 0xff;
}

/* The new key is made here, the call of the confirmation is signed with it, and the old identity goes only then. */
static void an_identity_is_renewed_when_the_centre_asks_for_it(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    uint8_t old[32];
    memcpy(old, bench.board.identity.fingerprint, 32);
    asked = center_call(&center, SOAP_RENEW_IDENTITY, "");
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_true(center.confirmed && is_delayed(&center));
    assert_ok(center_read_answer(&center, asked, SOAP_RENEW_IDENTITY, &answer, NULL));
    const struct renew_identity_response *r = answer.body;
    assert_memory_not_equal(r->fingerprint.at, old, 32);
    assert_memory_equal(r->fingerprint.at, bench.board.identity.fingerprint, 32);
    assert_memory_equal(center.signer, bench.board.identity.fingerprint, 32);
    assert_false(has_former_identity());
    assert_int_equal(option_next(&bench.board.option, ITEM_RENEWAL, 0), QUEUE_SLOTS);
}

/* I3: between certificate and confirmation the device starts again: both identities are there, the new one is in force */
static void a_start_in_the_middle_of_a_renewal_goes_on_with_the_same_key(void **state)
{
    (void)state;
    AUTO_ITEM before = { 0 }, after = { 0 };
    AUTO_KEY key = NULL;
    AUTO_KEY same = NULL;
    AUTO_BUF first = BUF_INIT, second = BUF_INIT, csr = BUF_INIT, csr_again = BUF_INIT;
    assert_ok(renewal_make_key(&bench.board, ITEM_RENEWAL, NULL));
    assert_ok(renewal_load_key(&bench.board, ITEM_RENEWAL, &before, &key, &csr, NULL));
    struct cert *cert = center_certify(bench.pki, key);
    struct certificate issuer = { cert_der(bench.pki->identity.cert) };
    assert_ok(renewal_install(&bench.board, key, cert_der(cert), &issuer, 1, NULL));
    cert_free(cert);
    assert_true(has_former_identity());
    assert_true(renewal_is_unconfirmed(&(struct field){ .board = &bench.board, .option = &bench.board.option }));
    center_stop_device(&center);
    assert_ok(renewal_load_key(&bench.board, ITEM_RENEWAL, &after, &same, &csr_again, NULL));
    assert_ok(key_spki(key, &first));
    assert_ok(key_spki(same, &second));
    assert_true(span_equal(buf_span(&first), buf_span(&second)));
    assert_true(span_equal(buf_span(&csr), buf_span(&csr_again)));
    center_start_device(&center);
    assert_true(center_wait(&center, is_confirmed));
    for (int i = 0; i < 100 && has_former_identity(); i++)
        center_run_ms(&center, 20);
    assert_false(has_former_identity());
    assert_false(renewal_is_unconfirmed(center.field));
}

static bool is_handed_over(const struct center *c)
{
    return option_next(&c->bench->board.option, ITEM_REPLACEMENT, 0) == QUEUE_SLOTS;
}

/* M-5, M-8: a call for the counters that was made before the board was built in is answered when it has them. */
static void a_replaced_board_reads_its_counters_when_they_were_handed_over(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    struct counter_value value = { .name = "print", .value = 70 };
    const struct counter_hand_over_request r = { .epoch = 5, .sequence = 7, .counters = &value, .counters_n = 1 };
    assert_ok(renewal_make_key(&bench.board, ITEM_REPLACEMENT, NULL));
    asked = center_call(&center, SOAP_CHARGE_COUNTER, "");
    center_start_device(&center);
    assert_true(center_wait(&center, is_delayed));
    assert_int_equal(center.readings, 0);
    (void)center_call(&center, SOAP_COUNTER_HAND_OVER, &r);
    assert_true(center_wait(&center, is_handed_over));
    assert_true(center_wait(&center, is_answered));
    assert_ok(center_read_answer(&center, asked, SOAP_CHARGE_COUNTER, &answer, NULL));
    const struct charge_counter_response *reading = answer.body;
    assert_int_equal(reading->sequence, 8);
}

static bool has_begun_renewal(const struct center *c)
{
    return option_next(&c->bench->board.option, ITEM_RENEWAL, 0) < QUEUE_SLOTS;
}

/* I13: by its own clock nothing is due; the centre's counts. */
static void a_device_that_is_told_that_its_identity_expired_renews_it(void **state)
{
    (void)state;
    center.refuse = "EXPIRED";
    center_start_device(&center);
    assert_true(center_wait(&center, has_begun_renewal));
}

static void make_program(size_t n)
{
    assert_ok(buf_reserve(&center.program, n));
    for (size_t i = 0; i < n; i++)
        center.program.data[i] = (uint8_t)(i * 7 + i / 251);
    center.program.len = n;
}

static const char *signed_version; /* another one than the order says; NULL: the same */

/* The order of a program, signed by the centre or by somebody else. */
static const char *order_program(const char *version, const char *urn)
{
    uint8_t sha256[32];
    AUTO_BUF signature = BUF_INIT;
    struct authority a = fixture_issue("infrastructure", "test", urn, &bench.pki->infrastructure);
    struct certificate signers[2] = { { cert_der(a.cert) }, { cert_der(bench.pki->infrastructure.cert) } };
    cert_fingerprint_der(buf_span(&center.program), sha256);
    struct fetch_program_request body = {
        .version = version, .size = (int64_t)center.program.len, .sha256 = span_of(sha256, 32), .signers = signers, .signers_n = 2,
    };
    if (signed_version != NULL)
        body.version = signed_version;
    assert_ok(letter_sign_program(a.key, &body, &signature, NULL));
    body.version = version;
    body.signature = buf_span(&signature);
    const char *id = center_call(&center, SOAP_FETCH_PROGRAM, &body);
    authority_done(&a);
    return id;
}

static void again(void)
{
    center.restarts = 0;
    center_stop_device(&center);
    center_start_device(&center);
}

/* M-8, D-4: fetched in parts, over a break, tried, confirmed, answered */
static void a_program_is_fetched_over_a_break_tried_and_confirmed(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    make_program(100 * 1000);
    center.break_after_parts = 4;
    asked = order_program("2.0.0", "urn:nameplate:center:c1");
    center_start_device(&center);
    assert_true(center_wait(&center, had_four_parts));
    again();
    center.break_after_parts = -1;
    assert_true(center_wait(&center, was_restarted));
    assert_in_range(center.parts, 9, 10); /* 100,000 bytes in parts of 12,288: none was fetched twice but the one at the break */
    assert_false(is_answered(&center));
    again();
    assert_string_equal(option_version(&bench.board.option), "2.0.0");
    assert_true(center_wait(&center, is_answered));
    assert_ok(center_read_answer(&center, asked, SOAP_FETCH_PROGRAM, &answer, NULL));
    const struct fetch_program_response *r = answer.body;
    assert_string_equal(r->version, "2.0.0");
    assert_string_equal(r->slot, "A");
    again();
    assert_string_equal(option_version(&bench.board.option), "2.0.0");
    assert_false(bench.board.option.loaded.on_trial);
}

static bool was_told(const struct center *c)
{
    for (int i = 0; i < c->events; i++)
        if (strncmp(c->said[i], "program ", 8) == 0)
            return true;
    return false;
}

/* M-8: the centre's record says what happened, once. */
static void expect_told(const char *version, const char *what)
{
    char expected[128];
    int n = 0;
    assert_true(center_wait(&center, was_told));
    center_run_ms(&center, 100);
    snprintf(expected, sizeof expected, "program %s %s", version, what);
    for (int i = 0; i < center.events; i++) {
        if (strncmp(center.said[i], "program ", 8) != 0)
            continue;
        assert_true(strncmp(center.said[i], expected, strlen(expected)) == 0);
        n++;
    }
    assert_int_equal(n, 1);
}

static void try_program(const char *version)
{
    make_program(5000);
    asked = order_program(version, "urn:nameplate:center:c1");
    center.options.test_only_no_confirm = true;
    center_start_device(&center);
    assert_true(center_wait(&center, was_restarted));
}

static void expect_fallen_back(void)
{
    AUTO_PARSED answer = { 0 };
    struct why why = { "" };
    assert_string_equal(option_slot(&bench.board.option), "factory");
    assert_true(center_wait(&center, is_answered));
    assert_err(center_read_answer(&center, asked, SOAP_FETCH_PROGRAM, &answer, &why), ERR_FLASH_FAILED);
}

/* D-4: one that ends before it confirmed itself has three starts; then the one before follows, and the centre hears of it */
static void a_program_that_crashes_each_time_is_followed_by_the_one_before(void **state)
{
    (void)state;
    try_program("3.0.0");
    for (int i = 0; i < PROGRAM_ATTEMPTS; i++) {
        again();
        assert_string_equal(option_version(&bench.board.option), "3.0.0");
        center_run_ms(&center, 100);
        assert_false(is_answered(&center));
    }
    again();
    expect_fallen_back();
    expect_told("3.0.0", "did not confirm itself in 3 starts");
    again();
    center_run_ms(&center, 200);
    expect_told("3.0.0", "did not confirm itself in 3 starts");
}

/* D-4, M-8: the power goes in its trial: nobody has to send it again */
static void a_program_whose_trial_is_interrupted_is_tried_again(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    try_program("3.0.0");
    again();
    center_run_ms(&center, 100);
    center.options.test_only_no_confirm = false;
    again();
    assert_string_equal(option_version(&bench.board.option), "3.0.0");
    assert_true(center_wait(&center, is_answered));
    assert_ok(center_read_answer(&center, asked, SOAP_FETCH_PROGRAM, &answer, NULL));
    expect_told("3.0.0", "confirmed itself after 2 starts");
}

/* D-4: one that runs and never reaches the centre is given up when its time is over */
static void a_program_that_had_its_time_is_not_started_again(void **state)
{
    (void)state;
    try_program("3.0.0");
    center.options.trial_s = 1;
    again();
    assert_string_equal(option_version(&bench.board.option), "3.0.0");
    assert_true(center_wait(&center, was_restarted));
    again();
    expect_fallen_back();
    expect_told("3.0.0", "did not confirm itself in 1 start:");
}

/* D-4: what runs again when the trial fails lies in the other slot */
static void nothing_is_fetched_while_a_program_is_on_trial(void **state)
{
    (void)state;
    try_program("3.0.0");
    (void)order_program("4.0.0", "urn:nameplate:center:c1");
    again();
    center_run_ms(&center, 300);
    assert_true(bench.board.option.loaded.on_trial);
    assert_int_equal(bench.board.option.loaded.slot, 0);
    assert_false(bench.board.option.programs.slots[1].there);
}

static void a_program_that_another_signed_is_not_fetched(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    struct why why = { "" };
    make_program(5000);
    asked = order_program("4.0.0", "urn:nameplate:station:line-1");
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_err(center_read_answer(&center, asked, SOAP_FETCH_PROGRAM, &answer, &why), ERR_NOT_ALLOWED);
    assert_int_equal(center.parts, 0);
}

/* M-8: what a centre signed is this version, this size and this hash. */
static void an_order_that_was_changed_behind_its_signature_is_refused(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    struct why why = { "" };
    make_program(20000);
    signed_version = "4.0.0";
    asked = order_program("4.0.1", "urn:nameplate:center:c1");
    signed_version = NULL;
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_err(center_read_answer(&center, asked, SOAP_FETCH_PROGRAM, &answer, &why), ERR_BAD_SIGNATURE);
    assert_int_equal(center.parts, 0);
}

static void a_program_whose_bytes_are_others_is_not_started(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    struct why why = { "" };
    make_program(20000);
    asked = order_program("5.0.0", "urn:nameplate:center:c1");
    center.program.data[15000] ^= 1;
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_err(center_read_answer(&center, asked, SOAP_FETCH_PROGRAM, &answer, &why), ERR_BAD_SIGNATURE);
    assert_int_equal(center.restarts, 0);
    again();
    assert_string_equal(option_slot(&bench.board.option), "factory");
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_identity_is_renewed_when_the_centre_asks_for_it), T(a_start_in_the_middle_of_a_renewal_goes_on_with_the_same_key),
        T(a_device_that_is_told_that_its_identity_expired_renews_it),
        T(a_replaced_board_reads_its_counters_when_they_were_handed_over),
        T(a_program_is_fetched_over_a_break_tried_and_confirmed), T(a_program_that_crashes_each_time_is_followed_by_the_one_before),
        T(a_program_whose_trial_is_interrupted_is_tried_again), T(a_program_that_had_its_time_is_not_started_again),
        T(nothing_is_fetched_while_a_program_is_on_trial),
        T(a_program_that_another_signed_is_not_fetched), T(an_order_that_was_changed_behind_its_signature_is_refused),
        T(a_program_whose_bytes_are_others_is_not_started),
    };
    return cmocka_run_group_tests_name("field_work", tests, NULL, NULL);
}
