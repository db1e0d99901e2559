/* The remote service (D-6): what the centre may ask, as one table; between system control and network control.
 *
 * It is the same whether a call came within an exchange or was posted to /soap/remote. A row's function may be asked
 * again and again about the same call, also after a start: what it looks at is durable. */
#ifndef DEVICE_REMOTE_H
#define DEVICE_REMOTE_H

#include "device/field.h"

enum remote_outcome {
    REMOTE_ANSWERED, /* the body is filled */
    REMOTE_LATER,    /* a response delay notification goes out, the answer follows (M-4) */
};

/* The answer's texts are constants or live in the board. */
struct remote_reply {
    enum remote_outcome outcome;
    int64_t after_s;    /* with LATER */
    bool restart;       /* with LATER: start again once the notification arrived */
    int64_t sequence;   /* of the reading in the body; 0: none */
    struct counter_value values[CHARGE_COUNT];
    struct parameter parameters[4];
    union {
        struct charge_counter_response charge_counter;
        struct device_information_response device_information;
        struct polling_interval_response polling_interval;
        struct restart_response restart;
        struct renew_identity_response renew_identity;
        struct fetch_program_response fetch_program;
        struct counter_hand_over_response counter_hand_over;
        struct counter_threshold_response counter_threshold;
    } body;
};

/* item: the call as it lies in the memory; its epoch and sequence (here: generation of the identity) are those of the
 * moment when it was taken. An error is the answer too: a fault. */
typedef enum err remote_fn(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply,
                           struct why *why);
remote_fn *remote_row(enum soap_message message); /* NULL: the device does not answer this */

remote_fn remote_charge_counter, remote_device_information, remote_polling_interval, remote_restart, remote_renew_identity,
    remote_fetch_program, remote_counter_hand_over, remote_counter_threshold;

/* A posted call, from the centre's own connection: the envelope of its answer, or BUSY with the time when it comes by an
 * exchange. Errors: those of field_take_call, NOT_FOUND for a call that was answered long ago. */
enum err remote_post(struct field *f, const struct soap_header *header, struct span envelope, struct buf *to, struct why *why) MUST_CHECK;

#endif
