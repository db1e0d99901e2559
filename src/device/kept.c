/* Readings whose letter a gateway took (M-5). Its receipt says that it has the letter, not that the centre will: the gateway may
 * be cut off for a day, or gone, while this device speaks to the centre by another way, where the next reading would seem to
 * skip those. So they stay in the memory until the centre's session says that they came, and are sent again
 *   - when another one answers than the one that took them (also after a start, which knows of no receipts),
 *   - when the centre has been there for a while and still does not have them.
 * Sent twice, a reading counts once (I10). */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "device/field.h"

enum { AGAIN_MS = 15 * 60 * 1000 };

static bool is_kept(const struct field *f, uint32_t slot) { return f->kept_ms[slot] != 0; }

uint32_t kept_next(const struct field *f, enum item_kind kind, uint64_t after)
{
    uint32_t i = option_next(f->option, kind, after);
    while (i < QUEUE_SLOTS && is_kept(f, i))
        i = option_next(f->option, kind, f->option->queue.entries[i].serial);
    return i;
}

void kept_put(struct field *f, uint32_t slot)
{
    if (!is_kept(f, slot))
        f->kept_ms[slot] = clock_mono_ms() + 1; /* never 0 */
}

/* They are fresh again, and go in their order. */
static void send_again(struct field *f, uint32_t slot)
{
    const uint64_t serial = f->option->queue.entries[slot].serial;
    f->kept_ms[slot] = 0;
    if (serial != 0 && serial <= f->sent_serial)
        f->sent_serial = serial - 1;
}

void kept_met(struct field *f, const struct peer *peer)
{
    if (strcmp(f->above, peer->name) == 0)
        return;
    snprintf(f->above, sizeof f->above, "%s", peer->name);
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++)
        if (is_kept(f, i))
            send_again(f, i);
}

static enum err drop_or_send(struct field *f, uint32_t slot, int64_t readings, struct why *why)
{
    AUTO_ITEM item = { 0 };
    enum err err = option_get(f->option, slot, &item, why);
    if (err != OK)
        return err;
    if (item.sequence <= readings) {
        f->kept_ms[slot] = 0;
        return option_drop(f->option, slot, why);
    }
    if (clock_mono_ms() - f->kept_ms[slot] >= AGAIN_MS)
        send_again(f, slot);
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
