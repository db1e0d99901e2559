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

/* --- What reaches the disk, and when --- */

static char order[64]; /* f: a file was synced, d: a folder, r: a name was given */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);

static void note(const char *what)
{
    if (strlen(order) + 1 < sizeof order)
        memcpy(order + strlen(order), what, 2);
}

int __wrap_fsync(int fd)
{
    struct stat st;
    note(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? "d" : "f");
    return __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    note("r");
    return __real_rename(from, to);
}

int __wrap_link(const char *from, const char *to)
{
    note("r");
    return __real_link(from, to);
}

static void a_file_is_on_the_disk_before_its_name_and_the_name_before_the_return(void **state) /* I9 */
{
    (void)state;
    order[0] = '\0';
    assert_ok(file_replace(at("synced"), span_text("1"), 0600, NULL));
    assert_string_equal(order, "frd");
    unlink(at("synced"));
    order[0] = '\0';
    assert_ok(file_create(at("synced"), span_text("1"), 0600, NULL));
    assert_string_equal(order, "frd");
    unlink(at("synced"));
}

static void a_file_has_its_mode_whatever_the_umask_and_never_a_wider_one(void **state) /* I14 */
{
    (void)state;
    static const mode_t masks[] = { 0, 022, 077, 0777 }, modes[] = { 0600, 0644 };
    mode_t before = umask(0);
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) {
            struct stat st;
            umask(masks[i]);
            assert_ok(file_replace(at("mode"), span_text("1"), modes[k], NULL));
            assert_int_equal(stat(at("mode"), &st), 0);
            assert_int_equal(st.st_mode & 0777, modes[k]);
        }
    umask(before);
    unlink(at("mode"));
}

static void a_name_that_leads_elsewhere_is_replaced_and_nothing_there_is_written(void **state)
{
    (void)state;
    struct stat st;
    AUTO_BUF read = BUF_INIT;
    char elsewhere[PATH_MAX];
    snprintf(elsewhere, sizeof elsewhere, "%s", at("elsewhere"));
    assert_ok(file_replace(elsewhere, span_text("theirs"), 0600, NULL));
    assert_int_equal(symlink(elsewhere, at("name")), 0);
    assert_ok(file_replace(at("name"), span_text("ours"), 0600, NULL));
    assert_int_equal(lstat(at("name"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_ok(file_read(elsewhere, 100, &read, NULL));
    assert_string_equal(buf_text(&read), "theirs");
    unlink(at("name"));
    unlink(elsewhere);
}

/* Another user than root, who may all: access(2) asks for the real one. */
static void be_somebody(bool yes)
{
    if (geteuid() == 0)
        assert_int_equal(setreuid(yes ? 65534 : 0, (uid_t)-1), 0);
}

static void a_file_that_cannot_be_written_or_has_no_room_beside_it_is_told_apart(void **state)
{
    static const struct {
        mode_t file, folder;
        const char *says; /* NULL: fine */
    } rows[] = { { 0444, 0555, "cannot write " }, { 0666, 0555, "cannot make files in " }, { 0666, 0777, NULL }, { 0444, 0777, "cannot write " } };
    char folder[PATH_MAX - 10], file[PATH_MAX];
    (void)state;
    snprintf(folder, sizeof folder, "%s", at("folder"));
    snprintf(file, sizeof file, "%s/file", folder);
    assert_ok(file_make_dir(folder, NULL));
    assert_ok(file_replace(file, span_text("x"), 0600, NULL));
    assert_int_equal(chmod(dir, 0711), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = { "" };
        assert_true(chmod(file, rows[i].file) == 0 && chmod(folder, rows[i].folder) == 0);
        be_somebody(true);
        enum err err = file_check_writable(file, &why);
        be_somebody(false);
        if ((err == OK) != (rows[i].says == NULL) || (err != OK && strstr(why.text, rows[i].says) == NULL))
            fail_msg("row %zu: %s", i, why.text);
    }
    assert_true(file_is_dir(folder) && !file_is_dir(file));
    unlink(file);
    assert_int_equal(rmdir(folder), 0);
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
        cmocka_unit_test(a_file_is_on_the_disk_before_its_name_and_the_name_before_the_return),
        cmocka_unit_test(a_file_has_its_mode_whatever_the_umask_and_never_a_wider_one),
        cmocka_unit_test(a_file_that_cannot_be_written_or_has_no_room_beside_it_is_told_apart),
        cmocka_unit_test(a_name_that_leads_elsewhere_is_replaced_and_nothing_there_is_written),
    };
    return cmocka_run_group_tests_name("file", tests, make_dir, remove_dir);
}
