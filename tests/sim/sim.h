/* A small simulation of the line: one factory server, one station, two boards with the same number, and a network
 * that loses, doubles, delays and reorders; every party may be killed. What they decide is the product's own
 * object code (station/bench.h, factory/decide.h, device/decide.h, device/core); sockets, disks, clocks and
 * randomness are here, all from one seed. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "../unit/device/chip.h"
#include "device/core/memory.h"
#include "device/decide.h"
#include "factory/decide.h"
#include "station/bench.h"

enum { BOARDS = 2, GENERATIONS = 24, QUEUE = 4096, FAULTS_END_MS = 60000, RUN_END_MS = 400000, PAYLOAD = 200 };

enum mutation { MUTATE_NOTHING, MUTATE_NO_BINDING, MUTATE_ANSWER_FIRST, MUTATE_NO_SYNC, MUTATE_CLAIM_IS_PROOF, MUTATE_ANY_BOARD, MUTATE_ROLLBACK,
    MUTATION_COUNT };

enum message_kind {
    MSG_STATUS, MSG_STATUS_IS, MSG_PACK, MSG_PACK_IS, MSG_SEND, MSG_RECEIVED, MSG_ASK_RESULT, MSG_RESULT, MSG_RESULT_TAKEN,
    MSG_REPORT, MSG_REPORTED, MSG_INITIALISE, MSG_INITIALISED, MSG_FAULT,
    /* not messages: what happens by itself */
    TICK_STATION, TICK_OPERATOR, TICK_FACTORY, TICK_WRITE, TICK_REPORT, TICK_POWER_ON,
};

struct message {
    int64_t at_ms;
    uint64_t order; /* of equal times */
    enum message_kind kind;
    unsigned board;  /* device that sends or gets it; the one on the bench for the station's requests */
    uint32_t ticket; /* of the station's request, or of the device's attempt */
    uint32_t boot;   /* TICK_...: of the device's life that set it */
    struct bench_status status;
    uint8_t fingerprint[32], nonce[16];
    char board_id[16];
    bool good, again, known;
    enum err err;
    uint64_t exchange;
};

struct certificate {
    uint8_t fingerprint[32];
    bool live;
};

struct device {
    struct chip flash, nvram;
    struct flash flash_ops, nvram_ops;
    struct memory memory;
    struct boot boot;
    char id[16];
    bool on;
    uint32_t life; /* counts starts */
    uint8_t pack[32], nonce[16];
    bool reporting, report_good;
    unsigned attempt;
    uint64_t exchange;
};

struct sim {
    uint64_t seed, random;
    enum mutation mutation;
    int64_t now_ms;
    uint64_t order;
    struct message queue[QUEUE];
    size_t queue_n;
    struct device_number number;
    /* factory server and CA: durable as it stands here; what was not saved never was */
    struct decide_policy policy;
    struct identity rows[GENERATIONS];
    size_t rows_n;
    struct certificate certificates[GENERATIONS];
    /* station */
    struct bench bench;
    unsigned on_bench, packs_handed;
    bool passed[BOARDS];
    bool swapped; /* the board was exchanged during the session */
    struct device devices[BOARDS];
    char broken[256]; /* the first invariant that did not hold; "" when all did */
};

/* world.c */
uint64_t sim_random(struct sim *s);
bool sim_chance(struct sim *s, unsigned percent); /* never, once the faults are over */
void sim_break(struct sim *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
void sim_send(struct sim *s, const struct message *m);                 /* over the network */
void sim_later(struct sim *s, int64_t delay_ms, const struct message *m); /* by itself, never lost */
void sim_check(struct sim *s); /* the invariants that hold at every moment */
bool sim_run(struct sim *s, uint64_t seed, enum mutation mutation);

/* factory.c */
void factory_begin(struct sim *s);
void factory_take(struct sim *s, const struct message *m);
/* bench.c */
void bench_begin(struct sim *s);
void bench_take(struct sim *s, const struct message *m);
/* device.c */
void device_begin(struct sim *s, unsigned board);
void device_take(struct sim *s, const struct message *m);
void device_cut_power(struct sim *s, struct device *d);
/* What would be found after a power cut: the fingerprint of a whole identity. false: the bootstrap state. */
bool device_durable_identity(struct device *d, uint8_t ret_fingerprint[32]);

#endif
