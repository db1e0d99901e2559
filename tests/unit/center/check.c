#include "../test.h"

#include <stdio.h>

#include "center/check.h"

struct row {
    enum err (*check)(const char *text, struct why *why);
    const char *text;
    bool good;
};

/* M-7: addresses (IP, telephone) are checked when they are entered. */
static const struct row rows[] = {
    { check_telephone, "", true },
    { check_telephone, "+81 3 1234-5678", true },
    { check_telephone, "(03) 1234/5678", true },
    { check_telephone, "03+1234", false },
    { check_telephone, "12", false },
    { check_telephone, "+", false },
    { check_telephone, "1234567890123456", false },
    { check_telephone, "call me", false },
    { check_address, "", true },
    { check_address, "192.0.2.7", true },
    { check_address, "192.0.2.7:161", true },
    { check_address, "2001:db8::7", true },
    { check_address, "[2001:db8::7]:8443", true },
    { check_address, "[2001:db8::7]", true },
    { check_address, "printer-7.example", true },
    { check_address, "snmp://192.0.2.7", true },
    { check_address, "https://host.example:8443/remote", true },
    { check_address, "192.0.2.300", false },
    { check_address, "192.0.2.7:port", false },
    { check_address, "192.0.2.7:", false },
    { check_address, "[2001:db8::7]8443", false },
    { check_address, "[2001:db8::7", false },
    { check_address, "://host", false },
    { check_address, "http://", false },
    { check_address, "a b", false },
    { check_address, "-host", false },
    { check_email, "", true },
    { check_email, "office@acme.example", true },
    { check_email, "office", false },
    { check_email, "@acme.example", false },
    { check_email, "a b@acme.example", false },
    { check_email, "a@", false },
    { check_id, "acme-1", true },
    { check_id, "", false },
    { check_id, "a/b", false },
    { check_id, "a,b", false },
    { check_version, "2.1-rc1", true },
    { check_version, "../2", false },
    { check_version, ".hidden", false },
    { check_version, "..", false },
    { check_text, "1 Long Road", true },
    { check_text, "two\nlines", false },
};

static void what_is_entered_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = { "" };
        if ((rows[i].check(rows[i].text, &why) == OK) != rows[i].good)
            fail_msg("row %zu: \"%s\": %s", i, rows[i].text, why.text);
    }
}

static void a_device_without_an_agent_needs_its_gateway_and_address(void **state)
{
    (void)state;
    struct center_device d = { .number = { "3013-000001" }, .kind = CENTER_AGENTLESS, .address = "192.0.2.7" };
    struct why why;
    assert_err(check_device(&d, &why), ERR_BAD_INPUT);
    snprintf(d.gateway.text, sizeof d.gateway.text, "3100-000001");
    assert_ok(check_device(&d, &why));
    d.address[0] = '\0';
    assert_err(check_device(&d, &why), ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_entered_is_checked),
        cmocka_unit_test(a_device_without_an_agent_needs_its_gateway_and_address),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
