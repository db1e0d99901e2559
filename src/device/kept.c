/* Readings, and calls up, that a gateway took (M-2, M-5). Its receipt says that it has the letter, not that the centre will: the
 * gateway may be cut off for a day, or gone, while this device speaks to the centre by another way, where the next reading would
 * seem to skip those; or the identity that signed the letter ends meanwhile. So they stay in the memory until the centre's
 * session (readings) or its answer (calls) says that they came, and are sent again, signed anew,
 *   - when another one answers than the one that took them (also after a start, which knows of no receipts),
 *   - when somebody further on did not take them for now,
 *   - when the centre has been there for a while and still does not have them: once, but for readings.
 * Sent twice, a letter counts once (I10). When the memory becomes full, the gateway's word has to do for calls. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "device/field.h"

enum { AGAIN_MS = 15 * 60 * 1000, ROOM = 8 };

static bool is_kept(const struct field *f, uint32_t slot) { return f->kept_ms[slot] != 0; }

uint32_t kept_next(const struct field *f, enum item_kind kind, uint64_t after)
{
    uint32_t i = option_next(f->option, kind, after);
    while (i < QUEUE_SLOTS && is_kept(f, i))
        i = option_next(f->option, kind, f->option->queue.entries[i].serial);
    return i;
}

static enum err drop(struct field *f, uint32_t slot, struct why *why)
{
    f->kept_ms[slot] = 0;
    f->sent_again[slot] = false;
    return option_drop(f->option, slot, why);
}

/* The oldest call that is kept goes; readings stay. */
static enum err make_room(struct field *f, struct why *why)
{
    for (uint32_t i = option_next(f->option, ITEM_CALL_UP, 0); i < QUEUE_SLOTS && queue_free(&f->option->queue) < ROOM;
         i = option_next(f->option, ITEM_CALL_UP, f->option->queue.entries[i].serial)) {
        AUTO_ITEM item = { 0 };
        enum err err = option_get(f->option, i, &item, why);
        if (err != OK)
            return err;
        if (is_kept(f, i) && item.sequence == 0)
            return drop(f, i, why);
    }
    return OK;
}

enum err kept_put(struct field *f, const struct item *item, struct why *why)
{
    if (f->sent_again[item->slot] && item->sequence == 0)
        return drop(f, item->slot, why);
    if (!is_kept(f, item->slot))
        f->kept_ms[item->slot] = clock_mono_ms() + 1; /* never 0 */
    return make_room(f, why);
}

enum err kept_answered(struct field *f, const char *id, struct why *why)
{
    uint32_t slot = option_find(f->option, ITEM_CALL_UP, id);
    return slot < QUEUE_SLOTS && is_kept(f, slot) ? drop(f, slot, why) : OK;
}

/* They are fresh again, and go in their order. */
static void send_again(struct field *f, uint32_t slot)
{
    const uint64_t serial = f->option->queue.entries[slot].serial;
    f->kept_ms[slot] = 0;
    if (serial != 0 && serial <= f->sent_serial)
        f->sent_serial = serial - 1;
}

void kept_not(struct field *f, uint32_t slot)
{
    f->sent_again[slot] = false;
    if (is_kept(f, slot))
        send_again(f, slot);
}

void kept_met(struct field *f, const struct peer *peer)
{
    if (strcmp(f->above, peer->name) == 0)
        return;
    snprintf(f->above, sizeof f->above, "%s", peer->name);
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++)
        kept_not(f, i);
}

static enum err drop_or_send(struct field *f, uint32_t slot, int64_t readings, struct why *why)
{
    AUTO_ITEM item = { 0 };
    enum err err = option_get(f->option, slot, &item, why);
    if (err != OK)
        return err;
    if (item.sequence != 0 && item.sequence <= readings)
        return drop(f, slot, why);
    if (clock_mono_ms() - f->kept_ms[slot] >= AGAIN_MS) {
        send_again(f, slot);
        f->sent_again[slot] = true;
    }
    return OK;
}

enum err kept_confirm(struct field *f, int64_t readings, struct why *why)
{
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < QUEUE_SLOTS; i++)
        if (is_kept(f, i))
            err = drop_or_send(f, i, readings, why);
    return err;
}

unsigned kept_readings(const struct option *o)
{
    static const enum item_kind kinds[] = { ITEM_CALL_UP, ITEM_ANSWER, ITEM_READING };
    unsigned n = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (uint32_t i = option_next(o, kinds[k], 0); i < QUEUE_SLOTS; i = option_next(o, kinds[k], o->queue.entries[i].serial)) {
            AUTO_ITEM item = { 0 };
            struct why ignored;
            n += option_get(o, i, &item, &ignored) == OK && item.sequence != 0;
        }
    return n;
}
