#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "ca/decide.h"

static struct decide_order order_of(const char *name, int64_t quantity, int64_t used, const char *first_serial, int64_t until_s)
{
    struct decide_order o = { .order = { .quantity = quantity, .until_s = until_s }, .used = used };
    snprintf(o.order.name, sizeof o.order.name, "%s", name);
    snprintf(o.order.first_serial, sizeof o.order.first_serial, "%s", first_serial);
    return o;
}

enum { NOW = 1000 };

static void a_number_is_issued_only_within_a_production_order(void **state) /* I1, I11, F-4 */
{
    (void)state;
    static const struct {
        const char *number;
        int64_t quantity, used;
        const char *first_serial;
        int64_t until_s;
        bool live;
        int64_t live_request;
        enum err verdict;
        const char *says;
    } cases[] = {
        { "3012-000001", 5, 0, "", 0, false, 0, OK, "" },
        { "3012-000001", 5, 4, "", 0, false, 0, OK, "" },
        { "3012-000001", 5, 5, "", 0, false, 0, ERR_OVER_ORDER, "4711" },
        { "3012-000100", 5, 0, "000100", 0, false, 0, OK, "" },
        { "3012-000104", 5, 0, "000100", 0, false, 0, OK, "" },
        { "3012-000105", 5, 0, "000100", 0, false, 0, ERR_NO_ORDER, "3012-000105" },
        { "3012-000099", 5, 0, "000100", 0, false, 0, ERR_NO_ORDER, "3012-000099" },
        { "3012-0000100", 5, 0, "000100", 0, false, 0, ERR_NO_ORDER, "order add" },
        { "3012-00010A", 5, 0, "000100", 0, false, 0, ERR_NO_ORDER, "order add" },
        { "3012-000001", 5, 0, "", NOW, false, 0, ERR_ORDER_EXPIRED, "expired" },
        { "3012-000001", 5, 0, "", NOW + 1, false, 0, OK, "" },
        { "3012-000001", 5, 0, "", 0, true, 6, ERR_LIVE_IDENTITY, "3012-000001 has a live identity" },
        { "3012-000001", 5, 0, "", 0, true, 7, ERR_BAD_INPUT, "twice" },
        { "3012-000104", 5, 5, "000100", NOW, true, 6, ERR_LIVE_IDENTITY, "has a live identity" },
        { "3012-000105", 5, 0, "000100", 0, true, 6, ERR_NO_ORDER, "in no production order" }, /* another factory's to know */
        { "3012-BOOTSTRAP", 5, 0, "", 0, false, 0, ERR_BAD_NUMBER, "bootstrap" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct device_number number;
        struct why why = { 0 };
        size_t at = 99;
        assert_ok(number_parse(span_text(cases[i].number), &number, NULL));
        const struct decide_order order = order_of("4711", cases[i].quantity, cases[i].used, cases[i].first_serial, cases[i].until_s);
        const struct issue_facts facts = { .number = &number, .requester = "factory-1", .request = 7, .orders = &order, .orders_n = 1,
                                           .now_s = NOW, .history = { .live = cases[i].live, .live_request = cases[i].live_request } };
        assert_err(decide_issue(&facts, &at, &why), cases[i].verdict);
        assert_int_equal(at, cases[i].verdict == OK ? 0 : 99);
        assert_non_null(strstr(why.text, cases[i].says));
    }
}

static void the_oldest_order_with_room_is_taken(void **state) /* I11 */
{
    (void)state;
    struct device_number number;
    size_t at = 99;
    assert_ok(number_parse(span_text("3012-000001"), &number, NULL));
    const struct decide_order orders[] = { order_of("full", 5, 5, "", 0), order_of("old", 5, 0, "", NOW), order_of("a", 5, 1, "", 0),
                                           order_of("b", 5, 0, "", 0) };
    struct issue_facts facts = { .number = &number, .requester = "f", .orders = orders, .orders_n = 4, .now_s = NOW };
    assert_ok(decide_issue(&facts, &at, NULL));
    assert_int_equal(at, 2);
    facts.orders_n = 2;
    assert_err(decide_issue(&facts, &at, NULL), ERR_OVER_ORDER);
    facts.orders_n = 0;
    assert_err(decide_issue(&facts, &at, NULL), ERR_NO_ORDER);
}

static void what_was_voided_does_not_use_up_an_order_and_what_was_superseded_does(void **state) /* F-16, I11 */
{
    (void)state;
    const struct register_account a = { .issued = 20, .written = 3, .on_hand = 4, .voided = 8, .superseded = 5, .reserved = 2 };
    assert_int_equal(decide_used(&a), 3 + 4 + 5 + 2);
}

static void a_repeated_request_must_name_the_same_numbers(void **state) /* I10 */
{
    (void)state;
    struct register_request known = { .numbers = 2, .digest = { 1, 2 }, .data_key_n = 5 };
    uint8_t other[REGISTER_DIGEST] = { 1, 3 };
    assert_ok(decide_repeat(&known, known.digest, 2, NULL));
    assert_err(decide_repeat(&known, other, 2, NULL), ERR_CONFLICT);
    assert_err(decide_repeat(&known, known.digest, 3, NULL), ERR_CONFLICT);
    known.confirmed_s = 5;
    assert_err(decide_repeat(&known, known.digest, 2, NULL), ERR_CONFLICT);
}

static void outcomes_lead_where_the_lifecycle_says(void **state) /* F-15, F-16, I8, I10 */
{
    (void)state;
    static const struct {
        enum lifecycle_state from;
        const char *outcome;
        enum err err;
        enum lifecycle_state to;
    } cases[] = {
        { LIFE_STORED, "written", OK, LIFE_WRITTEN },     { LIFE_WRITTEN, "written", OK, LIFE_WRITTEN },
        { LIFE_STORED, "failed", OK, LIFE_VOIDED },       { LIFE_VOIDED, "failed", OK, LIFE_VOIDED },
        { LIFE_STORED, "voided", OK, LIFE_VOIDED },       { LIFE_VOIDED, "voided", OK, LIFE_VOIDED },
        { LIFE_WRITTEN, "failed", ERR_BAD_TRANSITION, 0 }, { LIFE_WRITTEN, "voided", ERR_BAD_TRANSITION, 0 },
        { LIFE_VOIDED, "written", ERR_BAD_TRANSITION, 0 }, { LIFE_REVOKED, "written", ERR_BAD_TRANSITION, 0 },
        { LIFE_REQUESTED, "written", ERR_BAD_TRANSITION, 0 }, { LIFE_STORED, "eaten", ERR_BAD_INPUT, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum lifecycle_state to = LIFE_COUNT;
        assert_err(decide_outcome(cases[i].from, cases[i].outcome, &to, NULL), cases[i].err);
        assert_int_equal(to, cases[i].err == OK ? cases[i].to : LIFE_COUNT);
    }
}

static void reasons_have_the_codes_of_rfc_5280(void **state)
{
    (void)state;
    int code = -1;
    assert_ok(decide_reason_code("key-compromise", &code));
    assert_int_equal(code, 1);
    assert_ok(decide_reason_code("superseded", &code));
    assert_int_equal(code, 4);
    assert_err(decide_reason_code("boredom", &code), ERR_NOT_FOUND);
    assert_non_null(strstr(decide_reason_names(), "key-compromise"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_issued_only_within_a_production_order),
        cmocka_unit_test(the_oldest_order_with_room_is_taken),
        cmocka_unit_test(what_was_voided_does_not_use_up_an_order_and_what_was_superseded_does),
        cmocka_unit_test(a_repeated_request_must_name_the_same_numbers),
        cmocka_unit_test(outcomes_lead_where_the_lifecycle_says),
        cmocka_unit_test(reasons_have_the_codes_of_rfc_5280),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
