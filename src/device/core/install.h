/* Writing a record so that power may go at any byte (D-1, F-14, invariant I3).
 *
 *   begin     the slot not in use is erased, the head is programmed        RECEIVING
 *   push      bytes in any cut, programmed as they come                    RECEIVING
 *   compare   all bytes are there, durable, and read back the same         COMPARED
 *   verify    the caller judges what lies in the chip: chain, key, number  VERIFIED
 *   commit    the commit record, durable, read back                        COMMITTED
 *
 * Until commit has returned, the record in force is the old one; afterwards it is the new one. Any failure ends
 * the install (FAILED) and leaves the old record in force; begin starts again. A step out of order is refused
 * with ORDER, so that nothing is committed that was not compared and verified. */
#ifndef DEVICE_CORE_INSTALL_H
#define DEVICE_CORE_INSTALL_H

#include "area.h"

enum install_state {
    INSTALL_IDLE,
    INSTALL_RECEIVING,
    INSTALL_COMPARED,
    INSTALL_VERIFIED,
    INSTALL_COMMITTED,
    INSTALL_FAILED,
};

struct install {
    const struct area *area; /* must outlive the install */
    struct slot slot;        /* the new record; in force once COMMITTED */
    uint32_t taken, crc;     /* bytes pushed so far and their checksum */
    enum install_state state;
};

/* Says whether the record may come into force, reading it by area_read. Only FLASH_OK lets it pass. */
typedef enum flash_err install_verify_fn(void *context, const struct area *area, const struct slot *slot);

/* length: bytes that will be pushed. Errors: TOO_LARGE, IO. */
enum flash_err install_begin(struct install *in, const struct area *area, uint32_t length, uint16_t kind);
enum flash_err install_push(struct install *in, const uint8_t *bytes, uint32_t n);     /* TOO_LARGE, IO, ORDER */
enum flash_err install_compare(struct install *in);                                    /* DIFFERS, IO, ORDER */
enum flash_err install_verify(struct install *in, install_verify_fn *fn, void *context); /* what fn says, ORDER */
enum flash_err install_commit(struct install *in);                                     /* DIFFERS, IO, ORDER */

/* All of it for a record in memory. fn NULL: a record that needs no judging (counters, parameters). */
enum flash_err install_record(const struct area *area, const uint8_t *bytes, uint32_t n, uint16_t kind, install_verify_fn *fn,
                              void *context, struct slot *ret_slot);

#endif
