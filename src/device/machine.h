/* What the device does for its owner (D-5): applications over services over the operating system.
 *
 * The applications are rows: what they count and what hardware they need. They ask services through one door, which
 * lets pass what their row in core/software.h names. Only the memory service touches the NVRAM. */
#ifndef DEVICE_MACHINE_H
#define DEVICE_MACHINE_H

#include "device/board.h"
#include "device/resource.h"
#include "http/loop.h"

enum { MACHINE_JOBS = 16 };

struct application_row {
    enum software software;
    enum charge_counter counter; /* CHARGE_COUNT: it counts nothing */
    unsigned resources;          /* of one job */
    int64_t unit_ms;             /* that a page, or a meter's unit, takes */
};
extern const struct application_row application_rows[];
extern const size_t application_rows_n;

/* Whether `caller` may ask `service` here and now. Errors: NOT_ALLOWED, naming both. */
enum err service_ask(const struct board *b, enum software caller, enum software service, struct why *why) MUST_CHECK;

/* An application's units, counted durably by way of system control and memory. Errors: NOT_FOUND (not in this device),
 * NOT_ALLOWED, BAD_INPUT, FLASH_FAILED. */
enum err machine_count(struct board *b, const char *application, int64_t units, struct why *why) MUST_CHECK;

typedef void job_done_fn(void *context, enum err err, const struct why *why);

struct job {
    struct machine *machine;
    const struct application_row *application;
    int64_t left;
    uint64_t timer;
    job_done_fn *done;
    void *context;
};

struct machine {
    struct loop *loop;
    struct board *board;
    loop_fn *counted; /* a job's page was counted; NULL at first */
    void *context;
    struct claim claims[MACHINE_JOBS]; /* of the jobs at the same place, in their order */
    struct job *jobs[MACHINE_JOBS];
    size_t jobs_n;
};

void machine_init(struct loop *loop, struct board *board, struct machine *ret_machine);
void machine_done(struct machine *m); /* jobs that are not done end without a word */

/* Runs when its hardware is free; each page is counted when it is out. `done` comes from the loop, also for an error.
 * Errors: NOT_FOUND, BAD_INPUT, BUSY. */
enum err machine_job(struct machine *m, const char *application, int64_t pages, job_done_fn *done, void *context,
                     struct why *why) MUST_CHECK;

/* The applications in a line "copy,fax,print,scan", as SOFTWARE_BITs. Errors: BAD_INPUT. */
enum err machine_parse_applications(const char *text, uint32_t *ret_applications, struct why *why) MUST_CHECK;

#endif
