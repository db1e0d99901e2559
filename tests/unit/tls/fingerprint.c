#include "../test.h"

#include <string.h>

#include "tls/credentials.h"

#define BYTES_4 "00112233"
#define BYTES_32 BYTES_4 BYTES_4 BYTES_4 BYTES_4 BYTES_4 BYTES_4 BYTES_4 "aabbccdd"
#define COLONS_4 "00:11:22:33:"
#define COLONS_28 COLONS_4 COLONS_4 COLONS_4 COLONS_4 COLONS_4 COLONS_4 COLONS_4

/* I14: the pin of an enrolment, as people copy it from a terminal. */
static void a_fingerprint_is_read_with_colons_and_without(void **state)
{
    (void)state;
    static const char *const good[] = { BYTES_32, COLONS_28 "aa:bb:cc:dd", COLONS_28 "AA:BB:CC:DD", COLONS_28 "aabbccdd" };
    static const uint8_t end[] = { 0x33, 0xaa, 0xbb, 0xcc, 0xdd };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint8_t bytes[CERT_FINGERPRINT] = { 0 };
        assert_ok(credentials_read_fingerprint(good[i], bytes, NULL));
        assert_int_equal(bytes[1], 0x11);
        assert_memory_equal(bytes + CERT_FINGERPRINT - sizeof end, end, sizeof end);
    }
}

static void what_is_not_a_whole_fingerprint_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", ":", BYTES_32 "0", BYTES_32 ":", ":" BYTES_32, COLONS_28 "aa:bb:cc", COLONS_28 "aa:bb:cc:dd:",
        COLONS_28 "aa::bb:cc:dd", COLONS_28 "a:ab:bc:cdd", COLONS_28 "aa:bb:cc:dg", COLONS_28 "aa bb cc dd", " " BYTES_32,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[CERT_FINGERPRINT] = { 7 };
        struct why why = { "" };
        assert_err(credentials_read_fingerprint(bad[i], bytes, &why), ERR_BAD_INPUT);
        assert_int_equal(bytes[0], 7);
        assert_non_null(strstr(why.text, "64 hexadecimal digits"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fingerprint_is_read_with_colons_and_without),
        cmocka_unit_test(what_is_not_a_whole_fingerprint_is_refused),
    };
    return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
