#include "program.h"

#include "bytes.h"
#include "crc.h"

/* Of the head sector. */
enum { HEAD = 112, MARKS_AT = 128, PROGRESS_AT = 0x400, CHUNK = 64 };
_Static_assert(PROGRESS_AT + PROGRAM_MOST / PROGRAM_SECTOR <= PROGRAM_SECTOR, "one byte of progress for each sector");

static const uint32_t magic = 0x4d475250; /* "PRGM" */

static uint32_t slot_at(int slot) { return (uint32_t)slot * PROGRAM_SLOT_BYTES; }
static uint32_t data_at(int slot) { return slot_at(slot) + PROGRAM_SECTOR; }

static void encode_head(const struct program_head *h, uint8_t ret_bytes[HEAD])
{
    put_u32(ret_bytes, magic);
    put_u32(ret_bytes + 4, h->generation);
    put_u32(ret_bytes + 8, h->size);
    for (int i = 0; i < PROGRAM_VERSION; i++)
        ret_bytes[12 + i] = (uint8_t)h->version[i];
    for (int i = 0; i < PROGRAM_SHA256; i++)
        ret_bytes[12 + PROGRAM_VERSION + i] = h->sha256[i];
    put_u32(ret_bytes + HEAD - 4, crc32_add(0, ret_bytes, HEAD - 4));
}

static bool decode_head(const uint8_t bytes[HEAD], struct program_head *ret_head)
{
    if (get_u32(bytes) != magic || get_u32(bytes + HEAD - 4) != crc32_add(0, bytes, HEAD - 4) ||
        get_u32(bytes + 8) > PROGRAM_MOST || bytes[12 + PROGRAM_VERSION - 1] != 0)
        return false;
    ret_head->generation = get_u32(bytes + 4);
    ret_head->size = get_u32(bytes + 8);
    for (int i = 0; i < PROGRAM_VERSION; i++)
        ret_head->version[i] = (char)bytes[12 + i];
    for (int i = 0; i < PROGRAM_SHA256; i++)
        ret_head->sha256[i] = bytes[12 + PROGRAM_VERSION + i];
    return true;
}

static uint32_t sectors_of(uint32_t size) { return (size + PROGRAM_SECTOR - 1) / PROGRAM_SECTOR; }

/* A byte of progress counts when any of its bits was cleared: it was programmed after its sector was durable. */
static enum flash_err read_progress(const struct flash *flash, int slot, struct program_slot *s)
{
    uint32_t done = 0;
    uint8_t mark = 0;
    while (done < sectors_of(s->head.size)) {
        enum flash_err err = flash->read(flash->chip, slot_at(slot) + PROGRESS_AT + done, &mark, 1);
        if (err != FLASH_OK)
            return err;
        if (mark == 0xff)
            break;
        done++;
    }
    s->next = done == sectors_of(s->head.size) ? s->head.size : done * PROGRAM_SECTOR;
    return FLASH_OK;
}

static enum flash_err read_slot(const struct flash *flash, int slot, struct program_slot *s)
{
    uint8_t head[HEAD], marks[4 * PROGRAM_MARK_COUNT];
    *s = (struct program_slot){ .there = false };
    enum flash_err err = flash->read(flash->chip, slot_at(slot), head, HEAD);
    if (err == FLASH_OK)
        err = flash->read(flash->chip, slot_at(slot) + MARKS_AT, marks, sizeof marks);
    if (err != FLASH_OK || !decode_head(head, &s->head))
        return err;
    s->there = true;
    for (int i = 0; i < PROGRAM_MARK_COUNT; i++)
        s->marks[i] = get_u32(marks + 4 * i) != UINT32_MAX;
    return read_progress(flash, slot, s);
}

enum flash_err program_open(const struct flash *flash, struct programs *ret_programs)
{
    if (flash->size(flash->chip) != PROGRAM_CHIP_BYTES || flash->sector(flash->chip) != PROGRAM_SECTOR)
        return FLASH_TOO_LARGE;
    ret_programs->flash = flash;
    enum flash_err err = FLASH_OK;
    for (int i = 0; err == FLASH_OK && i < PROGRAM_SLOTS; i++)
        err = read_slot(flash, i, &ret_programs->slots[i]);
    return err;
}

static const enum program_mark attempts[PROGRAM_ATTEMPTS] = { PROGRAM_TRIED, PROGRAM_TRIED_AGAIN, PROGRAM_TRIED_LAST };

int program_attempts(const struct program_slot *s)
{
    int n = 0;
    for (int i = 0; i < PROGRAM_ATTEMPTS; i++)
        n += s->marks[attempts[i]];
    return n;
}

static bool may_start(const struct program_slot *s)
{
    bool may_try = program_attempts(s) < PROGRAM_ATTEMPTS;
    return s->there && s->marks[PROGRAM_COMPLETE] && !s->marks[PROGRAM_BAD] && (s->marks[PROGRAM_CONFIRMED] || may_try);
}

int program_choose(const struct programs *p)
{
    int chosen = PROGRAM_NONE;
    for (int i = 0; i < PROGRAM_SLOTS; i++)
        if (may_start(&p->slots[i]) && (chosen == PROGRAM_NONE || p->slots[i].head.generation > p->slots[chosen].head.generation))
            chosen = i;
    return chosen;
}

/* Not one that is complete and older than another: it would not be started. It comes anew. */
static bool is_begun(const struct program_slot *s, const struct program_head *head, uint32_t newest)
{
    bool same = s->there && !s->marks[PROGRAM_BAD] && s->head.size == head->size;
    same = same && (!s->marks[PROGRAM_COMPLETE] || s->head.generation == newest);
    for (int i = 0; same && i < PROGRAM_SHA256; i++)
        same = s->head.sha256[i] == head->sha256[i];
    for (int i = 0; same && i < PROGRAM_VERSION; i++)
        same = s->head.version[i] == head->version[i];
    return same;
}

static uint32_t newest_generation(const struct programs *p)
{
    uint32_t most = 0;
    for (int i = 0; i < PROGRAM_SLOTS; i++)
        if (p->slots[i].there && p->slots[i].head.generation > most)
            most = p->slots[i].head.generation;
    return most;
}

enum flash_err program_begin(struct programs *p, int running, const struct program_head *head, int *ret_slot)
{
    uint8_t bytes[HEAD];
    const uint32_t newest = newest_generation(p);
    for (int i = 0; i < PROGRAM_SLOTS; i++)
        if (is_begun(&p->slots[i], head, newest)) {
            *ret_slot = i;
            return FLASH_OK;
        }
    if (head->size == 0 || head->size > PROGRAM_MOST || head->version[PROGRAM_VERSION - 1] != '\0')
        return FLASH_TOO_LARGE;
    int slot = running == 0 ? 1 : 0;
    struct program_head numbered = *head;
    numbered.generation = newest + 1;
    encode_head(&numbered, bytes);
    enum flash_err err = p->flash->erase(p->flash->chip, slot_at(slot));
    if (err == FLASH_OK)
        err = p->flash->sync(p->flash->chip);
    if (err == FLASH_OK)
        err = p->flash->program(p->flash->chip, slot_at(slot), bytes, HEAD);
    if (err == FLASH_OK)
        err = p->flash->sync(p->flash->chip);
    if (err == FLASH_OK)
        err = read_slot(p->flash, slot, &p->slots[slot]);
    if (err == FLASH_OK && !p->slots[slot].there)
        err = FLASH_DIFFERS;
    if (err == FLASH_OK)
        *ret_slot = slot;
    return err;
}

static enum flash_err compare(const struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t n)
{
    uint8_t found[CHUNK];
    for (uint32_t done = 0; done < n; done += CHUNK) {
        uint32_t piece = n - done < CHUNK ? n - done : CHUNK;
        enum flash_err err = flash->read(flash->chip, at + done, found, piece);
        if (err != FLASH_OK)
            return err;
        for (uint32_t i = 0; i < piece; i++)
            if (found[i] != bytes[done + i])
                return FLASH_DIFFERS;
    }
    return FLASH_OK;
}

static enum flash_err write_sectors(const struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t n)
{
    enum flash_err err = FLASH_OK;
    for (uint32_t done = 0; err == FLASH_OK && done < n; done += PROGRAM_SECTOR)
        err = flash->erase(flash->chip, at + done);
    if (err == FLASH_OK)
        err = flash->program(flash->chip, at, bytes, n);
    if (err == FLASH_OK)
        err = flash->sync(flash->chip);
    return err == FLASH_OK ? compare(flash, at, bytes, n) : err;
}

static enum flash_err mark_progress(const struct flash *flash, int slot, uint32_t offset, uint32_t n)
{
    static const uint8_t done = 0;
    enum flash_err err = FLASH_OK;
    for (uint32_t i = offset / PROGRAM_SECTOR; err == FLASH_OK && i < sectors_of(offset + n); i++)
        err = flash->program(flash->chip, slot_at(slot) + PROGRESS_AT + i, &done, 1);
    return err == FLASH_OK ? flash->sync(flash->chip) : err;
}

enum flash_err program_write(struct programs *p, int slot, uint32_t offset, const uint8_t *bytes, uint32_t n, uint32_t *ret_taken)
{
    struct program_slot *s = &p->slots[slot];
    if (!s->there || offset != s->next)
        return FLASH_ORDER;
    if (n > s->head.size - offset)
        return FLASH_TOO_LARGE;
    if (offset + n != s->head.size)
        n -= n % PROGRAM_SECTOR;
    enum flash_err err = write_sectors(p->flash, data_at(slot) + offset, bytes, n);
    if (err == FLASH_OK && n != 0)
        err = mark_progress(p->flash, slot, offset, n);
    if (err != FLASH_OK)
        return err;
    s->next = offset + n;
    *ret_taken = n;
    return FLASH_OK;
}

enum flash_err program_read(const struct programs *p, int slot, uint32_t offset, uint8_t *to, uint32_t n)
{
    const struct program_slot *s = &p->slots[slot];
    if (!s->there || offset > s->head.size || n > s->head.size - offset)
        return FLASH_TOO_LARGE;
    return p->flash->read(p->flash->chip, data_at(slot) + offset, to, n);
}

enum flash_err program_set_mark(struct programs *p, int slot, enum program_mark mark)
{
    static const uint8_t set[4] = { 0 };
    enum flash_err err = p->flash->program(p->flash->chip, slot_at(slot) + MARKS_AT + 4 * (uint32_t)mark, set, 4);
    if (err == FLASH_OK)
        err = p->flash->sync(p->flash->chip);
    if (err == FLASH_OK)
        p->slots[slot].marks[mark] = true;
    return err;
}

enum flash_err program_set_tried(struct programs *p, int slot)
{
    for (int i = 0; i < PROGRAM_ATTEMPTS; i++)
        if (!p->slots[slot].marks[attempts[i]])
            return program_set_mark(p, slot, attempts[i]);
    return FLASH_ORDER;
}
