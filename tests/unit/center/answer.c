#include "../test.h"

#include <string.h>

#include "center/answer.h"

static void an_answer_becomes_json_by_the_rows_of_its_message(void **state)
{
    (void)state;
    struct counter_value counters[] = { { "copy", 1200 }, { "print", 7 } };
    const struct charge_counter_response r = {
        .number = { "3012-000001" }, .epoch = 3, .boots = 1, .sequence = 9, .counters = counters, .counters_n = 2
    };
    AUTO_BUF xml = BUF_INIT;
    assert_ok(soap_write_response(SERVICE_REMOTE, SOAP_CHARGE_COUNTER, &(struct soap_header){ .version = SOAP_1_2 }, &r, &xml));
    json_t *json = answer_as_json("ChargeCounterRequest", buf_span(&xml));
    assert_string_equal(json_string_value(json_object_get(json, "deviceNumber")), "3012-000001");
    assert_int_equal(json_integer_value(json_object_get(json, "sequence")), 9);
    const json_t *read = json_object_get(json, "counters");
    assert_int_equal(json_integer_value(json_object_get(read, "copy")), 1200);
    assert_int_equal(json_object_size(read), 2);
    json_decref(json);
}

static void a_fault_becomes_its_error_and_reason(void **state)
{
    (void)state;
    AUTO_BUF xml = BUF_INIT;
    assert_ok(soap_write_fault(&(struct soap_header){ .version = SOAP_1_2 }, ERR_BUSY, "the engine runs", &xml));
    json_t *json = answer_as_json("RestartRequest", buf_span(&xml));
    assert_string_equal(json_string_value(json_object_get(json, "error")), "BUSY");
    assert_string_equal(json_string_value(json_object_get(json, "reason")), "the engine runs");
    json_decref(json);
}

static void what_is_no_envelope_is_said_to_be_none(void **state)
{
    (void)state;
    json_t *json = answer_as_json("RestartRequest", span_text("not XML"));
    assert_string_equal(json_string_value(json_object_get(json, "error")), "BAD_INPUT");
    json_decref(json);
}

/* Each operation of `center call` has its answer in the table, or its JSON would be empty. */
static void each_operation_has_its_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < answer_operations_n; i++) {
        json_t *json = answer_as_json(soap_message_row(answer_operations[i].message)->operation, span_text("x"));
        assert_non_null(json_object_get(json, "error"));
        json_decref(json);
    }
    assert_null(answer_operation("dance"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_becomes_json_by_the_rows_of_its_message),
        cmocka_unit_test(a_fault_becomes_its_error_and_reason),
        cmocka_unit_test(what_is_no_envelope_is_said_to_be_none),
        cmocka_unit_test(each_operation_has_its_answer),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
