/* A new device folder: what the board's maker and the assembly do (D-1, D-2). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "device/board.h"
#include "device/core/install.h"

/* The key's file comes last: making it syncs the folder, with the chips' names in it. */
static enum err create_chips(const char *dir, struct why *why)
{
    char path[BOARD_PATH + 16];
    snprintf(path, sizeof path, "%s/flash.bin", dir);
    enum err err = filechip_create(path, FLASH_BYTES, why);
    snprintf(path, sizeof path, "%s/nvram.bin", dir);
    if (err == OK)
        err = filechip_create(path, NVRAM_BYTES, why);
    snprintf(path, sizeof path, "%s/device.key", dir);
    return err == OK ? kek_create_file(path, why) : err;
}

static enum err write_values(struct board *b, const struct board_order *order, struct why *why)
{
    struct nvram values = { 0 };
    if (strlen(order->number) >= sizeof values.number || strlen(order->board) >= sizeof values.board)
        return why_set(why, ERR_TOO_LARGE, "the number or the board's id is too long");
    memcpy(values.number, order->number, strlen(order->number));
    memcpy(values.board, order->board, strlen(order->board));
    return board_save_values(b, &values, why);
}

static enum err write_firmware(struct board *b, const struct board_order *order, struct why *why)
{
    char fixed[256];
    const char *applications = order->applications == NULL ? BOARD_APPLICATIONS : order->applications;
    int n = snprintf(fixed, sizeof fixed, "model=%s\nflash=%d\nnvram=%d\napplications=%s\n", order->model, FLASH_BYTES, NVRAM_BYTES,
                     applications);
    if (n < 0 || n >= (int)sizeof fixed)
        return why_set(why, ERR_TOO_LARGE, "the list of applications is too long");
    enum flash_err err = install_record(&b->memory.parameters, (const uint8_t *)fixed, (uint32_t)n, KIND_PLAIN, NULL, NULL, NULL);
    if (err == FLASH_OK && order->root.n != 0)
        err = install_record(&b->memory.programs, order->root.at, (uint32_t)order->root.n, KIND_PLAIN, NULL, NULL, NULL);
    return flash_error(err, "firmware", why);
}

/* A device is promised when it is whole: its chips are made durable once, at the end. */
static enum err write_all(struct board *b, const struct board_order *order, struct why *why)
{
    b->flash_file.sync_later = b->nvram_file.sync_later = true;
    enum err err = write_values(b, order, why);
    if (err == OK)
        err = write_firmware(b, order, why);
    b->flash_file.sync_later = b->nvram_file.sync_later = false;
    if (err == OK)
        err = flash_error(b->flash.sync(b->flash.chip), "flash", why);
    return err == OK ? flash_error(b->nvram.sync(b->nvram.chip), "NVRAM", why) : err;
}

static enum err make(const char *dir, const struct board_order *order, struct why *why)
{
    struct board b;
    enum err err = file_make_dir(dir, why);
    if (err == OK)
        err = create_chips(dir, why);
    if (err == OK)
        err = board_open(dir, BOARD_USE, &b, why);
    if (err != OK)
        return err;
    err = write_all(&b, order, why);
    if (err == OK)
        board_history(&b, "assembled", order->board);
    board_close(&b);
    return err;
}

/* What is left of one that was never finished. */
static void sweep(const char *dir)
{
    static const char *const names[] = { "flash.bin", "nvram.bin", "device.key", "history.jsonl" };
    char path[BOARD_PATH + 16];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (file_join(dir, names[i], sizeof path, path) == OK)
            unlink(path);
    rmdir(dir);
}

enum err board_create(const char *dir, const struct board_order *order, struct why *why)
{
    char made[BOARD_PATH];
    if (snprintf(made, sizeof made, "%s.new", dir) >= (int)sizeof made)
        return why_set(why, ERR_TOO_LARGE, "the name of the folder %s is too long", dir);
    sweep(made);
    enum err err = make(made, order, why);
    if (err == OK && rename(made, dir) != 0)
        err = errno == ENOTEMPTY || errno == EEXIST ? why_set(why, ERR_EXISTS, "%s exists already, and is not empty", dir)
                                                    : why_errno(why, errno, "naming %s", dir);
    if (err == OK)
        err = file_sync_parent(dir, why);
    if (err != OK)
        sweep(made);
    return err;
}
