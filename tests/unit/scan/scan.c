#include "../test.h"

#include <string.h>

#include "scan/scan.h"

#define GS "\x1d"
#define GTIN_A "04012345678901"
#define GTIN_B "04012345678918"

static const struct scan_rule models[] = {
    { "3012", "###### gtin:" GTIN_A " label:3012(######)" },
    { "3014", "gtin:4012345678918" },
    { "7700", "label:S/N(@###)X" },
    { "7701", "label:S/N(?###)X" },
    { "88", "gtin:00012345678905" },
    { "89", "gtin:012345678905" },
};

static void setup_rules(struct scan_rules *rules)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        assert_ok(scan_rules_add(rules, models[i].model, models[i].pattern, NULL));
}

struct good {
    const char *scan, *number;
};

static const struct good good_rows[] = {
    /* plain Code 128, with what scanners put behind */
    { "3012-123456", "3012-123456" },
    { "3012-123456\r", "3012-123456" },
    { "3012-123456\r\n", "3012-123456" },
    { "3012-123456\t", "3012-123456" },
    { "3012-000001", "3012-000001" },
    { "0012-000001", "0012-000001" },
    { "9999-A", "9999-A" },
    /* AIM symbology identifiers */
    { "]C03012-123456", "3012-123456" },
    { "]A03012-123456", "3012-123456" },
    { "]d13012-123456", "3012-123456" },
    { "]Q13012-123456\r\n", "3012-123456" },
    /* per-model patterns */
    { "3012123456", "3012-123456" },
    { "]C03012000007", "3012-000007" },
    { "S/N1123X", "7701-1123" },
    { "3012301230", "3012-301230" },
    /* GS1 element strings */
    { "]C101" GTIN_A "21123456", "3012-123456" },
    { "]d201" GTIN_A "21000001", "3012-000001" },
    { "]Q301" GTIN_A "21123456\r", "3012-123456" },
    { "]C121123456" GS "01" GTIN_A, "3012-123456" },
    { "]C101" GTIN_A "1126112221123456", "3012-123456" },
    { "]C101" GTIN_A "10LOT7" GS "21123456", "3012-123456" },
    { "]C101" GTIN_A "21123456" GS "10LOT7", "3012-123456" },
    { "]C101" GTIN_B "21AB9", "3014-AB9" },
    { GS "01" GTIN_A "21123456", "3012-123456" },
    { "01" GTIN_A "21123456", "3012-123456" },
    { "01" GTIN_A "21123456" GS "10LOT7", "3012-123456" },
    { "(01)" GTIN_A "(21)123456", "3012-123456" },
    { "(21)123456(01)" GTIN_A, "3012-123456" },
    { "(01)" GTIN_A "(10)L(21)000123", "3012-000123" },
    { "]C0(01)" GTIN_A "(21)123456", "3012-123456" },
    /* GS1 Digital Link */
    { "https://id.example.com/01/" GTIN_A "/21/123456", "3012-123456" },
    { "https://id.example.com/some/path/01/" GTIN_A "/10/LOT/21/123456?17=261122", "3012-123456" },
    { "HTTPS://ID.EXAMPLE.COM/01/" GTIN_A "/21/123456", "3012-123456" },
    { "http://id.example.com/01/4012345678901/21/123456#top", "3012-123456" },
    { "https://id.example.com/01/" GTIN_A "/21/%31%323456", "3012-123456" },
    { "]Q1https://id.example.com/01/" GTIN_B "/21/00A", "3014-00A" },
};

/* F-8 */
static void every_way_to_write_a_number_is_read(void **state)
{
    (void)state;
    AUTO_SCAN_RULES rules = { 0 };
    setup_rules(&rules);
    for (size_t i = 0; i < sizeof good_rows / sizeof *good_rows; i++) {
        struct device_number number = { "" };
        struct why why = { "" };
        if (scan_read(&rules, span_text(good_rows[i].scan), &number, &why) != OK)
            fail_msg("\"%s\": %s", good_rows[i].scan, why.text);
        assert_string_equal(number.text, good_rows[i].number);
    }
}

struct bad {
    const char *scan;
    enum err err;
    const char *says; /* a part of the sentence */
};

static const struct bad bad_rows[] = {
    { "", ERR_BAD_INPUT, "read nothing" },
    { "\r\n", ERR_BAD_INPUT, "read nothing" },
    { " 3012-123456", ERR_BAD_NUMBER, "model code" },
    { "3012-123456 ", ERR_BAD_NUMBER, "serial" },
    { "3012 123456", ERR_BAD_NUMBER, "hyphen" },
    { "3014123456", ERR_BAD_NUMBER, "hyphen" },
    { "3012-12345", ERR_BAD_NUMBER, "form of a serial" },
    { "3012-12345A", ERR_BAD_NUMBER, "form of a serial" },
    { "3014-12345a", ERR_BAD_NUMBER, "capital" },
    { "3012\xc3\x9f" "123456", ERR_BAD_INPUT, "keyboard" },
    { "3012\x01-123456", ERR_BAD_INPUT, "code 1" },
    { "3012--123456", ERR_BAD_NUMBER, "serial" },
    { "-", ERR_BAD_NUMBER, "model" },
    { "'; DROP TABLE pack; --", ERR_BAD_NUMBER, "model" },
    { "../../etc/passwd-1", ERR_BAD_NUMBER, "model" },
    /* doubled */
    { "3012-1234563012-123456", ERR_CONFLICT, "twice" },
    { "3012-123456\r\n3012-123456\r\n", ERR_BAD_INPUT, "two scans" },
    { "3012-123456\t3012-123457", ERR_BAD_INPUT, "two scans" },
    { "]C03012-123456]C03012-123456", ERR_CONFLICT, "twice" },
    { "30121234563012123456", ERR_CONFLICT, "twice" },
    { "01" GTIN_B "21A01" GTIN_B "21A", ERR_CONFLICT, "twice" },
    { "(01)" GTIN_A "(21)123456(01)" GTIN_A "(21)123456", ERR_CONFLICT, "twice" },
    { "(01)" GTIN_A "(21)123456(21)123457", ERR_BAD_INPUT, "two serial" },
    { "(01)" GTIN_A "(01)" GTIN_B "(21)123457", ERR_BAD_INPUT, "two article" },
    /* symbologies */
    { "]E04012345678901", ERR_BAD_INPUT, "article's barcode" },
    { "]L03012-123456", ERR_BAD_INPUT, "kind of barcode" },
    { "]C", ERR_BAD_INPUT, "kind of barcode" },
    { "]C0", ERR_BAD_INPUT, "empty" },
    { "]C13012-123456", ERR_BAD_INPUT, "wrong length" },
    /* GS1 */
    { "]C101" "04012345678902" "21123456", ERR_BAD_INPUT, "check digit" },
    { "]C101" "0401234567890X" "21123456", ERR_BAD_INPUT, "not all digits" },
    { "]C101" GTIN_A, ERR_BAD_INPUT, "no serial" },
    /* the same from a scanner that says no kind */
    { "01" "04012345678902" "21123456", ERR_BAD_INPUT, "check digit" },
    { "01" GTIN_A, ERR_BAD_INPUT, "no serial" },
    { "]C121123456", ERR_BAD_INPUT, "no article" },
    { "]C10112345", ERR_BAD_INPUT, "wrong length" },
    { "]C101" GTIN_A "21", ERR_BAD_INPUT, "wrong length" },
    { "]C101" GTIN_A "21123456789012345678901", ERR_BAD_INPUT, "wrong length" },
    { "]C101" GTIN_A "2112345a", ERR_BAD_INPUT, "serial number (21)" },
    { "]C101" GTIN_A "77XX" GS "21123456", ERR_BAD_INPUT, "not known" },
    { "]C101" "04012345678925" "21123456", ERR_NOT_FOUND, "no model" },
    { "]C101" "00012345678905" "21123456", ERR_CONFLICT, "model list" },
    { "]C101" GTIN_A "2112345", ERR_BAD_NUMBER, "form of a serial" },
    { "(01)" GTIN_A "(21)", ERR_BAD_INPUT, "wrong length" },
    { "(01" GTIN_A, ERR_BAD_INPUT, "brackets" },
    { "(99999)1", ERR_BAD_INPUT, "brackets" },
    { "3012-123456" GS, ERR_BAD_INPUT, "wrong length" },
    /* links */
    { "https://id.example.com/01/" GTIN_A, ERR_BAD_INPUT, "no serial" },
    { "https://id.example.com/01/" GTIN_A "/21", ERR_BAD_INPUT, "too early" },
    { "https://id.example.com/01/" GTIN_A "/21/", ERR_BAD_INPUT, "serial" },
    { "https://id.example.com/01/" GTIN_A "/21/12%3", ERR_BAD_INPUT, "escape" },
    { "https://id.example.com/01/" GTIN_A "/21/12%00", ERR_BAD_INPUT, "serial" },
    { "https://id.example.com/01/" GTIN_A "/21/123456/21/123457", ERR_BAD_INPUT, "two serial" },
    { "https://id.example.com/01/" GTIN_A "/21/123456?21=123457", ERR_BAD_INPUT, "belongs in front, once" },
    { "https://id.example.com/01/" GTIN_A "?21=123456", ERR_BAD_INPUT, "belongs in front, once" },
    { "https://id.example.com/01/04012345678902/21/123456", ERR_BAD_INPUT, "check digit" },
    { "https://id.example.com/about", ERR_BAD_INPUT, "no GS1" },
    { "https://", ERR_BAD_NUMBER, "hyphen" },
    { "https://01", ERR_BAD_INPUT, "no GS1" },
    { "ftp://id.example.com/01/" GTIN_A "/21/123456", ERR_BAD_NUMBER, "hyphen" },
    /* two models' labels look alike */
    { "S/NA123X", ERR_CONFLICT, "can mean 7700-A123 or 7701-A123" },
};

/* F-8, F-9: ambiguity is refused with a sentence for the operator, and nothing is written. */
static void hostile_doubled_and_ambiguous_scans_are_refused(void **state)
{
    (void)state;
    AUTO_SCAN_RULES rules = { 0 };
    setup_rules(&rules);
    for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++) {
        struct device_number number = { "untouched" };
        struct why why = { "" };
        enum err err = scan_read(&rules, span_text(bad_rows[i].scan), &number, &why);
        if (err != bad_rows[i].err || strstr(why.text, bad_rows[i].says) == NULL)
            fail_msg("\"%s\": %s: %s %s", bad_rows[i].scan, err == OK ? "OK" : err_row(err)->name, why.text, number.text);
        assert_string_equal(number.text, "untouched");
    }
}

static void a_scan_over_the_limit_is_refused_before_it_is_looked_at(void **state)
{
    (void)state;
    AUTO_SCAN_RULES rules = { 0 };
    char text[LIMIT_SCAN + 2];
    struct device_number number;
    memset(text, '1', sizeof text);
    assert_err(scan_read(&rules, span_of(text, LIMIT_SCAN + 1), &number, NULL), ERR_TOO_LARGE);
}

static void an_embedded_nul_is_refused(void **state)
{
    (void)state;
    AUTO_SCAN_RULES rules = { 0 };
    struct device_number number;
    assert_err(scan_read(&rules, span_of("3012-12\0", 8), &number, NULL), ERR_BAD_INPUT);
    assert_err(scan_read(&rules, span_of("3012\0-12", 8), &number, NULL), ERR_BAD_INPUT);
}

static void without_models_plain_numbers_are_read_and_labels_are_not(void **state)
{
    (void)state;
    AUTO_SCAN_RULES rules = { 0 };
    struct device_number number;
    assert_ok(scan_read(&rules, span_text("3012-1"), &number, NULL));
    assert_string_equal(number.text, "3012-1");
    assert_err(scan_read(&rules, span_text("3012123456"), &number, NULL), ERR_BAD_NUMBER);
    assert_err(scan_read(&rules, span_text("]C101" GTIN_A "21123456"), &number, NULL), ERR_NOT_FOUND);
}

static void a_pattern_that_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "gtin:123", "gtin:04012345678902", "label:3012", "label:()", "label:(##)(##)", "label:)#(", "ab",
                                       "[0-9]{6}", "#########################" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO_SCAN_RULES rules = { 0 };
        assert_err(scan_rules_add(&rules, "3012", bad[i], NULL), ERR_BAD_INPUT);
        assert_int_equal(rules.n, 0);
    }
    AUTO_SCAN_RULES rules = { 0 };
    assert_ok(scan_rules_add(&rules, "3012", "", NULL));
    assert_err(scan_rules_add(&rules, "3012", "", NULL), ERR_EXISTS);
    assert_err(scan_rules_add(&rules, "30-12", "", NULL), ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_number_is_read),
        cmocka_unit_test(hostile_doubled_and_ambiguous_scans_are_refused),
        cmocka_unit_test(a_scan_over_the_limit_is_refused_before_it_is_looked_at),
        cmocka_unit_test(an_embedded_nul_is_refused),
        cmocka_unit_test(without_models_plain_numbers_are_read_and_labels_are_not),
        cmocka_unit_test(a_pattern_that_cannot_be_meant_is_refused),
    };
    return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
