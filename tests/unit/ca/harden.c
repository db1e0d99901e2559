/* What the signer gives up is gone: tried in a process of its own. */
#include "../test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/harden.h"

typedef bool attempt(void); /* whether it was refused */

/* Whether the hardened process says so of the attempt. */
static bool refuses(attempt *fn)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(harden_process(NULL) == OK && harden_no_network(NULL) == OK && fn() ? 0 : 1);
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool no_socket(void) { return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM; }
static bool no_pair(void)
{
    int fds[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 && errno == EPERM;
}
static bool no_program(void)
{
    char *const nothing[] = { NULL };
    return execve("/bin/true", nothing, nothing) < 0 && errno == EPERM;
}
static bool no_tracing(void) { return syscall(SYS_ptrace, 0, 0, 0, 0) < 0 && errno == EPERM; }
static bool no_descriptor_of_others(void) { return syscall(SYS_pidfd_getfd, -1, 0, 0) < 0 && errno == EPERM; }
static bool no_second_numbers(void)
{
#ifdef __X32_SYSCALL_BIT
    return syscall(__X32_SYSCALL_BIT | SYS_socket, AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM;
#else
    return true;
#endif
}
static bool no_core(void)
{
    struct rlimit limit = { 1, 1 };
    return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0;
}
static bool no_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }

static void the_signer_has_no_network(void **state)
{
    (void)state;
    assert_true(refuses(no_socket));
    assert_true(refuses(no_pair));
    assert_true(refuses(no_second_numbers));
}

static void the_signer_starts_no_program_and_looks_into_none(void **state)
{
    (void)state;
    assert_true(refuses(no_program));
    assert_true(refuses(no_tracing));
    assert_true(refuses(no_descriptor_of_others));
}

static void the_signer_leaves_no_core_and_gains_no_privileges(void **state) /* I14 */
{
    (void)state;
    assert_true(refuses(no_core));
    assert_true(refuses(no_privileges));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signer_has_no_network),
        cmocka_unit_test(the_signer_starts_no_program_and_looks_into_none),
        cmocka_unit_test(the_signer_leaves_no_core_and_gains_no_privileges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
