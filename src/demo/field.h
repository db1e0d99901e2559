/* The demo's second half: the devices that were made go to work. Site A has devices that reach the centre by
 * themselves, site B two gateways one behind the other, site C a device with gateway function; then somebody tries to
 * be billed for less, in five ways. */
#ifndef DEMO_FIELD_H
#define DEMO_FIELD_H

#include <jansson.h>

#include "demo/demo.h"
#include "demo/wall.h"

enum { FIELD_NODES = 7, FIELD_URL = 64 };

/* One device in the field; a gateway is a gateway program beside its device agent. */
struct node {
    const struct unit *unit; /* NULL: the demo has made too few devices for this one */
    struct child agent, gateway;
    char dir[CHILD_DIR], url[FIELD_URL]; /* url: of its gateway program, or "" */
};

struct field {
    struct demo *d;
    struct child center, intruder; /* intruder: a program in the hands of somebody who should not have it */
    struct walls walls;
    char dir[CHILD_DIR], center_url[FIELD_URL];
    struct node nodes[FIELD_NODES];
    json_t *incidents; /* as the centre listed them before the attempt under way */
};

struct field_totals {
    size_t devices, counters, refused;
};

/* Names the programs, all idle, and puts them into d->children, so that they end before the CA does. */
void field_name_children(struct demo *d);

/* Runs it all; the lines' programs have ended, the CA runs. */
enum err field_run(struct demo *d, struct field_totals *ret_totals, struct why *why) MUST_CHECK;

/* sites.c: who stands where, under which agreement. */
struct node_row {
    unsigned line;
    size_t unit;
    const char *site;
    int above; /* index of the gateway above, -1: the centre */
    bool gateway, agreement;
};
extern const struct node_row node_rows[FIELD_NODES];
enum { NODE_HONEST = 0, NODE_CHEAT = 1, NODE_LIAR = 3, NODE_RESTORED = 4 }; /* the parts they play in the crime */
enum err sites_open(struct field *f, struct why *why) MUST_CHECK;  /* folders; the customers' table goes to the centre */
enum err sites_start(struct field *f, struct why *why) MUST_CHECK; /* gateways, then agents */
enum err sites_start_agent(struct field *f, struct node *n, struct why *why) MUST_CHECK;
enum err sites_stop_agent(struct field *f, struct node *n, struct why *why) MUST_CHECK;

/* fraud.c: five ways of letting one device answer for another; *ret_refused: how many of them failed. */
enum err fraud_try_all(struct field *f, size_t *ret_refused, struct why *why) MUST_CHECK;

/* Runs `nameplate center ARGS... --json --dir DIR`; the caller owns *ret_json. */
enum err field_ask(struct field *f, const char *what, const char *number, json_t **ret_json, struct why *why) MUST_CHECK;

#endif
