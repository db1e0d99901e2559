#include "install.h"

#include "crc.h"

/* Ends a step: the install goes on to `next`, or has failed. */
static enum flash_err step(struct install *in, enum flash_err err, enum install_state next)
{
    in->state = err == FLASH_OK ? next : INSTALL_FAILED;
    return err;
}

/* The slot that is free and the generation that follows. */
static enum flash_err choose_slot(const struct area *area, struct slot *ret_slot)
{
    struct slot present = { .at = area->at[1] };
    enum flash_err err = area_find(area, &present);
    if (err == FLASH_IO)
        return err;
    if (err == FLASH_OK && present.generation == UINT32_MAX)
        return FLASH_TOO_LARGE;
    ret_slot->at = area->at[present.at == area->at[0] ? 1 : 0];
    ret_slot->generation = present.generation + 1;
    return FLASH_OK;
}

static enum flash_err write_head(const struct install *in)
{
    const struct flash *flash = in->area->flash;
    uint8_t head[SLOT_HEAD];
    area_encode_head(in->area, &in->slot, head);
    return flash->program(flash->chip, in->slot.at, head, SLOT_HEAD);
}

enum flash_err install_begin(struct install *in, const struct area *area, uint32_t length, uint16_t kind)
{
    *in = (struct install){ .area = area, .slot = { .length = length, .kind = kind } };
    if (length > area_capacity(area))
        return step(in, FLASH_TOO_LARGE, INSTALL_FAILED);
    enum flash_err err = choose_slot(area, &in->slot);
    if (err == FLASH_OK)
        err = area_clear_slot(area, in->slot.at);
    if (err == FLASH_OK)
        err = write_head(in);
    return step(in, err, INSTALL_RECEIVING);
}

enum flash_err install_push(struct install *in, const uint8_t *bytes, uint32_t n)
{
    if (in->state != INSTALL_RECEIVING)
        return step(in, FLASH_ORDER, INSTALL_FAILED);
    if (n > in->slot.length - in->taken)
        return step(in, FLASH_TOO_LARGE, INSTALL_FAILED);
    const struct flash *flash = in->area->flash;
    enum flash_err err = flash->program(flash->chip, in->slot.at + SLOT_PAYLOAD_AT + in->taken, bytes, n);
    in->crc = crc32_add(in->crc, bytes, n);
    in->taken += n;
    return step(in, err, INSTALL_RECEIVING);
}

static enum flash_err compare_head(const struct install *in)
{
    const struct flash *flash = in->area->flash;
    uint8_t wanted[SLOT_HEAD], found[SLOT_HEAD];
    area_encode_head(in->area, &in->slot, wanted);
    enum flash_err err = flash->read(flash->chip, in->slot.at, found, SLOT_HEAD);
    for (int i = 0; err == FLASH_OK && i < SLOT_HEAD; i++)
        if (wanted[i] != found[i])
            err = FLASH_DIFFERS;
    return err;
}

enum flash_err install_compare(struct install *in)
{
    if (in->state != INSTALL_RECEIVING || in->taken != in->slot.length)
        return step(in, FLASH_ORDER, INSTALL_FAILED);
    uint32_t crc = 0;
    enum flash_err err = in->area->flash->sync(in->area->flash->chip);
    if (err == FLASH_OK)
        err = compare_head(in);
    if (err == FLASH_OK)
        err = area_payload_crc(in->area, &in->slot, &crc);
    if (err == FLASH_OK && crc != in->crc)
        err = FLASH_DIFFERS;
    return step(in, err, INSTALL_COMPARED);
}

enum flash_err install_verify(struct install *in, install_verify_fn *fn, void *context)
{
    if (in->state != INSTALL_COMPARED)
        return step(in, FLASH_ORDER, INSTALL_FAILED);
    return step(in, fn == NULL ? FLASH_OK : fn(context, in->area, &in->slot), INSTALL_VERIFIED);
}

enum flash_err install_commit(struct install *in)
{
    if (in->state != INSTALL_VERIFIED)
        return step(in, FLASH_ORDER, INSTALL_FAILED);
    const struct flash *flash = in->area->flash;
    uint8_t head[SLOT_HEAD], commit[SLOT_COMMIT];
    struct slot found = { 0 };
    area_encode_head(in->area, &in->slot, head);
    area_encode_commit(head, in->slot.generation, in->crc, commit);
    enum flash_err err = flash->program(flash->chip, in->slot.at + SLOT_COMMIT_AT, commit, SLOT_COMMIT);
    if (err == FLASH_OK)
        err = flash->sync(flash->chip);
    if (err == FLASH_OK)
        err = area_find(in->area, &found);
    if (err == FLASH_OK && found.at != in->slot.at)
        err = FLASH_DIFFERS;
    return step(in, err == FLASH_EMPTY ? FLASH_DIFFERS : err, INSTALL_COMMITTED);
}

enum flash_err install_record(const struct area *area, const uint8_t *bytes, uint32_t n, uint16_t kind, install_verify_fn *fn,
                              void *context, struct slot *ret_slot)
{
    struct install in;
    enum flash_err err = install_begin(&in, area, n, kind);
    if (err == FLASH_OK)
        err = install_push(&in, bytes, n);
    if (err == FLASH_OK)
        err = install_compare(&in);
    if (err == FLASH_OK)
        err = install_verify(&in, fn, context);
    if (err == FLASH_OK)
        err = install_commit(&in);
    if (err == FLASH_OK && ret_slot != NULL)
        *ret_slot = in.slot;
    return err;
}
