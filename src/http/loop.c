#include "http/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/timers.h"

enum { EVENTS_PER_WAIT = 128, SIGNALS = 8 };

struct watch {
    loop_fd_fn *fn;
    void *context;
    uint32_t events;
    uint32_t generation; /* so that an event of a closed descriptor never reaches its successor */
};

struct post {
    loop_fn *fn;
    void *context;
    struct post *next;
};

struct loop {
    int epoll_fd, event_fd, signal_fd;
    bool stop;
    struct watch *watches; /* by descriptor */
    size_t watches_n;
    struct timers timers;
    pthread_mutex_t lock; /* guards posts */
    struct post *posts, **posts_end;
    sigset_t signals;
    struct {
        int signum;
        loop_fn *fn;
        void *context;
    } on_signal[SIGNALS];
};

static void run_posts(void *context, int fd, uint32_t events)
{
    (void)events;
    struct loop *loop = context;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&loop->lock);
    struct post *post = loop->posts;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    pthread_mutex_unlock(&loop->lock);
    while (post != NULL) {
        struct post *next = post->next;
        post->fn(post->context);
        free(post);
        post = next;
    }
}

static void run_signals(void *context, int fd, uint32_t events)
{
    (void)events;
    struct loop *loop = context;
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        for (size_t i = 0; i < SIGNALS; i++)
            if (loop->on_signal[i].fn != NULL && loop->on_signal[i].signum == (int)info.ssi_signo)
                loop->on_signal[i].fn(loop->on_signal[i].context);
}

enum err loop_new(struct loop **ret_loop, struct why *why)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return ERR_NO_MEMORY;
    loop->signal_fd = -1;
    loop->posts_end = &loop->posts;
    pthread_mutex_init(&loop->lock, NULL);
    sigemptyset(&loop->signals);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum err err = OK;
    if (loop->epoll_fd < 0 || loop->event_fd < 0)
        err = why_errno(why, errno, "cannot make an event loop");
    else
        err = loop_watch(loop, loop->event_fd, EPOLLIN, run_posts, loop);
    if (err != OK) {
        loop_free(loop);
        return err;
    }
    /* OpenSSL writes to sockets with write(2): a peer that went must be an error there, not a signal. */
    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    *ret_loop = loop;
    return OK;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    close_if_open(loop->signal_fd);
    close_if_open(loop->event_fd);
    close_if_open(loop->epoll_fd);
    while (loop->posts != NULL) {
        struct post *next = loop->posts->next;
        free(loop->posts);
        loop->posts = next;
    }
    pthread_mutex_destroy(&loop->lock);
    timers_done(&loop->timers);
    free(loop->watches);
    free(loop);
}

static void run_event(struct loop *loop, const struct epoll_event *event)
{
    uint32_t fd = (uint32_t)(event->data.u64 & 0xffffffffu), generation = (uint32_t)(event->data.u64 >> 32);
    struct watch *w = &loop->watches[fd];
    if (fd < loop->watches_n && w->fn != NULL && w->generation == generation)
        w->fn(w->context, (int)fd, event->events);
}

/* Only those that were due at `now_ms`: a timer that sets itself anew cannot keep the sockets waiting. */
static void run_timers(struct loop *loop, int64_t now_ms)
{
    struct timer timer;
    while (!loop->stop && timers_take(&loop->timers, now_ms, &timer))
        timer.fn(timer.context);
}

enum err loop_run(struct loop *loop, struct why *why)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    loop->stop = false;
    while (!loop->stop) {
        int n = epoll_wait(loop->epoll_fd, events, EVENTS_PER_WAIT, timers_wait_ms(&loop->timers, clock_mono_ms()));
        if (n < 0 && errno != EINTR)
            return why_errno(why, errno, "waiting for events failed");
        for (int i = 0; i < n && !loop->stop; i++)
            run_event(loop, &events[i]);
        run_timers(loop, clock_mono_ms());
    }
    return OK;
}

void loop_stop(struct loop *loop)
{
    loop->stop = true;
}

static enum err make_room(struct loop *loop, size_t fd)
{
    if (fd < loop->watches_n)
        return OK;
    size_t n = loop->watches_n == 0 ? 64 : loop->watches_n;
    while (n <= fd)
        n *= 2;
    struct watch *watches = realloc(loop->watches, n * sizeof *watches);
    if (watches == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = loop->watches_n; i < n; i++)
        watches[i] = (struct watch){ 0 };
    loop->watches = watches;
    loop->watches_n = n;
    return OK;
}

static void unwatch(struct loop *loop, int fd)
{
    struct watch *w = &loop->watches[fd];
    if (w->fn == NULL)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    *w = (struct watch){ .generation = w->generation + 1 };
}

enum err loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *context)
{
    enum err err = fd < 0 ? ERR_BUG : make_room(loop, (size_t)fd);
    if (err != OK)
        return err;
    if (events == 0) {
        unwatch(loop, fd);
        return OK;
    }
    struct watch *w = &loop->watches[fd];
    uint32_t wanted = events == LOOP_ERRORS_ONLY ? 0 : events;
    struct epoll_event event = { .events = wanted, .data.u64 = (uint64_t)w->generation << 32 | (uint32_t)fd };
    int op = w->fn == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if ((op == EPOLL_CTL_ADD || w->events != events) && epoll_ctl(loop->epoll_fd, op, fd, &event) != 0)
        return err_from_errno(errno);
    *w = (struct watch){ .fn = fn, .context = context, .events = events, .generation = w->generation };
    return OK;
}

enum err loop_timer(struct loop *loop, int64_t delay_ms, loop_fn *fn, void *context, uint64_t *ret_id)
{
    return timers_add(&loop->timers, clock_mono_ms() + (delay_ms < 0 ? 0 : delay_ms), fn, context, ret_id);
}

void loop_cancel(struct loop *loop, uint64_t id)
{
    timers_cancel(&loop->timers, id);
}

enum err loop_post(struct loop *loop, loop_fn *fn, void *context)
{
    struct post *post = malloc(sizeof *post);
    if (post == NULL)
        return ERR_NO_MEMORY;
    *post = (struct post){ .fn = fn, .context = context };
    pthread_mutex_lock(&loop->lock);
    *loop->posts_end = post;
    loop->posts_end = &post->next;
    pthread_mutex_unlock(&loop->lock);
    uint64_t one = 1;
    /* A full counter (EAGAIN) is as good: the loop is woken already. */
    ssize_t n = write(loop->event_fd, &one, sizeof one);
    (void)n;
    return OK;
}

enum err loop_on_signal(struct loop *loop, int signum, loop_fn *fn, void *context, struct why *why)
{
    size_t i = 0;
    while (i < SIGNALS && loop->on_signal[i].fn != NULL && loop->on_signal[i].signum != signum)
        i++;
    if (i == SIGNALS)
        return why_set(why, ERR_BUG, "too many signals are watched");
    sigaddset(&loop->signals, signum);
    if (pthread_sigmask(SIG_BLOCK, &loop->signals, NULL) != 0)
        return why_set(why, ERR_BUG, "cannot block signal %d", signum);
    int fd = signalfd(loop->signal_fd, &loop->signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return why_errno(why, errno, "cannot watch signal %d", signum);
    loop->signal_fd = fd;
    loop->on_signal[i].signum = signum;
    loop->on_signal[i].fn = fn;
    loop->on_signal[i].context = context;
    return loop_watch(loop, fd, EPOLLIN, run_signals, loop);
}

enum err loop_on_signals(struct loop *loop, loop_fn *stop, loop_fn *reload, void *context, struct why *why)
{
    enum err err = loop_on_signal(loop, SIGTERM, stop, context, why);
    if (err == OK)
        err = loop_on_signal(loop, SIGINT, stop, context, why);
    return err != OK || reload == NULL ? err : loop_on_signal(loop, SIGHUP, reload, context, why);
}
