/* The programs that the demo runs: long-lived ones, whose lines of output are read as they come, and commands,
 * whose whole output is collected. Only what was started here is ever signalled, by its process id. */
#ifndef DEMO_CHILD_H
#define DEMO_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

enum { CHILD_NAME = 24, CHILD_ARGS = 32, CHILD_LINE = 1024, CHILD_ADDRESS = 64, CHILD_DIR = 512 };

struct child;
typedef void child_line_fn(void *context, struct child *child, const char *line);
typedef void child_exit_fn(void *context, struct child *child, int status); /* status as in waitpid(2) */

struct child {
    char name[CHILD_NAME]; /* "line-1"; its log is LOG_DIR/line-1.log */
    char args[CHILD_ARGS][CHILD_DIR];
    size_t args_n;
    const char *netns; /* network namespace that it runs in, by name; NULL: this one */
    pid_t pid; /* 0: not running */
    int pid_fd, in, out, log;
    bool ready;     /* printed its ready line since it was started */
    bool ending;    /* asked to end: its exit is no surprise */
    char line[CHILD_LINE];
    size_t line_n;
    child_line_fn *on_line; /* each line of its standard output */
    child_exit_fn *on_exit; /* it is gone; may start it again */
    void *context;
};

/* Where programs, logs and process ids lie, for all children. `bin` is the folder of this program. */
struct child_places {
    char bin[CHILD_DIR], log[CHILD_DIR], run[CHILD_DIR];
};
extern struct child_places child_places;

/* Finds the folder of this program and makes dir/log and dir/run. */
enum err child_setup(const char *dir, struct why *why) MUST_CHECK;

/* An idle child: `args` are those of `nameplate`, AREA first, ended by NULL. */
void child_init(struct child *c, const char *name, child_line_fn *on_line, child_exit_fn *on_exit, void *context, ...)
    __attribute__((sentinel));
void child_add_arg(struct child *c, const char *arg);

enum err child_start(struct child *c, struct why *why) MUST_CHECK;
enum err child_send(struct child *c, const char *text, struct why *why) MUST_CHECK; /* to its standard input */
void child_signal(struct child *c, int signal);
void child_close_input(struct child *c);

/* The signal that told the demo to stop, or 0; set by its handler. */
extern volatile sig_atomic_t child_interrupted;

/* Waits for output and exits of all children for at most timeout_ms and calls their functions. CONFLICT: interrupted. */
enum err child_turn(struct child *const *children, size_t n, int timeout_ms, struct why *why) MUST_CHECK;

/* SIGTERM to all that run, in the given order and each waited for; SIGKILL after ten seconds. */
void child_end_all(struct child *const *children, size_t n);

/* Runs `nameplate ARGS...` to its end; its standard output goes to *to (NULL: to the log), its errors to the log
 * and, when it fails, its last line into `why`. Errors: CONFLICT when it exits with anything but 0. */
enum err child_run(struct buf *to, struct why *why, ...) MUST_CHECK __attribute__((sentinel));

#endif
