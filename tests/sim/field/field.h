/* The simulated field: one centre, two gateways in a row, devices with and without an agreement, one that comes by a way
 * that is not its own, and a copy. What each of them does is the programs' own code. */
#ifndef TESTS_SIM_FIELD_FIELD_H
#define TESTS_SIM_FIELD_FIELD_H

#include "center/center.h"
#include "device/board.h"
#include "device/field.h"
#include "gateway/gateway.h"
#include "world.h"

enum { CA_PORT = 8440, CENTER_PORT = 8450, GATEWAY_1_PORT = 8461, GATEWAY_2_PORT = 8462 };

/* Places in the field; those of gateways are also the devices beside which a gateway runs. */
enum place { AT_GATEWAY_1, AT_GATEWAY_2, DIRECT, BELOW_2, BELOW_1, UNLICENSED, UNBOUND, COPY, PLACES };

enum { GATEWAYS = 2, PARTS = 3, CALLS = 256, EVENTS_MOST = 512, PATH = 400, FAULTS_END_MS = 240 * 1000 };

struct machine {
    struct process process;
    char dir[PATH];
    const char *number;
    unsigned port; /* of the one that it polls */
    bool running, honest;
    struct board board;
    struct loop *loop;
    struct field *field;
    bool restarts;
    /* What is known of it from outside. */
    uint64_t counted, maybe_counted; /* for certain; perhaps, when it died while counting */
    uint64_t least;                  /* it has said once that it had counted so far */
    uint64_t readings;
    uint8_t shown[CERT_FINGERPRINT]; /* the identity with which it started */
    uint8_t token[LEDGER_TOKEN];
    unsigned tokens; /* that it got since it was copied */
    /* A service part (parts.c); NULL: the board that left the line. */
    const char *part;
    bool part_stopped;
    struct http_client *part_client;
    struct tls_context *part_tls;
    bool handed; /* it got the counters of the board before: so many */
    int64_t handed_least, handed_most;
    size_t calls_before; /* of all calls, those that were made before that */
    enum place at; /* of one that was taken out */
};

struct relay {
    struct process process;
    struct machine *beside;
    struct gateway gateway;
    char config[PATH + 20];
};

struct call {
    char id[LIMIT_MESSAGE_ID + 1];
    enum place place;
    enum soap_message message;
    bool sure; /* the centre said that it has it; else it may have */
    int readings; /* that came as its answer */
};

struct event_told {
    enum place place;
    char detail[32];
    bool sure;
};

struct sim_field {
    char config[PATH + 20], store[PATH + 20];
    struct process center_node, ca_node;
    struct center center;
    struct relay gateways[GATEWAYS];
    struct machine machines[PLACES];
    struct machine removed[PARTS]; /* boards in whose place another one is */
    size_t removed_n;
    struct call calls[CALLS];
    size_t calls_n;
    struct event_told events[EVENTS_MOST];
    size_t events_n;
    bool copied, copy_runs, moves, suspends, renews, programs, replaces, rebinds;
    bool suspended[PLACES], was_suspended[PLACES]; /* what they told then is refused for good, except readings */
    uint64_t deaths;
    uint64_t seed;
};

bool is_served(enum place at); /* under agreement, bound, honest */

extern struct sim_field sim;
extern const struct place_row {
    const char *name, *number;
    unsigned port;
    const char *bound_to; /* at the centre; NULL: nobody */
    bool agreement, honest;
} places[PLACES];

/* --- ca.c: the CA, and the certificates of all --- */
void ca_setup(void);
void ca_give(struct machine *m, bool ends); /* ends: its identity does, early in each run */
void ca_give_part(const char *dir, const char *board); /* a service part: it has a bootstrap certificate */
void ca_begin(void);
void ca_end(void);
void ca_clean(void);

void ca_sign_program(struct fetch_program_request *r, struct certificate signers[2], struct buf *signature); /* as the centre */

/* --- programs.c --- */
void programs_setup(const char *folder, struct db *db); /* once, into the centre's folder and database */
void programs_prepare(const struct machine *m);
void programs_clean(void);
bool programs_are_for(enum place at);
const struct fetch_program_request *programs_draw(void);
void programs_check_start(const struct machine *m); /* which has just started */
bool programs_settled(char *ret_why, size_t size);
void check_programs(void);

/* --- parts.c --- */
void parts_setup(const char *folder); /* once */
void parts_begin(void);
void parts_over(void); /* no board is replaced any more; what waits is approved */
enum err part_start(struct machine *m, struct why *why) MUST_CHECK; /* a board without an identity asks for it */
void part_stop(struct machine *m);
void parts_check_counters(struct machine *m, uint64_t now);
void parts_check_removed(void);
bool parts_settled(char *ret_why, size_t size);
bool parts_ran_on(const struct center_incident *i); /* a board that was taken out did it */
void check_parts(void);

/* --- nodes.c --- */
void nodes_setup(void); /* once: folders, identities, databases as each run begins with them */
void nodes_begin(void);
void nodes_end(void);
void nodes_clean(void);
void nodes_harm(void); /* a process is going to die soon */
void nodes_spare(void); /* who was going to die lives on */
bool nodes_all_up(void);
void machine_start(struct machine *m);

/* --- people.c: what people and applications do --- */
void people_begin(void);
void people_end(void); /* nobody does anything more, and what was cut is mended */

/* --- check.c --- */
void check_turn(void);   /* after each event */
void check_moment(void); /* now and then: what the centre's database says */
bool check_settled(char *ret_why, size_t size); /* nothing is under way any more; else what is */
void check_end(void);

/* --- check_identity.c --- */
bool identities_settled(char *ret_why, size_t size); /* no renewal is under way */
void check_identities(void);

#endif
