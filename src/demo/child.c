#include "demo/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "demo/launch.h"

void child_init(struct child *c, const char *name, child_line_fn *on_line, child_exit_fn *on_exit, void *context, ...)
{
    *c = (struct child){ .pid_fd = -1, .in = -1, .out = -1, .log = -1, .on_line = on_line, .on_exit = on_exit, .context = context };
    snprintf(c->name, sizeof c->name, "%s", name);
    va_list args;
    va_start(args, context);
    for (const char *arg; (arg = va_arg(args, const char *)) != NULL;)
        child_add_arg(c, arg);
    va_end(args);
}

void child_add_arg(struct child *c, const char *arg)
{
    if (c->args_n < CHILD_ARGS)
        snprintf(c->args[c->args_n++], CHILD_DIR, "%s", arg);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void write_pid_file(const struct child *c)
{
    char path[CHILD_DIR + CHILD_NAME + 8], text[16];
    snprintf(path, sizeof path, "%s/%s.pid", child_places.run, c->name);
    int n = snprintf(text, sizeof text, "%ld\n", (long)c->pid);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0 && write(fd, text, (size_t)n) != n)
        unlink(path);
    close_fd(&fd);
}

enum err child_start(struct child *c, struct why *why)
{
    const char *argv[CHILD_ARGS + 1] = { NULL };
    for (size_t i = 0; i < c->args_n; i++)
        argv[i] = c->args[i];
    c->log = launch_open_log(c->name);
    if (c->log < 0)
        return why_errno(why, errno, "cannot write the log of %s in %s", c->name, child_places.log);
    enum err err = launch(argv, c->netns, c->log, &c->in, &c->out, &c->pid, why);
    if (err != OK) {
        close_fd(&c->log);
        return err;
    }
    c->pid_fd = pidfd_open(c->pid, 0);
    fcntl(c->out, F_SETFL, O_NONBLOCK);
    c->ready = c->ending = false;
    c->line_n = 0;
    write_pid_file(c);
    return OK;
}

enum err child_send(struct child *c, const char *text, struct why *why)
{
    size_t n = strlen(text);
    if (c->in < 0 || write(c->in, text, n) != (ssize_t)n)
        return why_errno(why, c->in < 0 ? EPIPE : errno, "%s does not take its input", c->name);
    return OK;
}

void child_signal(struct child *c, int signal)
{
    if (c->pid <= 0)
        return;
    c->ending = c->ending || signal == SIGTERM;
    kill(c->pid, signal);
}

void child_close_input(struct child *c) { close_fd(&c->in); }

static void take_line(struct child *c, char *line)
{
    dprintf(c->log, "%s\n", line);
    if (strncmp(line, "ready ", 6) == 0)
        c->ready = true;
    c->on_line(c->context, c, line);
}

static void read_output(struct child *c)
{
    for (ssize_t n; c->out >= 0;) {
        n = read(c->out, c->line + c->line_n, sizeof c->line - 1 - c->line_n);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            close_fd(&c->out);
        if (n <= 0)
            return;
        c->line_n += (size_t)n;
        c->line[c->line_n] = '\0';
        char line[CHILD_LINE];
        for (char *end; (end = strchr(c->line, '\n')) != NULL;) {
            size_t length = (size_t)(end - c->line);
            memcpy(line, c->line, length);
            line[length] = '\0';
            memmove(c->line, end + 1, c->line_n - length);
            c->line_n -= length + 1;
            take_line(c, line);
        }
        if (c->line_n == sizeof c->line - 1)
            c->line_n = 0; /* longer than any line that means something here */
    }
}

/* Its last words are read before its end is told. */
static void take_exit(struct child *c)
{
    int status = 0;
    if (waitpid(c->pid, &status, WNOHANG) != c->pid)
        return;
    read_output(c);
    c->pid = 0;
    close_fd(&c->pid_fd);
    close_fd(&c->in);
    close_fd(&c->out);
    close_fd(&c->log);
    c->ready = false;
    c->on_exit(c->context, c, status);
}

volatile sig_atomic_t child_interrupted;

static enum err turn(struct child *const *children, size_t n, int timeout_ms, struct why *why)
{
    struct pollfd fds[64] = { 0 };
    for (size_t i = 0; i < n && i < 32; i++) {
        fds[2 * i] = (struct pollfd){ .fd = children[i]->out, .events = POLLIN };
        fds[2 * i + 1] = (struct pollfd){ .fd = children[i]->pid_fd, .events = POLLIN };
    }
    if (poll(fds, 2 * n, timeout_ms) < 0 && errno != EINTR)
        return why_errno(why, errno, "poll");
    for (size_t i = 0; i < n; i++) {
        if (fds[2 * i].revents != 0)
            read_output(children[i]);
        if (fds[2 * i + 1].revents != 0 && children[i]->pid > 0)
            take_exit(children[i]);
    }
    return OK;
}

enum err child_turn(struct child *const *children, size_t n, int timeout_ms, struct why *why)
{
    enum err err = turn(children, n, timeout_ms, why);
    return err == OK && child_interrupted != 0 ? why_set(why, ERR_CONFLICT, "interrupted; the same command goes on from here") : err;
}

void child_end_all(struct child *const *children, size_t n)
{
    struct why why;
    for (size_t i = 0; i < n; i++) {
        child_signal(children[i], SIGTERM);
        child_close_input(children[i]);
        for (int64_t until = clock_mono_ms() + 10000; children[i]->pid > 0;) {
            if (clock_mono_ms() > until)
                child_signal(children[i], SIGKILL);
            if (turn(&children[i], 1, 100, &why) != OK)
                break;
        }
    }
}
