#include "../test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char dir[] = "/tmp/nameplate-file-XXXXXX";

static const char *at(const char *name)
{
    static char path[PATH_MAX];
    assert_ok(file_join(dir, name, sizeof path, path));
    return path;
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static void replacing_gives_the_new_content_and_leaves_no_other_file(void **state)
{
    (void)state;
    struct why why;
    AUTO_BUF read = BUF_INIT;
    assert_ok(file_replace(at("a"), span_text("old"), 0600, &why));
    assert_ok(file_replace(at("a"), span_text("new"), 0600, &why));
    assert_ok(file_read(at("a"), 100, &read, &why));
    assert_string_equal(buf_text(&read), "new");
    assert_int_equal(unlink(at("a")), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_ok(file_make_dir(dir, &why));
}

static void creating_over_an_existing_file_is_refused(void **state)
{
    (void)state;
    struct why why;
    assert_ok(file_create(at("b"), span_text("1"), 0600, &why));
    assert_err(file_create(at("b"), span_text("2"), 0600, &why), ERR_EXISTS);
    unlink(at("b"));
}

static void a_secret_that_others_may_read_is_refused_with_what_to_do(void **state)
{
    (void)state;
    struct why why;
    AUTO_SECRET secret = SECRET_INIT;
    assert_ok(file_replace(at("key"), span_text("0123"), 0644, &why));
    assert_err(file_read_secret(at("key"), 100, &secret, &why), ERR_NOT_ALLOWED);
    assert_non_null(strstr(why.text, "chmod 600"));
    assert_int_equal(chmod(at("key"), 0600), 0);
    assert_ok(file_read_secret(at("key"), 100, &secret, &why));
    assert_int_equal(secret.len, 4);
    unlink(at("key"));
}

static void a_file_over_its_ceiling_is_refused(void **state)
{
    (void)state;
    struct why why;
    AUTO_BUF read = BUF_INIT;
    assert_ok(file_replace(at("c"), span_text("12345"), 0600, &why));
    assert_err(file_read(at("c"), 4, &read, &why), ERR_TOO_LARGE);
    assert_err(file_read(at("none"), 4, &read, &why), ERR_NOT_FOUND);
    unlink(at("c"));
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replacing_gives_the_new_content_and_leaves_no_other_file),
        cmocka_unit_test(creating_over_an_existing_file_is_refused),
        cmocka_unit_test(a_secret_that_others_may_read_is_refused_with_what_to_do),
        cmocka_unit_test(a_file_over_its_ceiling_is_refused),
    };
    return cmocka_run_group_tests_name("file", tests, make_dir, remove_dir);
}
