/* The bench session: from a scan to PASS or FAIL for one device, as a pure state machine (F-8 to F-16).
 *
 * bench_step() takes one event and says what to do; it reads no clock and touches no socket. The program around
 * it (line.c) does the effects in their order and brings the answers back as events; the simulator does the same
 * in memory. The pack's bytes never enter: the machine knows its fingerprint and nonce only.
 *
 * Requests carry a ticket; an answer with an older ticket is of a request that was given up, and is ignored. */
#ifndef STATION_BENCH_H
#define STATION_BENCH_H

#include <stdbool.h>

#include "model/number.h"
#include "model/role.h"

enum { BENCH_FINGERPRINT = 32, BENCH_NONCE = 16, BENCH_PROOF_MAX = 1024, BENCH_BOARD = 72, BENCH_REASON = 256, BENCH_EFFECTS_MAX = 6 };

enum bench_state {
#define STATE(code, name, step, text) BENCH_##code,
#include "station/bench.tbl"
#undef STATE
    BENCH_STATE_COUNT
};
enum bench_event_kind {
#define EVENT(code, name) BENCH_EVENT_##code,
#include "station/bench.tbl"
#undef EVENT
    BENCH_EVENT_COUNT
};
enum bench_effect {
#define EFFECT(code, name) BENCH_DO_##code,
#include "station/bench.tbl"
#undef EFFECT
    BENCH_EFFECT_COUNT
};

struct bench_state_row {
    const char *name, *step, *text;
};
const struct bench_state_row *bench_state_row(enum bench_state state);
const char *bench_event_name(enum bench_event_kind kind);
const char *bench_effect_name(enum bench_effect effect);

/* How long things may take. All in milliseconds. */
struct bench_patience {
    int64_t device_ms;         /* one answer of the device */
    int64_t device_retry_ms;   /* pause before it is asked again */
    int64_t device_patience_ms; /* no answer at all: FAIL */
    int64_t write_ms;          /* from S8 to S10, before the device is asked */
    int64_t factory_ms, factory_retry_ms, factory_patience_ms;
    int64_t keyed_ms;          /* between the two times that a number is keyed in */
    unsigned packs_most;       /* packs tried for one device (F-16) */
    unsigned sends_most;       /* times that one pack is sent */
};
extern const struct bench_patience bench_patience_default;

struct bench_status {
    bool blank, individual;
    char number[LIMIT_NUMBER_TEXT + 1]; /* of the NVRAM; "" on a bare board */
    char board[BENCH_BOARD + 1];
    uint8_t fingerprint[BENCH_FINGERPRINT]; /* with individual */
};

struct bench_result {
    struct device_number number;
    bool good;
    bool has_fingerprint;
    uint8_t fingerprint[BENCH_FINGERPRINT];
    uint8_t proof[BENCH_PROOF_MAX];
    size_t proof_n;
    char reason[BENCH_REASON];
    struct peer peer; /* who said so, from TLS */
    uint64_t exchange; /* where the answer goes; never 0 */
};

struct bench_event {
    enum bench_event_kind kind;
    uint32_t ticket;             /* STATUS, PACK, RECEIVED, REPORTED, INITIALISED, FAULT: of the effect */
    struct device_number number; /* SCAN, KEY; PACK: in the pack's envelope */
    struct bench_status status;  /* STATUS */
    struct device_number certificate_number; /* PACK */
    uint8_t fingerprint[BENCH_FINGERPRINT];  /* PACK */
    uint8_t nonce[BENCH_NONCE];              /* PACK */
    bool known; /* PACK: there is none, the factory server knows what the device has: only the proof is wanted */
    struct bench_result result; /* RESULT */
    bool again;                 /* REPORTED: a new pack will come (F-16) */
    enum err err;               /* FAULT, MISREAD */
    struct why why;
};

struct bench {
    struct bench_patience patience;
    enum bench_state state;
    uint32_t ticket;      /* of the last request */
    int64_t deadline_ms;  /* when TIMER is due; 0: none */
    int64_t started_ms;   /* of this session */
    int64_t silent_ms;    /* since when the present partner has not answered */
    struct device_number number, keyed;
    struct bench_status status;
    bool has_pack;
    uint8_t fingerprint[BENCH_FINGERPRINT], nonce[BENCH_NONCE]; /* of the pack at hand */
    struct bench_result result; /* of S10, being reported or reported */
    uint64_t exchange;          /* of S10, not yet answered; 0: none */
    uint64_t answered, refused; /* exchanges of ANSWER_DEVICE and REFUSE_DEVICE */
    unsigned packs, sends;
    bool already;  /* PASSED: it had its identity before */
    enum err err;  /* FAILED: why, and what to do */
    struct why why;
    const char *advice;
    enum err refusal; /* with REFUSE_DEVICE */
    struct why note;  /* with NOTE, and the reason of a *_WAIT */
};

struct bench_effects {
    enum bench_effect list[BENCH_EFFECTS_MAX];
    size_t n;
};

void bench_init(const struct bench_patience *patience, struct bench *ret_bench);

/* Errors: BAD_TRANSITION for an event that cannot be in this state; nothing has changed then.
 * ret_effects is written in every case. */
enum err bench_step(struct bench *b, const struct bench_event *event, int64_t now_ms, struct bench_effects *ret_effects,
                    struct why *why) MUST_CHECK;

/* Whether a new scan would begin a session. */
bool bench_is_free(const struct bench *b);

#endif
