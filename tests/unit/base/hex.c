#include "../test.h"

#include <string.h>

#include "base/hex.h"

struct row {
    const char *bytes, *text;
};

static const struct row rfc4648[] = {
    { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
};

static void base64_agrees_with_rfc_4648_section_10(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rfc4648 / sizeof *rfc4648; i++) {
        AUTO_BUF text = BUF_INIT, bytes = BUF_INIT;
        assert_ok(base64_encode(rfc4648[i].bytes, strlen(rfc4648[i].bytes), &text));
        assert_string_equal(buf_text(&text), rfc4648[i].text);
        assert_ok(base64_decode(rfc4648[i].text, strlen(rfc4648[i].text), &bytes));
        assert_string_equal(buf_text(&bytes), rfc4648[i].bytes);
    }
}

static void malformed_base64_is_refused_and_nothing_is_appended(void **state)
{
    (void)state;
    static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg=a", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Zg*=", "Zg-_" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO_BUF bytes = BUF_INIT;
        assert_err(base64_decode(bad[i], strlen(bad[i]), &bytes), ERR_BAD_INPUT);
        assert_int_equal(bytes.len, 0);
    }
}

static void one_character_more_at_any_place_of_a_long_text_is_passed_over_or_refused(void **state)
{
    (void)state;
    uint8_t data[100];
    AUTO_BUF text = BUF_INIT;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 11);
    assert_ok(base64_encode(data, sizeof data, &text));
    for (size_t at = 0; at <= text.len; at++) {
        AUTO_BUF more = BUF_INIT, bytes = BUF_INIT;
        assert_ok(buf_put(&more, text.data, at));
        assert_ok(buf_put_text(&more, "\n"));
        assert_ok(buf_put(&more, text.data + at, text.len - at));
        assert_ok(base64_decode((const char *)more.data, more.len, &bytes));
        assert_true(span_equal(buf_span(&bytes), span_of(data, sizeof data)));
        more.data[at] = '*';
        assert_err(base64_decode((const char *)more.data, more.len, &bytes), ERR_BAD_INPUT);
        assert_int_equal(bytes.len, sizeof data);
    }
}

static void white_space_in_base64_is_passed_over(void **state)
{
    (void)state;
    AUTO_BUF bytes = BUF_INIT;
    assert_ok(base64_decode(" Zm9v\r\n\tYmFy ", 13, &bytes));
    assert_string_equal(buf_text(&bytes), "foobar");
}

static void hex_goes_both_ways_and_refuses_odd_and_foreign_digits(void **state)
{
    (void)state;
    char text[7];
    uint8_t bytes[3];
    hex_encode((const uint8_t *)"\x00\xab\xff", 3, text);
    assert_string_equal(text, "00abff");
    assert_ok(hex_decode("00ABfF", 3, bytes));
    assert_memory_equal(bytes, "\x00\xab\xff", 3);
    assert_err(hex_decode("00abf", 3, bytes), ERR_BAD_INPUT);
    assert_err(hex_decode("00abfff", 3, bytes), ERR_BAD_INPUT);
    assert_err(hex_decode("00abfg", 3, bytes), ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_agrees_with_rfc_4648_section_10),
        cmocka_unit_test(malformed_base64_is_refused_and_nothing_is_appended),
        cmocka_unit_test(one_character_more_at_any_place_of_a_long_text_is_passed_over_or_refused),
        cmocka_unit_test(white_space_in_base64_is_passed_over),
        cmocka_unit_test(hex_goes_both_ways_and_refuses_odd_and_foreign_digits),
    };
    return cmocka_run_group_tests_name("hex", tests, NULL, NULL);
}
