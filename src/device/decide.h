/* What the device decides, without doing any of it: no system call, no clock, no memory here. The agent asks and
 * acts; a simulator may ask the same. */
#ifndef DEVICE_DECIDE_H
#define DEVICE_DECIDE_H

#include "base/err.h"
#include "device/core/memory.h"
#include "pki/cert.h"

/* The device as the decisions see it. */
struct device_view {
    enum boot_state state;
    const char *number;         /* of the NVRAM; "" on a bare board */
    const char *board;          /* its own id; "" when it has none */
    const uint8_t *fingerprint; /* of the individual certificate; with INDIVIDUAL */
    const uint8_t *bootstrap;   /* of the bootstrap certificate; when it has one */
    int64_t issued_s;           /* begin of the individual certificate's validity; with INDIVIDUAL */
};

/* What a PackTransmission brings, before any of it was judged. */
struct pack_offer {
    const char *number, *board; /* board: whom it was claimed for; "" for one without an id */
    uint8_t fingerprint[CERT_FINGERPRINT];
    int64_t issued_s; /* begin of its validity: both times are the CA's, no other clock counts */
};

/* Whether it may start: the number in the NVRAM is the one in the certificate (invariant 7).
 * Errors: NUMBER_MISMATCH. */
enum err decide_start(enum boot_state state, const char *nvram_number, const char *certificate_number,
                      struct why *why) MUST_CHECK;

enum pack_step {
    PACK_WRITE,        /* acknowledge, write, report */
    PACK_REPORT_AGAIN, /* it is in the flash already: acknowledge and report, write nothing (I10) */
};

/* A pack came (S7), for the board that the station saw: two boards may have the same number in their memories, and
 * be exchanged on the bench. Nor does an older identity replace a newer one: a late or replayed S7 would bring back what
 * was voided. Errors: NUMBER_MISMATCH, CONFLICT for another board, BAD_TRANSITION on a blank one or backwards. */
enum err decide_pack(const struct device_view *v, const struct pack_offer *offer, enum pack_step *ret_step,
                     struct why *why) MUST_CHECK;

/* The station asks for the result (again). Errors: NUMBER_MISMATCH, NOT_FOUND without an identity. */
enum err decide_result_request(const struct device_view *v, const char *number, struct why *why) MUST_CHECK;

enum bootstrap_step { BOOTSTRAP_WRITE, BOOTSTRAP_HAS_IT };

/* A bootstrap certificate came (S1703). Errors: BAD_TRANSITION once it has an identity, CONFLICT for another board. */
enum err decide_bootstrap(const struct device_view *v, const char *board, const uint8_t fingerprint[CERT_FINGERPRINT],
                          enum bootstrap_step *ret_step, struct why *why) MUST_CHECK;

/* Parameters came (S1709). Errors: BAD_TRANSITION without an identity. */
enum err decide_parameters(const struct device_view *v, struct why *why) MUST_CHECK;

enum report_step { REPORT_DONE, REPORT_AGAIN, REPORT_GIVE_UP };

/* What follows an attempt to report: S13 came (OK), or an error of the call or a fault of the station. A result
 * that the station refuses is given up: it asks again with ResultRequest when it wants it.
 * attempt: 1 for the first. ret_delay_ms is set with REPORT_AGAIN. */
enum report_step decide_report(enum err err, unsigned attempt, int64_t *ret_delay_ms);

#endif
