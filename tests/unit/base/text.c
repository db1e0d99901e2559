#include "../test.h"

#include <stdio.h>

#include "base/text.h"

static const struct row {
    const char *text, *mended; /* NULL: it is UTF-8 */
} rows[] = {
    { "", NULL },
    { "plain", NULL },
    { "Bj\xc3\xb6rn \xe2\x82\xac \xf0\x9f\x96\xa8", NULL },
    { "\xf4\x8f\xbf\xbf", NULL },
    { "Ren\xe9 Ltd", "Ren? Ltd" },           /* Latin-1 */
    { "Ren\xe9", "Ren" },                    /* could be one that was cut */
    { "Bj\xc3", "Bj" },                      /* cut */
    { "\xe2\x82", "" },
    { "\xf0\x9f\x96 x", "??? x" },
    { "\xc0\xaf", "??" },                    /* not the shortest form */
    { "\xe0\x80\xaf.", "???." },
    { "\xed\xa0\x80.", "???." },             /* a surrogate */
    { "\xf4\x90\x80\x80", "????" },          /* beyond Unicode */
    { "\x80\xff", "??" },
};

static void what_is_not_utf_8_is_known_and_mended(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", rows[i].text);
        assert_int_equal(text_is_utf8(text), rows[i].mended == NULL);
        text_mend(text);
        assert_string_equal(text, rows[i].mended == NULL ? rows[i].text : rows[i].mended);
        assert_true(text_is_utf8(text));
    }
}

/* RFC 3629 section 4, against all texts of two bytes: the one-byte and two-byte characters are these. */
static void characters_of_up_to_two_bytes_are_those_of_rfc_3629(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            const uint8_t bytes[] = { (uint8_t)a, (uint8_t)b };
            size_t n = a < 0x80 ? 1 : a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf ? 2 : 0;
            assert_int_equal(text_char(span_of(bytes, 2)), n);
        }
    assert_int_equal(text_char(span_of(NULL, 0)), 0);
}

/* What a reason had no room for is cut between characters. */
static void a_reason_is_utf_8_however_long_it_was(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        struct why why;
        char text[2 * WHY_MAX] = "";
        for (size_t n = shift; n + 4 < sizeof text; n += 3)
            memcpy(text + n, "\xe2\x82\xac", 4);
        memcpy(text, "xxx", shift);
        (void)!why_set(&why, ERR_BAD_INPUT, "%s", text);
        assert_true(text_is_utf8(why.text));
        assert_true(strlen(why.text) >= sizeof why.text - 4);
    }
}

static void a_value_that_is_no_word_is_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *quoted;
    } values[] = {
        { "word", 5, "word" },
        { "b-1.2/3=4", 40, "b-1.2/3=4" },
        { "\xc3\xa4", 40, "\xc3\xa4" },
        { "", 40, "\"\"" },
        { "two words", 40, "\"two words\"" },
        { "say \"no\"", 40, "\"say \\\"no\\\"\"" },
        { "a\\b", 40, "\"a\\\\b\"" },
        { "line\nend", 40, "\"line?end\"" },
        { "too long", 7, "\"too\"" },
        { "longer", 5, "\"l\"" },
        { "abc\xc3\xa4 d", 8, "\"abc\"" },
        { "a\xc3\xa4 d", 5, "\"a\"" },
        { "x y", 3, "\"\"" },
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char to[40];
        memset(to, 'X', sizeof to);
        assert_string_equal(text_quote(values[i].text, values[i].size, to), values[i].quoted);
        for (size_t j = values[i].size; j < sizeof to; j++)
            assert_int_equal(to[j], 'X');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_that_is_no_word_is_quoted),
        cmocka_unit_test(what_is_not_utf_8_is_known_and_mended),
        cmocka_unit_test(characters_of_up_to_two_bytes_are_those_of_rfc_3629),
        cmocka_unit_test(a_reason_is_utf_8_however_long_it_was),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
