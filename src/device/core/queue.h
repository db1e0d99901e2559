/* The memory of the remote functions (D-3): a chip of its own, which a device may have or not.
 *
 * It holds the letters that must survive: calls and answers on their way out until their receipt came, calls that came
 * in until they were answered, and the work that a call began. Each lies in a slot of its own; slots are taken in turn,
 * so that they wear evenly. Beside them a ring remembers the ids of the calls seen, so that each is answered once (I10).
 * A put is there whole or not at all after a power cut; a drop is a few bits cleared. doc/protocol/flash.md has the bytes. */
#ifndef DEVICE_CORE_QUEUE_H
#define DEVICE_CORE_QUEUE_H

#include "flash.h"

enum {
    OPTION_SECTOR = 4096,
    QUEUE_SLOTS = 32,
    QUEUE_SLOT_BYTES = 2 * OPTION_SECTOR,
    QUEUE_HEAD = 32,
    QUEUE_PAYLOAD = QUEUE_SLOT_BYTES - QUEUE_HEAD,
    SEEN_SECTORS = 4,
    SEEN_RECORD = 32,
    SEEN_ID = 16,
    SEEN_IDS = SEEN_SECTORS * (OPTION_SECTOR / SEEN_RECORD),
    OPTION_BYTES = SEEN_SECTORS * OPTION_SECTOR + QUEUE_SLOTS * QUEUE_SLOT_BYTES,
};

struct queue_entry {
    uint64_t serial; /* 0: the slot is free; entries are older the lower it is */
    uint32_t length;
    uint8_t kind;    /* the caller's */
};

struct queue {
    const struct flash *flash; /* must outlive it */
    struct queue_entry entries[QUEUE_SLOTS];
    uint64_t last_serial;
    uint32_t last_slot;
    uint8_t seen[SEEN_IDS][SEEN_ID]; /* by place in the ring; the unused are zeros */
    uint64_t seen_count;             /* remembered so far, in all */
    uint32_t seen_at;                /* place of the next one */
};

/* Reads what is there. Errors: IO, TOO_LARGE for a chip of another size. */
enum flash_err queue_open(const struct flash *flash, struct queue *ret_queue);

/* Durable when OK. Errors: TOO_LARGE for the payload, EMPTY when no slot is free, IO, DIFFERS. */
enum flash_err queue_put(struct queue *q, uint8_t kind, const uint8_t *bytes, uint32_t n, uint32_t *ret_slot);
enum flash_err queue_read(const struct queue *q, uint32_t slot, uint8_t *to);
enum flash_err queue_drop(struct queue *q, uint32_t slot);
uint32_t queue_free(const struct queue *q);

/* Whether the id was remembered, among the last SEEN_IDS less a sector. */
bool queue_knows(const struct queue *q, const uint8_t id[SEEN_ID]);
enum flash_err queue_remember(struct queue *q, const uint8_t id[SEEN_ID]); /* durable when OK; IO, DIFFERS */

#endif
