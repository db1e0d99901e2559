#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/settings.h"

struct example {
    char name[SETTING_TEXT_SIZE];
    char store[SETTING_TEXT_SIZE];
    int64_t port;
    bool strict;
};

static const struct setting_row rows[] = {
    { "line", "name", SETTING_TEXT, NULL, 0, 0, "", offsetof(struct example, name), "name of the line" },
    { "line", "store", SETTING_PATH, "stock.db", 0, 0, "", offsetof(struct example, store), "the database" },
    { "listen", "port", SETTING_INT, "8441", 0, 65535, "", offsetof(struct example, port), "port" },
    { "listen", "strict", SETTING_BOOL, "yes", 0, 0, "", offsetof(struct example, strict), "strictness" },
};
enum { ROWS = sizeof rows / sizeof *rows };

static char path[] = "/tmp/nameplate-settings-XXXXXX";

static enum err read_text(const char *text, struct example *ret_example, struct why *why)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return settings_read(path, rows, ROWS, ret_example, why);
}

static void what_is_not_given_has_its_default_and_paths_start_at_the_file(void **state)
{
    (void)state;
    struct example e;
    struct why why;
    assert_ok(read_text("[line]\nname = line-1 ; the first\n", &e, &why));
    assert_string_equal(e.name, "line-1");
    assert_string_equal(e.store, "/tmp/stock.db");
    assert_int_equal(e.port, 8441);
    assert_true(e.strict);
}

struct mistake {
    const char *text, *line, *said;
};

static const struct mistake mistakes[] = {
    { "[line]\nname = a\n[listen]\nport = 65536\n", "line 4", "0 to 65535" },
    { "[line]\nname = a\n[listen]\nport = 80x\n", "line 4", "whole number" },
    { "[line]\nname = a\nstrict = yes\n", "line 3", "no setting strict in [line]" },
    { "[line]\nname = a\nname = b\n", "line 3", "twice" },
    { "[listen]\nstrict = maybe\n", "line 2", "yes or no" },
    { "[line]\nname a\n", "line 2", "name = value" },
    { "[listen]\nport = 1\n", "[line] name", "must be given" },
};

static void each_mistake_is_told_with_its_line_and_what_is_wanted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct example e;
        struct why why;
        assert_err(read_text(mistakes[i].text, &e, &why), ERR_CONFIG);
        assert_non_null(strstr(why.text, mistakes[i].line));
        assert_non_null(strstr(why.text, mistakes[i].said));
        assert_non_null(strstr(why.text, path));
    }
}

static void what_is_printed_can_be_read_again(void **state)
{
    (void)state;
    struct example in, out;
    struct why why;
    assert_ok(read_text("[line]\nname = line-7\n[listen]\nport = 1\nstrict = off\n", &in, &why));
    FILE *file = fopen(path, "w");
    settings_print(file, rows, ROWS, &in);
    fclose(file);
    assert_ok(settings_read(path, rows, ROWS, &out, &why));
    assert_string_equal(out.name, in.name);
    assert_string_equal(out.store, in.store);
    assert_int_equal(out.port, 1);
    assert_false(out.strict);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_given_has_its_default_and_paths_start_at_the_file),
        cmocka_unit_test(each_mistake_is_told_with_its_line_and_what_is_wanted),
        cmocka_unit_test(what_is_printed_can_be_read_again),
    };
    return cmocka_run_group_tests_name("settings", tests, make_file, remove_file);
}
