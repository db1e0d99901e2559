/* The demo: a whole factory on one machine, made of the real programs. Everything that is counted at its end is
 * asked of them. */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include "base/clock.h"
#include "demo/child.h"
#include "model/number.h"

enum { DEMO_LINES = 3, DEMO_FINGERPRINT = 65, DEMO_KILLS = 1000, DEMO_DEVICES_LEAST = 6, DEMO_DEVICES_MOST = 100000 };

enum unit_fault { FAULT_NONE, FAULT_WRONG_NAMEPLATE, FAULT_WRITE_FAILS, FAULT_POWER_CUT };

/* One device to be made. */
struct unit {
    struct device_number number;
    enum unit_fault fault;
    bool boarded; /* has its bootstrap certificate */
    bool written; /* the factory server has it as written */
    bool missing; /* no pack could be had yet; comes last */
    unsigned attempts;
    char flash[DEMO_FINGERPRINT];    /* fingerprint that lies in its flash; "" none */
    char register_[DEMO_FINGERPRINT]; /* fingerprint that the CA has as written */
    unsigned generation;              /* the newest at the CA */
};

enum line_phase { LINE_STARTING, LINE_MAKING, LINE_BOARDING, LINE_WRITING, LINE_SHOWING, LINE_DONE };
enum line_wait { WAIT_NOTHING, WAIT_SWARM, WAIT_STATION };

struct line {
    struct demo *demo;
    unsigned index;      /* 0, 1, 2 */
    char name[CHILD_NAME]; /* "line-1": its station's name too */
    const char *title;   /* "gateways" */
    const char *model;
    struct unit *units;
    size_t units_n, next, asked, answered;
    enum line_phase phase;
    enum line_wait wait;
    unsigned pending;    /* answers of the swarm that the present unit waits for */
    bool on_bench;       /* the present unit is */
    bool wrong_shown, fault_set; /* of the present unit */
    int64_t retry_at_ms;
    unsigned board_starts; /* that did not last */
    size_t written; /* in this run */
    struct child station, board, swarm;
    char dir[CHILD_DIR], devices_dir[CHILD_DIR], station_address[CHILD_ADDRESS], device_address[CHILD_ADDRESS];
    unsigned station_port, device_port;
};

enum ca_phase { CA_ON_BEFORE, CA_GOING_OFF, CA_OFF, CA_ON_AFTER };

struct demo {
    char dir[CHILD_DIR - 64], ca_dir[CHILD_DIR], factory_dir[CHILD_DIR], plan[CHILD_DIR], password[CHILD_DIR];
    size_t devices;
    int32_t day;
    unsigned ca_port, factory_port, admin_port;
    char fingerprint[DEMO_FINGERPRINT]; /* of the root */
    struct unit *units;
    struct line lines[DEMO_LINES];
    struct child ca, factory;
    struct child *children[32]; /* child_turn takes no more */
    size_t children_n;
    enum ca_phase ca_phase;
    size_t written_while_off;
    /* --test-only-kills */
    size_t kills, killed;
    bool signer_killed; /* the front ends when it is without its signer */
    uint64_t random;
    size_t kill_at[DEMO_KILLS]; /* in progress steps, rising */
    int64_t kill_due_ms;        /* 0: not yet drawn */
    size_t progress;            /* steps done by all lines */
    int64_t stepped_ms;         /* when the last of them was */
    int64_t began_ms;
    bool terminal;
    size_t shown;
    bool failed;
    enum err err; /* with failed */
    struct why why;
};

struct demo_totals {
    size_t planned, written, proved, refused, reissued;
};

/* plan.c: which devices, on which lines, with which mishaps; the same each time for one folder. */
enum err demo_plan(struct demo *d, size_t devices, struct why *why) MUST_CHECK;
enum { DEMO_MODELS = 4 };
struct demo_model {
    const char *code, *name;
    bool identity;
    const char *profile; /* of its certificates; NULL: the usual one */
    const char *line;    /* NULL: made on any */
    const char *power, *current;
    size_t (*quantity)(const struct demo *d);
};
extern const struct demo_model demo_models[DEMO_MODELS];

/* ports.c: free ports of this run, and settings put into a program's nameplate.conf. */
enum err port_free(const char *address, unsigned *ret_port, struct why *why) MUST_CHECK;
enum err conf_set(const char *dir, const char *section, const char *name, const char *value, struct why *why) MUST_CHECK;

/* setup.c: everything up to a factory with its packs on hand. What a former run did stands. */
enum err demo_setup(struct demo *d, struct why *why) MUST_CHECK;
enum err demo_make_token(const struct demo *d, const char *role, const char *name, const char *hosts, char ret_token[80],
                         struct why *why) MUST_CHECK;
enum err demo_set_port(const char *dir, const char *section, unsigned port, struct why *why) MUST_CHECK;
enum err demo_wait_ready(struct demo *d, struct child *c, struct why *why) MUST_CHECK;

/* line.c */
void line_init(struct line *l);
enum err line_begin(struct line *l, struct why *why) MUST_CHECK;
void line_go_on(struct line *l);

/* mishaps.c: the CA that is switched off for a while; kills. */
void mishaps_plan(struct demo *d, uint64_t seed);
void mishaps_turn(struct demo *d);

/* facts.c: what the programs' own records say. */
enum err facts_read_factory(struct demo *d, struct why *why) MUST_CHECK;
enum err facts_read_ca(struct demo *d, struct why *why) MUST_CHECK;
enum err facts_total(struct demo *d, struct demo_totals *ret_totals, struct why *why) MUST_CHECK;

/* progress.c */
void progress_step(struct demo *d); /* one more unit is further */
void progress_say(struct demo *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct field_totals;
void progress_table(struct demo *d, const struct demo_totals *totals, const struct field_totals *field);

/* Ends the demo with this reason at the next turn. */
void demo_fail(struct demo *d, enum err err, const struct why *why, const char *where);

#endif
