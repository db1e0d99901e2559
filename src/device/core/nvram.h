/* What the NVRAM keeps (D-2): device number, initial operation values, initial application values, counters and
 * bootstrap certificate information, as one record that an update replaces whole.
 *
 * Texts are NUL-terminated and NUL-padded; one that is not is read as empty. */
#ifndef DEVICE_CORE_NVRAM_H
#define DEVICE_CORE_NVRAM_H

#include "area.h"

/* X(name, what it counts) */
#define NVRAM_COUNTERS(X) \
    X(CHARGE, "charge counter") \
    X(BOOTS, "starts") \
    X(WRITES, "identities written") \
    X(FAILURES, "identity writes that failed")

enum nvram_counter {
#define X(name, what) NVRAM_##name,
    NVRAM_COUNTERS(X)
#undef X
    NVRAM_COUNTER_COUNT
};

enum { NVRAM_COUNTER_ROOM = 8 }; /* more may come without a new layout */

struct nvram {
    char number[48];       /* "3012-123456"; "" on a bare board */
    char board[72];        /* the board's own id; "" when it has none */
    char operation[640];   /* initial operation values: lines NAME=VALUE */
    char application[640]; /* initial application values */
    char bootstrap_model[24];
    uint8_t bootstrap_fingerprint[32]; /* SHA-256 of the bootstrap certificate; zeros when there is none */
    uint64_t counters[NVRAM_COUNTER_ROOM];
};

/* Errors: EMPTY (a fresh chip, or both copies damaged), IO. */
enum flash_err nvram_read(const struct area *area, struct nvram *ret_nvram);

/* Power-safe: afterwards the chip holds the old record or the new one. Errors: IO, DIFFERS. */
enum flash_err nvram_write(const struct area *area, const struct nvram *nvram);

#endif
