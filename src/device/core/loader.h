/* The boot loader (D-4): it chooses the program, then starts the OS image, the services and the applications.
 *
 * A new program is on trial: a mark is durable before each start of it, so that one that hangs or crashes is not started for
 * ever; after PROGRAM_ATTEMPTS starts, or when its time was over, the one before is. It goes on running when it confirms
 * itself. A power cut costs one attempt, and no more. */
#ifndef DEVICE_CORE_LOADER_H
#define DEVICE_CORE_LOADER_H

#include "program.h"
#include "software.h"

struct loaded {
    int slot;         /* of the program that runs; PROGRAM_NONE: what was built in */
    bool on_trial;    /* it has not confirmed itself yet */
    uint32_t started; /* SOFTWARE_BITs */
};

/* Chooses and marks. A slot that was tried often enough and did not confirm itself is marked bad. p NULL: a device without a memory
 * for programs. Errors: IO. */
enum flash_err loader_choose(struct programs *p, struct loaded *ret_loaded);

/* Starts one row of the table; what it returns other than OK ends the start. */
typedef enum flash_err loader_start_fn(void *context, enum software what);

/* The OS, the services, then the applications among `applications` (SOFTWARE_BITs), in the table's order; each row after
 * all that it needs. Errors: ORDER when a row needs what did not start, and what fn says. */
enum flash_err loader_start(struct loaded *loaded, uint32_t applications, loader_start_fn *fn, void *context);

/* The program works. Errors: IO. */
enum flash_err loader_confirm(struct programs *p, struct loaded *loaded);

/* It had its time, and did not confirm itself: the next start takes the one before. Errors: IO. */
enum flash_err loader_give_up(struct programs *p, const struct loaded *loaded);

#endif
