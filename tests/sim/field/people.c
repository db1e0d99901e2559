/* What people and applications do while everything goes wrong: operators call devices, applications count, devices report;
 * somebody moves a device, somebody steals a memory. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "field.h"

enum { CALL_LIMIT_S = 300, UNBOUND_LIMIT_S = 60, CALL_MS = 5000, COUNT_MS = 1500, EVENT_MS = 4000, HARM_MS = 7000, CUT_MS = 20000, CUT_MOST_MS = 30000 };

static bool over;

static bool faults_are_on(void) { return !over; }

/* Again, as long as the faults last. */
static void again(int64_t about_ms, world_fn *fn)
{
    if (faults_are_on())
        world_after(NULL, about_ms / 2 + (int64_t)world_below((uint64_t)about_ms), fn, NULL);
}

/* --- Operators --- */

static enum soap_message draw_message(void)
{
    static const enum soap_message messages[] = { SOAP_CHARGE_COUNTER, SOAP_CHARGE_COUNTER, SOAP_CHARGE_COUNTER,
                                                  SOAP_DEVICE_INFORMATION, SOAP_POLLING_INTERVAL, SOAP_RESTART };
    return messages[world_below(sizeof messages / sizeof *messages)];
}

static enum err write_call(enum soap_message message, struct center_call *c, int64_t interval_s, struct buf *to)
{
    static const struct charge_counter_request nothing; /* as are the requests of the others */
    const struct polling_interval_request interval = { .interval = interval_s };
    struct soap_header header = { .version = SOAP_1_2 };
    enum err err = rng_uuid_urn(c->id);
    snprintf(header.message_id, sizeof header.message_id, "%s", c->id);
    snprintf(c->operation, sizeof c->operation, "%s", soap_message_row(message)->operation);
    if (err == OK)
        err = soap_write_request(SERVICE_REMOTE, message, &header, message == SOAP_POLLING_INTERVAL ? (const void *)&interval : &nothing, to);
    c->envelope = buf_span(to);
    return err;
}

/* As the operators' service does it (src/center/api_call.c). */
static enum err add_call(enum soap_message message, struct center_call *c)
{
    struct db *db = sim.center.db;
    int64_t interval_s = 10 + (int64_t)world_below(20);
    AUTO_BUF envelope = BUF_INIT;
    bool added;
    enum err err = write_call(message, c, interval_s, &envelope);
    if (err == OK)
        err = db_begin(db, NULL);
    if (err == OK)
        err = center_call_add(db, c, &added, NULL);
    if (err == OK && message == SOAP_POLLING_INTERVAL)
        err = center_device_interval(db, c->number.text, interval_s, NULL);
    if (err == OK)
        err = db_commit(db, NULL);
    else
        db_rollback(db);
    if (err == OK)
        center_wake(&sim.center, c->number.text);
    return err;
}

static void call_device(enum place at)
{
    enum soap_message message = draw_message();
    struct center_call c = { .down = true, .state = CALL_WAITING, .accepted_s = clock_wall_s() };
    struct center_device d;
    if (sim.calls_n == CALLS || number_parse(span_text(places[at].number), &c.number, NULL) != OK ||
        center_device_find(sim.center.db, c.number.text, &d, NULL) != OK || d.standing != CENTER_NORMAL)
        return;
    c.limit_s = c.accepted_s + (at == UNBOUND ? UNBOUND_LIMIT_S : CALL_LIMIT_S);
    enum err err = add_call(message, &c);
    bool dead = sim.center_node.dead;
    if (err != OK && !dead)
        return;
    struct call *kept = &sim.calls[sim.calls_n++];
    *kept = (struct call){ .place = at, .message = message, .sure = err == OK && !dead };
    memcpy(kept->id, c.id, sizeof kept->id);
    world_trace("operator", "%s to %s, %s%s", c.operation, places[at].name, c.id, kept->sure ? "" : " (perhaps)");
}

static void operators(void *context)
{
    enum place at = (enum place)world_below(COPY);
    (void)context;
    if (sim.center_node.up && places[at].agreement) {
        struct process *before = world_enter(&sim.center_node);
        call_device(at);
        world_leave(before);
    }
    again(CALL_MS, operators);
}

/* --- Applications --- */

static void count(void *context)
{
    struct machine *m = &sim.machines[world_below(PLACES)];
    uint64_t n = 1 + world_below(5);
    (void)context;
    again(COUNT_MS, count);
    if (!m->node.up)
        return;
    struct process *before = world_enter(&m->node);
    enum err err = board_count(&m->board, (enum charge_counter)world_below(CHARGE_SCAN + 1), n, NULL);
    if (m->node.dead)
        m->maybe_counted += n;
    else if (err == OK)
        m->counted += n;
    else
        world_break("%s cannot count", m->node.name);
    world_leave(before);
}

static void report(void *context)
{
    enum place at = (enum place)world_below(PLACES);
    struct machine *m = &sim.machines[at];
    struct why why = { "" };
    (void)context;
    again(EVENT_MS, report);
    if (!m->node.up || sim.events_n == EVENTS_MOST)
        return;
    struct event_told *e = &sim.events[sim.events_n];
    *e = (struct event_told){ .place = at };
    snprintf(e->detail, sizeof e->detail, "event %zu", sim.events_n);
    const struct event_report_request r = { .kind = "fault", .detail = e->detail };
    struct process *before = world_enter(&m->node);
    enum err err = field_call(m->field, SOAP_EVENT_REPORT, &r, 0, &why);
    e->sure = err == OK && !m->node.dead;
    sim.events_n += e->sure || m->node.dead;
    world_trace(m->node.name, "has %s to tell%s", e->detail, e->sure ? "" : err == OK ? " (perhaps)" : " (no room)");
    world_leave(before);
}

/* --- Harm --- */

static void harm(void *context)
{
    (void)context;
    if (faults_are_on())
        nodes_harm();
    again(HARM_MS, harm);
}

static void mend(void *context)
{
    (void)context;
    net_cut(CENTER_PORT, false);
    net_cut(GATEWAY_1_PORT, false);
    net_cut(GATEWAY_2_PORT, false);
}

static void cut(void *context)
{
    static const unsigned ports[] = { CENTER_PORT, GATEWAY_1_PORT, GATEWAY_2_PORT };
    unsigned port = ports[world_below(sizeof ports / sizeof *ports)];
    (void)context;
    if (faults_are_on()) {
        world_trace("world", "nothing reaches port %u for a while", port);
        net_cut(port, true);
        world_after(NULL, (int64_t)world_below(CUT_MOST_MS), mend, NULL);
    }
    again(CUT_MS, cut);
}

/* --- The crime, and the removal --- */

static void start_copy(void *context)
{
    (void)context;
    sim.copy_runs = true;
    machine_start(&sim.machines[COPY]);
}

/* As the memory is at this moment; the copy speaks from anywhere. */
static void steal(void *context)
{
    static const unsigned ports[] = { CENTER_PORT, GATEWAY_1_PORT, GATEWAY_2_PORT };
    struct machine *from = &sim.machines[BELOW_2], *to = &sim.machines[COPY];
    (void)context;
    if (!from->node.up) {
        world_after(NULL, 1000, steal, NULL);
        return;
    }
    check_moment();
    cells_copy(from->dir, to->dir);
    memcpy(from->token, from->board.ledger.now.token, sizeof from->token);
    memcpy(to->token, from->token, sizeof to->token);
    to->port = ports[world_below(sizeof ports / sizeof *ports)];
    from->honest = false; /* its number's fate is the copy's */
    sim.copied = true;
    world_trace("thief", "has a copy of %s; it will speak through port %u", from->node.name, to->port);
    world_after(NULL, (int64_t)world_below(30000), start_copy, NULL);
}

/* A device is carried from below one gateway to below the other, and the operator says so. */
static void move(void *context)
{
    struct machine *m = &sim.machines[BELOW_1];
    struct center_device d;
    (void)context;
    if (!sim.center_node.up || !m->node.up || center_device_find(sim.center.db, m->number, &d, NULL) != OK) {
        world_after(NULL, 1000, move, NULL);
        return;
    }
    if (number_parse(span_text(places[AT_GATEWAY_2].number), &d.gateway, NULL) != OK || center_device_put(sim.center.db, &d, NULL) != OK)
        world_break("the device cannot be bound to another gateway");
    m->port = GATEWAY_2_PORT;
    m->node.dead = true;
    sim.moved = true;
    world_trace("people", "%s is carried to %s", m->node.name, sim.gateways[1].node.name);
    struct process *before = world_enter(&m->node);
    world_leave(before);
}

void people_end(void)
{
    over = true;
    mend(NULL);
}

void people_begin(void)
{
    over = false;
    again(CALL_MS, operators);
    again(COUNT_MS, count);
    again(EVENT_MS, report);
    again(HARM_MS, harm);
    again(CUT_MS, cut);
    world_after(NULL, FAULTS_END_MS / 4 + (int64_t)world_below(FAULTS_END_MS / 2), steal, NULL);
    if (sim.moves)
        world_after(NULL, FAULTS_END_MS / 4 + (int64_t)world_below(FAULTS_END_MS / 2), move, NULL);
}
