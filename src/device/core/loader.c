#include "loader.h"

static enum flash_err mark_failures(struct programs *p)
{
    enum flash_err err = FLASH_OK;
    for (int i = 0; err == FLASH_OK && i < PROGRAM_SLOTS; i++) {
        const struct program_slot *s = &p->slots[i];
        bool open = s->there && !s->marks[PROGRAM_CONFIRMED] && !s->marks[PROGRAM_BAD];
        if (open && program_attempts(s) == PROGRAM_ATTEMPTS)
            err = program_set_mark(p, i, PROGRAM_BAD);
    }
    return err;
}

enum flash_err loader_choose(struct programs *p, struct loaded *ret_loaded)
{
    struct loaded loaded = { .slot = PROGRAM_NONE };
    enum flash_err err = p == NULL ? FLASH_OK : mark_failures(p);
    if (err == FLASH_OK && p != NULL)
        loaded.slot = program_choose(p);
    if (loaded.slot != PROGRAM_NONE && !p->slots[loaded.slot].marks[PROGRAM_CONFIRMED]) {
        loaded.on_trial = true;
        err = program_set_tried(p, loaded.slot);
    }
    if (err == FLASH_OK)
        *ret_loaded = loaded;
    return err;
}

enum flash_err loader_start(struct loaded *loaded, uint32_t applications, loader_start_fn *fn, void *context)
{
    enum flash_err err = FLASH_OK;
    for (int i = 0; err == FLASH_OK && i < SOFTWARE_COUNT; i++) {
        const struct software_row *row = &software_rows[i];
        if (row->layer == LAYER_APPLICATION && (applications & 1u << i) == 0)
            continue;
        if ((row->needs & ~loaded->started) != 0)
            return FLASH_ORDER;
        err = fn == NULL ? FLASH_OK : fn(context, (enum software)i);
        if (err == FLASH_OK)
            loaded->started |= 1u << i;
    }
    return err;
}

enum flash_err loader_confirm(struct programs *p, struct loaded *loaded)
{
    if (!loaded->on_trial)
        return FLASH_OK;
    enum flash_err err = program_set_mark(p, loaded->slot, PROGRAM_CONFIRMED);
    if (err == FLASH_OK)
        loaded->on_trial = false;
    return err;
}

enum flash_err loader_give_up(struct programs *p, const struct loaded *loaded)
{
    return loaded->on_trial ? program_set_mark(p, loaded->slot, PROGRAM_BAD) : FLASH_OK;
}
