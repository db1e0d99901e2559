#include "demo/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "demo/child.h"

struct child_places child_places;

enum err child_setup(const char *dir, struct why *why)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return why_errno(why, errno, "cannot find where this program lies");
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    if (strlen(self) >= CHILD_DIR || strlen(dir) + sizeof "/log" > CHILD_DIR)
        return why_set(why, ERR_TOO_LARGE, "the path of this program or of %s is too long", dir);
    memcpy(child_places.bin, self, strlen(self) + 1);
    snprintf(child_places.log, sizeof child_places.log, "%s/log", dir);
    snprintf(child_places.run, sizeof child_places.run, "%s/run", dir);
    enum err err = file_make_dir(child_places.log, why);
    return err == OK ? file_make_dir(child_places.run, why) : err;
}

int launch_open_log(const char *name)
{
    char path[CHILD_DIR + CHILD_NAME + 8];
    snprintf(path, sizeof path, "%s/%s.log", child_places.log, name);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static bool enter_netns(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
}

/* In the child: network, standard streams, then the program. Does not return. */
static void become(const char *const *argv, const char *netns, int in, int out, int error_fd, pid_t parent)
{
    char path[CHILD_DIR + 64];
    const char *args[CHILD_ARGS + 1] = { NULL };
    snprintf(path, sizeof path, "%s/nameplate-%s", child_places.bin, argv[0]);
    for (size_t i = 0; i < CHILD_ARGS && argv[i] != NULL; i++)
        args[i] = argv[i];
    args[0] = path;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct sigaction usual = { .sa_handler = SIG_DFL };
    sigaction(SIGPIPE, &usual, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (getppid() != parent || (netns != NULL && !enter_netns(netns)) || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(error_fd, 2) < 0)
        _exit(126);
    execv(path, (char *const *)(uintptr_t)args);
    dprintf(2, "nameplate: demo: %s cannot be run: %s\n", path, strerror(errno));
    _exit(127);
}

enum err launch(const char *const *argv, const char *netns, int error_fd, int *ret_in, int *ret_out, pid_t *ret_pid, struct why *why)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0)
        return why_errno(why, errno, "pipe");
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return why_errno(why, errno, "pipe");
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(argv, netns, in[0], out[1], error_fd, parent);
    int fork_errno = errno;
    close(in[0]);
    close(out[1]);
    if (pid < 0) {
        close(in[1]);
        close(out[0]);
        return why_errno(why, fork_errno, "fork");
    }
    *ret_in = in[1];
    *ret_out = out[0];
    *ret_pid = pid;
    return OK;
}

static enum err collect(int fd, struct buf *to, struct why *why)
{
    char piece[16384];
    for (ssize_t n; (n = read(fd, piece, sizeof piece)) != 0;) {
        if (n < 0 && errno != EINTR)
            return why_errno(why, errno, "reading a program's output");
        if (n > 0 && buf_put(to, piece, (size_t)n) != OK)
            return why_set(why, ERR_TOO_LARGE, "a program's output is too large");
    }
    return OK;
}

/* The last line that says something, of what it wrote to standard error. */
static void last_words(int fd, char *ret_text, size_t size)
{
    char piece[2048];
    off_t end = lseek(fd, 0, SEEK_END), from = end > (off_t)sizeof piece - 1 ? end - (off_t)sizeof piece + 1 : 0;
    ssize_t n = pread(fd, piece, sizeof piece - 1, from);
    piece[n < 0 ? 0 : n] = '\0';
    const char *found = "";
    for (char *save = NULL, *line = strtok_r(piece, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        if (strncmp(line, "try: ", 5) != 0)
            found = line;
    snprintf(ret_text, size, "%s", strncmp(found, "nameplate: ", 11) == 0 ? found + 11 : found);
}

static enum err run(const char *const *argv, int error_fd, struct buf *to, struct why *why)
{
    int in = -1, out = -1, status = 0;
    pid_t pid = 0;
    enum err err = launch(argv, NULL, error_fd, &in, &out, &pid, why);
    if (err != OK)
        return err;
    close(in);
    err = collect(out, to, why);
    close(out);
    if (waitpid(pid, &status, 0) != pid || err != OK)
        return err != OK ? err : why_errno(why, errno, "waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return OK;
    char words[WHY_MAX / 2];
    last_words(error_fd, words, sizeof words);
    return why_set(why, ERR_CONFLICT, "nameplate %s %s: %s", argv[0], argv[1] == NULL ? "" : argv[1], words);
}

enum err child_run(struct buf *to, struct why *why, ...)
{
    const char *argv[CHILD_ARGS + 1] = { NULL };
    AUTO_BUF unused = BUF_INIT;
    va_list args;
    va_start(args, why);
    for (size_t i = 0; i < CHILD_ARGS && (argv[i] = va_arg(args, const char *)) != NULL; i++)
        ;
    va_end(args);
    int error_fd = memfd_create("stderr", MFD_CLOEXEC), log = launch_open_log("commands");
    if (error_fd < 0 || log < 0)
        return why_errno(why, errno, "cannot write %s/commands.log", child_places.log);
    enum err err = run(argv, error_fd, to == NULL ? &unused : to, why);
    char piece[4096];
    dprintf(log, "nameplate");
    for (size_t i = 0; argv[i] != NULL; i++)
        dprintf(log, " %s", argv[i]);
    dprintf(log, "\n");
    off_t at = 0;
    for (ssize_t n; (n = pread(error_fd, piece, sizeof piece, at)) > 0; at += n)
        if (write(log, piece, (size_t)n) != n)
            break;
    close(error_fd);
    close(log);
    return err;
}
