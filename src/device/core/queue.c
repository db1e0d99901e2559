#include "queue.h"

#include "bytes.h"
#include "crc.h"

enum { CHUNK = 64, SLOTS_AT = SEEN_SECTORS * OPTION_SECTOR, DROPPED_AT = 28, SEEN_PER_SECTOR = OPTION_SECTOR / SEEN_RECORD };

static const uint32_t slot_magic = 0x51545051;  /* "QPTQ" */
static const uint32_t seen_magic = 0x4e454553;  /* "SEEN" */

static uint32_t slot_at(uint32_t slot) { return (uint32_t)SLOTS_AT + slot * QUEUE_SLOT_BYTES; }

static enum flash_err payload_crc(const struct flash *flash, uint32_t at, uint32_t n, uint32_t *ret_crc)
{
    uint8_t chunk[CHUNK];
    uint32_t crc = 0;
    for (uint32_t done = 0; done < n; done += CHUNK) {
        uint32_t piece = n - done < CHUNK ? n - done : CHUNK;
        enum flash_err err = flash->read(flash->chip, at + done, chunk, piece);
        if (err != FLASH_OK)
            return err;
        crc = crc32_add(crc, chunk, piece);
    }
    bytes_wipe(chunk, CHUNK);
    *ret_crc = crc;
    return FLASH_OK;
}

/* The entry in a slot; serial 0 when there is none that counts. *ret_serial: of what lies there, dropped or not. */
static enum flash_err read_entry(const struct flash *flash, uint32_t slot, struct queue_entry *ret_entry, uint64_t *ret_serial)
{
    uint8_t head[QUEUE_HEAD];
    uint32_t crc = 0;
    *ret_entry = (struct queue_entry){ 0 };
    *ret_serial = 0;
    enum flash_err err = flash->read(flash->chip, slot_at(slot), head, QUEUE_HEAD);
    if (err != FLASH_OK)
        return err;
    uint32_t length = get_u32(head + 16);
    if (get_u32(head) != slot_magic || get_u32(head + 24) != crc32_add(0, head, 24) || length > QUEUE_PAYLOAD)
        return FLASH_OK;
    *ret_serial = get_u64(head + 8);
    if (get_u32(head + DROPPED_AT) != UINT32_MAX)
        return FLASH_OK;
    err = payload_crc(flash, slot_at(slot) + QUEUE_HEAD, length, &crc);
    if (err == FLASH_OK && crc == get_u32(head + 20))
        *ret_entry = (struct queue_entry){ get_u64(head + 8), length, head[4] };
    return err;
}

static enum flash_err open_slots(struct queue *q)
{
    q->last_slot = QUEUE_SLOTS - 1;
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++) {
        uint64_t serial = 0;
        enum flash_err err = read_entry(q->flash, i, &q->entries[i], &serial);
        if (err != FLASH_OK)
            return err;
        if (serial > q->last_serial) { /* the next slot in turn, and no number twice */
            q->last_serial = serial;
            q->last_slot = i;
        }
    }
    return FLASH_OK;
}

/* --- Ids seen: magic, count (8), id (16), checksum --- */

static bool seen_is_whole(const uint8_t record[SEEN_RECORD])
{
    return get_u32(record) == seen_magic && get_u32(record + 28) == crc32_add(0, record, 28);
}

static enum flash_err open_seen(struct queue *q)
{
    for (uint32_t i = 0; i < SEEN_IDS; i++) {
        uint8_t record[SEEN_RECORD];
        enum flash_err err = q->flash->read(q->flash->chip, i * SEEN_RECORD, record, SEEN_RECORD);
        if (err != FLASH_OK)
            return err;
        if (!seen_is_whole(record))
            continue;
        for (int k = 0; k < SEEN_ID; k++)
            q->seen[i][k] = record[12 + k];
        if (get_u64(record + 4) >= q->seen_count) {
            q->seen_count = get_u64(record + 4);
            q->seen_at = (i + 1) % SEEN_IDS;
        }
    }
    return FLASH_OK;
}

enum flash_err queue_open(const struct flash *flash, struct queue *ret_queue)
{
    if (flash->size(flash->chip) != OPTION_BYTES || flash->sector(flash->chip) != OPTION_SECTOR)
        return FLASH_TOO_LARGE;
    *ret_queue = (struct queue){ .flash = flash };
    enum flash_err err = open_slots(ret_queue);
    return err == FLASH_OK ? open_seen(ret_queue) : err;
}

static bool is_blank(const uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (bytes[i] != 0xff)
            return false;
    return true;
}

static enum flash_err erase_unless_blank(const struct flash *flash, uint32_t at)
{
    uint8_t chunk[CHUNK];
    for (uint32_t done = 0; done < OPTION_SECTOR; done += CHUNK) {
        enum flash_err err = flash->read(flash->chip, at + done, chunk, CHUNK);
        if (err != FLASH_OK)
            return err;
        if (!is_blank(chunk, CHUNK))
            return flash->erase(flash->chip, at);
    }
    return FLASH_OK;
}

/* A sector is erased when the ring comes to it; a torn place is passed over. */
static enum flash_err seen_place(struct queue *q, uint32_t *ret_place)
{
    uint8_t record[SEEN_RECORD];
    for (uint32_t tries = 0; tries < SEEN_IDS; tries++) {
        uint32_t place = (q->seen_at + tries) % SEEN_IDS;
        if (place % SEEN_PER_SECTOR == 0) {
            for (uint32_t i = place; i < place + SEEN_PER_SECTOR; i++)
                bytes_wipe(q->seen[i], SEEN_ID);
            enum flash_err err = erase_unless_blank(q->flash, place * SEEN_RECORD);
            if (err == FLASH_OK)
                err = q->flash->sync(q->flash->chip);
            if (err != FLASH_OK)
                return err;
        }
        enum flash_err err = q->flash->read(q->flash->chip, place * SEEN_RECORD, record, SEEN_RECORD);
        if (err != FLASH_OK)
            return err;
        if (is_blank(record, SEEN_RECORD)) {
            *ret_place = place;
            return FLASH_OK;
        }
    }
    return FLASH_DIFFERS;
}

enum flash_err queue_remember(struct queue *q, const uint8_t id[SEEN_ID])
{
    uint8_t record[SEEN_RECORD];
    uint32_t place = 0;
    enum flash_err err = seen_place(q, &place);
    if (err != FLASH_OK)
        return err;
    put_u32(record, seen_magic);
    put_u64(record + 4, q->seen_count + 1);
    for (int i = 0; i < SEEN_ID; i++)
        record[12 + i] = id[i];
    put_u32(record + 28, crc32_add(0, record, 28));
    err = q->flash->program(q->flash->chip, place * SEEN_RECORD, record, SEEN_RECORD);
    if (err == FLASH_OK)
        err = q->flash->sync(q->flash->chip);
    if (err != FLASH_OK)
        return err;
    for (int i = 0; i < SEEN_ID; i++)
        q->seen[place][i] = id[i];
    q->seen_count++;
    q->seen_at = (place + 1) % SEEN_IDS;
    return FLASH_OK;
}

bool queue_knows(const struct queue *q, const uint8_t id[SEEN_ID])
{
    for (uint32_t i = 0; i < SEEN_IDS; i++) {
        int k = 0;
        while (k < SEEN_ID && q->seen[i][k] == id[k])
            k++;
        if (k == SEEN_ID)
            return true;
    }
    return false;
}

/* --- Slots --- */

static enum flash_err write_slot(const struct flash *flash, uint32_t slot, const struct queue_entry *entry, const uint8_t *bytes)
{
    uint8_t head[DROPPED_AT];
    uint32_t crc = crc32_add(0, bytes, entry->length), found = 0;
    put_u32(head, slot_magic);
    put_u32(head + 4, 0xffffff00u | entry->kind);
    put_u64(head + 8, entry->serial);
    put_u32(head + 16, entry->length);
    put_u32(head + 20, crc);
    put_u32(head + 24, crc32_add(0, head, 24));
    enum flash_err err = FLASH_OK;
    for (uint32_t at = slot_at(slot); err == FLASH_OK && at < slot_at(slot) + QUEUE_SLOT_BYTES; at += OPTION_SECTOR)
        err = erase_unless_blank(flash, at);
    if (err == FLASH_OK)
        err = flash->sync(flash->chip); /* what an erasure leaves must not lie behind a new head */
    if (err == FLASH_OK)
        err = flash->program(flash->chip, slot_at(slot) + QUEUE_HEAD, bytes, entry->length);
    if (err == FLASH_OK)
        err = flash->program(flash->chip, slot_at(slot), head, DROPPED_AT);
    if (err == FLASH_OK)
        err = flash->sync(flash->chip);
    if (err == FLASH_OK)
        err = payload_crc(flash, slot_at(slot) + QUEUE_HEAD, entry->length, &found);
    return err == FLASH_OK && found != crc ? FLASH_DIFFERS : err;
}

/* A slot whose cells are worn out is passed over. */
enum flash_err queue_put(struct queue *q, uint8_t kind, const uint8_t *bytes, uint32_t n, uint32_t *ret_slot)
{
    const struct queue_entry entry = { q->last_serial + 1, n, kind };
    enum flash_err err = FLASH_EMPTY;
    if (n > QUEUE_PAYLOAD || entry.serial == 0) /* the numbers are used up, on a chip that did not come from here */
        return FLASH_TOO_LARGE;
    for (uint32_t i = 1; i <= QUEUE_SLOTS && (err == FLASH_EMPTY || err == FLASH_DIFFERS); i++) {
        uint32_t slot = (q->last_slot + i) % QUEUE_SLOTS;
        if (q->entries[slot].serial != 0)
            continue;
        err = write_slot(q->flash, slot, &entry, bytes);
        if (err != FLASH_OK)
            continue;
        q->entries[slot] = entry;
        q->last_serial = entry.serial;
        q->last_slot = slot;
        if (ret_slot != NULL)
            *ret_slot = slot;
    }
    return err;
}

enum flash_err queue_read(const struct queue *q, uint32_t slot, uint8_t *to)
{
    if (slot >= QUEUE_SLOTS || q->entries[slot].serial == 0)
        return FLASH_EMPTY;
    return q->flash->read(q->flash->chip, slot_at(slot) + QUEUE_HEAD, to, q->entries[slot].length);
}

enum flash_err queue_drop(struct queue *q, uint32_t slot)
{
    static const uint8_t dropped[4] = { 0 };
    if (slot >= QUEUE_SLOTS || q->entries[slot].serial == 0)
        return FLASH_EMPTY;
    enum flash_err err = q->flash->program(q->flash->chip, slot_at(slot) + DROPPED_AT, dropped, 4);
    if (err == FLASH_OK)
        err = q->flash->sync(q->flash->chip);
    if (err == FLASH_OK)
        q->entries[slot] = (struct queue_entry){ 0 };
    return err;
}

uint32_t queue_free(const struct queue *q)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++)
        n += q->entries[i].serial == 0;
    return n;
}
