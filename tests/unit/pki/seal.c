#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki/seal.h"

static struct sealer *sealer_with(uint8_t fill)
{
    struct sealer *sealer;
    AUTO_SECRET kek = SECRET_INIT;
    assert_ok(secret_new(SEAL_KEY, &kek));
    memset(kek.data, fill, kek.len);
    assert_ok(sealer_new(&kek, &sealer, NULL));
    return sealer;
}

static void what_was_sealed_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 138, 5000 };
    struct sealer *sealer = sealer_with(1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t plain[5000];
        AUTO_BUF sealed = BUF_INIT;
        AUTO_SECRET back = SECRET_INIT;
        memset(plain, 7, sizeof plain);
        assert_ok(seal(sealer, span_of(plain, sizes[i]), span_text("3012-123456"), &sealed, NULL));
        assert_int_equal(sealed.len, sizes[i] + SEAL_OVERHEAD);
        assert_ok(unseal(sealer, buf_span(&sealed), span_text("3012-123456"), &back, NULL));
        assert_true(span_equal(secret_span(&back), span_of(plain, sizes[i])));
    }
    sealer_free(sealer);
}

/* I14: nothing of the plain text, and not twice the same. */
static void a_sealed_item_shows_nothing_and_is_never_the_same_twice(void **state)
{
    (void)state;
    struct sealer *sealer = sealer_with(1);
    AUTO_BUF one = BUF_INIT, other = BUF_INIT;
    struct span plain = span_text("a private key, say");
    assert_ok(seal(sealer, plain, span_text("x"), &one, NULL));
    assert_ok(seal(sealer, plain, span_text("x"), &other, NULL));
    assert_null(memmem(one.data, one.len, plain.at, plain.n));
    assert_false(span_equal(buf_span(&one), buf_span(&other)));
    sealer_free(sealer);
}

static void any_changed_byte_any_cut_and_any_other_row_or_key_is_damage(void **state)
{
    (void)state;
    struct sealer *sealer = sealer_with(1), *other = sealer_with(2);
    AUTO_BUF sealed = BUF_INIT;
    AUTO_SECRET back = SECRET_INIT;
    assert_ok(seal(sealer, span_text("secret"), span_text("3012-1"), &sealed, NULL));
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.data[i] ^= 1;
        assert_err(unseal(sealer, buf_span(&sealed), span_text("3012-1"), &back, NULL), ERR_DAMAGED);
        sealed.data[i] ^= 1;
        assert_err(unseal(sealer, span_of(sealed.data, i), span_text("3012-1"), &back, NULL), ERR_DAMAGED);
    }
    assert_err(unseal(sealer, buf_span(&sealed), span_text("3012-2"), &back, NULL), ERR_DAMAGED);
    assert_err(unseal(other, buf_span(&sealed), span_text("3012-1"), &back, NULL), ERR_DAMAGED);
    assert_int_equal(back.len, 0);
    sealer_free(sealer);
    sealer_free(other);
}

static void a_key_of_another_length_is_refused(void **state)
{
    (void)state;
    struct sealer *sealer;
    AUTO_SECRET kek = SECRET_INIT;
    assert_ok(secret_new(16, &kek));
    assert_err(sealer_new(&kek, &sealer, NULL), ERR_BAD_KEY);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void the_key_comes_from_a_file_that_nobody_else_may_read(void **state)
{
    (void)state;
    char dir[] = "/tmp/nameplate-kek-XXXXXX", path[64], source[80];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/kek", dir);
    snprintf(source, sizeof source, "file:%s", path);
    AUTO_SECRET made = SECRET_INIT, hex = SECRET_INIT, named = SECRET_INIT, none = SECRET_INIT;
    assert_err(kek_load(source, &none, NULL), ERR_NOT_FOUND);
    assert_ok(kek_create_file(path, NULL));
    assert_err(kek_create_file(path, NULL), ERR_EXISTS);
    assert_ok(kek_load(source, &made, NULL));
    assert_int_equal(made.len, SEAL_KEY);
    write_file(path, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600);
    assert_ok(kek_load(source, &hex, NULL));
    assert_int_equal(hex.data[31], 0x1f);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
    assert_ok(kek_load("credential:kek", &named, NULL));
    assert_true(secret_equal(hex.data, named.data, SEAL_KEY));
    assert_err(kek_load("credential:../kek", &none, NULL), ERR_CONFIG);
    write_file(path, "too short", 0600);
    assert_err(kek_load(source, &none, NULL), ERR_BAD_KEY);
    write_file(path, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0640);
    assert_true(kek_load(source, &none, NULL) != OK);
    assert_err(kek_load("tpm:0x81000000", &none, NULL), ERR_UNSUPPORTED);
    assert_err(kek_load("/etc/kek", &none, NULL), ERR_CONFIG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void two_keys_have_two_marks_and_one_key_the_same_again(void **state) /* I14 */
{
    (void)state;
    int64_t marks[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        AUTO_SECRET kek = SECRET_INIT;
        assert_ok(secret_new(SEAL_KEY, &kek));
        memset(kek.data, i == 1 ? 2 : 1, kek.len);
        assert_ok(kek_mark(&kek, &marks[i]));
        assert_true(marks[i] > 0);
    }
    assert_true(marks[0] == marks[2] && marks[0] != marks[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_comes_back),
        cmocka_unit_test(a_sealed_item_shows_nothing_and_is_never_the_same_twice),
        cmocka_unit_test(any_changed_byte_any_cut_and_any_other_row_or_key_is_damage),
        cmocka_unit_test(a_key_of_another_length_is_refused),
        cmocka_unit_test(the_key_comes_from_a_file_that_nobody_else_may_read),
        cmocka_unit_test(two_keys_have_two_marks_and_one_key_the_same_again),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
