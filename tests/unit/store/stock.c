#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"
#include "store/stock_schema.h"

static int open_new(void **state)
{
    static const struct stock_model models[] = {
        { .code = "3012", .name = "TYPE-1", .line = "A", .digits = 6, .identity = true },
        { .code = "3013", .name = "TYPE-2", .line = "A", .digits = 6, .identity = false },
    };
    struct db *db;
    struct why why = { "" };
    if (stock_open(place_new("stock.db", "stock"), DB_CREATE, &db, &why) != OK || stock_model_put(db, &models[0], &why) != OK ||
        stock_model_put(db, &models[1], &why) != OK) {
        print_error("%s\n", why.text);
        return -1;
    }
    *state = db;
    return 0;
}

static int close_it(void **state)
{
    db_close(*state);
    return 0;
}

static void plan(struct db *db, const char *model, uint32_t quantity)
{
    struct plan_row row = { .day = 20260319, .quantity = quantity, .first_serial = "000001" };
    struct why why;
    strcpy(row.model, model);
    assert_ok(stock_plan_add(db, &row, 5, &why));
}

static void request(struct db *db, const char *id, int64_t most, int64_t expected)
{
    struct stock_request r = { .made_s = 6 };
    int64_t n;
    struct why why;
    strcpy(r.id, id);
    assert_ok(stock_request_add(db, &r, &why));
    assert_ok(stock_request_take(db, id, 20260319, 20260319, most, &n, &why));
    assert_int_equal(n, expected);
}

static enum err store(struct db *db, const char *number, const char *id, uint8_t mark, bool *ret_stored)
{
    uint8_t fingerprint[IDENTITY_FINGERPRINT] = { mark };
    struct stock_pack pack = { .order = "O1",
                               .sealed = span_text("sealed"),
                               .certificate = span_text("cert"),
                               .fingerprint = fingerprint,
                               .now_s = 7 };
    struct why why;
    strcpy(pack.number.text, number);
    assert_ok(stock_chain_put(db, span_text("root and issuer"), &pack.chain, &why));
    enum err err = stock_request_find(db, id, &pack.request, &why);
    return err != OK ? err : stock_pack_store(db, &pack, ret_stored, &why);
}

static struct identity newest(struct db *db, const char *number)
{
    struct identity row;
    struct why why;
    assert_ok(stock_identity_newest(db, number, &row, &why));
    return row;
}

static void move(struct db *db, struct identity *row, enum lifecycle_state to, bool drop, enum err expected)
{
    enum lifecycle_state from = row->state;
    struct why why;
    row->state = to;
    strcpy(row->station, "line-a");
    row->has_nonce = true;
    enum err err = stock_identity_save(db, row, from, drop, &why);
    if (err != expected)
        fail_msg("%s -> %s: %s", lifecycle_name(from), lifecycle_name(to), why.text);
}

/* F-1, F-2: only models with identity get rows. */
static void a_plan_becomes_numbered_identities_for_models_that_get_one(void **state)
{
    struct db *db = *state;
    struct identity row;
    struct why why;
    plan(db, "3012", 3);
    plan(db, "3013", 3);
    assert_int_equal(newest(db, "3012-000003").state, LIFE_PLANNED);
    assert_err(stock_identity_newest(db, "3012-000004", &row, &why), ERR_NOT_FOUND);
    assert_err(stock_identity_newest(db, "3013-000001", &row, &why), ERR_NOT_FOUND);
    struct stock_known known;
    assert_ok(stock_plan_known(db, &known, &why));
    assert_int_equal(known.known.models_n, 2);
    assert_int_equal(known.known.ranges_n, 2);
    stock_known_done(&known);
}

static enum err count_numbers(void *context, int64_t row, const char *number)
{
    (void)row, (void)number;
    ++*(int *)context;
    return OK;
}

/* F-6, I10: a reply that comes twice stores once; packs nobody asked for are refused. */
static void packs_are_stored_once_for_what_was_asked(void **state)
{
    struct db *db = *state;
    struct why why;
    bool stored;
    int64_t missing;
    int numbers = 0;
    plan(db, "3012", 3);
    request(db, "r1", 2, 2);
    request(db, "r2", 100, 1);
    assert_ok(store(db, "3012-000001", "r1", 1, &stored));
    assert_true(stored);
    assert_ok(store(db, "3012-000001", "r1", 1, &stored));
    assert_false(stored);
    assert_err(store(db, "3012-000001", "r1", 9, &stored), ERR_NOT_FOUND);
    assert_err(store(db, "3012-000003", "r1", 3, &stored), ERR_NOT_FOUND);
    assert_ok(stock_request_missing(db, "r1", &missing, &why));
    assert_int_equal(missing, 1);
    assert_ok(stock_request_numbers(db, "r1", 0, 100, count_numbers, &numbers, &why));
    assert_int_equal(numbers, 2); /* a repetition names them all */
    struct identity row = newest(db, "3012-000001");
    assert_int_equal(row.state, LIFE_STORED);
    assert_true(row.has_pack);
    assert_string_equal(row.order, "O1");
}

static void a_plan_can_be_taken_back_until_it_is_asked_for(void **state)
{
    struct db *db = *state;
    struct identity row;
    struct why why;
    int64_t n = 0;
    plan(db, "3012", 3);
    plan(db, "3013", 2);
    assert_err(stock_plan_remove(db, 20260318, "3012", &n, &why), ERR_NOT_FOUND);
    assert_ok(stock_plan_remove(db, 20260319, "3012", &n, &why));
    assert_int_equal(n, 3);
    assert_err(stock_identity_newest(db, "3012-000001", &row, &why), ERR_NOT_FOUND);
    assert_ok(stock_plan_remove(db, 20260319, "3013", &n, &why));
    plan(db, "3012", 3);
    request(db, "r1", 1, 1);
    assert_err(stock_plan_remove(db, 20260319, "3012", &n, &why), ERR_CONFLICT);
    assert_string_equal(why.text, "1 identities of it were asked for already");
    assert_ok(stock_request_release(db, "r1", &why)); /* the CA issued nothing */
    assert_ok(stock_plan_remove(db, 20260319, "3012", &n, &why));
}

static void a_refused_request_leaves_its_numbers_planned(void **state)
{
    struct db *db = *state;
    struct why why;
    plan(db, "3012", 2);
    request(db, "r1", 100, 2);
    assert_ok(stock_request_release(db, "r1", &why));
    assert_int_equal(newest(db, "3012-000001").state, LIFE_PLANNED);
    request(db, "r2", 100, 2);
}

/* F-17: the pack is gone, the row stays. */
static void erasing_takes_the_pack_and_leaves_the_row(void **state)
{
    struct db *db = *state;
    struct why why;
    bool stored;
    AUTO_BUF sealed = BUF_INIT, certificate = BUF_INIT, chain = BUF_INIT;
    plan(db, "3012", 1);
    request(db, "r1", 100, 1);
    assert_ok(store(db, "3012-000001", "r1", 1, &stored));
    struct identity row = newest(db, "3012-000001");
    move(db, &row, LIFE_CLAIMED, false, OK);
    assert_ok(stock_pack_read(db, &row, &sealed, &certificate, &chain, &why));
    assert_true(span_equal(buf_span(&sealed), span_text("sealed")));
    assert_true(span_equal(buf_span(&certificate), span_text("cert")));
    assert_true(span_equal(buf_span(&chain), span_text("root and issuer")));
    row.written_s = 9;
    move(db, &row, LIFE_ERASED, true, OK);
    assert_err(stock_pack_read(db, &row, &sealed, &certificate, &chain, &why), ERR_NOT_FOUND);
    buf_clear(&certificate);
    assert_ok(stock_certificate_read(db, &row, &certificate, &why)); /* the certificate stays */
    assert_true(span_equal(buf_span(&certificate), span_text("cert")));
    row = newest(db, "3012-000001");
    assert_int_equal(row.state, LIFE_ERASED);
    assert_int_equal(row.written_s, 9);
    assert_false(row.has_pack);
}

static enum err take_number(void *context, const struct identity *row)
{
    strcat(context, row->number.text);
    return OK;
}

/* F-17: of what is kept for a while after it was written, only what is due is looked at. */
static void packs_whose_retention_is_over_are_found_oldest_first(void **state)
{
    struct db *db = *state;
    bool stored;
    char found[80] = "";
    plan(db, "3012", 4);
    request(db, "r1", 100, 4);
    for (unsigned i = 1; i <= 4; i++) {
        char number[16];
        snprintf(number, sizeof number, "3012-00000%u", i);
        assert_ok(store(db, number, "r1", (uint8_t)i, &stored));
        struct identity row = newest(db, number);
        move(db, &row, LIFE_CLAIMED, false, OK);
        row.written_s = 50 - 10 * i;
        if (i < 4)
            move(db, &row, LIFE_WRITTEN, false, OK);
    }
    assert_ok(stock_identity_written(db, 30, 100, take_number, found, NULL));
    assert_string_equal(found, "3012-0000033012-000002");
    found[0] = '\0';
    assert_ok(stock_identity_written(db, 30, 1, take_number, found, NULL));
    assert_string_equal(found, "3012-000003");
}

/* I4, I8: what the lifecycle does not allow, the database refuses by itself. */
static void impossible_changes_are_refused_by_the_database(void **state)
{
    struct db *db = *state;
    bool stored;
    plan(db, "3012", 1);
    struct identity row = newest(db, "3012-000001");
    move(db, &row, LIFE_CLAIMED, false, ERR_CONFLICT);
    request(db, "r1", 100, 1);
    assert_ok(store(db, "3012-000001", "r1", 1, &stored));
    row = newest(db, "3012-000001");
    move(db, &row, LIFE_CLAIMED, true, ERR_CONFLICT); /* the pack may not go yet */
    row = newest(db, "3012-000001");
    move(db, &row, LIFE_CLAIMED, false, OK);
    row.state = LIFE_STORED; /* somebody was quicker */
    move(db, &row, LIFE_CLAIMED, false, ERR_CONFLICT);
    row = newest(db, "3012-000001");
    move(db, &row, LIFE_ERASED, true, OK);
    move(db, &row, LIFE_STORED, false, ERR_CONFLICT);
}

/* I1 */
static void a_second_live_identity_of_a_number_is_refused(void **state)
{
    struct db *db = *state;
    struct why why;
    bool stored;
    plan(db, "3012", 1);
    struct identity second = newest(db, "3012-000001");
    second.generation = 2;
    assert_err(stock_identity_add(db, &second, &why), ERR_CONFLICT);
    request(db, "r1", 100, 1);
    assert_ok(store(db, "3012-000001", "r1", 1, &stored));
    struct identity row = newest(db, "3012-000001");
    move(db, &row, LIFE_CLAIMED, false, OK);
    move(db, &row, LIFE_FAILED, false, OK);
    assert_err(stock_identity_add(db, &second, &why), ERR_CONFLICT);
    move(db, &row, LIFE_VOIDED, true, OK);
    assert_ok(stock_identity_add(db, &second, &why));
    assert_int_equal(newest(db, "3012-000001").generation, 2);
}

static enum err take_count(void *context, const struct stock_count *count)
{
    struct stock_count *to = context;
    if (strcmp(count->model, "3012") == 0)
        *to = *count;
    return OK;
}

/* F-19 */
static void the_status_counts_used_today_and_left(void **state)
{
    struct db *db = *state;
    struct why why;
    struct stock_count count = { 0 };
    bool stored;
    int64_t claims;
    plan(db, "3012", 5);
    request(db, "r1", 3, 3);
    assert_ok(store(db, "3012-000001", "r1", 1, &stored));
    assert_ok(store(db, "3012-000002", "r1", 2, &stored));
    struct identity row = newest(db, "3012-000001");
    move(db, &row, LIFE_CLAIMED, false, OK);
    assert_ok(stock_claims(db, "line-a", "", &claims, &why));
    assert_int_equal(claims, 1);
    assert_ok(stock_claims(db, "line-a", "3012-000001", &claims, &why));
    assert_int_equal(claims, 0);
    row.written_s = 1000;
    move(db, &row, LIFE_WRITTEN, false, OK);
    assert_ok(stock_count_each(db, 20260319, 20260319, 999, take_count, &count, &why));
    assert_int_equal(count.quantity, 5);
    assert_int_equal(count.planned, 2);
    assert_int_equal(count.requested, 1);
    assert_int_equal(count.on_hand, 1);
    assert_int_equal(count.written, 1);
    assert_int_equal(count.written_today, 1);
    assert_ok(stock_count_each(db, 20260319, 20260319, 1001, take_count, &count, &why));
    assert_int_equal(count.written_today, 0);
}

static enum err count_faults(void *context, const char *number, const char *sentence)
{
    (void)number, (void)sentence;
    ++*(int *)context;
    return OK;
}

static void fsck_finds_nothing_in_a_sound_database_and_what_the_ca_refused(void **state)
{
    struct db *db = *state;
    struct why why;
    int faults = 0;
    struct stock_outcome o = { .number = { "3012-000001" }, .generation = 1, .outcome = "written" };
    plan(db, "3012", 2);
    assert_ok(stock_check(db, count_faults, &faults, &why));
    assert_int_equal(faults, 0);
    assert_ok(stock_outcome_add(db, &o, &why));
    assert_ok(stock_outcome_refused(db, 1, "NOT_FOUND", &why));
    assert_ok(stock_check(db, count_faults, &faults, &why));
    assert_int_equal(faults, 1);
}

/* F-6: what an answer left out is asked for under another request, and stands under no other than that. */
static void numbers_without_a_pack_move_to_another_request(void **state)
{
    struct db *db = *state;
    bool stored;
    int64_t n = -1;
    struct stock_request r = { .id = "r2", .made_s = 7 };
    plan(db, "3012", 3);
    request(db, "r1", 3, 3);
    assert_ok(store(db, "3012-000001", "r1", 1, &stored));
    assert_ok(stock_request_add(db, &r, NULL));
    assert_ok(stock_request_move(db, "r1", "r2", NULL));
    assert_ok(stock_request_missing(db, "r1", &n, NULL));
    assert_int_equal(n, 0);
    assert_ok(stock_request_missing(db, "r2", &n, NULL));
    assert_int_equal(n, 2);
    assert_string_equal(newest(db, "3012-000001").request, "r1"); /* what came stays */
    assert_ok(store(db, "3012-000002", "r2", 2, &stored));
    assert_true(stored);
}

static int64_t handed(struct db *db, const char *station, const char *except, int64_t since_s)
{
    int64_t n = -1;
    assert_ok(stock_handed_count(db, station, except, since_s, &n, NULL));
    return n;
}

/* F-10: a stolen station cannot collect packs lease after lease. */
static void what_a_station_was_handed_counts_until_its_write_is_known(void **state)
{
    struct db *db = *state;
    bool stored;
    int64_t n = 0;
    plan(db, "3012", 3);
    request(db, "r1", 3, 3);
    for (uint8_t i = 1; i <= 3; i++) {
        char number[16];
        snprintf(number, sizeof number, "3012-00000%u", (unsigned)i);
        assert_ok(store(db, number, "r1", i, &stored));
        struct identity row = newest(db, number);
        move(db, &row, LIFE_CLAIMED, false, OK);
        assert_ok(stock_handed_add(db, &row, 100 * i, NULL));
        assert_ok(stock_handed_add(db, &row, 100 * i, NULL)); /* I10: asked again, counted once */
    }
    assert_int_equal(handed(db, "line-a", "", 0), 3);
    assert_int_equal(handed(db, "line-b", "", 0), 0);
    assert_int_equal(handed(db, "line-a", "3012-000002", 0), 2);
    assert_int_equal(handed(db, "line-a", "", 150), 2); /* the first is out of the window */
    struct identity row = newest(db, "3012-000001");
    move(db, &row, LIFE_STORED, false, OK); /* the lease is over: it counts all the same */
    assert_int_equal(handed(db, "line-a", "", 0), 3);
    row = newest(db, "3012-000002");
    move(db, &row, LIFE_WRITTEN, false, OK);
    assert_ok(stock_handed_done(db, &row, NULL));
    assert_int_equal(handed(db, "line-a", "", 0), 2);
    assert_ok(stock_handed_release(db, "line-a", &n, NULL));
    assert_int_equal(n, 2);
    assert_int_equal(handed(db, "line-a", "", 0), 0);
}

/* F-16 */
static void re_issues_are_counted_by_number_and_day(void **state)
{
    struct db *db = *state;
    struct identity next = { .number = { "3012-000001" }, .model = "3012", .day = 20260319, .state = LIFE_PLANNED };
    bool stored;
    int64_t n = -1;
    plan(db, "3012", 2);
    request(db, "r1", 2, 2);
    assert_ok(stock_reissues(db, "3012-000001", 0, &n, NULL));
    assert_int_equal(n, 0); /* the first pack is none */
    assert_ok(store(db, "3012-000001", "r1", 1, &stored));
    struct identity row = newest(db, "3012-000001");
    move(db, &row, LIFE_CLAIMED, false, OK);
    move(db, &row, LIFE_FAILED, false, OK);
    move(db, &row, LIFE_VOIDED, true, OK);
    next.generation = 2;
    next.created_s = 1000;
    assert_ok(stock_identity_add(db, &next, NULL));
    assert_ok(stock_reissues(db, "3012-000001", 1000, &n, NULL));
    assert_int_equal(n, 1);
    assert_ok(stock_reissues(db, "3012-000001", 1001, &n, NULL));
    assert_int_equal(n, 0); /* that was yesterday */
    assert_ok(stock_reissues(db, "3012-000002", 0, &n, NULL));
    assert_int_equal(n, 0);
}

static void sessions_end_by_time_and_by_will(void **state)
{
    struct db *db = *state;
    struct why why;
    uint8_t hash[32] = { 1 };
    char name[LIMIT_NAME + 1];
    const struct people people = stock_people(db);
    struct person op = { .name = "meier", .role = "admin", .hash = "x" };
    assert_ok(people_put(&people, &op, &why));
    assert_ok(people_session_add(&people, hash, "meier", 100, &why));
    assert_ok(people_session_get(&people, hash, 99, name, &why));
    assert_string_equal(name, "meier");
    assert_err(people_session_get(&people, hash, 100, name, &why), ERR_NOT_FOUND);
    uint8_t other[32] = { 2 };
    assert_ok(people_session_add(&people, other, "meier", 100, &why));
    assert_ok(people_session_drop(&people, other, 0, &why)); /* one log-out leaves the operator's other sessions */
    assert_err(people_session_get(&people, other, 99, name, &why), ERR_NOT_FOUND);
    assert_ok(people_session_get(&people, hash, 99, name, &why));
    assert_ok(people_session_end(&people, "meier", 0, &why));
    assert_err(people_session_get(&people, hash, 99, name, &why), ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)

/* Also those that no other test asks. Without its values a statement is prepared, and refused then. */
static void the_database_understands_every_statement(void **state)
{
    for (unsigned i = 0; i < STOCK_STATEMENTS; i++) {
        struct why why = { "" };
        enum err err = db_run(*state, i, DB_NO_ARGS, &why);
        if (err != OK && (err != ERR_BUG || strstr(why.text, " takes ") == NULL))
            fail_msg("statement %u: %s", i, why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plan_becomes_numbered_identities_for_models_that_get_one),
        TEST(packs_are_stored_once_for_what_was_asked),
        TEST(a_plan_can_be_taken_back_until_it_is_asked_for),
        TEST(a_refused_request_leaves_its_numbers_planned),
        TEST(packs_whose_retention_is_over_are_found_oldest_first),
        TEST(erasing_takes_the_pack_and_leaves_the_row),
        TEST(impossible_changes_are_refused_by_the_database),
        TEST(a_second_live_identity_of_a_number_is_refused),
        TEST(the_status_counts_used_today_and_left),
        TEST(fsck_finds_nothing_in_a_sound_database_and_what_the_ca_refused),
        TEST(numbers_without_a_pack_move_to_another_request),
        TEST(what_a_station_was_handed_counts_until_its_write_is_known),
        TEST(re_issues_are_counted_by_number_and_day),
        TEST(sessions_end_by_time_and_by_will),
        TEST(the_database_understands_every_statement),
    };
    return cmocka_run_group_tests_name("stock", tests, scratch_make, scratch_remove);
}
