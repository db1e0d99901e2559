/* One area of the chip: a record that is replaced as a whole or not at all (invariant I3).
 *
 * An area has two slots of whole sectors. A record is written into the slot that does not hold the present
 * one; its commit record goes in last, after everything before it is durable. The record in force is the
 * committed one with the higher generation; a slot that is torn, rotten or not committed counts as empty.
 * doc/protocol/flash.md has the layout byte by byte. Writing is install.h; this file finds, reads, erases. */
#ifndef DEVICE_CORE_AREA_H
#define DEVICE_CORE_AREA_H

#include "flash.h"

enum { SLOT_HEAD = 20, SLOT_COMMIT_AT = 32, SLOT_COMMIT = 16, SLOT_PAYLOAD_AT = 64 };

struct area {
    const struct flash *flash;
    uint32_t magic; /* first bytes of its records, so that areas cannot be taken for each other */
    uint32_t at[2]; /* where the slots begin, on sector boundaries */
    uint32_t bytes; /* of each slot, whole sectors */
};

/* A record's place and head. `kind` is the caller's: what the payload is. */
struct slot {
    uint32_t at, generation, length;
    uint16_t kind;
};

/* Bytes of payload that fit. */
uint32_t area_capacity(const struct area *area);

/* The record in force. Errors: EMPTY, IO. */
enum flash_err area_find(const struct area *area, struct slot *ret_slot);

/* Payload bytes offset .. offset + n - 1. Errors: TOO_LARGE beyond the payload, IO. */
enum flash_err area_read(const struct area *area, const struct slot *slot, uint32_t offset, uint8_t *to, uint32_t n);

/* Erases the slot that is not `keep`, unless it is blank: an older key does not stay. Durable when OK. */
enum flash_err area_drop_stale(const struct area *area, const struct slot *keep);

/* Erases both slots, the older record first, so that a power cut never brings an older one back. */
enum flash_err area_erase(const struct area *area);

/* For install.h: erases one slot unless it is blank already; the head's encoding. */
enum flash_err area_clear_slot(const struct area *area, uint32_t at);
void area_encode_head(const struct area *area, const struct slot *slot, uint8_t ret_head[SLOT_HEAD]);
void area_encode_commit(const uint8_t head[SLOT_HEAD], uint32_t generation, uint32_t payload_crc,
                        uint8_t ret_commit[SLOT_COMMIT]);

/* CRC-32 of the payload as the chip gives it. Errors: IO. */
enum flash_err area_payload_crc(const struct area *area, const struct slot *slot, uint32_t *ret_crc);

#endif
