/* A site without Internet (M-9): a gateway reaches the centre over a serial line, here two pseudo-terminals with a cable
 * between them that a test can disturb. */
#include "center.h"
#include "node.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct fixture *pki;
static struct stand_in center;
static struct node gateway, device;
static char dir[] = "/tmp/nameplate-test-XXXXXX", ttys[2][64];
static int ends[2], keep[2]; /* keep: the terminals stay when a program closes its own */
static pthread_t cable;
static atomic_bool noise, unplugged;
static pid_t ours[2]; /* dial, answer */
static unsigned dial_port;

static void *carry(void *context)
{
    (void)context;
    unsigned count = 0;
    struct pollfd fds[2] = { { .fd = ends[0], .events = POLLIN }, { .fd = ends[1], .events = POLLIN } };
    while (!unplugged) {
        if (poll(fds, 2, 50) <= 0)
            continue;
        for (int i = 0; i < 2; i++) {
            uint8_t bytes[512];
            ssize_t n = (fds[i].revents & POLLIN) == 0 ? 0 : read(ends[i], bytes, sizeof bytes);
            if (n > 0 && noise && ++count % 7 == 0)
                bytes[n / 2] ^= 0x24;
            for (ssize_t at = 0; at < n;) {
                ssize_t written = write(ends[1 - i], bytes + at, (size_t)(n - at));
                at += written > 0 ? written : 0;
            }
        }
    }
    return NULL;
}

static void start_cable(void)
{
    for (int i = 0; i < 2; i++) {
        struct termios raw;
        assert_int_equal(openpty(&ends[i], &keep[i], ttys[i], NULL, NULL), 0);
        assert_int_equal(tcgetattr(keep[i], &raw), 0);
        cfmakeraw(&raw);
        assert_int_equal(tcsetattr(keep[i], TCSANOW, &raw), 0);
        assert_int_not_equal(fcntl(ends[i], F_SETFD, FD_CLOEXEC), -1);
        assert_int_not_equal(fcntl(keep[i], F_SETFD, FD_CLOEXEC), -1);
    }
    assert_int_equal(pthread_create(&cable, NULL, carry, NULL), 0);
}

/* connect: the command that dials; NULL: the line stands. */
static pid_t spawn(const char *verb, const char *tty, const char *flag, const char *address, const char *connect, char *ret_ready, size_t size)
{
    int fds[2];
    const char *program = getenv("GATEWAY");
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        execl(program, program, verb, "--tty", tty, flag, address, connect == NULL ? NULL : "--connect", connect, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    FILE *f = fdopen(fds[0], "r");
    assert_non_null(f);
    assert_non_null(fgets(ret_ready, (int)size, f));
    fclose(f);
    return pid;
}

static void start_dial(const char *connect)
{
    char ready[120], listen[40];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", dial_port);
    ours[0] = spawn("dial", ttys[0], "--listen", listen, connect, ready, sizeof ready);
    assert_int_equal(sscanf(ready, "ready dial 127.0.0.1:%u", &dial_port), 1);
}

static void start_answer(void)
{
    char ready[120], to[40];
    snprintf(to, sizeof to, "127.0.0.1:%u", center.port);
    ours[1] = spawn("answer", ttys[1], "--to", to, NULL, ready, sizeof ready);
}

static int group_setup(void **state)
{
    (void)state;
    pki = fixture_new();
    assert_non_null(mkdtemp(dir));
    stand_in_start(&center, pki, 0);
    node_make(&gateway, pki, dir, "4001-90", "gateway");
    node_make(&device, pki, dir, "4001-1", "idevid");
    start_cable();
    start_dial(NULL);
    start_answer();
    node_start(&gateway, "[uplink]\nurl = https://127.0.0.1:%u\ninterval = 1\nwait = 0\n[log]\nlevel = error\n", dial_port);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    char command[80];
    node_done(&gateway);
    node_done(&device);
    for (int i = 0; i < 2; i++) {
        kill(ours[i], SIGKILL);
        waitpid(ours[i], NULL, 0);
    }
    unplugged = true;
    pthread_join(cable, NULL);
    stand_in_stop(&center);
    fixture_free(pki);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static void give_call(const char *id)
{
    static char large[20000];
    AUTO_PARSED reply = { 0 };
    struct why why = { "" };
    memset(large, 'x', sizeof large);
    struct field_call c = { .id = id, .limit = 60, .envelope = span_of(large, sizeof large) };
    const struct exchange_request r = { .calls = &c, .calls_n = 1 };
    assert_ok(number_parse(span_text("4001-1"), &c.number, NULL));
    assert_ok(node_ask(&device, gateway.port, SOAP_EXCHANGE, &r, &reply, &why));
}

static bool arrives(const char *id, int tenths)
{
    while (stand_in_count(&center, "call", id) == 0 && tenths-- > 0)
        usleep(100000);
    return stand_in_count(&center, "call", id) == 1;
}

static void letters_go_over_a_serial_line(void **state) /* M-9 */
{
    (void)state;
    give_call("dialled");
    assert_true(arrives("dialled", 200));
    for (size_t i = 0; i < center.seen_n; i++)
        assert_int_equal(center.seen[i].envelope.len, 20000);
}

static void noise_on_the_line_delays_and_loses_nothing(void **state) /* M-9, I10 */
{
    (void)state;
    noise = true;
    give_call("noisy");
    usleep(1500000);
    noise = false;
    assert_true(arrives("noisy", 300));
}

static void either_end_may_be_killed(void **state) /* M-9 */
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        kill(ours[i], SIGKILL);
        waitpid(ours[i], NULL, 0);
        give_call(i == 0 ? "dial-killed" : "answer-killed");
        i == 0 ? start_dial(NULL) : start_answer();
        assert_true(arrives(i == 0 ? "dial-killed" : "answer-killed", 300));
    }
}

/* Busy at first: the command is run again until it says that the line stands. */
static void a_line_is_dialled_until_it_stands(void **state) /* M-9 */
{
    (void)state;
    char command[160], path[80];
    snprintf(path, sizeof path, "%s/free", dir);
    snprintf(command, sizeof command, "echo x >>%s/tries; test -e %s", dir, path);
    kill(ours[0], SIGKILL);
    waitpid(ours[0], NULL, 0);
    start_dial(command);
    give_call("busy-at-first");
    assert_false(arrives("busy-at-first", 25));
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_true(arrives("busy-at-first", 300));
    snprintf(command, sizeof command, "test $(grep -c x %s/tries) -ge 2", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_go_over_a_serial_line),
        cmocka_unit_test(noise_on_the_line_delays_and_loses_nothing),
        cmocka_unit_test(either_end_may_be_killed),
        cmocka_unit_test(a_line_is_dialled_until_it_stands),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
