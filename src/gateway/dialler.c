#include "gateway/dialler.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct dialler {
    struct loop *loop;
    dialler_fn *done;
    void *context;
    pid_t pid; /* 0: over */
    int fd;    /* readable when it is over */
};

static int reap(struct dialler *d)
{
    int status = -1;
    while (waitpid(d->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    d->pid = 0;
    return status;
}

static void on_end(void *context, int fd, uint32_t events)
{
    struct dialler *d = context;
    (void)fd, (void)events;
    (void)!loop_watch(d->loop, d->fd, 0, NULL, NULL);
    int status = reap(d);
    d->done(d->context, WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* It opens the line anew, so that its reads wait, which ours do not. Signals are its own: we have blocked some. */
static int spawn_on(const char *command, const char *tty, pid_t *ret_pid)
{
    static char shell[] = "/bin/sh", flag[] = "-c";
    char *copy = strdup(command), *argv[] = { shell, flag, copy, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none;
    sigemptyset(&none);
    int bad = copy == NULL ? ENOMEM : posix_spawn_file_actions_init(&files);
    if (bad != 0) {
        free(copy);
        return bad;
    }
    bad = posix_spawnattr_init(&how);
    if (bad == 0) {
        posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&how, &none);
        bad = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, tty, O_RDWR | O_NOCTTY, 0);
        if (bad == 0)
            bad = posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
        if (bad == 0)
            bad = posix_spawn(ret_pid, shell, &files, &how, argv, environ);
        posix_spawnattr_destroy(&how);
    }
    posix_spawn_file_actions_destroy(&files);
    free(copy);
    return bad;
}

enum err dialler_start(struct loop *loop, const char *command, const char *tty, dialler_fn *done, void *context,
                       struct dialler **ret_dialler, struct why *why)
{
    struct dialler *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    *d = (struct dialler){ .loop = loop, .done = done, .context = context, .fd = -1 };
    int bad = spawn_on(command, tty, &d->pid);
    enum err err = bad == 0 ? OK : why_errno(why, bad, "cannot run %s", command);
    if (err == OK && (d->fd = pidfd_open(d->pid, 0)) < 0)
        err = why_errno(why, errno, "cannot watch %s", command);
    if (err == OK)
        err = loop_watch(loop, d->fd, EPOLLIN, on_end, d);
    if (err == OK)
        *ret_dialler = d;
    else
        dialler_free(d);
    return err;
}

void dialler_free(struct dialler *d)
{
    if (d == NULL)
        return;
    if (d->pid != 0) {
        if (d->fd >= 0)
            (void)!loop_watch(d->loop, d->fd, 0, NULL, NULL);
        kill(-d->pid, SIGKILL); /* those that it started too */
        (void)reap(d);
    }
    if (d->fd >= 0)
        close(d->fd);
    free(d);
}
