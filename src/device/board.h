/* One device's board: its two chips in DIR/flash.bin and DIR/nvram.bin, and what the boot found in them.
 *
 *   DIR/flash.bin, DIR/nvram.bin   the chips (doc/protocol/flash.md)
 *   DIR/option.bin                 the remote functions' memory (D-3), when it has one
 *   DIR/device.key                 stands for the key fused into the processor; packs are sealed to it (F-14)
 *   DIR/history.jsonl              what happened to it, for `nameplate trace`; not part of the device */
#ifndef DEVICE_BOARD_H
#define DEVICE_BOARD_H

#include "device/core/memory.h"
#include "device/core/nvram.h"
#include "device/credential.h"
#include "device/filechip.h"
#include "device/option.h"
#include "pki/seal.h"

enum { BOARD_PATH = 400 };
#define BOARD_APPLICATIONS "copy,fax,print,scan,net file,web" /* of an office machine */

struct board {
    char dir[BOARD_PATH];
    struct test_only_faults faults;
    struct filechip flash_file, nvram_file;
    struct flash flash, nvram;
    struct memory memory;
    struct option option; /* the remote functions' memory, when it has one */
    struct boot boot;
    uint32_t applications; /* SOFTWARE_BITs: what it was built as (a fixed parameter) */
    struct nvram values;
    struct ledger ledger; /* counters and session, as the NVRAM has them */
    struct sealer *sealer; /* over the device key; NULL when it cannot be had */
    bool store_sealed;     /* how the next pack is stored */
    struct cert *root;     /* of the firmware; NULL: none was built in */
    struct trust *trust;   /* in that root; NULL with it */
    struct credential identity, bootstrap; /* empty when the boot found none */
};

struct board_order {
    const char *number; /* "3012-123456", or "" for a bare board */
    const char *model;  /* "3012" */
    const char *board;  /* its own id; "" when it has none */
    const char *applications; /* "copy,fax,print,scan"; NULL: those of an office machine */
    struct span root;   /* DER for the firmware; empty: none */
};

/* A new device folder: two blank chips, the device key, NVRAM and firmware written. It has its name when it is whole ("DIR.new"
 * before). Errors: EXISTS (not empty). */
enum err board_create(const char *dir, const struct board_order *order, struct why *why) MUST_CHECK;

enum board_mode { BOARD_LOOK, BOARD_USE };

/* Opens the chips and boots. LOOK writes nothing and shows even what may not start; USE takes the board for
 * itself (BUSY when another process has it) and counts the start. Errors: NOT_FOUND, DAMAGED, FLASH_FAILED, BUSY;
 * USE also NUMBER_MISMATCH when NVRAM and certificate name two devices (invariant 7). */
enum err board_open(const char *dir, enum board_mode mode, struct board *ret_board, struct why *why) MUST_CHECK;
void board_close(struct board *b);

/* The keys and certificates that the boot found, judged again. Errors: those of credential_from_pack. */
enum err board_load_credentials(struct board *b, struct why *why) MUST_CHECK;

/* What the boot loader does in a device that runs (D-4): chooses the program, starts OS, services and applications. */
enum err board_load(struct board *b, struct why *why) MUST_CHECK;

/* Looks at the chips again, as after a start. */
enum err board_boot(struct board *b, struct why *why) MUST_CHECK;

/* Writes, reads back, judges what lies in the flash, commits, boots. On any error what was in force is.
 * Errors: those of credential_from_pack, FLASH_FAILED, TOO_LARGE. */
enum err board_install_identity(struct board *b, struct span pack, struct why *why) MUST_CHECK;
enum err board_install_bootstrap(struct board *b, struct span pack, struct why *why) MUST_CHECK;

/* The identity before the present one goes from the flash; called when the present one was accepted. */
enum err board_drop_stale(struct board *b, struct why *why) MUST_CHECK;

/* Writes `values` (D-2). */
enum err board_save_values(struct board *b, const struct nvram *values, struct why *why) MUST_CHECK;

/* Counts for the customer's bill (M-5); durable on return. Errors: FLASH_FAILED, TOO_LARGE. */
enum err board_count(struct board *b, enum charge_counter counter, uint64_t more, struct why *why) MUST_CHECK;

/* Sets the number at assembly. Errors: EXISTS when it has another one. */
enum err board_set_number(struct board *b, const struct device_number *number, struct why *why) MUST_CHECK;

/* The fixed parameters' or the programs' content. Errors: NOT_FOUND. */
enum err board_read_area(const struct board *b, const struct area *area, const char *what, struct buf *to,
                         struct why *why) MUST_CHECK;

const char *board_state_name(enum boot_state state); /* "blank", "bootstrap", "individual" */

/* One line in DIR/history.jsonl; failing to write it is nothing the device could tell anybody. */
void board_history(const struct board *b, const char *event, const char *detail);

#endif
