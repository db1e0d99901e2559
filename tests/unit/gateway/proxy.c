/* The way up through an HTTP proxy (M-1): CONNECT, with a login where the proxy wants one. */
#include "center.h"
#include "node.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

#define SETTINGS                                                                                                                 \
    "[uplink]\nurl = https://127.0.0.1:%u\nproxy = http://127.0.0.1:%u\nproxy_login = %s/%s\ninterval = 1\nwait = 0\n"            \
    "[log]\nlevel = error\n"

static struct fixture *pki;
static struct stand_in center;
static struct node gateway, device;
static char dir[] = "/tmp/nameplate-test-XXXXXX";
static pid_t proxy;
static unsigned proxy_port;
static FILE *told;

static void start_proxy(void)
{
    int fds[2];
    char script[400];
    snprintf(script, sizeof script, "%s/tests/peer/connect_proxy.py", getenv("SOURCE_ROOT"));
    assert_int_equal(pipe(fds), 0);
    proxy = fork();
    assert_true(proxy >= 0);
    if (proxy == 0) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        execlp("python3", "python3", script, "gateway:open-sesame", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    told = fdopen(fds[0], "r");
    assert_non_null(told);
    assert_int_equal(fscanf(told, "%u", &proxy_port), 1);
}

static void put(const char *name, const char *text)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_ok(file_replace(path, span_text(text), 0600, NULL));
}

static int group_setup(void **state)
{
    (void)state;
    pki = fixture_new();
    assert_non_null(mkdtemp(dir));
    stand_in_start(&center, pki, 0);
    node_make(&gateway, pki, dir, "4001-90", "gateway");
    node_make(&device, pki, dir, "4001-1", "idevid");
    put("login", "gateway:open-sesame\n");
    put("wrong", "gateway:guessed\n");
    start_proxy();
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    char command[80];
    node_done(&gateway);
    node_done(&device);
    kill(proxy, SIGKILL);
    waitpid(proxy, NULL, 0);
    fclose(told);
    stand_in_stop(&center);
    fixture_free(pki);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static void give_call(const char *id)
{
    AUTO_PARSED reply = { 0 };
    struct why why = { "" };
    struct field_call c = { .id = id, .limit = 60, .envelope = span_text("<envelope/>") };
    const struct exchange_request r = { .calls = &c, .calls_n = 1 };
    assert_ok(number_parse(span_text("4001-1"), &c.number, NULL));
    assert_ok(node_ask(&device, gateway.port, SOAP_EXCHANGE, &r, &reply, &why));
}

/* The proxy's next line: "CONNECT HOST:PORT STATUS". */
static unsigned next_status(void)
{
    char method[20], target[80], want[40];
    unsigned status = 0;
    assert_int_equal(fscanf(told, "%19s %79s %u", method, target, &status), 3);
    snprintf(want, sizeof want, "127.0.0.1:%u", center.port);
    assert_string_equal(method, "CONNECT");
    assert_string_equal(target, want);
    return status;
}

static void a_wrong_login_gets_nothing_through_and_nothing_is_lost(void **state)
{
    (void)state;
    node_start(&gateway, SETTINGS, center.port, proxy_port, dir, "wrong");
    give_call("first");
    assert_int_equal(next_status(), 407);
    assert_int_equal(next_status(), 407);
    assert_int_equal(stand_in_count(&center, "call", "first"), 0);
    node_kill(&gateway);
}

static void letters_go_through_the_proxy(void **state) /* M-1 */
{
    (void)state;
    node_start(&gateway, SETTINGS, center.port, proxy_port, dir, "login");
    give_call("second");
    for (int i = 0; i < 400 && stand_in_count(&center, "call", "second") == 0; i++)
        usleep(25000);
    assert_int_equal(stand_in_count(&center, "call", "first"), 1);
    assert_int_equal(stand_in_count(&center, "call", "second"), 1);
    unsigned status;
    while ((status = next_status()) == 407) /* of the one before */
        ;
    assert_int_equal(status, 200);
    assert_int_equal(node_stop(&gateway), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_login_gets_nothing_through_and_nothing_is_lost),
        cmocka_unit_test(letters_go_through_the_proxy),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
