#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/log.h"

/* What `write_lines` puts on standard error, behind its time. */
static void capture(void (*write_lines)(void), char *ret_text, size_t size)
{
    char path[] = "/tmp/nameplate-log-XXXXXX";
    int file = mkstemp(path), kept = dup(STDERR_FILENO);
    assert_true(file >= 0 && kept >= 0 && dup2(file, STDERR_FILENO) >= 0);
    write_lines();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    ssize_t n = pread(file, ret_text, size - 1, 0);
    assert_true(n >= 0);
    ret_text[n] = '\0';
    close(file);
    close(kept);
    unlink(path);
}

static void write_plain(void)
{
    log_setup("factory", LOG_INFO, 0);
    log_event(LOG_DEBUG, "hidden", NULL);
    log_event(LOG_INFO, "claim", "number", "3012-123456", "note", "two words\nand \"more\"", NULL);
}

static void a_line_is_one_event_whatever_its_values_hold(void **state)
{
    (void)state;
    char text[512];
    capture(write_plain, text, sizeof text);
    assert_non_null(strstr(text, "Z info factory claim number=3012-123456 note=\"two words\\u000aand \\\"more\\\"\"\n"));
    assert_null(strstr(text, "hidden"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void write_json(void)
{
    struct why why;
    log_setup("ca", LOG_DEBUG, 1);
    log_failure(LOG_WARN, "issue", why_set(&why, ERR_OVER_ORDER, "PO-1 is used up"), &why, "number", "3012-1", NULL);
}

static void a_failure_carries_its_name_and_its_reason(void **state)
{
    (void)state;
    char text[512];
    capture(write_json, text, sizeof text);
    assert_non_null(strstr(text, "\"level\":\"warn\",\"program\":\"ca\",\"event\":\"issue\",\"number\":\"3012-1\","
                                 "\"error\":\"OVER_ORDER\",\"why\":\"PO-1 is used up\"}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_event_whatever_its_values_hold),
        cmocka_unit_test(a_failure_carries_its_name_and_its_reason),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
