#include "../test.h"

#include <arpa/inet.h>
#include <linux/input.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "station/station.h"

/* A bench that takes what comes and stays busy with it, until it is said to be free again. */
static struct {
    struct station station;
    bool busy;
    size_t n;
    struct {
        char text[SOURCE_LINE + 1];
        bool keyed;
    } taken[16];
} bench;

/* In place of line.c's. */
void station_take_text(struct station *st, struct span text, bool keyed)
{
    assert_ptr_equal(st, &bench.station);
    assert_true(bench.n < 16);
    memcpy(bench.taken[bench.n].text, text.at, text.n);
    bench.taken[bench.n].text[text.n] = '\0';
    bench.taken[bench.n++].keyed = keyed;
    bench.busy = true;
}

bool station_is_free(const struct station *st)
{
    (void)st;
    return !bench.busy;
}

static void stop(void *context) { loop_stop(context); }

/* What has come is read, as far as the bench takes it. */
static void turn(void)
{
    assert_ok(loop_timer(bench.station.loop, 100, stop, bench.station.loop, NULL));
    assert_ok(loop_run(bench.station.loop, NULL));
}

static void next_scan(void)
{
    bench.busy = false;
    sources_pump(&bench.station.sources);
    turn();
}

static int setup(void **state)
{
    (void)state;
    memset(&bench, 0, sizeof bench);
    snprintf(bench.station.settings.keyed_prefix, sizeof bench.station.settings.keyed_prefix, "#");
    return loop_new(&bench.station.loop, NULL) != OK;
}

static int teardown(void **state)
{
    (void)state;
    sources_close(&bench.station.sources);
    loop_free(bench.station.loop);
    return 0;
}

static enum err open_sources(const char *setting, struct why *why)
{
    snprintf(bench.station.settings.sources, sizeof bench.station.settings.sources, "%s", setting);
    return sources_open(&bench.station, why);
}

static int connect_scanner(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const char *colon = strrchr(bench.station.sources.tcp_address, ':');
    assert_non_null(colon);
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text) { assert_int_equal(write(fd, text, strlen(text)), strlen(text)); }

/* F-8: what a buffered scanner sent ahead waits until the bench is free; nothing is lost, nothing mixed. */
static void a_network_scanner_is_read_one_scan_at_a_time(void **state)
{
    (void)state;
    assert_ok(open_sources("tcp:127.0.0.1:0", NULL));
    int scanner = connect_scanner();
    say(scanner, "3012-000001\r\n3012-000002\n\n\n3012-000003");
    sources_pump(&bench.station.sources);
    turn();
    assert_int_equal(bench.n, 1);
    assert_string_equal(bench.taken[0].text, "3012-000001");
    next_scan();
    assert_int_equal(bench.n, 2);
    assert_string_equal(bench.taken[1].text, "3012-000002");
    next_scan();
    assert_int_equal(bench.n, 2); /* the line is not over yet */
    close(scanner);
    next_scan();
    assert_int_equal(bench.n, 3); /* now it is */
    assert_string_equal(bench.taken[2].text, "3012-000003");
    assert_false(bench.taken[2].keyed);
}

/* F-9: what a person keyed in is marked, and asked for twice by the bench. */
static void lines_with_the_prefix_are_keyed_in(void **state)
{
    (void)state;
    assert_ok(open_sources("tcp:127.0.0.1:0", NULL));
    int scanner = connect_scanner();
    say(scanner, "#3012-000001\n3012-000002\n");
    sources_pump(&bench.station.sources);
    turn();
    next_scan();
    assert_int_equal(bench.n, 2);
    assert_string_equal(bench.taken[0].text, "3012-000001");
    assert_true(bench.taken[0].keyed);
    assert_false(bench.taken[1].keyed);
    close(scanner);
}

static void a_line_without_end_is_cut_and_told_as_too_long(void **state)
{
    (void)state;
    char text[2 * SOURCE_LINE + 1];
    memset(text, '7', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_ok(open_sources("tcp:127.0.0.1:0", NULL));
    int scanner = connect_scanner();
    say(scanner, text);
    say(scanner, "\n3012-000001\n");
    sources_pump(&bench.station.sources);
    turn();
    assert_int_equal(bench.n, 1);
    assert_true(strlen(bench.taken[0].text) > LIMIT_SCAN);
    next_scan();
    assert_string_equal(bench.taken[1].text, "3012-000001");
    close(scanner);
}

static void two_scanners_do_not_mix_their_lines(void **state)
{
    (void)state;
    assert_ok(open_sources("tcp:127.0.0.1:0", NULL));
    int one = connect_scanner(), other = connect_scanner();
    say(one, "3012-");
    say(other, "3013-");
    sources_pump(&bench.station.sources);
    turn();
    say(one, "000001\n");
    turn();
    assert_int_equal(bench.n, 1);
    assert_string_equal(bench.taken[0].text, "3012-000001");
    say(other, "000002\n");
    next_scan();
    assert_int_equal(bench.n, 2);
    assert_string_equal(bench.taken[1].text, "3013-000002");
    close(one);
    close(other);
}

static void a_source_that_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "stdin2", "tcp", "tcp:", "tcp:9100", "tcp:127.0.0.1:", "tcp:127.0.0.1:65536",
                                       "tcp:localhost:9100", "tcp:127.0.0.1:91x", "serial:/dev/ttyS0", "device:x" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct why why = { "" };
        if (open_sources(bad[i], &why) != ERR_CONFIG)
            fail_msg("%s was taken", bad[i]);
        assert_non_null(strstr(why.text, "[scan] sources"));
        sources_close(&bench.station.sources);
    }
}

/* A scanner that is a keyboard: key codes of a US keyboard, shift held and let go, Enter ends the line. */
static void a_keyboard_scanner_types_what_its_keys_say(void **state)
{
    (void)state;
    static const struct {
        uint16_t code;
        int32_t value;
        char c;
    } rows[] = {
        { KEY_3, 1, '3' }, { KEY_3, 0, 0 },   { KEY_3, 2, 0 },           { KEY_LEFTSHIFT, 1, 0 }, { KEY_A, 1, 'A' },
        { KEY_3, 1, '#' }, { KEY_LEFTSHIFT, 0, 0 }, { KEY_A, 1, 'a' },   { KEY_MINUS, 1, '-' },   { KEY_KP7, 1, '7' },
        { KEY_ENTER, 1, '\n' }, { KEY_KPENTER, 1, '\n' }, { KEY_F1, 1, 0 }, { 0x2ff, 1, 0 },
    };
    bool shift = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(hid_char(rows[i].code, rows[i].value, &shift), rows[i].c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_network_scanner_is_read_one_scan_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_with_the_prefix_are_keyed_in, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_without_end_is_cut_and_told_as_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(two_scanners_do_not_mix_their_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_that_cannot_be_meant_is_refused, setup, teardown),
        cmocka_unit_test(a_keyboard_scanner_types_what_its_keys_say),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
