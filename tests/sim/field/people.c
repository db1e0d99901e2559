/* What people and applications do while everything goes wrong: operators call devices, applications count, devices report;
 * somebody moves a device, somebody steals a memory. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "field.h"

enum { CALL_LIMIT_S = 300, UNBOUND_LIMIT_S = 60, CALL_MS = 5000, COUNT_MS = 1500, EVENT_MS = 4000, HARM_MS = 7000, CUT_MS = 20000,
       CUT_MOST_MS = 30000, MOVE_MS = 40000, AGREEMENT_MS = 40000, REBIND_MS = 50000 };

static bool over;

static bool faults_are_on(void) { return !over; }

/* Again, as long as the faults last. */
static void again(int64_t about_ms, world_fn *fn)
{
    if (faults_are_on())
        world_after(NULL, about_ms / 2 + (int64_t)world_below((uint64_t)about_ms), fn, NULL);
}

/* --- Operators --- */

static void set_agreement(enum place at, enum agreement_state state)
{
    struct db *db = sim.center.db;
    struct process *before = world_enter(&sim.center_node);
    sim.was_suspended[at] = sim.was_suspended[at] || state != AGREEMENT_ACTIVE;
    enum err err = db_begin(db, NULL);
    if (err == OK)
        err = center_agreement_set(db, places[at].number, state, clock_wall_s(), NULL);
    if (err == OK)
        err = db_commit(db, NULL);
    else
        db_rollback(db);
    if (err == OK && !sim.center_node.dead) {
        sim.suspended[at] = state != AGREEMENT_ACTIVE;
        world_trace("operator", "the agreement of %s is %s", places[at].name, sim.suspended[at] ? "suspended" : "active");
        center_wake(&sim.center, places[at].number);
    }
    world_leave(before);
}

/* In the end all are in force. */
static void resume(void *context)
{
    (void)context;
    if (!sim.center_node.up) {
        world_after(NULL, 1000, resume, NULL);
        return;
    }
    for (int at = 0; at < COPY; at++)
        if (sim.was_suspended[at])
            set_agreement((enum place)at, AGREEMENT_ACTIVE);
}

static enum soap_message draw_message(enum place at)
{
    static const enum soap_message messages[] = { SOAP_CHARGE_COUNTER, SOAP_CHARGE_COUNTER, SOAP_CHARGE_COUNTER,
                                                  SOAP_DEVICE_INFORMATION, SOAP_POLLING_INTERVAL, SOAP_RESTART };
    const bool program = programs_are_for(at);
    const size_t n = sizeof messages / sizeof *messages, drawn = world_below(n + sim.renews + 2u * program);
    return drawn < n ? messages[drawn] : program && drawn < n + 2 ? SOAP_FETCH_PROGRAM : SOAP_RENEW_IDENTITY;
}

static enum err write_call(enum soap_message message, struct center_call *c, int64_t interval_s, struct buf *to)
{
    static const struct charge_counter_request nothing; /* as are the requests of the others */
    const struct polling_interval_request interval = { .interval = interval_s };
    struct soap_header header = { .version = SOAP_1_2 };
    const void *body = message == SOAP_POLLING_INTERVAL ? (const void *)&interval
                       : message == SOAP_FETCH_PROGRAM  ? (const void *)programs_draw()
                                                        : (const void *)&nothing;
    enum err err = rng_uuid_urn(c->id);
    snprintf(header.message_id, sizeof header.message_id, "%s", c->id);
    snprintf(c->operation, sizeof c->operation, "%s", soap_message_row(message)->operation);
    if (err == OK)
        err = soap_write_request(SERVICE_REMOTE, message, &header, body, to);
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
    enum soap_message message = draw_message(at);
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
    if (!m->process.up)
        return;
    struct process *before = world_enter(&m->process);
    enum err err = board_count(&m->board, (enum charge_counter)world_below(CHARGE_SCAN + 1), n, NULL);
    if (m->process.dead)
        m->maybe_counted += n;
    else if (err == OK)
        m->counted += n;
    else
        world_break("%s cannot count", m->process.name);
    world_leave(before);
}

static void report(void *context)
{
    enum place at = (enum place)world_below(PLACES);
    struct machine *m = &sim.machines[at];
    struct why why = { "" };
    (void)context;
    again(EVENT_MS, report);
    if (!m->process.up || m->field == NULL || sim.events_n == EVENTS_MOST)
        return;
    struct event_told *e = &sim.events[sim.events_n];
    *e = (struct event_told){ .place = at };
    snprintf(e->detail, sizeof e->detail, "event %zu", sim.events_n);
    const struct event_report_request r = { .kind = "fault", .detail = e->detail };
    struct process *before = world_enter(&m->process);
    enum err err = field_call(m->field, SOAP_EVENT_REPORT, &r, 0, &why);
    e->sure = err == OK && !m->process.dead;
    sim.events_n += e->sure || m->process.dead;
    world_trace(m->process.name, "has %s to tell%s", e->detail, e->sure ? "" : err == OK ? " (perhaps)" : " (no room)");
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
    if (!from->process.up) {
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
    world_trace("thief", "has a copy of %s; it will speak through port %u", from->process.name, to->port);
    world_after(NULL, (int64_t)world_below(30000), start_copy, NULL);
}

static bool is_believed(enum place at)
{
    int64_t readings = 0;
    struct process *before = world_enter(&sim.center_node);
    bool is = sim.center_node.up && center_reading_believed(sim.center.db, places[at].number, &readings, NULL) == OK && readings > 0;
    world_leave(before);
    return is;
}

/* A device that is sometimes below a gateway, sometimes at the centre itself: what the gateway still has of it comes late. Its
 * agent is started again with the new address, or the address that it has is another's from now on; the latter not before
 * the centre knows a reading, as the first may have any number there. */
static void move(void *context)
{
    static const unsigned ports[] = { CENTER_PORT, GATEWAY_1_PORT, GATEWAY_2_PORT };
    struct machine *m = &sim.machines[BELOW_1];
    bool live = world_chance(500);
    (void)context;
    again(MOVE_MS, move);
    if (over)
        return;
    m->port = ports[world_below(sizeof ports / sizeof *ports)];
    live = live && m->process.up && m->field != NULL && is_believed(BELOW_1);
    world_trace("people", "%s speaks to port %u from now on%s", m->process.name, m->port, live ? ", as it runs" : "");
    if (!m->process.up)
        return;
    struct process *before = world_enter(&m->process);
    m->process.dead = m->process.dead || !live;
    if (live)
        snprintf(m->field->options.url, sizeof m->field->options.url, "https://127.0.0.1:%u", m->port);
    world_leave(before);
}

/* A device is bound to another gateway, or to none, and is brought there a while later: what it gave to the one before lies there. */
static void bind(enum place at, const char *gateway)
{
    struct db *db = sim.center.db;
    struct center_device d;
    enum err err = center_device_find(db, places[at].number, &d, NULL);
    d.gateway.text[0] = '\0';
    if (err == OK && gateway != NULL)
        err = number_parse(span_text(gateway), &d.gateway, NULL);
    if (err == OK)
        err = db_begin(db, NULL);
    if (err == OK)
        err = center_device_put(db, &d, NULL);
    if (err == OK)
        err = db_commit(db, NULL);
    else
        db_rollback(db);
    if (err == OK && !sim.center_node.dead)
        world_trace("operator", "%s is bound to %s", places[at].name, gateway == NULL ? "no gateway" : gateway);
}

static unsigned port_of(const struct center_device *d)
{
    if (d->gateway.text[0] == '\0')
        return CENTER_PORT;
    return strcmp(d->gateway.text, places[AT_GATEWAY_1].number) == 0 ? GATEWAY_1_PORT : GATEWAY_2_PORT;
}

static void follow(void *context)
{
    struct machine *m = &sim.machines[BELOW_1];
    struct center_device d;
    (void)context;
    struct process *before = world_enter(&sim.center_node);
    bool known = sim.center_node.up && center_device_find(sim.center.db, m->number, &d, NULL) == OK;
    world_leave(before);
    if (!known) {
        world_after(NULL, 1000, follow, NULL);
        return;
    }
    if (m->port == port_of(&d))
        return;
    m->port = port_of(&d);
    world_trace("people", "%s is brought to port %u", m->process.name, m->port);
    before = world_enter(&m->process);
    m->process.dead = m->process.up;
    world_leave(before);
}

static void rebind(void *context)
{
    static const enum place to[] = { AT_GATEWAY_1, AT_GATEWAY_2, PLACES };
    enum place gateway = to[world_below(sizeof to / sizeof *to)];
    (void)context;
    again(REBIND_MS, rebind);
    if (over || !sim.center_node.up)
        return;
    struct process *before = world_enter(&sim.center_node);
    bind(BELOW_1, gateway == PLACES ? NULL : places[gateway].number);
    world_leave(before);
    world_after(NULL, (int64_t)world_below(20000), follow, NULL);
}

/* An agreement is suspended for a while: what the device tells meanwhile is refused, and what it reads comes afterwards. */
static void suspend(void *context)
{
    static const enum place whose[] = { DIRECT, BELOW_1 };
    enum place at = whose[world_below(2)];
    enum agreement_state next = sim.suspended[at] ? AGREEMENT_ACTIVE : AGREEMENT_SUSPENDED;
    (void)context;
    again(AGREEMENT_MS, suspend);
    if (over || !sim.center_node.up)
        return;
    set_agreement(at, next);
}

void people_end(void)
{
    over = true;
    parts_over();
    nodes_spare();
    mend(NULL);
    world_after(NULL, 0, resume, NULL);
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
    if (sim.rebinds)
        again(REBIND_MS, rebind);
    if (sim.moves && !sim.rebinds)
        again(MOVE_MS, move);
    parts_begin();
    if (sim.suspends)
        again(AGREEMENT_MS, suspend);
}
