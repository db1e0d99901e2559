/* One identity in the factory's store: a device number in one generation (F-6, figure 20), without its pack. */
#ifndef MODEL_IDENTITY_H
#define MODEL_IDENTITY_H

#include "model/lifecycle.h"
#include "model/number.h"

enum { IDENTITY_NONCE = 16, IDENTITY_FINGERPRINT = 32 };

struct identity {
    struct device_number number;
    int64_t generation; /* 1, 2 after the first re-issue ... */
    char model[LIMIT_MODEL_CODE + 1];
    int32_t day; /* of the plan, 20260319 */
    enum lifecycle_state state;
    char order[LIMIT_NAME + 1];         /* production order at the CA; "" before it was issued */
    char request[LIMIT_MESSAGE_ID + 1]; /* request id under which it was asked for; "" before */
    bool has_pack;                      /* sealed pack on hand */
    bool direct;                        /* passed through without being stored (F-21) */
    bool has_fingerprint;
    uint8_t fingerprint[IDENTITY_FINGERPRINT]; /* of the device certificate */
    char station[LIMIT_NAME + 1];              /* that has it, or had it last; "" none */
    char board[LIMIT_NAME + 1];                /* bound to this board; "" not yet */
    int64_t lease_until_s;                     /* of the claim */
    bool has_nonce;
    uint8_t nonce[IDENTITY_NONCE]; /* what the proof of possession is made over */
    int64_t created_s, written_s;  /* 0: not yet */
    char reason[128];              /* why it failed */
};

#endif
