/* What the office tells the CA of writes, and what it does by the answer: a new identity is asked for only behind the
 * revocation of the old one. */
#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "../store/scratch.h"
#include "base/clock.h"
#include "factory/office_internal.h"

static struct factory factory;
static struct office office;
static const char number[] = "3012-000001";
static const uint8_t fingerprint[IDENTITY_FINGERPRINT] = { 1 };

/* --- The CA --- */

static struct {
    struct outcome_taken taken;
    enum err err; /* of the way to it */
    bool other;   /* it answers about another number */
    int asked;
} ca;

enum err __wrap_ca_ask_wait(const char *url, struct http_keep *keep, struct tls_context *tls, const struct ca_question *question,
                            struct soap_parsed *ret_parsed, bool *ret_told, struct why *why);

enum err __wrap_ca_ask_wait(const char *url, struct http_keep *keep, struct tls_context *tls, const struct ca_question *question,
                            struct soap_parsed *ret_parsed, bool *ret_told, struct why *why)
{
    static struct outcome_report_response answer;
    const struct outcome_report_request *r = question->body;
    (void)url, (void)keep, (void)tls;
    ca.asked++;
    *ret_told = false;
    if (ca.err != OK)
        return why_set(why, ca.err, "out of reach");
    assert_int_equal(question->message, SOAP_OUTCOME_REPORT);
    assert_int_equal(r->outcomes_n, 1);
    ca.taken.number = ca.other ? (struct device_number){ "3012-000002" } : r->outcomes[0].number;
    answer = (struct outcome_report_response){ .taken = &ca.taken, .taken_n = 1 };
    ret_parsed->body = &answer;
    return OK;
}

/* --- A write that failed --- */

static void move(enum lifecycle_state to)
{
    struct identity row;
    assert_ok(stock_identity_newest(factory.db, number, &row, NULL));
    enum lifecycle_state from = row.state;
    snprintf(row.station, sizeof row.station, "line-1");
    row.has_nonce = true;
    row.lease_until_s = to == LIFE_CLAIMED ? 1000 : 0;
    row.state = to;
    assert_ok(stock_identity_save(factory.db, &row, from, false, NULL));
}

static void make_failed_write(void)
{
    static const struct stock_model model = { .code = "3012", .name = "TYPE-1", .digits = 6, .identity = true };
    const struct plan_row row = { .day = clock_local_day(clock_wall_s()), .model = "3012", .quantity = 1, .first_serial = "000001" };
    const struct stock_request request = { .id = "r1", .made_s = 1 };
    struct stock_pack pack = { .number = { "3012-000001" }, .order = "O1", .sealed = span_text("sealed"),
                               .certificate = span_text("cert"), .fingerprint = fingerprint, .now_s = 7 };
    struct stock_outcome outcome = { .number = { "3012-000001" }, .generation = 1, .outcome = "failed", .reason = "flash" };
    struct db *db = factory.db;
    int64_t n = 0;
    bool stored = false;
    memcpy(outcome.fingerprint, fingerprint, sizeof fingerprint);
    assert_ok(stock_model_put(db, &model, NULL));
    assert_ok(stock_plan_add(db, &row, 5, NULL));
    assert_ok(stock_request_add(db, &request, NULL));
    assert_ok(stock_request_take(db, "r1", row.day, row.day, 1, &n, NULL));
    assert_ok(stock_request_find(db, "r1", &pack.request, NULL));
    assert_ok(stock_chain_put(db, span_text("chain"), &pack.chain, NULL));
    assert_ok(stock_pack_store(db, &pack, &stored, NULL));
    move(LIFE_CLAIMED);
    move(LIFE_FAILED);
    assert_ok(stock_outcome_add(db, &outcome, NULL));
}

static int open_new(void **state)
{
    struct why why = { "" };
    (void)state;
    memset(&ca, 0, sizeof ca);
    ca.taken = (struct outcome_taken){ .state = "voided", .error = "", .reason = "" };
    factory = (struct factory){ 0 };
    if (stock_open(scratch_path("report.db"), DB_CREATE, &factory.db, &why) != OK) {
        fprintf(stderr, "%s\n", why.text);
        return -1;
    }
    office = (struct office){ .factory = &factory, .db = factory.db, .name = "factory", .policy.reissues_most = 3 };
    make_failed_write();
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    db_close(factory.db);
    return 0;
}

static struct identity newest(void)
{
    struct identity row;
    assert_ok(stock_identity_newest(factory.db, number, &row, NULL));
    return row;
}

static enum err count_outcome(void *context, const struct stock_outcome *o)
{
    (void)o;
    ++*(int *)context;
    return OK;
}

static int outcomes_waiting(void)
{
    int n = 0;
    assert_ok(stock_outcome_each(factory.db, 10, count_outcome, &n, NULL));
    return n;
}

/* --- Tests --- */

static void a_new_identity_is_asked_for_once_the_ca_has_revoked_the_failed_one(void **state) /* F-16 */
{
    (void)state;
    assert_ok(office_report(&office, NULL));
    assert_int_equal(newest().generation, 2);
    assert_int_equal(newest().state, LIFE_REQUESTED);
    assert_int_equal(outcomes_waiting(), 0);
    assert_ok(office_report(&office, NULL));
    assert_int_equal(ca.asked, 1);
    assert_int_equal(newest().generation, 2);
}

static void nothing_is_asked_for_while_the_ca_has_not_revoked(void **state) /* I1, F-16 */
{
    static const char *const errors[] = { "BUSY", "BAD_TRANSITION" };
    (void)state;
    struct why why = { "" };
    ca.err = ERR_UNREACHABLE;
    assert_err(office_report(&office, &why), ERR_UNREACHABLE);
    ca.err = OK;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        ca.taken = (struct outcome_taken){ .state = "stored", .error = errors[i], .reason = "not now" };
        assert_ok(office_report(&office, &why));
        assert_int_equal(newest().generation, 1);
        assert_int_equal(newest().state, LIFE_FAILED);
    }
    assert_int_equal(outcomes_waiting(), 0); /* refused for good: a person looks at it */
}

static void an_answer_about_another_number_changes_nothing(void **state) /* F-16 */
{
    (void)state;
    struct why why = { "" };
    ca.other = true;
    assert_err(office_report(&office, &why), ERR_BAD_INPUT);
    assert_int_equal(newest().generation, 1);
    assert_int_equal(outcomes_waiting(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_identity_is_asked_for_once_the_ca_has_revoked_the_failed_one, open_new, close_it),
        cmocka_unit_test_setup_teardown(nothing_is_asked_for_while_the_ca_has_not_revoked, open_new, close_it),
        cmocka_unit_test_setup_teardown(an_answer_about_another_number_changes_nothing, open_new, close_it),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
