#include "area.h"

#include "bytes.h"
#include "crc.h"

static const uint32_t commit_magic = 0x544d4f43; /* "COMT" */

enum { FORMAT = 1, CHUNK = 1024 };

uint32_t area_capacity(const struct area *area) { return area->bytes - SLOT_PAYLOAD_AT; }

void area_encode_head(const struct area *area, const struct slot *slot, uint8_t ret_head[SLOT_HEAD])
{
    put_u32(ret_head, area->magic);
    put_u16(ret_head + 4, FORMAT);
    put_u16(ret_head + 6, slot->kind);
    put_u32(ret_head + 8, slot->generation);
    put_u32(ret_head + 12, slot->length);
    put_u32(ret_head + 16, crc32_add(0, ret_head, 16));
}

void area_encode_commit(const uint8_t head[SLOT_HEAD], uint32_t generation, uint32_t payload_crc, uint8_t ret_commit[SLOT_COMMIT])
{
    put_u32(ret_commit, commit_magic);
    put_u32(ret_commit + 4, generation);
    put_u32(ret_commit + 8, payload_crc);
    put_u32(ret_commit + 12, crc32_add(crc32_add(0, head, SLOT_HEAD), ret_commit, 12));
}

static bool head_is_whole(const struct area *area, const uint8_t head[SLOT_HEAD])
{
    return get_u32(head) == area->magic && get_u16(head + 4) == FORMAT && get_u32(head + 12) <= area_capacity(area) &&
           get_u32(head + 16) == crc32_add(0, head, 16);
}

static bool commit_is_whole(const uint8_t head[SLOT_HEAD], const uint8_t commit[SLOT_COMMIT])
{
    return get_u32(commit) == commit_magic && get_u32(commit + 4) == get_u32(head + 8) &&
           get_u32(commit + 12) == crc32_add(crc32_add(0, head, SLOT_HEAD), commit, 12);
}

enum flash_err area_payload_crc(const struct area *area, const struct slot *slot, uint32_t *ret_crc)
{
    uint8_t chunk[CHUNK];
    uint32_t crc = 0;
    for (uint32_t offset = 0; offset < slot->length; offset += CHUNK) {
        uint32_t n = slot->length - offset < CHUNK ? slot->length - offset : CHUNK;
        enum flash_err err = area->flash->read(area->flash->chip, slot->at + SLOT_PAYLOAD_AT + offset, chunk, n);
        if (err != FLASH_OK)
            return err;
        crc = crc32_add(crc, chunk, n);
    }
    bytes_wipe(chunk, CHUNK); /* it may have held a private key */
    *ret_crc = crc;
    return FLASH_OK;
}

/* The record at `at`, when it is whole and committed. Errors: EMPTY, IO. */
static enum flash_err read_slot(const struct area *area, uint32_t at, struct slot *ret_slot)
{
    uint8_t head[SLOT_HEAD], commit[SLOT_COMMIT];
    uint32_t crc = 0;
    enum flash_err err = area->flash->read(area->flash->chip, at, head, SLOT_HEAD);
    if (err == FLASH_OK)
        err = area->flash->read(area->flash->chip, at + SLOT_COMMIT_AT, commit, SLOT_COMMIT);
    if (err != FLASH_OK)
        return err;
    if (!head_is_whole(area, head) || !commit_is_whole(head, commit))
        return FLASH_EMPTY;
    struct slot slot = { at, get_u32(head + 8), get_u32(head + 12), get_u16(head + 6) };
    err = area_payload_crc(area, &slot, &crc);
    if (err != FLASH_OK)
        return err;
    if (crc != get_u32(commit + 8))
        return FLASH_EMPTY;
    *ret_slot = slot;
    return FLASH_OK;
}

enum flash_err area_find(const struct area *area, struct slot *ret_slot)
{
    struct slot slots[2];
    enum flash_err found[2];
    for (int i = 0; i < 2; i++) {
        found[i] = read_slot(area, area->at[i], &slots[i]);
        if (found[i] == FLASH_IO)
            return FLASH_IO;
    }
    if (found[0] != FLASH_OK && found[1] != FLASH_OK)
        return FLASH_EMPTY;
    if (found[0] == FLASH_OK && found[1] == FLASH_OK)
        *ret_slot = slots[1].generation > slots[0].generation ? slots[1] : slots[0];
    else
        *ret_slot = found[0] == FLASH_OK ? slots[0] : slots[1];
    return FLASH_OK;
}

enum flash_err area_read(const struct area *area, const struct slot *slot, uint32_t offset, uint8_t *to, uint32_t n)
{
    if (offset > slot->length || n > slot->length - offset)
        return FLASH_TOO_LARGE;
    return area->flash->read(area->flash->chip, slot->at + SLOT_PAYLOAD_AT + offset, to, n);
}

static enum flash_err sector_is_blank(const struct area *area, uint32_t at, uint32_t n, bool *ret_blank)
{
    uint8_t chunk[CHUNK];
    *ret_blank = true;
    for (uint32_t done = 0; done < n && *ret_blank; done += CHUNK) {
        uint32_t piece = n - done < CHUNK ? n - done : CHUNK;
        enum flash_err err = area->flash->read(area->flash->chip, at + done, chunk, piece);
        if (err != FLASH_OK)
            return err;
        for (uint32_t i = 0; i < piece; i++)
            *ret_blank = *ret_blank && chunk[i] == 0xff;
    }
    bytes_wipe(chunk, CHUNK);
    return FLASH_OK;
}

/* The first sector goes first: it holds head and commit record, without which the rest means nothing. */
enum flash_err area_clear_slot(const struct area *area, uint32_t at)
{
    uint32_t sector = area->flash->sector(area->flash->chip);
    bool changed = false;
    for (uint32_t done = 0; done < area->bytes; done += sector) {
        bool blank = false;
        enum flash_err err = sector_is_blank(area, at + done, sector, &blank);
        if (err == FLASH_OK && !blank)
            err = area->flash->erase(area->flash->chip, at + done);
        if (err != FLASH_OK)
            return err;
        changed = changed || !blank;
    }
    return changed ? area->flash->sync(area->flash->chip) : FLASH_OK;
}

enum flash_err area_drop_stale(const struct area *area, const struct slot *keep)
{
    return area_clear_slot(area, area->at[keep->at == area->at[0] ? 1 : 0]);
}

enum flash_err area_erase(const struct area *area)
{
    struct slot newest = { .at = area->at[1] };
    enum flash_err err = area_find(area, &newest);
    if (err == FLASH_IO)
        return err;
    err = area_drop_stale(area, &newest);
    return err == FLASH_OK ? area_clear_slot(area, newest.at) : err;
}
