#include "../test.h"

#include <string.h>

#include "factory/decide.h"

enum { NOW = 1000, TODAY = 20260319 };
static const struct decide_policy policy = { .days_late = 7, .claims_per_station = 4, .unproven_most = 16, .reissues_most = 3, .lease_s = 120 };
static const struct decide_policy direct = { .days_late = 7, .claims_per_station = 4, .lease_s = 120, .direct = true };
static const uint8_t nonce[IDENTITY_NONCE] = { 42 };

static struct identity row_in(enum lifecycle_state state)
{
    struct identity row = { .number = { "3012-000001" }, .generation = 1, .model = "3012", .day = TODAY, .state = state };
    row.has_pack = state == LIFE_STORED || state == LIFE_CLAIMED || state == LIFE_WRITTEN || state == LIFE_FAILED;
    if (state == LIFE_CLAIMED) {
        row.lease_until_s = NOW + 10;
        row.has_nonce = true;
        row.nonce[0] = 7;
        strcpy(row.station, "line-a");
        strcpy(row.board, "B1");
    }
    return row;
}

static struct claim_facts facts_of(const struct identity *row)
{
    return (struct claim_facts){ .station = "line-a",
                                 .line = "A",
                                 .board = "B1",
                                 .today = TODAY,
                                 .model_known = true,
                                 .model_identity = true,
                                 .model_line = "A",
                                 .row = row };
}

/* F-10: which state of an identity lets its pack be handed out. Every state has its row. */
static void the_state_of_an_identity_decides_a_claim(void **state)
{
    (void)state;
    static const enum err expected[LIFE_COUNT] = {
        [LIFE_PLANNED] = ERR_NO_PACK,
        [LIFE_REQUESTED] = ERR_NO_PACK,
        [LIFE_STORED] = OK,
        [LIFE_CLAIMED] = OK,
        [LIFE_FAILED] = ERR_NO_PACK,
        [LIFE_WRITTEN] = ERR_ALREADY_WRITTEN,
        [LIFE_ERASED] = ERR_ALREADY_WRITTEN,
        [LIFE_FIELD] = ERR_ALREADY_WRITTEN,
        [LIFE_VOIDED] = ERR_NO_PACK,
        [LIFE_SUPERSEDED] = ERR_CONFLICT,
        [LIFE_REVOKED] = ERR_CONFLICT,
        [LIFE_RENEWING] = ERR_CONFLICT,
    };
    for (unsigned i = 0; i < LIFE_COUNT; i++) {
        struct identity row = row_in((enum lifecycle_state)i), saved;
        struct claim_facts facts = facts_of(&row);
        enum claim_way way;
        struct why why;
        assert_err(decide_claim(&policy, &facts, NOW, nonce, &way, &saved, &why), expected[i]);
        if (expected[i] != OK)
            continue;
        assert_int_equal(way, CLAIM_HAND_OUT);
        assert_int_equal(saved.state, LIFE_CLAIMED);
        assert_string_equal(saved.board, "B1");
        assert_string_equal(saved.station, "line-a");
        assert_int_equal(saved.lease_until_s, NOW + 120);
        assert_int_equal(saved.nonce[0], i == LIFE_CLAIMED ? 7 : 42);
    }
}

struct refusal {
    const char *name;
    struct claim_facts facts;
    struct identity row;
    enum err err;
};

static void whoever_may_not_have_a_pack_now_is_refused(void **state)
{
    (void)state;
    struct identity stored = row_in(LIFE_STORED), claimed = row_in(LIFE_CLAIMED), over = claimed, late = stored, early = stored,
                    oldest = stored, bound = stored;
    over.lease_until_s = NOW;
    early.day = TODAY + 1;
    late.day = TODAY - 8;
    oldest.day = TODAY - 7;
    bound.has_nonce = true;
    strcpy(bound.board, "B2");
    struct refusal rows[] = {
        { "F-2: a model without identity", facts_of(&stored), stored, ERR_NO_IDENTITY_MODEL },
        { "an unknown model", facts_of(&stored), stored, ERR_NOT_PLANNED },
        { "a number in no plan", facts_of(NULL), stored, ERR_NOT_PLANNED },
        { "F-18: a discontinued model", facts_of(&stored), stored, ERR_NOT_PLANNED },
        { "tomorrow's", facts_of(&early), early, ERR_NOT_PLANNED },
        { "too late", facts_of(&late), late, ERR_NOT_PLANNED },
        { "just not too late", facts_of(&oldest), oldest, OK },
        { "another line's", facts_of(&stored), stored, ERR_WRONG_LINE },
        { "claimed elsewhere", facts_of(&claimed), claimed, ERR_CLAIMED },
        { "claimed elsewhere, same board, lease over", facts_of(&over), over, OK },
        { "another board, same station", facts_of(&claimed), claimed, ERR_CONFLICT },
        { "another board, lease over", facts_of(&over), over, ERR_CONFLICT },
        { "bound to another board, back on hand", facts_of(&bound), bound, ERR_CONFLICT },
        { "one too many outstanding", facts_of(&stored), stored, ERR_TOO_MANY_CLAIMS },
        { "the last one allowed", facts_of(&stored), stored, OK },
        { "one too many without a proven write", facts_of(&stored), stored, ERR_TOO_MANY_CLAIMS },
        { "the last one without a proven write", facts_of(&stored), stored, OK },
    };
    rows[0].facts.model_identity = false;
    rows[1].facts.model_known = false;
    rows[3].facts.model_discontinued = true;
    rows[7].facts.line = "B";
    rows[8].facts.station = rows[9].facts.station = "line-a2";
    rows[10].facts.board = rows[11].facts.board = "B9";
    rows[13].facts.outstanding = 4;
    rows[14].facts.outstanding = 3;
    rows[15].facts.unproven = 16;
    rows[16].facts.unproven = 15;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum claim_way way;
        struct identity saved;
        struct why why = { "" };
        enum err err = decide_claim(&policy, &rows[i].facts, NOW, nonce, &way, &saved, &why);
        if (err != rows[i].err)
            fail_msg("%s: %s %s", rows[i].name, err_row(err)->name, why.text);
    }
}

/* I1, hole 3: a written number gets nothing but a question, and that only with the identity on record in the board
 * on record */
static void a_device_that_has_its_identity_is_asked_for_its_proof(void **state)
{
    (void)state;
    static const struct {
        enum lifecycle_state state;
        uint8_t fingerprint; /* 0: the device says that it has none */
        const char *board;
        enum err err;
    } rows[] = {
        { LIFE_WRITTEN, 5, "B1", OK },
        { LIFE_ERASED, 5, "B1", OK },
        { LIFE_ERASED, 4, "B1", ERR_ALREADY_WRITTEN }, /* voided or superseded */
        { LIFE_ERASED, 0, "B1", ERR_ALREADY_WRITTEN },
        { LIFE_ERASED, 5, "B2", ERR_CONFLICT }, /* a copy of the flash memory */
        { LIFE_REVOKED, 5, "B1", ERR_CONFLICT },
        { LIFE_SUPERSEDED, 5, "B1", ERR_CONFLICT },
        { LIFE_VOIDED, 5, "B1", ERR_NO_PACK },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct identity row = row_in(rows[i].state), saved;
        const uint8_t said[IDENTITY_FINGERPRINT] = { rows[i].fingerprint };
        struct claim_facts facts = facts_of(&row);
        enum claim_way way = CLAIM_HAND_OUT;
        struct why why;
        strcpy(row.board, "B1");
        row.has_nonce = row.has_fingerprint = true;
        row.fingerprint[0] = 5;
        facts.board = rows[i].board;
        facts.fingerprint = rows[i].fingerprint == 0 ? NULL : said;
        assert_err(decide_claim(&policy, &facts, NOW, nonce, &way, &saved, &why), rows[i].err);
        assert_int_equal(way, rows[i].err == OK ? CLAIM_PROVE : CLAIM_HAND_OUT);
    }
}

/* F-21 */
static void direct_mode_asks_the_ca_for_what_is_not_on_hand(void **state)
{
    (void)state;
    static const enum lifecycle_state states[] = { LIFE_PLANNED, LIFE_REQUESTED, LIFE_CLAIMED };
    for (size_t i = 0; i < 3; i++) {
        struct identity row = row_in(states[i]), saved;
        struct claim_facts facts = facts_of(&row);
        enum claim_way way;
        struct why why;
        row.has_pack = false;
        row.direct = true;
        assert_ok(decide_claim(&direct, &facts, NOW, nonce, &way, &saved, &why));
        assert_int_equal(way, CLAIM_ASK_CA);
        assert_int_equal(saved.state, states[i]);
    }
}

struct result_row {
    enum lifecycle_state from;
    bool good, proof, same_station;
    int64_t retention;
    enum err err;
    enum lifecycle_state to;
    bool changed, erase, report, again;
};

static void a_write_result_moves_an_identity_as_the_table_says(void **state)
{
    (void)state;
    static const struct result_row rows[] = {
        /* F-15, F-17 */
        { LIFE_CLAIMED, true, true, true, 0, OK, LIFE_ERASED, true, true, true, false },
        { LIFE_CLAIMED, true, true, true, 3600, OK, LIFE_WRITTEN, true, false, true, false },
        { LIFE_STORED, true, true, false, 0, OK, LIFE_ERASED, true, true, true, false }, /* late, lease over */
        /* I10: repeated */
        { LIFE_ERASED, true, true, true, 0, OK, LIFE_ERASED, false, false, false, false },
        { LIFE_WRITTEN, true, true, true, 0, OK, LIFE_WRITTEN, false, false, false, false },
        /* hole 3: no proof, no flag */
        { LIFE_CLAIMED, true, false, true, 0, ERR_PROOF_FAILED, 0, false, false, false, false },
        { LIFE_ERASED, true, false, true, 0, ERR_PROOF_FAILED, 0, false, false, false, false },
        { LIFE_VOIDED, true, true, true, 0, ERR_BAD_TRANSITION, 0, false, false, false, false },
        { LIFE_FAILED, true, true, true, 0, ERR_BAD_TRANSITION, 0, false, false, false, false },
        /* F-16 */
        { LIFE_CLAIMED, false, false, true, 0, OK, LIFE_FAILED, true, false, true, true },
        { LIFE_STORED, false, false, true, 0, OK, LIFE_FAILED, true, false, true, true },
        { LIFE_FAILED, false, false, true, 0, OK, LIFE_FAILED, false, false, false, true },
        { LIFE_VOIDED, false, false, true, 0, OK, LIFE_VOIDED, false, false, false, true },
        { LIFE_CLAIMED, false, false, false, 0, ERR_NOT_ALLOWED, 0, false, false, false, false },
        /* I8: a written one does not fail any more */
        { LIFE_WRITTEN, false, false, true, 0, ERR_BAD_TRANSITION, 0, false, false, false, false },
        { LIFE_ERASED, false, false, true, 0, ERR_BAD_TRANSITION, 0, false, false, false, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct identity row = row_in(rows[i].from);
        struct decide_policy p = policy;
        struct result_effect e;
        struct why why = { "" };
        p.retention_s = rows[i].retention;
        strcpy(row.station, rows[i].same_station ? "line-a" : "line-b");
        struct result_facts facts = {
            .station = "line-a", .good = rows[i].good, .proof_holds = rows[i].proof, .reason = "r", .row = &row
        };
        enum err err = decide_result(&p, &facts, NOW, &e, &why);
        if (err != rows[i].err)
            fail_msg("row %zu: %s %s", i, err_row(err)->name, why.text);
        if (err != OK)
            continue;
        assert_int_equal(e.row.state, rows[i].to);
        assert_int_equal(e.changed, rows[i].changed);
        assert_int_equal(e.erase, rows[i].erase);
        assert_int_equal(e.report, rows[i].report);
        assert_int_equal(e.again, rows[i].again);
    }
}

/* F-16: after so many new packs in a day a person looks at it first, and the station is not told to wait. */
static void a_number_that_fails_again_and_again_waits_for_an_operator(void **state)
{
    (void)state;
    struct identity row = row_in(LIFE_CLAIMED);
    struct result_facts facts = { .station = "line-a", .good = false, .reason = "r", .row = &row };
    struct result_effect e;
    assert_false(decide_held(&policy, 2));
    assert_true(decide_held(&policy, 3));
    facts.held = decide_held(&policy, 3);
    assert_ok(decide_result(&policy, &facts, NOW, &e, NULL));
    assert_int_equal(e.row.state, LIFE_FAILED);
    assert_true(e.report);
    assert_false(e.again);
}

/* F-9: what is keyed in is checked as a scan would be, and a number that is written is refused. */
static void a_number_is_keyed_in_for_a_line_as_it_would_be_scanned_there(void **state)
{
    (void)state;
    static const struct {
        enum lifecycle_state state;
        int32_t day;
        const char *line;
        enum err err;
    } rows[] = {
        { LIFE_STORED, TODAY, "A", OK },
        { LIFE_CLAIMED, TODAY, "A", OK },
        { LIFE_STORED, TODAY, "B", ERR_WRONG_LINE },
        { LIFE_STORED, TODAY + 1, "A", ERR_NOT_PLANNED },
        { LIFE_REQUESTED, TODAY, "A", ERR_NO_PACK },
        { LIFE_ERASED, TODAY, "A", ERR_ALREADY_WRITTEN },
        { LIFE_REVOKED, TODAY, "A", ERR_CONFLICT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct identity row = row_in(rows[i].state);
        row.day = rows[i].day;
        struct claim_facts facts = facts_of(&row);
        facts.line = rows[i].line;
        facts.board = "";
        assert_err(decide_key(&policy, &facts, NULL), rows[i].err);
    }
    struct claim_facts unknown = facts_of(NULL);
    assert_err(decide_key(&policy, &unknown, NULL), ERR_NOT_PLANNED);
}

static void a_result_for_a_certificate_that_was_never_handed_out_is_refused(void **state)
{
    (void)state;
    struct result_facts facts = { .station = "line-a", .good = true, .proof_holds = true, .reason = "" };
    struct result_effect e;
    struct why why;
    assert_err(decide_result(&policy, &facts, NOW, &e, &why), ERR_CONFLICT);
}

static void a_claim_that_is_over_goes_back_on_hand_and_stays_bound_to_its_board(void **state)
{
    (void)state;
    struct identity row = row_in(LIFE_CLAIMED), next;
    assert_false(decide_expire(&row, NOW + 9, &next));
    assert_true(decide_expire(&row, NOW + 10, &next));
    assert_int_equal(next.state, LIFE_STORED);
    assert_string_equal(next.board, "B1");
    assert_true(next.has_nonce);
    row.state = LIFE_STORED;
    assert_false(decide_expire(&row, NOW + 1000, &next));
}

/* F-17 */
static void a_written_pack_is_erased_when_its_retention_is_over(void **state)
{
    (void)state;
    struct decide_policy p = policy;
    struct identity row = row_in(LIFE_WRITTEN);
    row.written_s = 100;
    p.retention_s = 50;
    assert_false(decide_erase(&p, &row, 149));
    assert_true(decide_erase(&p, &row, 150));
    row.state = LIFE_CLAIMED;
    assert_false(decide_erase(&p, &row, 150));
}

/* F-3 */
static void the_daily_request_is_due_once_a_day_at_its_time(void **state)
{
    (void)state;
    assert_false(decide_request_due(TODAY, 299, 300, TODAY - 1));
    assert_true(decide_request_due(TODAY, 300, 300, TODAY - 1));
    assert_true(decide_request_due(TODAY, 1439, 300, 0));
    assert_false(decide_request_due(TODAY, 1439, 300, TODAY));
    assert_false(decide_request_due(TODAY, 1439, 300, TODAY + 1)); /* the clock went back */
}

/* F-1 */
static void the_plan_is_fetched_once_a_month_also_in_short_ones(void **state)
{
    (void)state;
    assert_false(decide_fetch_due(20260301, 179, 1, 180, 202602));
    assert_true(decide_fetch_due(20260301, 180, 1, 180, 202602));
    assert_true(decide_fetch_due(20260315, 0, 1, 180, 202602));
    assert_false(decide_fetch_due(20260331, 200, 1, 180, 202603));
    assert_true(decide_fetch_due(20260228, 180, 31, 180, 202601));
    assert_false(decide_fetch_due(20260227, 1439, 31, 180, 202601));
    assert_true(decide_fetch_due(20240229, 180, 30, 180, 202401));
    assert_false(decide_fetch_due(20240228, 180, 30, 180, 202401));
}

static void waiting_doubles_up_to_the_most_and_half_of_it_is_random(void **state)
{
    (void)state;
    static const int64_t full[] = { 500, 1000, 2000, 4000, 5000, 5000 };
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(decide_backoff_ms(i + 1, 0, 5000), full[i] / 2);
        assert_int_equal(decide_backoff_ms(i + 1, (uint32_t)(full[i] / 2), 5000), full[i]);
    }
    assert_true(decide_backoff_ms(4000000000u, 1, 60000) <= 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_of_an_identity_decides_a_claim),
        cmocka_unit_test(whoever_may_not_have_a_pack_now_is_refused),
        cmocka_unit_test(a_device_that_has_its_identity_is_asked_for_its_proof),
        cmocka_unit_test(direct_mode_asks_the_ca_for_what_is_not_on_hand),
        cmocka_unit_test(a_number_that_fails_again_and_again_waits_for_an_operator),
        cmocka_unit_test(a_number_is_keyed_in_for_a_line_as_it_would_be_scanned_there),
        cmocka_unit_test(a_write_result_moves_an_identity_as_the_table_says),
        cmocka_unit_test(a_result_for_a_certificate_that_was_never_handed_out_is_refused),
        cmocka_unit_test(a_claim_that_is_over_goes_back_on_hand_and_stays_bound_to_its_board),
        cmocka_unit_test(a_written_pack_is_erased_when_its_retention_is_over),
        cmocka_unit_test(the_daily_request_is_due_once_a_day_at_its_time),
        cmocka_unit_test(the_plan_is_fetched_once_a_month_also_in_short_ones),
        cmocka_unit_test(waiting_doubles_up_to_the_most_and_half_of_it_is_random),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
