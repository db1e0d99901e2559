#include "device/option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "device/version.h"
#include "pki/cert.h"

enum { OPTION_PATH = 420 };

static void option_path(const char *dir, const char *name, char ret_path[OPTION_PATH])
{
    snprintf(ret_path, OPTION_PATH, "%s/%s", dir, name);
}

/* Under another name until it is whole: a chip has its size or is not there. */
static enum err create_chip(const char *dir, const char *name, uint32_t size, struct why *why)
{
    char path[OPTION_PATH], unfinished[OPTION_PATH + 8];
    option_path(dir, name, path);
    snprintf(unfinished, sizeof unfinished, "%s.new", path);
    if (file_exists(path))
        return why_set(why, ERR_EXISTS, "%s is there already", path);
    (void)!unlink(unfinished);
    enum err err = filechip_create(unfinished, size, why);
    if (err == OK && rename(unfinished, path) != 0)
        err = why_errno(why, errno, "renaming %s", unfinished);
    return err == OK ? file_sync_parent(path, why) : err;
}

enum err option_create(const char *dir, struct why *why) { return create_chip(dir, "option.bin", OPTION_BYTES, why); }

static enum err open_queue(const char *dir, bool writable, struct test_only_faults *faults, struct option *o, struct why *why)
{
    char path[OPTION_PATH];
    option_path(dir, "option.bin", path);
    if (!file_exists(path))
        return OK;
    enum err err = filechip_open(path, OPTION_BYTES, OPTION_SECTOR, writable, faults, &o->file, why);
    if (err != OK)
        return err;
    o->flash = filechip_flash(&o->file);
    err = flash_error(queue_open(&o->flash, &o->queue), "remote functions", why);
    o->there = err == OK;
    return err;
}

static enum err open_programs(const char *dir, bool writable, struct test_only_faults *faults, struct option *o, struct why *why)
{
    char path[OPTION_PATH];
    option_path(dir, "program.bin", path);
    if (!file_exists(path))
        return OK;
    enum err err = filechip_open(path, PROGRAM_CHIP_BYTES, PROGRAM_SECTOR, writable, faults, &o->program_file, why);
    if (err != OK)
        return err;
    o->program_flash = filechip_flash(&o->program_file);
    return flash_error(program_open(&o->program_flash, &o->programs), "programs", why);
}

enum err option_open(const char *dir, bool writable, struct test_only_faults *faults, struct option *ret_option, struct why *why)
{
    *ret_option = (struct option){ .file = { .fd = -1, .faults = faults }, .program_file = { .fd = -1 } };
    ret_option->loaded.slot = PROGRAM_NONE;
    enum err err = open_queue(dir, writable, faults, ret_option, why);
    if (err == OK)
        err = open_programs(dir, writable, faults, ret_option, why);
    if (err == OK && ret_option->program_file.fd >= 0)
        ret_option->loaded.slot = program_choose(&ret_option->programs);
    if (err != OK)
        option_close(ret_option);
    return err;
}

void option_close(struct option *o)
{
    filechip_close(&o->file);
    filechip_close(&o->program_file);
    o->there = false;
}

enum err option_load(struct option *o, struct why *why)
{
    return flash_error(loader_choose(o->program_file.fd >= 0 ? &o->programs : NULL, &o->loaded), "programs", why);
}

enum err option_need_programs(const char *dir, struct option *o, struct why *why)
{
    if (o->program_file.fd >= 0)
        return OK;
    enum err err = create_chip(dir, "program.bin", PROGRAM_CHIP_BYTES, why);
    return err == OK ? open_programs(dir, true, o->file.faults, o, why) : err;
}

const char *option_version(const struct option *o)
{
    return o->loaded.slot == PROGRAM_NONE ? NAMEPLATE_VERSION : o->programs.slots[o->loaded.slot].head.version;
}

const char *option_slot(const struct option *o)
{
    return o->loaded.slot == PROGRAM_NONE ? "factory" : o->loaded.slot == 0 ? "A" : "B";
}

/* --- Items --- */

void item_done(struct item *i) { buf_wipe(&i->bytes); }

/* id (81), serial (5) and limit (3), epoch, sequence (8 each), big-endian, bytes. */
enum { ID = LIMIT_MESSAGE_ID + 1, ITEM_HEAD = ID + 24, LIMIT_BITS = 24 };

static const int64_t limit_most = ((int64_t)1 << LIMIT_BITS) - 1; /* half a year */

static void put_int(uint8_t *to, int64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
}

static int64_t get_int(const uint8_t *from)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | from[i];
    return (int64_t)v;
}

enum err option_put(struct option *o, const struct item *item, uint32_t *ret_slot, struct why *why)
{
    uint8_t head[ITEM_HEAD] = { 0 };
    AUTO_WIPED_BUF all = BUF_INIT;
    memcpy(head, item->id, strlen(item->id));
    put_int(head + ID, item->serial << LIMIT_BITS | (item->limit_s < limit_most ? item->limit_s : limit_most));
    put_int(head + ID + 8, item->epoch);
    put_int(head + ID + 16, item->sequence);
    enum err err = buf_reserve(&all, ITEM_HEAD + item->bytes.len);
    if (err == OK)
        err = buf_put(&all, head, ITEM_HEAD);
    if (err == OK)
        err = buf_put_span(&all, buf_span(&item->bytes));
    if (err != OK)
        return why_set(why, err, "no memory for a letter");
    enum flash_err put = queue_put(&o->queue, (uint8_t)item->kind, all.data, (uint32_t)all.len, ret_slot);
    if (put == FLASH_EMPTY)
        return why_set(why, ERR_BUSY, "the memory of the remote functions is full: %d letters and calls wait", QUEUE_SLOTS);
    return flash_error(put, "letter", why);
}

enum err option_get(const struct option *o, uint32_t slot, struct item *ret_item, struct why *why)
{
    const struct queue_entry *e = &o->queue.entries[slot];
    AUTO_WIPED_BUF all = BUF_INIT;
    if (e->length < ITEM_HEAD)
        return why_set(why, ERR_DAMAGED, "a letter in the remote functions' memory is damaged");
    enum err err = buf_reserve(&all, e->length);
    if (err == OK)
        err = flash_error(queue_read(&o->queue, slot, all.data), "letter", why);
    if (err != OK)
        return err;
    struct item item = { .kind = (enum item_kind)e->kind, .slot = slot };
    memcpy(item.id, all.data, LIMIT_MESSAGE_ID);
    item.limit_s = get_int(all.data + ID) & limit_most;
    item.serial = get_int(all.data + ID) >> LIMIT_BITS;
    item.epoch = get_int(all.data + ID + 8);
    item.sequence = get_int(all.data + ID + 16);
    err = buf_put(&item.bytes, all.data + ITEM_HEAD, e->length - ITEM_HEAD);
    if (err == OK)
        *ret_item = item;
    return err;
}

enum err option_drop(struct option *o, uint32_t slot, struct why *why)
{
    return flash_error(queue_drop(&o->queue, slot), "letter", why);
}

uint32_t option_next(const struct option *o, enum item_kind kind, uint64_t after)
{
    uint32_t found = QUEUE_SLOTS;
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++) {
        const struct queue_entry *e = &o->queue.entries[i];
        if (e->serial > after && e->kind == kind && (found == QUEUE_SLOTS || e->serial < o->queue.entries[found].serial))
            found = i;
    }
    return found;
}

uint32_t option_find(const struct option *o, enum item_kind kind, const char *id)
{
    for (uint32_t i = option_next(o, kind, 0); i < QUEUE_SLOTS; i = option_next(o, kind, o->queue.entries[i].serial)) {
        AUTO_ITEM item = { 0 };
        struct why ignored;
        if (option_get(o, i, &item, &ignored) == OK && strcmp(item.id, id) == 0)
            return i;
    }
    return QUEUE_SLOTS;
}

/* The ring keeps the first half of the id's SHA-256. */
static void hash_id(const char *id, uint8_t ret_hash[CERT_FINGERPRINT]) { cert_fingerprint_der(span_text(id), ret_hash); }

bool option_has_seen(const struct option *o, const char *id)
{
    uint8_t hash[CERT_FINGERPRINT];
    hash_id(id, hash);
    return queue_knows(&o->queue, hash);
}

enum err option_saw(struct option *o, const char *id, struct why *why)
{
    uint8_t hash[CERT_FINGERPRINT];
    hash_id(id, hash);
    return queue_knows(&o->queue, hash) ? OK : flash_error(queue_remember(&o->queue, hash), "memory of calls", why);
}
