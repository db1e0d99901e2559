#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/command.h"

static struct command_line seen;
static long days;

static int run(const struct command_line *line)
{
    struct why why;
    seen = *line;
    return command_flag_int(line, "days", 0, 365, &days, &why) == OK ? 0 : 2;
}

static const struct command_flag flags[] = {
    { "dir", "DIR", "./ca", "folder" },
    { "days", "N", "7", "days" },
    { "dry-run", NULL, NULL, "change nothing" },
    { 0 },
};

static const struct command commands[] = {
    { "plan import", "FILE", 1, 1, "Take over a plan.", NULL, run, flags },
    { "list", "", 0, 2, "List.", NULL, run, flags },
    { 0 },
};

static const struct command_area area = { .name = "test", .help = "An area for tests.", .commands = commands };

struct row {
    const char *argv[8];
    int status;
    const char *verb; /* NULL: nothing ran */
};

static const struct row rows[] = {
    { { "nameplate-test", "plan", "import", "a.csv" }, 0, "plan import" },
    { { "nameplate-test", "plan", "import", "--dir=x", "a.csv" }, 0, "plan import" },
    { { "nameplate-test", "list", "--days", "365" }, 0, "list" },
    { { "nameplate-test", "list", "--", "--days" }, 0, "list" },
    { { "nameplate-test", "list", "--days", "366" }, 2, "list" },
    { { "nameplate-test", "list", "--days", "7d" }, 2, "list" },
    { { "nameplate-test", "plan", "import" }, 2, NULL },
    { { "nameplate-test", "plan", "import", "a", "b" }, 2, NULL },
    { { "nameplate-test", "plan" }, 2, NULL },
    { { "nameplate-test", "lst" }, 2, NULL },
    { { "nameplate-test", "list", "--dir" }, 2, NULL },
    { { "nameplate-test", "list", "--dry-run=yes" }, 2, NULL },
    { { "nameplate-test", "list", "--dirr", "x" }, 2, NULL },
    { { "nameplate-test", "list", "a", "b", "c" }, 2, NULL },
    { { "nameplate-test" }, 2, NULL },
    { { "nameplate-test", "--help" }, 0, NULL },
    { { "nameplate-test", "list", "--help" }, 0, NULL },
};

/* command_main without what it prints, which is no test's output. */
static int run_quietly(int argc, char **argv)
{
    fflush(stdout);
    int kept = dup(STDOUT_FILENO), nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(kept >= 0 && nothing >= 0 && dup2(nothing, STDOUT_FILENO) >= 0);
    int status = command_main(&area, argc, argv);
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    close(nothing);
    return status;
}

static void lines_run_the_verb_that_they_name_or_are_refused_as_usage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char words[8][32], *argv[9] = { 0 };
        int argc = 0;
        for (; argc < 8 && rows[i].argv[argc] != NULL; argc++)
            argv[argc] = strcpy(words[argc], rows[i].argv[argc]);
        seen = (struct command_line){ 0 };
        assert_int_equal(run_quietly(argc, argv), rows[i].status);
        assert_int_equal(seen.command != NULL, rows[i].verb != NULL);
        if (rows[i].verb != NULL)
            assert_string_equal(seen.command->verb, rows[i].verb);
    }
}

static void flags_have_their_default_until_they_are_given(void **state)
{
    (void)state;
    char a[] = "nameplate-test", b[] = "list", c[] = "--dry-run", d[] = "--dir", e[] = "/srv/ca";
    char *without[] = { a, b, NULL }, *with[] = { a, b, c, d, e, NULL };
    assert_int_equal(command_main(&area, 2, without), 0);
    assert_string_equal(command_flag(&seen, "dir"), "./ca");
    assert_false(command_switch(&seen, "dry-run"));
    assert_int_equal(days, 7);
    assert_int_equal(command_main(&area, 5, with), 0);
    assert_string_equal(command_flag(&seen, "dir"), "/srv/ca");
    assert_true(command_switch(&seen, "dry-run"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_run_the_verb_that_they_name_or_are_refused_as_usage),
        cmocka_unit_test(flags_have_their_default_until_they_are_given),
    };
    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
