#include "../test.h"

#include <string.h>

#include "model/plan.h"

static const struct plan_model models[] = {
    { "3012", 6, false, false }, { "3013", 6, false, true }, { "3014", 6, false, false }, { "9", 2, false, false }, { "3000", 6, true, false }
};
static const struct plan_range ranges[] = { { 20260318, "3012", 100, "000001" } };
static const struct plan_known known = { .models = models, .models_n = 5, .ranges = ranges, .ranges_n = 1 };

/* F-1: 19 March, 560 units of 3014. */
static void every_dialect_of_the_plan_says_the_same(void **state)
{
    (void)state;
    static const char *const dialects[] = {
        "2026-03-19,3014,560,000101\n",
        "2026-03-19;3014;560;000101\r\n",
        ("\xef\xbb\xbf"
         "date,model,quantity,first_serial\r\n2026-03-19,3014,560,000101"),
        "\n\"2026-03-19\" , \"3014\" ,560, \"000101\"\n\n",
        "Date;Model;Quantity;First_Serial\n2026-03-19;3014;560;000101\n;;;\n",
    };
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        AUTO_PLAN plan;
        struct why why;
        assert_ok(plan_parse(span_text(dialects[i]), &plan, &why));
        assert_int_equal(plan.rows_n, 1);
        assert_int_equal(plan.rows[0].day, 20260319);
        assert_string_equal(plan.rows[0].model, "3014");
        assert_int_equal(plan.rows[0].quantity, 560);
        assert_string_equal(plan.rows[0].first_serial, "000101");
    }
}

struct wrong_row {
    const char *csv;
    size_t line, column;
    const char *sentence; /* a piece of it */
};

static void each_mistake_is_told_with_line_and_column(void **state)
{
    (void)state;
    static const struct wrong_row rows[] = {
        { "", 0, 0, "has no rows" },
        { "date,model,quantity\n", 0, 0, "has no rows" },
        { "2026-02-29,3014,5", 1, 1, "not a day of the calendar" },
        { "2026-13-01,3014,5", 1, 1, "not a day of the calendar" },
        { "19.03.2026,3014,5", 1, 1, "not a day of the calendar" },
        { "2026-03-19,30-14,5", 1, 12, "not a model code" },
        { "2026-03-19,3014,0", 1, 17, "not a quantity" },
        { "2026-03-19,3014,-5", 1, 17, "not a quantity" },
        { "2026-03-19,3014,5.0", 1, 17, "not a quantity" },
        { "2026-03-19,3014,1000001", 1, 17, "not a quantity" },
        { "2026-03-19,3014,99999999999999999999", 1, 17, "not a quantity" },
        { "2026-03-19,3014,5,A00001", 1, 19, "not a serial number to count from" },
        { "2026-03-19,3014,5,999998", 1, 19, "run out of its 6 digits" },
        { "2026-03-19,3014", 1, 12, "3 fields are needed at least, up to quantity" },
        { "2026-03-19,3014,5,000001,x", 1, 26, "more than the 4 fields" },
        { "2026-03-19,\"3014,5", 1, 19, "no closing quote" },
        { "2026-03-19,\"3014\"x,5", 1, 18, "only a separator may follow" },
        { "2026-03-19,3014,5\n2026-03-20,3014,0\n", 2, 17, "not a quantity" },
        { "2026-03-19,3014,5\n\xc3\xa4,3014,3\n", 2, 1, "not a day of the calendar" },
        { "2026-03-19;30,14;5", 1, 12, "not a model code" },
        { "2026-03-19,3014,5,0001\x01", 1, 19, "control character" },
        { "Datum;Modell;Menge\n2026-03-19;3014;5\n", 1, 1, "\"Datum\" begins no row and not the header, which is date,model" },
        { "\nmodel,date,quantity\n3014,2026-03-19,x\n", 2, 1, "these columns, in this order" },
        { "\xff\xfe" "d", 1, 1, "the file is UTF-16" },
        { "\xfe\xff", 1, 1, "the file is UTF-16" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_PLAN plan;
        struct why why = { "" };
        assert_err(plan_parse(span_text(rows[i].csv), &plan, &why), ERR_BAD_INPUT);
        if (strstr(why.text, rows[i].sentence) == NULL)
            fail_msg("row %zu: %s", i, why.text);
        if (rows[i].line == 0)
            continue;
        assert_int_equal(plan.mistakes.list[0].line, rows[i].line);
        assert_int_equal(plan.mistakes.list[0].column, rows[i].column);
    }
}

static void all_mistakes_are_collected_up_to_the_limit(void **state)
{
    (void)state;
    char csv[CSV_MISTAKES * 20 + 100] = "";
    for (int i = 0; i < CSV_MISTAKES + 3; i++)
        strcat(csv, "2026-03-19,3014,0\n");
    AUTO_PLAN plan;
    struct why why;
    assert_err(plan_parse(span_text(csv), &plan, &why), ERR_BAD_INPUT);
    assert_int_equal(plan.mistakes.n, CSV_MISTAKES);
    assert_true(plan.mistakes.more);
    assert_int_equal(plan.mistakes.list[99].line, 100);
}

static void what_contradicts_the_factory_is_refused_in_a_sentence(void **state)
{
    (void)state;
    static const struct wrong_row rows[] = {
        { "2026-03-19,4711,5", 1, 12, "model 4711 is not in the model list" },
        { "2026-03-19,3000,5", 1, 12, "model 3000 is discontinued" },
        { "2026-03-19,3014,5\n2026-03-19,3014,6", 2, 12, "planned for this day in line 1 already" },
        { "2026-03-19,3014,5\n2026-03-19,3014,5", 2, 12, "planned for this day in line 1 already" },
        { "2026-03-18,3012,99", 1, 17, "with 100 units already, not 99" },
        { "2026-03-18,3012,100,000002", 1, 21, "from serial 000001 already" },
        { "2026-03-19,3012,5,000100", 1, 19, "overlap with 000001 to 000100, planned for 2026-03-18" },
        { "2026-03-19,3014,50,000100\n2026-03-20,3014,5,000149", 2, 19, "overlap with 000100 to 000149" },
        { "2026-03-19,3014,50,000100\n2026-03-20,3014,5,000101\n2026-03-21,3014,5,000120", 3, 19,
          "overlap with 000100 to 000149" },
        { "2026-03-19,9,99\n2026-03-20,9,1", 2, 14, "run out of its 2 digits" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_PLAN plan;
        struct why why = { "" };
        assert_ok(plan_parse(span_text(rows[i].csv), &plan, &why));
        assert_err(plan_check(&plan, &known, &why), ERR_BAD_INPUT);
        const struct csv_mistake *e = &plan.mistakes.list[plan.mistakes.n - 1];
        if (strstr(e->why.text, rows[i].sentence) == NULL || e->line != rows[i].line || e->column != rows[i].column)
            fail_msg("row %zu: %zu:%zu %s", i, e->line, e->column, e->why.text);
    }
}

/* Reading a file and comparing it with the factory are two steps; who made the file wants to hear of both at once. */
static void mistakes_of_both_kinds_are_told_in_the_order_of_the_file(void **state)
{
    static const struct {
        size_t line, column;
        const char *says;
    } expected[] = {
        { 1, 12, "model 9999 is not in the model list" },
        { 2, 1, "is not a day of the calendar" },
        { 2, 12, "model 9998 is not in the model list" },
        { 3, 17, "is not a quantity" },
        { 5, 12, "planned for this day in line 4 already" },
        { 6, 19, "overlap with 000200 to 000204" },
    };
    (void)state;
    AUTO_PLAN plan;
    struct why why;
    static const char text[] = "2026-03-19,9999,5\n2026-02-30,9998,5\n2026-03-19,3014,x,000200\n2026-03-20,3014,5,000200\n"
                               "2026-03-20,3014,5,000200\n2026-03-21,3014,5,000204\n";
    assert_err(plan_parse(span_text(text), &plan, &why), ERR_BAD_INPUT);
    assert_err(plan_check(&plan, &known, &why), ERR_BAD_INPUT);
    assert_int_equal(plan.mistakes.n, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < plan.mistakes.n; i++) {
        const struct csv_mistake *m = &plan.mistakes.list[i];
        if (m->line != expected[i].line || m->column != expected[i].column || strstr(m->why.text, expected[i].says) == NULL)
            fail_msg("%zu:%zu %s", m->line, m->column, m->why.text);
    }
    assert_non_null(strstr(why.text, "(and 5 more mistakes)"));
}

static void open_rows_get_the_next_free_serials_of_their_model(void **state)
{
    (void)state;
    AUTO_PLAN plan;
    struct why why;
    assert_ok(plan_parse(span_text("2026-03-19,3012,50\n2026-03-20,3012,10\n2026-03-19,3014,2\n2026-03-21,3014,5,000100\n"
                                   "2026-03-22,3012,7,0500\n"),
                         &plan, &why));
    assert_ok(plan_check(&plan, &known, &why));
    static const char *const expected[] = { "000101", "000151", "000105", "000100", "0500" };
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(plan.rows[i].first_serial, expected[i]);
}

static void a_table_of_two_bytes_a_character_is_told_as_that_alone(void **state)
{
    (void)state;
    static const char wide[] = "2\0" "0\0" "2\0" "6\0" ",\0" "\n\0";
    AUTO_PLAN plan;
    struct why why = { "" };
    assert_err(plan_parse(span_of(wide, sizeof wide - 1), &plan, &why), ERR_BAD_INPUT);
    assert_int_equal(plan.mistakes.n, 1);
    assert_non_null(strstr(why.text, "save the table as \"CSV UTF-8\""));
}

/* A month's plan comes again in its middle: what is in force stays, what is new and over cannot be made any more. */
static void a_new_row_for_a_day_that_is_over_is_a_mistake_or_left_out(void **state)
{
    (void)state;
    static const char text[] = "2026-03-18,3012,100\n2026-03-18,3014,5\n2026-03-19,3014,5\n2026-03-20,3014,5,000001\n"
                               "2026-03-18,3013,7\n";
    struct plan_known at = known;
    struct why why;
    at.oldest = 20260320;
    AUTO_PLAN plan;
    assert_ok(plan_parse(span_text(text), &plan, &why));
    assert_err(plan_check(&plan, &at, &why), ERR_BAD_INPUT);
    assert_int_equal(plan.mistakes.n, 2);
    assert_int_equal(plan.mistakes.list[0].line, 2);
    assert_string_equal(plan.mistakes.list[1].why.text, "2026-03-19 is over, and nothing more is made for a day before 2026-03-20");
    plan_done(&plan);
    at.leave_out_past = true;
    assert_ok(plan_parse(span_text(text), &plan, &why));
    assert_ok(plan_check(&plan, &at, &why));
    assert_true(plan.rows[0].known && !plan.rows[0].past);
    assert_true(plan.rows[1].past && plan.rows[2].past && !plan.rows[3].past);
    assert_string_equal(plan.rows[1].first_serial, "");
    assert_false(plan.rows[4].past); /* needs no identity */
    assert_string_equal(plan.rows[4].first_serial, "000001");
}

/* Who sends a plan holds the serials in it for used, also those of days that are over. */
static void the_serials_of_rows_that_are_left_out_are_given_to_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *csv, *first; /* of the last row; NULL: is refused */
    } rows[] = {
        { "2026-03-01,3014,100,000001\n2026-03-20,3014,100\n", "000101" },
        { "2026-03-01,3012,100,000501\n2026-03-20,3012,100\n", "000601" },
        { "2026-03-01,3014,100,000501\n2026-03-20,3014,100,000600\n", NULL },
        { "2026-03-01,3014,100,000501\n2026-03-20,3014,100,000402\n", NULL },
        { "2026-03-01,3014,100,000501\n2026-03-20,3014,100,000401\n", "000401" },
        { "2026-03-01,3012,100,000050\n2026-03-02,3012,100,000101\n2026-03-20,3012,100\n", "000201" }, /* nothing comes of the overlap */
    };
    struct plan_known at = known;
    at.oldest = 20260320;
    at.leave_out_past = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_PLAN plan;
        struct why why = { "" };
        assert_ok(plan_parse(span_text(rows[i].csv), &plan, &why));
        enum err err = plan_check(&plan, &at, &why);
        if (err != (rows[i].first != NULL ? OK : ERR_BAD_INPUT) ||
            (err == OK && strcmp(plan.rows[plan.rows_n - 1].first_serial, rows[i].first) != 0) ||
            (err != OK && (plan.mistakes.list[0].line != 2 || strstr(why.text, "planned for 2026-03-01") == NULL)))
            fail_msg("row %zu: %s from %s", i, why.text, plan.rows[plan.rows_n - 1].first_serial);
    }
}

/* I10: the monthly plan comes again. */
static void rows_in_force_already_are_taken_again_without_effect(void **state)
{
    (void)state;
    AUTO_PLAN plan;
    struct why why;
    assert_ok(plan_parse(span_text("2026-03-18,3012,100\n2026-03-19,3012,1"), &plan, &why));
    assert_ok(plan_check(&plan, &known, &why));
    assert_true(plan.rows[0].known);
    assert_string_equal(plan.rows[0].first_serial, "000001");
    assert_false(plan.rows[1].known);
    assert_string_equal(plan.rows[1].first_serial, "000101");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dialect_of_the_plan_says_the_same),
        cmocka_unit_test(each_mistake_is_told_with_line_and_column),
        cmocka_unit_test(all_mistakes_are_collected_up_to_the_limit),
        cmocka_unit_test(what_contradicts_the_factory_is_refused_in_a_sentence),
        cmocka_unit_test(mistakes_of_both_kinds_are_told_in_the_order_of_the_file),
        cmocka_unit_test(open_rows_get_the_next_free_serials_of_their_model),
        cmocka_unit_test(a_table_of_two_bytes_a_character_is_told_as_that_alone),
        cmocka_unit_test(a_new_row_for_a_day_that_is_over_is_a_mistake_or_left_out),
        cmocka_unit_test(the_serials_of_rows_that_are_left_out_are_given_to_nobody),
        cmocka_unit_test(rows_in_force_already_are_taken_again_without_effect),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
