/* The device's memory map (D-1, D-2) and what the boot finds in it.
 *
 * Flash: identity, bootstrap certificate, fixed parameters, programs (the OS images, boot loader and applications
 * of a real device; here its version and the root certificate that is built into the firmware).
 * NVRAM: one record (nvram.h) in two copies, and between them the ring of the log (ledger.h). */
#ifndef DEVICE_CORE_MEMORY_H
#define DEVICE_CORE_MEMORY_H

#include "area.h"
#include "ledger.h"

enum { FLASH_BYTES = 64 * 1024, FLASH_SECTOR = 4096, NVRAM_BYTES = 8 * 1024, NVRAM_SECTOR = 512 };

/* What a payload is, in the slot's `kind`. */
enum { KIND_PLAIN = 0, KIND_SEALED = 1 };

/* A(name, chip, magic, first slot at, second slot at, bytes of each slot, what) */
#define MEMORY_AREAS(A) \
    A(identity, flash, 0x4e454449, 0x0000, 0x4000, 0x4000, "identity") /* "IDEN" */ \
    A(bootstrap, flash, 0x544f4f42, 0x8000, 0xa000, 0x2000, "bootstrap certificate") /* "BOOT" */ \
    A(parameters, flash, 0x4d524150, 0xc000, 0xd000, 0x1000, "fixed parameters") /* "PARM" */ \
    A(programs, flash, 0x474f5250, 0xe000, 0xf000, 0x1000, "programs") /* "PROG" */ \
    A(nvram, nvram, 0x4d52564e, 0x0000, 0x1000, 0x0800, "NVRAM") /* "NVRM" */

/* L(at): the sectors of the log, in the order of its ring. They lie behind the two slots of the NVRAM record, which
 * a memory from before the log left blank. */
#define MEMORY_LEDGER(L) L(0x0800) L(0x0a00) L(0x0c00) L(0x0e00) L(0x1800) L(0x1a00) L(0x1c00) L(0x1e00)

struct memory {
#define A(name, chip, magic, first, second, bytes, what) struct area name;
    MEMORY_AREAS(A)
#undef A
    struct ledger_map ledger;
};

/* Lays the areas over the two chips, which must outlive it. Errors: TOO_LARGE for a chip of another geometry. */
enum flash_err memory_init(const struct flash *flash, const struct flash *nvram, struct memory *ret_memory);

enum boot_state {
    BOOT_BLANK,      /* neither certificate: a board as assembled */
    BOOT_BOOTSTRAP,  /* may only ask to be given an identity */
    BOOT_INDIVIDUAL, /* has its identity */
};

struct boot {
    enum boot_state state;
    struct slot identity;  /* with INDIVIDUAL */
    struct slot bootstrap; /* length 0 when there is none */
};

/* What the boot loader does first: the whole identity with the highest generation, else the bootstrap
 * certificate, else nothing. Whatever the chips hold, it ends in one of the three. Errors: IO. */
enum flash_err memory_boot(const struct memory *memory, struct boot *ret_boot);

#endif
