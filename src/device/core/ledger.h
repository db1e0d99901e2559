/* The log of what changes often (D-2, M-5): charge counters, boot epoch, readings made, and the token and nonce of
 * the field session. One change is one small record behind the last one; it does not erase a sector.
 *
 * The log is a ring of sectors in the NVRAM. Each sector in use begins with a snapshot of everything, under a
 * generation that grows by one; behind it come the records. The highest generation whose snapshot is whole is in
 * force. A sector that is full, or whose end was torn by a power cut, is followed by the next in the ring, so that
 * all of them wear evenly. After each call the chip holds the state before or the state after, never another.
 * doc/protocol/flash.md has the bytes. */
#ifndef DEVICE_CORE_LEDGER_H
#define DEVICE_CORE_LEDGER_H

#include "flash.h"

/* X(code, name): what the applications count, and what the customer is billed by. The names are the messages'. */
#define CHARGE_COUNTERS(X) \
    X(COPY, "copy") X(FAX, "fax") X(PRINT, "print") X(SCAN, "scan") \
    X(WATER, "water") X(GAS, "gas") X(ELECTRICITY, "electricity")

enum charge_counter {
#define X(code, name) CHARGE_##code,
    CHARGE_COUNTERS(X)
#undef X
    CHARGE_COUNT
};

/* The values of the ledger: the charge counters first. */
enum ledger_value {
    LEDGER_LETTERS = 7, /* letters made in it: the serial of the last one */
    LEDGER_EPOCH,       /* starts in the life of the device number */
    LEDGER_READINGS,    /* readings made in it: the sequence number of the last one */
    LEDGER_READ_EPOCH,  /* the epoch at the last reading */
    LEDGER_HANDED_OVER, /* 1 + the sequence number that a replaced board's counters came with; 0: they are its own */
    LEDGER_VALUES
};

enum { LEDGER_TOKEN = 40, LEDGER_NONCE = 16, LEDGER_SECTORS_MOST = 16 };

struct ledger_state {
    uint64_t values[LEDGER_VALUES];
    uint8_t token[LEDGER_TOKEN]; /* text, NUL-padded; "" before the first session */
    uint8_t nonce[LEDGER_NONCE]; /* of the presence that shows the token */
};

/* Where the ring lies: sectors of one size, anywhere on the chip. */
struct ledger_map {
    const struct flash *flash;
    uint32_t at[LEDGER_SECTORS_MOST];
    uint32_t sectors;
};

struct ledger {
    const struct ledger_map *map; /* must outlive it */
    struct ledger_state now;      /* as the chip has it */
    uint32_t generation, used;    /* of the sector in force; bytes used there */
    uint32_t sector;              /* its place in the ring */
    bool blank;                   /* nothing was ever written */
};

/* Reads what is in force. Writes nothing. Errors: IO. */
enum flash_err ledger_open(const struct ledger_map *map, struct ledger *ret_ledger);

/* Each is durable when OK, and one whole change. Errors: IO, DIFFERS when no sector takes it. */
enum flash_err ledger_set(struct ledger *l, enum ledger_value value, uint64_t to);
enum flash_err ledger_count(struct ledger *l, enum charge_counter counter, uint64_t more);
enum flash_err ledger_set_reading(struct ledger *l, uint64_t readings, uint64_t read_epoch);
enum flash_err ledger_set_session(struct ledger *l, const uint8_t token[LEDGER_TOKEN], const uint8_t nonce[LEDGER_NONCE]);
enum flash_err ledger_replace(struct ledger *l, const struct ledger_state *state); /* all of it, as a new snapshot */

const char *charge_counter_name(enum charge_counter counter);

#endif
