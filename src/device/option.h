/* The remote functions' own memory (D-3): DIR/option.bin for letters and work, DIR/program.bin for programs that were
 * fetched. A device without option.bin is whole for the line, and has no remote service.
 *
 * An item is what a slot of the queue holds: a letter, or the work that a call began. */
#ifndef DEVICE_OPTION_H
#define DEVICE_OPTION_H

#include "base/buf.h"
#include "base/limit.h"
#include "device/core/loader.h"
#include "device/core/queue.h"
#include "device/filechip.h"

struct option {
    bool there;
    struct filechip file, program_file; /* program_file.fd -1: no program was fetched yet */
    struct flash flash, program_flash;
    struct queue queue;
    struct programs programs;
    struct loaded loaded; /* what the boot loader started */
};

/* Adds the memory to a device's folder. Errors: EXISTS, NO_SPACE, IO. */
enum err option_create(const char *dir, struct why *why) MUST_CHECK;

/* Opens what is there; `there` says whether. Errors: DAMAGED, FLASH_FAILED, IO. */
enum err option_open(const char *dir, bool writable, struct test_only_faults *faults, struct option *ret_option,
                     struct why *why) MUST_CHECK;
void option_close(struct option *o);

/* The boot loader's choice, once for each start (D-4). Errors: FLASH_FAILED. */
enum err option_load(struct option *o, struct why *why) MUST_CHECK;

/* Makes and opens DIR/program.bin when there is none yet. */
enum err option_need_programs(const char *dir, struct option *o, struct why *why) MUST_CHECK;

const char *option_version(const struct option *o); /* of the program that runs */
const char *option_slot(const struct option *o);    /* "A", "B", or "factory" */

enum item_kind {
    ITEM_CALL_UP = 1, /* a call to the centre, until its receipt */
    ITEM_ANSWER,      /* of a call that came down, until its receipt */
    ITEM_CALL_DOWN,   /* a call that came down, until it is answered */
    ITEM_RENEWAL,     /* a key made for a renewal, sealed to the device key */
    ITEM_REPLACEMENT, /* the same for a replaced board; it stays until the counters were handed over */
    ITEM_READING,     /* a reading whose letter was refused: it goes out again with another one */
};

struct item {
    enum item_kind kind;
    uint32_t slot;
    char id[LIMIT_MESSAGE_ID + 1];
    int64_t limit_s;  /* that the call may take */
    int64_t serial;   /* of the letters in the life of the device number; 0: it is none */
    int64_t epoch;    /* when it was put down */
    int64_t sequence; /* of the reading inside; 0: none */
    struct buf bytes; /* the envelope; sealed bytes for a key */
};
#define AUTO_ITEM __attribute__((cleanup(item_done))) struct item
void item_done(struct item *i);

/* Durable when OK. A letter goes through letter_put (field.h). Errors: TOO_LARGE, BUSY when all slots are taken, FLASH_FAILED. */
enum err option_put(struct option *o, const struct item *item, uint32_t *ret_slot, struct why *why) MUST_CHECK;
enum err option_get(const struct option *o, uint32_t slot, struct item *ret_item, struct why *why) MUST_CHECK;
enum err option_drop(struct option *o, uint32_t slot, struct why *why) MUST_CHECK;

/* The slot of the oldest item of a kind with a serial above `after`; QUEUE_SLOTS when there is none. */
uint32_t option_next(const struct option *o, enum item_kind kind, uint64_t after);

/* The slot of the item of this kind with this id; QUEUE_SLOTS when there is none. */
uint32_t option_find(const struct option *o, enum item_kind kind, const char *id);

/* Whether a call with this id was taken in the past, and that it is now (I10). */
bool option_has_seen(const struct option *o, const char *id);
enum err option_saw(struct option *o, const char *id, struct why *why) MUST_CHECK;

#endif
