#include "device/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct control_reply {
    struct control *control;
    struct control_reply *next;
    int fd;
    bool asked;
    size_t used;
    char line[CONTROL_LINE];
};

struct control {
    struct loop *loop;
    int fd, dir_fd;
    control_fn *fn;
    void *context;
    struct control_reply *replies;
};

/* Through the folder's descriptor, so that a long path fits into a socket's address. */
static enum err address_of(const char *dir, struct sockaddr_un *ret_address, int *ret_dir_fd, struct why *why)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, errno, "opening %s", dir);
    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "/proc/self/fd/%d/control.sock", fd);
    *ret_dir_fd = fd;
    return OK;
}

static void forget(struct control_reply *r)
{
    struct control_reply **at = &r->control->replies;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    (void)!loop_watch(r->control->loop, r->fd, 0, NULL, NULL);
    close(r->fd);
    free(r);
}

void control_answer(struct control_reply *reply, enum err err, const struct why *why, const char *text)
{
    char line[CONTROL_LINE + WHY_MAX];
    int n = err == OK ? snprintf(line, sizeof line, "ok %s\n", text)
                      : snprintf(line, sizeof line, "error %s %s\n", err_row(err)->name, why_text(why, err));
    (void)!send(reply->fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
    forget(reply);
}

static void obey(struct control_reply *r)
{
    char *words[CONTROL_WORDS + 1] = { NULL }, *rest = NULL;
    int n = 0;
    while (n < CONTROL_WORDS && (words[n] = strtok_r(n == 0 ? r->line : NULL, n < CONTROL_WORDS - 1 ? " \n" : "\n", &rest)) != NULL)
        n++;
    r->asked = true;
    r->control->fn(r->control->context, words, r);
}

static void readable(void *context, int fd, uint32_t events)
{
    struct control_reply *r = context;
    (void)events;
    ssize_t n = read(fd, r->line + r->used, sizeof r->line - 1 - r->used);
    if (n <= 0 || r->asked) { /* it went, or talks on */
        if (!r->asked)
            forget(r);
        else
            (void)!loop_watch(r->control->loop, fd, 0, NULL, NULL);
        return;
    }
    r->used += (size_t)n;
    r->line[r->used] = '\0';
    if (strchr(r->line, '\n') != NULL)
        obey(r);
    else if (r->used == sizeof r->line - 1)
        forget(r);
}

static void accept_one(void *context, int fd, uint32_t events)
{
    struct control *c = context;
    (void)events;
    int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct control_reply *r = got < 0 ? NULL : calloc(1, sizeof *r);
    if (r == NULL) {
        if (got >= 0)
            close(got);
        return;
    }
    *r = (struct control_reply){ .control = c, .next = c->replies, .fd = got };
    c->replies = r;
    if (loop_watch(c->loop, got, EPOLLIN, readable, r) != OK)
        forget(r);
}

enum err control_new(struct loop *loop, const char *dir, control_fn *fn, void *context, struct control **ret_control,
                     struct why *why)
{
    struct sockaddr_un address;
    struct control *c = calloc(1, sizeof *c);
    if (c == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for the control socket");
    *c = (struct control){ .loop = loop, .fd = -1, .dir_fd = -1, .fn = fn, .context = context };
    enum err err = address_of(dir, &address, &c->dir_fd, why);
    if (err == OK) {
        (void)!unlink(address.sun_path); /* of one that was killed: the folder's lock is ours */
        c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (c->fd < 0 || bind(c->fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(c->fd, 8) != 0)
            err = why_errno(why, errno, "%s/control.sock", dir);
    }
    if (err == OK)
        err = loop_watch(loop, c->fd, EPOLLIN, accept_one, c);
    if (err != OK)
        control_free(c);
    else
        *ret_control = c;
    return err;
}

void control_free(struct control *c)
{
    if (c == NULL)
        return;
    while (c->replies != NULL)
        forget(c->replies);
    if (c->fd >= 0) {
        (void)!loop_watch(c->loop, c->fd, 0, NULL, NULL);
        close(c->fd);
        (void)!unlinkat(c->dir_fd, "control.sock", 0);
    }
    if (c->dir_fd >= 0)
        close(c->dir_fd);
    free(c);
}

/* --- The asking side --- */

static enum err read_answer(int fd, char ret_text[CONTROL_LINE], struct why *why)
{
    char line[CONTROL_LINE + WHY_MAX], name[32] = "";
    size_t used = 0;
    ssize_t n;
    while (used < sizeof line - 1 && (n = read(fd, line + used, sizeof line - 1 - used)) > 0)
        used += (size_t)n;
    line[used] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "ok ", 3) == 0) {
        snprintf(ret_text, CONTROL_LINE, "%.*s", CONTROL_LINE - 1, line + 3);
        return OK;
    }
    if (sscanf(line, "error %31s", name) != 1)
        return why_set(why, ERR_PEER_GONE, "the device ended before it answered");
    return why_set(why, err_from_name(name), "%s", line + strlen("error ") + strlen(name) + 1);
}

enum err control_ask(const char *dir, const char *line, char ret_text[CONTROL_LINE], struct why *why)
{
    struct sockaddr_un address;
    int dir_fd = -1;
    enum err err = address_of(dir, &address, &dir_fd, why);
    if (err != OK)
        return err;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        err = why_set(why, ERR_NOT_FOUND, "%s: no device runs here", dir);
    if (err == OK && send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
        err = why_set(why, ERR_PEER_GONE, "the device ended before it answered");
    if (err == OK)
        err = read_answer(fd, ret_text, why);
    if (fd >= 0)
        close(fd);
    close(dir_fd);
    return err;
}
