#include "ledger.h"

#include "bytes.h"
#include "crc.h"

/* Bytes of a sector: the snapshot in units of 16, then records of 1 or 4 units. */
enum {
    UNIT = 16,
    SNAPSHOT_BODY = 8 + 8 * LEDGER_VALUES + LEDGER_TOKEN + LEDGER_NONCE, /* magic, generation, values, session */
    SNAPSHOT = 176,
    RECORD_MOST = 4 * UNIT,
};
_Static_assert(SNAPSHOT_BODY + 4 <= SNAPSHOT && SNAPSHOT % UNIT == 0, "the snapshot fits in its units");
_Static_assert((int)CHARGE_COUNT <= (int)LEDGER_LETTERS, "the charge counters come first");
_Static_assert(4 + LEDGER_TOKEN + LEDGER_NONCE + 4 <= RECORD_MOST, "a session fits in a record");

enum kind { KIND_VALUE = 0x01, KIND_READING = 0x02, KIND_SESSION = 0x03 };

static const uint32_t magic = 0x52474c43; /* "CLGR" */

const char *charge_counter_name(enum charge_counter counter)
{
    static const char *const names[] = {
#define X(code, name) [CHARGE_##code] = name,
        CHARGE_COUNTERS(X)
#undef X
    };
    return counter < CHARGE_COUNT ? names[counter] : "";
}

static void copy_bytes(uint8_t *to, const uint8_t *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] = from[i];
}

static uint32_t sector_bytes(const struct ledger_map *map) { return map->flash->sector(map->flash->chip); }

/* --- Snapshot --- */

static void encode_snapshot(const struct ledger_state *s, uint32_t generation, uint8_t ret_bytes[SNAPSHOT])
{
    uint8_t *p = ret_bytes;
    put_u32(p, magic);
    put_u32(p + 4, generation);
    p += 8;
    for (int i = 0; i < LEDGER_VALUES; i++, p += 8)
        put_u64(p, s->values[i]);
    copy_bytes(p, s->token, LEDGER_TOKEN);
    copy_bytes(p + LEDGER_TOKEN, s->nonce, LEDGER_NONCE);
    put_u32(ret_bytes + SNAPSHOT_BODY, crc32_add(0, ret_bytes, SNAPSHOT_BODY));
    for (int i = SNAPSHOT_BODY + 4; i < SNAPSHOT; i++)
        ret_bytes[i] = 0xff;
}

static bool decode_snapshot(const uint8_t bytes[SNAPSHOT], struct ledger_state *ret_state, uint32_t *ret_generation)
{
    const uint8_t *p = bytes + 8;
    if (get_u32(bytes) != magic || get_u32(bytes + SNAPSHOT_BODY) != crc32_add(0, bytes, SNAPSHOT_BODY))
        return false;
    for (int i = 0; i < LEDGER_VALUES; i++, p += 8)
        ret_state->values[i] = get_u64(p);
    copy_bytes(ret_state->token, p, LEDGER_TOKEN);
    copy_bytes(ret_state->nonce, p + LEDGER_TOKEN, LEDGER_NONCE);
    *ret_generation = get_u32(bytes + 4);
    return true;
}

/* --- Records --- */

static uint32_t record_units(uint8_t kind)
{
    switch (kind) {
    case KIND_VALUE:
    case KIND_READING: return 1;
    case KIND_SESSION: return 4;
    default: return 0;
    }
}

/* Over the sector's generation too, so that what an erasure left behind is no record of the sector's new life. */
static uint32_t record_crc(const struct ledger *l, const uint8_t *bytes, uint32_t n)
{
    uint8_t generation[4];
    put_u32(generation, l->generation);
    return crc32_add(crc32_add(0, generation, 4), bytes, n - 4);
}

/* kind, index, 0xFFFF, payload, and the checksum at the end of the last unit. */
static uint32_t seal_record(const struct ledger *l, uint8_t kind, uint8_t index, uint8_t bytes[RECORD_MOST])
{
    uint32_t n = record_units(kind) * UNIT;
    bytes[0] = kind;
    bytes[1] = index;
    bytes[2] = bytes[3] = 0xff;
    put_u32(bytes + n - 4, record_crc(l, bytes, n));
    return n;
}

static void apply_record(struct ledger_state *s, const uint8_t *bytes)
{
    const uint8_t *payload = bytes + 4;
    if (bytes[0] == KIND_VALUE && bytes[1] < LEDGER_VALUES)
        s->values[bytes[1]] = get_u64(payload);
    if (bytes[0] == KIND_READING) {
        s->values[LEDGER_READINGS] = get_u32(payload);
        s->values[LEDGER_READ_EPOCH] = get_u32(payload + 4);
    }
    if (bytes[0] == KIND_SESSION) {
        copy_bytes(s->token, payload, LEDGER_TOKEN);
        copy_bytes(s->nonce, payload + LEDGER_TOKEN, LEDGER_NONCE);
    }
}

static bool all_ones(const uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (bytes[i] != 0xff)
            return false;
    return true;
}

static enum flash_err blank_to_the_end(const struct ledger *l, uint32_t from, bool *ret_blank)
{
    uint8_t unit[UNIT];
    const struct flash *flash = l->map->flash;
    *ret_blank = true;
    for (uint32_t at = from; at + UNIT <= sector_bytes(l->map) && *ret_blank; at += UNIT) {
        enum flash_err err = flash->read(flash->chip, l->map->at[l->sector] + at, unit, UNIT);
        if (err != FLASH_OK)
            return err;
        *ret_blank = all_ones(unit, UNIT);
    }
    return FLASH_OK;
}

/* The record at `used`, when it is whole: *ret_n its bytes, 0 when there is none. Errors: IO. */
static enum flash_err read_record(const struct ledger *l, uint8_t bytes[RECORD_MOST], uint32_t *ret_n)
{
    const struct flash *flash = l->map->flash;
    uint32_t at = l->map->at[l->sector] + l->used, room = sector_bytes(l->map) - l->used;
    *ret_n = 0;
    enum flash_err err = room < UNIT ? FLASH_EMPTY : flash->read(flash->chip, at, bytes, UNIT);
    uint32_t n = err == FLASH_OK ? record_units(bytes[0]) * UNIT : 0;
    if (err == FLASH_OK && n > UNIT && n <= room)
        err = flash->read(flash->chip, at + UNIT, bytes + UNIT, n - UNIT);
    if (err == FLASH_OK && n != 0 && n <= room && get_u32(bytes + n - 4) == record_crc(l, bytes, n))
        *ret_n = n;
    return err == FLASH_EMPTY ? FLASH_OK : err;
}

/* What was torn, or is not blank behind the last whole record, ends the sector's use. */
static enum flash_err replay(struct ledger *l)
{
    uint8_t bytes[RECORD_MOST];
    uint32_t n = 0;
    bool blank = false;
    enum flash_err err = read_record(l, bytes, &n);
    while (err == FLASH_OK && n != 0) {
        apply_record(&l->now, bytes);
        l->used += n;
        err = read_record(l, bytes, &n);
    }
    if (err == FLASH_OK)
        err = blank_to_the_end(l, l->used, &blank);
    if (err == FLASH_OK && !blank)
        l->used = sector_bytes(l->map);
    return err;
}

enum flash_err ledger_open(const struct ledger_map *map, struct ledger *ret_ledger)
{
    struct ledger l = { .map = map, .blank = true, .used = sector_bytes(map), .sector = map->sectors - 1 };
    for (uint32_t i = 0; i < map->sectors; i++) {
        uint8_t bytes[SNAPSHOT];
        struct ledger_state state;
        uint32_t generation;
        enum flash_err err = map->flash->read(map->flash->chip, map->at[i], bytes, SNAPSHOT);
        if (err != FLASH_OK)
            return err;
        if (!decode_snapshot(bytes, &state, &generation) || (!l.blank && generation < l.generation))
            continue;
        l = (struct ledger){ .map = map, .now = state, .generation = generation, .used = SNAPSHOT, .sector = i };
    }
    enum flash_err err = l.blank ? FLASH_OK : replay(&l);
    if (err == FLASH_OK)
        *ret_ledger = l;
    return err;
}

/* --- Writing --- */

static enum flash_err program_and_compare(const struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t n)
{
    uint8_t found[UNIT];
    enum flash_err err = flash->program(flash->chip, at, bytes, n);
    if (err == FLASH_OK)
        err = flash->sync(flash->chip);
    for (uint32_t done = 0; err == FLASH_OK && done < n; done += UNIT) {
        err = flash->read(flash->chip, at + done, found, UNIT);
        for (uint32_t i = 0; err == FLASH_OK && i < UNIT; i++)
            if (found[i] != bytes[done + i])
                err = FLASH_DIFFERS;
    }
    return err;
}

static enum flash_err start_sector(struct ledger *l, uint32_t sector, const struct ledger_state *state)
{
    const struct flash *flash = l->map->flash;
    uint8_t bytes[SNAPSHOT];
    encode_snapshot(state, l->generation + 1, bytes);
    enum flash_err err = flash->erase(flash->chip, l->map->at[sector]);
    if (err == FLASH_OK)
        err = program_and_compare(flash, l->map->at[sector], bytes, SNAPSHOT);
    if (err != FLASH_OK)
        return err;
    *l = (struct ledger){ .map = l->map, .now = *state, .generation = l->generation + 1, .used = SNAPSHOT, .sector = sector };
    return FLASH_OK;
}

/* In the next sector of the ring; one that is worn out is passed over. The one in force is not touched. */
enum flash_err ledger_replace(struct ledger *l, const struct ledger_state *state)
{
    const struct ledger_state copy = *state;
    uint32_t others = l->blank ? l->map->sectors : l->map->sectors - 1;
    enum flash_err err = FLASH_DIFFERS;
    for (uint32_t i = 1; i <= others && err == FLASH_DIFFERS; i++)
        err = start_sector(l, (l->sector + i) % l->map->sectors, &copy);
    return err;
}

/* Behind the last record, or as a new snapshot when there is no room or the chip did not take it there. */
static enum flash_err append(struct ledger *l, const uint8_t *bytes, uint32_t n)
{
    struct ledger_state next = l->now;
    apply_record(&next, bytes);
    if (l->blank || n > sector_bytes(l->map) - l->used)
        return ledger_replace(l, &next);
    enum flash_err err = program_and_compare(l->map->flash, l->map->at[l->sector] + l->used, bytes, n);
    if (err == FLASH_DIFFERS)
        return ledger_replace(l, &next);
    if (err != FLASH_OK)
        return err;
    l->now = next;
    l->used += n;
    return FLASH_OK;
}

enum flash_err ledger_set(struct ledger *l, enum ledger_value value, uint64_t to)
{
    uint8_t bytes[RECORD_MOST];
    put_u64(bytes + 4, to);
    return append(l, bytes, seal_record(l, KIND_VALUE, (uint8_t)value, bytes));
}

enum flash_err ledger_count(struct ledger *l, enum charge_counter counter, uint64_t more)
{
    const uint64_t most = (uint64_t)1 << 60; /* far inside of the messages' int64 */
    if (counter >= CHARGE_COUNT || l->now.values[counter] > most || more > most - l->now.values[counter])
        return FLASH_TOO_LARGE;
    return ledger_set(l, (enum ledger_value)counter, l->now.values[counter] + more);
}

enum flash_err ledger_set_reading(struct ledger *l, uint64_t readings, uint64_t read_epoch)
{
    uint8_t bytes[RECORD_MOST];
    if (readings > UINT32_MAX || read_epoch > UINT32_MAX)
        return FLASH_TOO_LARGE;
    put_u32(bytes + 4, (uint32_t)readings);
    put_u32(bytes + 8, (uint32_t)read_epoch);
    return append(l, bytes, seal_record(l, KIND_READING, 0, bytes));
}

enum flash_err ledger_set_session(struct ledger *l, const uint8_t token[LEDGER_TOKEN], const uint8_t nonce[LEDGER_NONCE])
{
    uint8_t bytes[RECORD_MOST];
    copy_bytes(bytes + 4, token, LEDGER_TOKEN);
    copy_bytes(bytes + 4 + LEDGER_TOKEN, nonce, LEDGER_NONCE);
    return append(l, bytes, seal_record(l, KIND_SESSION, 0, bytes));
}
