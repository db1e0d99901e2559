/* Revocation lists beside the credentials, and what is told to the CA about them. */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limit.h"
#include "tls/lists.h"

static char folder[] = "/tmp/nameplate-lists-XXXXXX";

/* An answer with the lists that these letters stand for. */
static bool keep(const char *letters, struct lists_known *known)
{
    AUTO_LISTS lists = { .ders = BUF_INIT, .pem = BUF_INIT };
    struct why why;
    bool changed = false;
    for (; *letters != '\0'; letters++)
        assert_ok(lists_add(&lists, span_of((const uint8_t *)letters, 1)));
    assert_ok(lists_keep(&lists, folder, known, &changed, &why));
    return changed;
}

static bool knows(const struct lists_known *known, const char *letters)
{
    uint8_t sha256[CERT_FINGERPRINT];
    cert_fingerprint_der(span_text(letters), sha256);
    return span_equal(lists_known(known, folder), span_of(sha256, sizeof sha256));
}

static void assert_file(const char *text)
{
    AUTO_BUF file = BUF_INIT;
    char path[64];
    snprintf(path, sizeof path, "%s/crl.pem", folder);
    assert_ok(file_read(path, LIMIT_LISTS, &file, NULL));
    assert_true(span_equal(buf_span(&file), span_text(text)));
}

#define PEM(base64) "-----BEGIN X509 CRL-----\n" base64 "\n-----END X509 CRL-----\n"

static void what_was_kept_is_told_and_an_answer_without_lists_leaves_it(void **state)
{
    (void)state;
    struct lists_known known = { .size = 0 };
    assert_int_equal(lists_known(&known, folder).n, 0);
    assert_true(keep("ab", &known));
    assert_true(knows(&known, "ab"));
    assert_file(PEM("YQ==") PEM("Yg=="));
    assert_false(keep("", &known));
    assert_true(knows(&known, "ab"));
    assert_file(PEM("YQ==") PEM("Yg=="));
    assert_true(keep("c", &known));
    assert_true(knows(&known, "c"));
    assert_file(PEM("Yw=="));
}

static void after_a_new_start_the_same_lists_are_no_change_and_known_again(void **state)
{
    (void)state;
    struct lists_known before = { .size = 0 }, after = { .size = 0 };
    keep("de", &before);
    assert_int_equal(lists_known(&after, folder).n, 0);
    assert_false(keep("de", &after));
    assert_true(knows(&after, "de"));
}

static void a_file_that_somebody_changed_or_took_away_is_asked_for_again(void **state)
{
    (void)state;
    struct lists_known known = { .size = 0 };
    char path[64];
    snprintf(path, sizeof path, "%s/crl.pem", folder);
    keep("f", &known);
    assert_ok(file_replace(path, span_text("nothing is revoked"), 0644, NULL));
    assert_int_equal(lists_known(&known, folder).n, 0);
    assert_true(keep("f", &known));
    assert_true(knows(&known, "f"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(lists_known(&known, folder).n, 0);
    assert_true(keep("f", &known));
}

static void lists_that_could_not_be_kept_are_not_known(void **state)
{
    (void)state;
    struct lists_known known = { .size = 0 };
    AUTO_LISTS lists = { .ders = BUF_INIT, .pem = BUF_INIT };
    struct why why;
    bool changed;
    keep("g", &known);
    assert_ok(lists_add(&lists, span_text("h")));
    assert_err(lists_keep(&lists, "/nonexistent/folder", &known, &changed, &why) == OK, false);
    assert_int_equal(lists_known(&known, folder).n, 0);
}

/* I8 */
static void an_answer_without_lists_takes_nothing_away(void **state)
{
    (void)state;
    struct lists_known known = { .size = 0 }, fresh = { .size = 0 };
    keep("i", &known);
    assert_false(keep("", &fresh));
    assert_int_equal(lists_known(&fresh, folder).n, 0);
    assert_file(PEM("aQ=="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_is_told_and_an_answer_without_lists_leaves_it),
        cmocka_unit_test(after_a_new_start_the_same_lists_are_no_change_and_known_again),
        cmocka_unit_test(a_file_that_somebody_changed_or_took_away_is_asked_for_again),
        cmocka_unit_test(lists_that_could_not_be_kept_are_not_known),
        cmocka_unit_test(an_answer_without_lists_takes_nothing_away),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char path[64];
    snprintf(path, sizeof path, "%s/crl.pem", folder);
    (void)unlink(path);
    (void)rmdir(folder);
    return failed;
}
