#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "station/bench.h"

static const char number_a[] = "3012-123456", number_b[] = "3012-123457";

/* --- A session, driven by hand --- */

struct rig {
    struct bench b;
    struct bench_effects effects;
    int64_t now_ms;
};

static struct device_number number_of(const char *text)
{
    struct device_number n;
    assert_ok(number_parse(span_text(text), &n, NULL));
    return n;
}

static void start(struct rig *r)
{
    *r = (struct rig){ .now_ms = 1000 };
    bench_init(&bench_patience_default, &r->b);
}

static void step(struct rig *r, struct bench_event e)
{
    struct why why = { "" };
    e.ticket = r->b.ticket;
    if (bench_step(&r->b, &e, r->now_ms, &r->effects, &why) != OK)
        fail_msg("%s in %s: %s", bench_event_name(e.kind), bench_state_row(r->b.state)->name, why.text);
}

static void timer(struct rig *r)
{
    assert_true(r->b.deadline_ms > 0);
    r->now_ms = r->b.deadline_ms;
    step(r, (struct bench_event){ .kind = BENCH_EVENT_TIMER });
}

static bool did(const struct rig *r, enum bench_effect effect)
{
    for (size_t i = 0; i < r->effects.n; i++)
        if (r->effects.list[i] == effect)
            return true;
    return false;
}

static struct bench_event scan(const char *text) { return (struct bench_event){ .kind = BENCH_EVENT_SCAN, .number = number_of(text) }; }
static struct bench_event key(const char *text) { return (struct bench_event){ .kind = BENCH_EVENT_KEY, .number = number_of(text) }; }

static struct bench_event status(const char *number, const char *fingerprint)
{
    struct bench_event e = { .kind = BENCH_EVENT_STATUS };
    snprintf(e.status.number, sizeof e.status.number, "%s", number);
    e.status.individual = fingerprint != NULL;
    if (fingerprint != NULL)
        memset(e.status.fingerprint, *fingerprint, BENCH_FINGERPRINT);
    return e;
}

static struct bench_event pack(const char *number, char fingerprint)
{
    struct bench_event e = { .kind = BENCH_EVENT_PACK, .number = number_of(number), .certificate_number = number_of(number) };
    memset(e.fingerprint, fingerprint, BENCH_FINGERPRINT);
    return e;
}

static struct bench_event result(bool good, char fingerprint, uint64_t exchange)
{
    struct bench_event e = { .kind = BENCH_EVENT_RESULT };
    e.result = (struct bench_result){ .number = number_of(number_a), .good = good, .has_fingerprint = true, .proof_n = 64 };
    e.result.exchange = exchange;
    memset(e.result.fingerprint, fingerprint, BENCH_FINGERPRINT);
    e.result.peer.role = good ? ROLE_DEVICE : ROLE_BOOTSTRAP;
    snprintf(e.result.peer.name, sizeof e.result.peer.name, "%s", good ? number_a : "3012");
    memset(e.result.peer.fingerprint, fingerprint, sizeof e.result.peer.fingerprint);
    return e;
}

static struct bench_event fault(enum err err) { return (struct bench_event){ .kind = BENCH_EVENT_FAULT, .err = err }; }
static const struct bench_event received = { .kind = BENCH_EVENT_RECEIVED }, reported = { .kind = BENCH_EVENT_REPORTED },
                                reported_again = { .kind = BENCH_EVENT_REPORTED, .again = true },
                                initialised = { .kind = BENCH_EVENT_INITIALISED };

static void until_writing(struct rig *r)
{
    start(r);
    step(r, scan(number_a));
    step(r, status(number_a, NULL));
    step(r, pack(number_a, 'f'));
    step(r, received);
}

static void assert_failed(const struct rig *r, enum err err)
{
    assert_int_equal(r->b.state, BENCH_FAILED);
    assert_int_equal(r->b.err, err);
    assert_true(did(r, BENCH_DO_TELL_FAIL));
    assert_true(did(r, BENCH_DO_FORGET_PACK));
    assert_true(r->b.why.text[0] != '\0' && r->b.advice != NULL && r->b.advice[0] != '\0');
}

/* --- F-8 to F-15 --- */

static void a_device_goes_from_scan_to_pass_step_by_step(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, scan(number_a));
    assert_true(did(&r, BENCH_DO_ASK_STATUS));
    step(&r, status(number_a, NULL));
    assert_true(did(&r, BENCH_DO_REQUEST_PACK)); /* S5 */
    step(&r, pack(number_a, 'f'));
    assert_true(did(&r, BENCH_DO_SEND_PACK)); /* S7 */
    step(&r, received);
    assert_true(did(&r, BENCH_DO_FORWARD_RECEPTION)); /* S9 */
    step(&r, result(true, 'f', 7));
    assert_true(did(&r, BENCH_DO_FORWARD_RESULT)); /* S11 */
    assert_false(did(&r, BENCH_DO_ANSWER_DEVICE));
    step(&r, reported);
    assert_true(did(&r, BENCH_DO_ANSWER_DEVICE)); /* S13, after S12 and not before */
    assert_int_equal(r.b.answered, 7);
    assert_true(did(&r, BENCH_DO_INITIALISE)); /* S1709 */
    step(&r, initialised);
    assert_true(did(&r, BENCH_DO_TELL_PASS) && did(&r, BENCH_DO_FORGET_PACK));
    assert_int_equal(r.b.state, BENCH_PASSED);
    assert_false(r.b.already);
}

/* F-8, rule 7: nameplate, NVRAM and certificate say the same number or the device is refused. */
static void numbers_that_disagree_are_refused_before_a_pack_is_asked_for(void **state)
{
    static const char *const nvram[] = { "3012-123457", "", "3012-12345", "3012-1234560" };
    struct rig r;
    (void)state;
    for (size_t i = 0; i < sizeof nvram / sizeof *nvram; i++) {
        start(&r);
        step(&r, scan(number_a));
        step(&r, status(nvram[i], NULL));
        assert_failed(&r, ERR_NUMBER_MISMATCH);
        assert_false(did(&r, BENCH_DO_REQUEST_PACK));
    }
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, NULL));
    struct bench_event e = pack(number_a, 'f');
    e.certificate_number = number_of(number_b);
    step(&r, e);
    assert_failed(&r, ERR_NUMBER_MISMATCH);
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, NULL));
    step(&r, pack(number_b, 'f'));
    assert_failed(&r, ERR_NUMBER_MISMATCH);
}

/* F-15, hole 3: the cases that are no proof. */
static void ok_without_proof_by_the_new_key_is_refused_and_nothing_is_reported(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 6; wrong++) {
        struct rig r;
        until_writing(&r);
        struct bench_event e = result(true, 'f', 5);
        switch (wrong) {
        case 0: e.result.peer.role = ROLE_BOOTSTRAP; break;
        case 1: snprintf(e.result.peer.name, sizeof e.result.peer.name, "%s", number_b); break;
        case 2: memset(e.result.peer.fingerprint, 'x', sizeof e.result.peer.fingerprint); break;
        case 3: memset(e.result.fingerprint, 'x', sizeof e.result.fingerprint); break;
        case 4: e.result.proof_n = 0; break;
        default: e.result.number = number_of(number_b); break;
        }
        step(&r, e);
        assert_int_equal(r.b.state, BENCH_WRITING);
        assert_true(did(&r, BENCH_DO_REFUSE_DEVICE));
        assert_int_equal(r.b.refused, 5);
        assert_false(did(&r, BENCH_DO_FORWARD_RESULT));
    }
}

/* F-16 */
static void a_failed_write_gets_a_new_pack_up_to_the_limit(void **state)
{
    struct rig r;
    (void)state;
    until_writing(&r);
    for (unsigned i = 1; i < bench_patience_default.packs_most; i++) {
        step(&r, result(false, (char)('f' + (int)i - 1), i));
        step(&r, reported_again);
        assert_true(did(&r, BENCH_DO_ANSWER_DEVICE) && did(&r, BENCH_DO_FORGET_PACK));
        assert_int_equal(r.b.answered, i);
        timer(&r);
        assert_true(did(&r, BENCH_DO_REQUEST_PACK));
        step(&r, fault(ERR_NO_PACK)); /* not made yet */
        timer(&r);
        step(&r, pack(number_a, (char)('f' + (int)i)));
        step(&r, received);
    }
    step(&r, result(false, 'h', 9));
    step(&r, reported_again);
    assert_failed(&r, ERR_FLASH_FAILED);
}

static void a_late_failure_of_the_former_pack_does_not_void_the_new_one(void **state)
{
    struct rig r;
    (void)state;
    until_writing(&r);
    step(&r, result(false, 'f', 1));
    step(&r, reported_again);
    timer(&r);
    step(&r, pack(number_a, 'g'));
    step(&r, received);
    step(&r, result(false, 'f', 2)); /* delayed or repeated */
    assert_int_equal(r.b.state, BENCH_WRITING);
    assert_true(did(&r, BENCH_DO_REFUSE_DEVICE));
    struct bench_event nameless = result(false, 'g', 3);
    nameless.result.has_fingerprint = false;
    step(&r, nameless);
    assert_int_equal(r.b.state, BENCH_WRITING);
}

/* I9, I10: the reply is lost after a good write. */
static void a_lost_result_is_asked_for_and_the_write_is_not_repeated(void **state)
{
    struct rig r;
    (void)state;
    until_writing(&r);
    timer(&r);
    assert_true(did(&r, BENCH_DO_ASK_STATUS));
    step(&r, fault(ERR_UNREACHABLE)); /* it is starting again */
    timer(&r);
    step(&r, status(number_a, "f"));
    assert_true(did(&r, BENCH_DO_ASK_RESULT));
    assert_false(did(&r, BENCH_DO_SEND_PACK));
    step(&r, received);
    step(&r, result(true, 'f', 3));
    step(&r, reported);
    step(&r, initialised);
    assert_int_equal(r.b.state, BENCH_PASSED);
}

static void a_pack_that_did_not_arrive_is_sent_again_and_in_the_end_given_up(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, NULL));
    step(&r, pack(number_a, 'f'));
    for (unsigned i = 1; i < bench_patience_default.sends_most; i++) {
        step(&r, fault(ERR_PEER_GONE));
        timer(&r);
        step(&r, status(number_a, NULL));
        assert_true(did(&r, BENCH_DO_SEND_PACK));
    }
    step(&r, fault(ERR_PEER_GONE));
    timer(&r);
    step(&r, status(number_a, NULL));
    assert_failed(&r, ERR_TIMEOUT);
}

static void another_device_put_on_the_bench_in_the_middle_is_refused(void **state)
{
    struct rig r;
    (void)state;
    until_writing(&r);
    timer(&r);
    step(&r, status(number_b, NULL));
    assert_failed(&r, ERR_NUMBER_MISMATCH);
    until_writing(&r);
    timer(&r);
    struct bench_event twin = status(number_a, NULL); /* the same number in another board */
    snprintf(twin.status.board, sizeof twin.status.board, "twin");
    step(&r, twin);
    assert_failed(&r, ERR_CONFLICT);
}

static void an_absent_factory_server_is_waited_for_and_nothing_is_lost(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, NULL));
    for (int i = 0; i < 20; i++) {
        step(&r, fault(ERR_UNREACHABLE));
        assert_int_equal(r.b.state, BENCH_FETCH_WAIT);
        timer(&r);
    }
    step(&r, pack(number_a, 'f'));
    step(&r, received);
    step(&r, result(true, 'f', 1));
    for (int i = 0; i < 20; i++) {
        step(&r, fault(ERR_TIMEOUT));
        assert_int_equal(r.b.state, BENCH_REPORT_WAIT);
        timer(&r);
        assert_true(did(&r, BENCH_DO_FORWARD_RESULT));
    }
    step(&r, result(true, 'f', 2)); /* the device has lost patience and says it again */
    assert_false(did(&r, BENCH_DO_FORWARD_RESULT));
    step(&r, reported);
    assert_int_equal(r.b.answered, 2);
}

static void patience_with_the_factory_server_and_the_device_ends(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, scan(number_a));
    while (r.b.state != BENCH_FAILED)
        if (r.b.state == BENCH_ASKING)
            step(&r, fault(ERR_UNREACHABLE));
        else
            timer(&r);
    assert_failed(&r, ERR_UNREACHABLE);
    assert_true(r.now_ms >= bench_patience_default.device_patience_ms);
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, NULL));
    while (r.b.state != BENCH_FAILED)
        if (r.b.state == BENCH_FETCHING)
            step(&r, fault(ERR_BUSY));
        else
            timer(&r);
    assert_failed(&r, ERR_BUSY);
}

static void refusals_of_the_factory_server_end_the_session_with_advice(void **state)
{
    static const enum err refusals[] = { ERR_NOT_PLANNED, ERR_NO_IDENTITY_MODEL, ERR_WRONG_LINE, ERR_CLAIMED, ERR_CONFLICT, ERR_ALREADY_WRITTEN,
                                         ERR_TOO_MANY_CLAIMS };
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct rig r;
        start(&r);
        step(&r, scan(number_a));
        step(&r, status(number_a, NULL));
        step(&r, fault(refusals[i]));
        assert_failed(&r, refusals[i]);
    }
}

static struct bench_event known(void)
{
    return (struct bench_event){ .kind = BENCH_EVENT_PACK, .number = number_of(number_a), .certificate_number = number_of(number_a), .known = true };
}

/* I1: an identity that was voided or superseded lies in the board in front */
static void a_device_whose_identity_is_not_the_one_on_record_does_not_pass(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, "f"));
    step(&r, fault(ERR_ALREADY_WRITTEN));
    assert_failed(&r, ERR_ALREADY_WRITTEN);
    assert_false(did(&r, BENCH_DO_INITIALISE));
}

/* Hole 3: "it has it already" is a claim too, until it was proven */
static void a_device_that_does_not_prove_what_it_has_already_does_not_pass(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, "f"));
    step(&r, known());
    step(&r, received);
    step(&r, result(true, 'g', 8)); /* by another key */
    assert_true(did(&r, BENCH_DO_REFUSE_DEVICE));
    while (r.b.state != BENCH_FAILED)
        if (r.b.state == BENCH_CHECKING)
            step(&r, status(number_a, NULL));
        else
            timer(&r);
    assert_failed(&r, ERR_PROOF_FAILED);
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, NULL)); /* and one that has nothing is not taken for known */
    step(&r, known());
    assert_failed(&r, ERR_CONFLICT);
}

static void the_same_number_scanned_again_passes_again_without_a_second_write(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, scan(number_a));
    step(&r, status(number_a, "f"));
    step(&r, known());
    assert_true(did(&r, BENCH_DO_ASK_RESULT) && !did(&r, BENCH_DO_SEND_PACK));
    step(&r, received);
    step(&r, result(true, 'f', 8));
    assert_true(did(&r, BENCH_DO_FORWARD_RESULT));
    step(&r, reported);
    assert_true(did(&r, BENCH_DO_INITIALISE));
    step(&r, initialised);
    assert_true(r.b.state == BENCH_PASSED && r.b.already);
    /* written, but the factory server never heard of it: it hands out the same pack, and only the proof is asked for */
    step(&r, scan(number_a));
    step(&r, status(number_a, "f"));
    step(&r, pack(number_a, 'f'));
    assert_true(did(&r, BENCH_DO_ASK_RESULT) && !did(&r, BENCH_DO_SEND_PACK));
}

static void a_result_repeated_after_pass_is_answered_and_not_reported(void **state)
{
    struct rig r;
    (void)state;
    until_writing(&r);
    step(&r, result(true, 'f', 1));
    step(&r, reported);
    step(&r, result(true, 'f', 2));
    assert_true(did(&r, BENCH_DO_ANSWER_DEVICE) && r.effects.n == 1 && r.b.answered == 2);
    step(&r, initialised);
    step(&r, result(true, 'f', 3));
    assert_true(did(&r, BENCH_DO_ANSWER_DEVICE) && r.effects.n == 1 && r.b.answered == 3);
    step(&r, result(true, 'x', 4));
    assert_true(did(&r, BENCH_DO_REFUSE_DEVICE));
}

/* Hole 3, I10: what a proven result leads to in each state, also where the session before left its number and identity. */
static void a_result_counts_once_the_pack_was_sent_and_not_before(void **state)
{
    static const enum { REFUSED, FORWARDED, KEPT, ANSWERED } comes_to[BENCH_STATE_COUNT] = {
        [BENCH_SENDING] = FORWARDED,    [BENCH_WRITING] = FORWARDED,      [BENCH_CHECKING] = FORWARDED,
        [BENCH_CHECK_WAIT] = FORWARDED, [BENCH_RESULT_ASKED] = FORWARDED, [BENCH_REPORTING] = KEPT,
        [BENCH_REPORT_WAIT] = KEPT,     [BENCH_INITIALISING] = ANSWERED,  [BENCH_INIT_WAIT] = ANSWERED,
        [BENCH_PASSED] = ANSWERED,
    };
    (void)state;
    for (unsigned s = 0; s < BENCH_STATE_COUNT; s++) {
        struct rig r;
        until_writing(&r);
        r.b.state = (enum bench_state)s;
        r.b.result.good = true;
        step(&r, result(true, 'f', 5));
        if (did(&r, BENCH_DO_REFUSE_DEVICE) != (comes_to[s] == REFUSED) || did(&r, BENCH_DO_FORWARD_RESULT) != (comes_to[s] == FORWARDED) ||
            did(&r, BENCH_DO_ANSWER_DEVICE) != (comes_to[s] == ANSWERED))
            fail_msg("a result while %s", bench_state_row((enum bench_state)s)->name);
    }
}

/* F-9 */
static void a_keyed_number_counts_when_it_came_twice_the_same(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, key(number_a));
    assert_int_equal(r.b.state, BENCH_KEYED);
    assert_int_equal(r.effects.n, 0);
    step(&r, key(number_a));
    assert_true(did(&r, BENCH_DO_ASK_STATUS));
    start(&r);
    step(&r, key(number_a));
    step(&r, key(number_b));
    assert_failed(&r, ERR_CONFLICT);
    start(&r);
    step(&r, key(number_a));
    timer(&r);
    assert_int_equal(r.b.state, BENCH_IDLE);
}

static void a_scan_while_one_is_worked_on_is_told_and_not_taken(void **state)
{
    struct rig r;
    (void)state;
    until_writing(&r);
    step(&r, scan(number_a)); /* the trigger bounced */
    assert_int_equal(r.effects.n, 0);
    step(&r, scan(number_b));
    assert_true(did(&r, BENCH_DO_NOTE));
    assert_int_equal(r.b.state, BENCH_WRITING);
    assert_string_equal(r.b.number.text, number_a);
}

static void answers_to_requests_that_were_given_up_are_ignored(void **state)
{
    struct rig r;
    (void)state;
    start(&r);
    step(&r, scan(number_a));
    struct bench_event old = status(number_a, NULL);
    old.ticket = r.b.ticket;
    timer(&r);
    timer(&r);
    assert_ok(bench_step(&r.b, &old, r.now_ms, &r.effects, NULL));
    assert_int_equal(r.b.state, BENCH_ASKING);
    assert_int_equal(r.effects.n, 0);
}

/* --- Every state with every event: a letter per event that may be, as bench.tbl orders them --- */

static const char *const allowed[BENCH_STATE_COUNT] = {
    /*                       scan key mis status pack recv result reported init fault timer */
    [BENCH_IDLE]         = "skm...r....",
    [BENCH_KEYED]        = "skm...r...t",
    [BENCH_ASKING]       = "skmS..r..ft",
    [BENCH_ASK_WAIT]     = "skm...r...t",
    [BENCH_FETCHING]     = "skm.P.r..ft",
    [BENCH_FETCH_WAIT]   = "skm...r...t",
    [BENCH_SENDING]      = "skm..Vr..ft",
    [BENCH_WRITING]      = "skm...r...t",
    [BENCH_CHECKING]     = "skmS..r..ft",
    [BENCH_CHECK_WAIT]   = "skm...r...t",
    [BENCH_RESULT_ASKED] = "skm..Vr..ft",
    [BENCH_REPORTING]    = "skm...rR.ft",
    [BENCH_REPORT_WAIT]  = "skm...r...t",
    [BENCH_INITIALISING] = "skm...r.Ift",
    [BENCH_INIT_WAIT]    = "skm...r...t",
    [BENCH_PASSED]       = "skm...r....",
    [BENCH_FAILED]       = "skm...r....",
};

static void every_event_in_every_state_is_dealt_with_or_refused(void **state)
{
    (void)state;
    for (unsigned s = 0; s < BENCH_STATE_COUNT; s++) {
        for (unsigned e = 0; e < BENCH_EVENT_COUNT; e++) {
            struct rig r;
            start(&r);
            r.b.state = (enum bench_state)s;
            r.b.deadline_ms = 1;
            r.b.number = number_of(number_a);
            const struct bench before = r.b;
            const struct bench_event event = { .kind = (enum bench_event_kind)e, .number = number_of(number_b) };
            enum err err = bench_step(&r.b, &event, 1000, &r.effects, NULL);
            if ((err == OK) != (allowed[s][e] != '.'))
                fail_msg("%s in %s", bench_event_name(event.kind), bench_state_row(before.state)->name);
            if (err != OK) {
                assert_int_equal(err, ERR_BAD_TRANSITION);
                assert_memory_equal(&before, &r.b, sizeof before);
                assert_int_equal(r.effects.n, 0);
            }
            assert_true(r.effects.n <= BENCH_EFFECTS_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_goes_from_scan_to_pass_step_by_step),
        cmocka_unit_test(numbers_that_disagree_are_refused_before_a_pack_is_asked_for),
        cmocka_unit_test(ok_without_proof_by_the_new_key_is_refused_and_nothing_is_reported),
        cmocka_unit_test(a_failed_write_gets_a_new_pack_up_to_the_limit),
        cmocka_unit_test(a_late_failure_of_the_former_pack_does_not_void_the_new_one),
        cmocka_unit_test(a_lost_result_is_asked_for_and_the_write_is_not_repeated),
        cmocka_unit_test(a_pack_that_did_not_arrive_is_sent_again_and_in_the_end_given_up),
        cmocka_unit_test(another_device_put_on_the_bench_in_the_middle_is_refused),
        cmocka_unit_test(an_absent_factory_server_is_waited_for_and_nothing_is_lost),
        cmocka_unit_test(patience_with_the_factory_server_and_the_device_ends),
        cmocka_unit_test(refusals_of_the_factory_server_end_the_session_with_advice),
        cmocka_unit_test(the_same_number_scanned_again_passes_again_without_a_second_write),
        cmocka_unit_test(a_device_whose_identity_is_not_the_one_on_record_does_not_pass),
        cmocka_unit_test(a_device_that_does_not_prove_what_it_has_already_does_not_pass),
        cmocka_unit_test(a_result_repeated_after_pass_is_answered_and_not_reported),
        cmocka_unit_test(a_result_counts_once_the_pack_was_sent_and_not_before),
        cmocka_unit_test(a_keyed_number_counts_when_it_came_twice_the_same),
        cmocka_unit_test(a_scan_while_one_is_worked_on_is_told_and_not_taken),
        cmocka_unit_test(answers_to_requests_that_were_given_up_are_ignored),
        cmocka_unit_test(every_event_in_every_state_is_dealt_with_or_refused),
    };
    return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
