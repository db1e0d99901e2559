#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "factory/label.h"

static const struct label office_machine = {
    .number = { "3012-123456" }, .name = "TYPE-1", .voltage = "AC 100 V, 50/60 Hz", .power = "1500 W", .current = "15 A"
};

static const char *draw(const struct label *label, struct buf *to)
{
    struct why why;
    assert_ok(label_draw(label, to, &why));
    return buf_text(to);
}

/* F-24 */
static void the_nameplate_shows_name_ratings_model_code_and_number(void **state)
{
    (void)state;
    static const char *const shown[] = { ">TYPE-1<", ">AC 100 V, 50/60 Hz<", ">1500 W<", ">15 A<", ">3012<", ">3012-123456<" };
    AUTO_BUF svg = BUF_INIT;
    const char *text = draw(&office_machine, &svg);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (strstr(text, shown[i]) == NULL)
            fail_msg("%s is not on the nameplate", shown[i]);
}

/* The barcode's runs, dark and light in turn, in whole modules: the narrowest bar is one. */
static size_t read_runs(const char *svg, char *ret_runs, size_t size, double *ret_module)
{
    double x[256], width[256], narrowest = 1e9;
    size_t bars = 0, n = 0;
    const char *at = strstr(svg, "id=\"barcode\"");
    assert_non_null(at);
    for (at = strstr(at, "<rect x="); at != NULL; at = strstr(at + 1, "<rect x=")) {
        double y, height;
        assert_true(bars < 256);
        assert_int_equal(
            sscanf(at, "<rect x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &x[bars], &y, &width[bars], &height), 4);
        assert_true(height >= 10);
        narrowest = width[bars] < narrowest ? width[bars] : narrowest;
        bars++;
    }
    for (size_t i = 0; i < bars; i++) {
        assert_true(n + 2 < size);
        ret_runs[n++] = (char)('0' + (int)(width[i] / narrowest + 0.5));
        if (i + 1 < bars)
            ret_runs[n++] = (char)('0' + (int)((x[i + 1] - x[i] - width[i]) / narrowest + 0.5));
    }
    ret_runs[n] = '\0';
    *ret_module = narrowest;
    return n;
}

/* F-24: the frame of the symbol (ISO/IEC 15417); tests/story/label.bats reads all of it with a scanner. */
static void the_barcode_is_code_128_of_whole_symbols_with_start_and_stop(void **state)
{
    (void)state;
    char runs[512];
    double module;
    AUTO_BUF svg = BUF_INIT;
    size_t n = read_runs(draw(&office_machine, &svg), runs, sizeof runs, &module);
    assert_int_equal(n % 6, 1); /* the stop has a bar more */
    assert_string_equal(runs + n - 7, "2331112");
    assert_memory_equal(runs, "211232", 6); /* start C: the number begins with four digits */
    assert_true(module >= 0.25);
    for (size_t i = 0; i + 7 < n; i += 6) { /* each symbol is 11 modules wide */
        int wide = 0;
        for (size_t k = 0; k < 6; k++)
            wide += runs[i + k] - '0';
        assert_int_equal(wide, 11);
    }
}

static void a_long_number_makes_the_plate_wider_instead_of_the_bars_too_thin(void **state)
{
    (void)state;
    struct label label = office_machine;
    char runs[1024];
    double module, width;
    AUTO_BUF svg = BUF_INIT;
    strcpy(label.number.text, "ABCDEFGHIJKLMNOP-A1B2C3D4E5F6G7H8I9J0K1L2");
    const char *text = draw(&label, &svg);
    read_runs(text, runs, sizeof runs, &module);
    assert_true(module >= 0.249);
    assert_int_equal(sscanf(strstr(text, "width=\""), "width=\"%lfmm", &width), 1);
    assert_true(width > 100);
}

static void names_are_escaped(void **state)
{
    (void)state;
    struct label label = office_machine;
    AUTO_BUF svg = BUF_INIT;
    label.name = "<A&B>\n\"C\"";
    assert_non_null(strstr(draw(&label, &svg), ">&lt;A&amp;B&gt; \"C\"<"));
}

static void a_nameplate_without_a_rating_is_refused_and_says_which(void **state)
{
    (void)state;
    struct label label = office_machine;
    AUTO_BUF svg = BUF_INIT;
    struct why why;
    label.power = "";
    assert_err(label_draw(&label, &svg, &why), ERR_BAD_INPUT);
    assert_string_equal(why.text, "model 3012 has no power for its nameplate: nameplate factory model add 3012 --power");
    assert_int_equal(svg.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nameplate_shows_name_ratings_model_code_and_number),
        cmocka_unit_test(the_barcode_is_code_128_of_whole_symbols_with_start_and_stop),
        cmocka_unit_test(a_long_number_makes_the_plate_wider_instead_of_the_bars_too_thin),
        cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(a_nameplate_without_a_rating_is_refused_and_says_which),
    };
    return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}
