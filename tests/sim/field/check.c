/* What must hold, whatever happened (doc/requirements.md; the field's part of the invariants). */
#include <stdio.h>
#include <string.h>

#include "../../center_list.h"
#include "field.h"

bool is_served(enum place at) { return places[at].agreement && sim.machines[at].honest && at != UNBOUND && at != COPY; }

static uint64_t counters_of(const struct machine *m)
{
    uint64_t sum = 0;
    for (int i = 0; i < CHARGE_COUNT; i++)
        sum += m->board.ledger.now.values[i];
    return sum;
}

/* --- After each event --- */

/* M-5, I9: what was counted stays counted, through every power cut; nothing is counted that was not. */
static void check_counters(struct machine *m)
{
    uint64_t now = counters_of(m);
    parts_check_counters(m, now);
    if (now < m->counted || now > m->counted + m->maybe_counted)
        world_break("I9: %s has counted %llu, its memory says %llu", m->process.name, (unsigned long long)m->counted, (unsigned long long)now);
}

static void watch_token(struct machine *m)
{
    if (!m->process.up || memcmp(m->token, m->board.ledger.now.token, sizeof m->token) == 0)
        return;
    memcpy(m->token, m->board.ledger.now.token, sizeof m->token);
    m->tokens++;
}

/* Of two with one memory the second that comes is found at its next contact at the latest (fraud 4). */
static void check_fork(void)
{
    struct machine *a = &sim.machines[BELOW_2], *b = &sim.machines[COPY];
    watch_token(a);
    watch_token(b);
    if (a->tokens >= 2 && b->tokens >= 2)
        world_break("M-6: %s and its copy were both let in twice", a->process.name);
}

void check_turn(void)
{
    for (size_t i = 0; i < COPY; i++)
        if (sim.machines[i].process.up)
            check_counters(&sim.machines[i]);
    if (sim.copied)
        check_fork();
    parts_check_removed();
}

/* --- With each incident --- */

/* What an honest device may have to its name: it asked without an agreement; its old board is run on. */
static bool is_harmless(enum place at, const struct center_incident *i)
{
    return (sim.was_suspended[at] && strcmp(i->kind, "no-agreement") == 0) || parts_ran_on(i);
}

enum err __real_center_incident_add(struct db *db, const struct center_incident *i, struct why *why);
enum err __wrap_center_incident_add(struct db *db, const struct center_incident *i, struct why *why);

/* It names who did it, and nobody else. */
enum err __wrap_center_incident_add(struct db *db, const struct center_incident *i, struct why *why)
{
    for (int at = 0; at < COPY; at++)
        if (is_served((enum place)at) && strcmp(i->number, places[at].number) == 0 && !is_harmless((enum place)at, i))
            world_break("there is an incident about %s, which is honest: %s, by %s: %s", places[at].name, i->kind, i->by, i->text);
    return __real_center_incident_add(db, i, why);
}

/* --- Now and then --- */

void check_moment(void)
{
    struct center_device d;
    if (!sim.center_node.up || sim.center.db == NULL)
        return;
    for (int at = 0; at < COPY; at++)
        if (sim.machines[at].honest && center_device_find(sim.center.db, places[at].number, &d, NULL) == OK && d.standing != CENTER_NORMAL)
            world_break("%s is honest, and is in quarantine: %s", places[at].name, d.standing_reason);
}

/* --- At the end --- */

struct readings {
    enum place at;
    int64_t n, oldest, expected; /* newest first: the sequence that the next one must have */
    int64_t last_sum;
};

static int64_t sum_of(const struct reading *r)
{
    int64_t sum = 0;
    for (size_t i = 0; i < r->counters_n; i++)
        sum += r->counters[i].value;
    return sum;
}

static enum err take_reading(void *context, const struct center_reading *r)
{
    struct readings *all = context;
    const char *name = places[all->at].name;
    int64_t sum = sum_of(&r->reading);
    if (!r->billable)
        world_break("M-5: a reading of %s was put aside: %s", name, r->verdict);
    if (all->n > 0 && r->reading.sequence != all->expected)
        world_break("M-5: the readings of %s go from %lld to %lld", name, (long long)r->reading.sequence, (long long)all->expected + 1);
    if (all->n > 0 && sum > all->last_sum)
        world_break("M-5: the counters of %s went back, from %lld to %lld", name, (long long)sum, (long long)all->last_sum);
    if (r->via[0] != '\0' && all->at == DIRECT)
        world_break("M-6: a reading of %s came through %s", name, r->via);
    for (size_t i = 0; i < sim.calls_n; i++)
        sim.calls[i].readings += strcmp(sim.calls[i].id, r->call) == 0;
    all->expected = r->reading.sequence - 1;
    all->oldest = r->reading.sequence;
    all->last_sum = sum;
    all->n++;
    return OK;
}

static enum err count_reading(void *context, const struct center_reading *r)
{
    (void)r;
    ++*(int64_t *)context;
    return OK;
}

static int64_t readings_at_center(enum place at)
{
    int64_t n = 0;
    if (center_reading_list(sim.center.db, places[at].number, 100000, count_reading, &n, NULL) != OK)
        world_break("the readings cannot be read");
    return n;
}

/* M-5: each reading that a device made is stored once, in its order. */
static void check_readings(enum place at)
{
    struct readings all = { .at = at };
    const struct machine *m = &sim.machines[at];
    if (center_reading_list(sim.center.db, places[at].number, 100000, take_reading, &all, NULL) != OK)
        world_break("the readings cannot be read");
    if (is_served(at) && (all.n != (int64_t)m->board.ledger.now.values[LEDGER_READINGS] || (all.n > 0 && all.oldest != 1)))
        world_break("M-5: %s made %llu readings, the centre has %lld", m->process.name, (unsigned long long)m->board.ledger.now.values[LEDGER_READINGS],
                    (long long)all.n);
}

struct wanted {
    const struct call *call;
    bool there, over;
    enum call_state state;
};

static enum err take_call(void *context, const struct center_call *c)
{
    struct wanted *w = context;
    AUTO_PARSED parsed = { 0 };
    w->there = true;
    w->state = c->state;
    w->over = call_is_over(c->state);
    if (c->state == CALL_ANSWERED && (soap_read_response(SERVICE_REMOTE, w->call->message, c->answer, &parsed, NULL) != OK ||
                                      strcmp(parsed.header.relates_to, c->id) != 0))
        world_break("M-2: the answer to %s answers something else", c->id);
    return OK;
}

static struct wanted find_call(const struct call *call)
{
    struct wanted w = { .call = call };
    enum err err = center_call_find(sim.center.db, call->id, take_call, &w, NULL);
    if (err != OK && err != ERR_NOT_FOUND)
        world_break("the calls cannot be read");
    return w;
}

/* M-2: an accepted call is answered once, refused once or expired; one for a number that comes by a way which is not its own
 * goes nowhere. */
static void check_calls(void)
{
    for (size_t i = 0; i < sim.calls_n; i++) {
        const struct call *c = &sim.calls[i];
        const struct wanted w = find_call(c);
        if (c->sure && !w.there)
            world_break("I9: call %s to %s was accepted and is lost", c->id, places[c->place].name);
        if (w.there && !w.over)
            world_break("M-2: call %s to %s is still %s", c->id, places[c->place].name, call_state_name(w.state));
        const bool anew = i < sim.machines[c->place].calls_before; /* a board in another's place does not know what that one answered */
        if (is_served(c->place) && ((c->readings > 1 && !anew) || (w.state == CALL_ANSWERED && c->message == SOAP_CHARGE_COUNTER && c->readings == 0)))
            world_break("M-2: call %s to %s was answered with %d readings", c->id, places[c->place].name, c->readings);
        if (w.there && w.state != CALL_EXPIRED && c->place == UNBOUND)
            world_break("M-1: call %s to a number that is not bound is %s", c->id, call_state_name(w.state));
    }
}

struct told {
    const struct event_told *event;
    int n;
};

static enum err take_event(void *context, const char *number, int64_t at_s, const char *kind, const char *detail)
{
    struct told *t = context;
    (void)number, (void)at_s, (void)kind;
    t->n += strcmp(detail, t->event->detail) == 0;
    return OK;
}

static int times_told(const struct event_told *e)
{
    struct told t = { .event = e };
    if (center_event_list(sim.center.db, NULL, 100000, take_event, &t, NULL) != OK)
        world_break("the events cannot be read");
    return t.n;
}

/* M-2, I10: what a device was told to report is reported once; who has no agreement, or no way of its own, reports nothing. */
static void check_events(void)
{
    for (size_t i = 0; i < sim.events_n; i++) {
        const struct event_told *e = &sim.events[i];
        int n = times_told(e);
        if (n > 1)
            world_break("I10: %s of %s was taken %d times", e->detail, places[e->place].name, n);
        if (n == 0 && e->sure && is_served(e->place) && !sim.was_suspended[e->place])
            world_break("I9: %s of %s is lost", e->detail, places[e->place].name);
        if (n != 0 && (e->place == UNLICENSED || e->place == UNBOUND))
            world_break("%s of %s was taken, which may not speak here", e->detail, places[e->place].name);
    }
}

static void check_silent(enum place at)
{
    struct center_session session;
    if (center_session_find(sim.center.db, places[at].number, &session, NULL) != ERR_NOT_FOUND)
        world_break("%s has a session, and may have none", places[at].name);
    if (readings_at_center(at) != 0)
        world_break("%s has readings, and may have none", places[at].name);
}

static enum err take_superseded(void *context, const struct center_incident *i)
{
    bool *found = context;
    *found = *found || strcmp(i->kind, "superseded") == 0;
    return OK;
}

/* In quarantine; or one of the two has renewed its identity, and the other was refused with the old one. */
static bool copy_is_found(void)
{
    struct center_device d;
    bool superseded = false;
    const char *number = places[BELOW_2].number;
    if (!sim.copy_runs || center_device_find(sim.center.db, number, &d, NULL) != OK || d.standing == CENTER_QUARANTINED)
        return true;
    return sim.renews && center_incident_list(sim.center.db, number, 1000, take_superseded, &superseded, NULL) == OK && superseded;
}

static void check_copy(void)
{
    if (!copy_is_found())
        world_break("M-6: the copy of %s was not found", places[BELOW_2].name);
}

bool check_settled(char *ret_why, size_t size)
{
    if (!nodes_all_up() || sim.center.db == NULL) {
        snprintf(ret_why, size, "something is down");
        return false;
    }
    for (size_t i = 0; i < sim.calls_n; i++) {
        const struct wanted w = find_call(&sim.calls[i]);
        snprintf(ret_why, size, "call %s to %s is %s", sim.calls[i].id, places[sim.calls[i].place].name, call_state_name(w.state));
        if (w.there && !w.over)
            return false;
    }
    for (size_t i = 0; i < sim.events_n; i++) {
        const struct event_told *e = &sim.events[i];
        snprintf(ret_why, size, "%s of %s has not come", e->detail, places[e->place].name);
        if (e->sure && is_served(e->place) && !sim.was_suspended[e->place] && times_told(e) == 0)
            return false;
    }
    for (int at = 0; at < COPY; at++) {
        const uint64_t made = sim.machines[at].board.ledger.now.values[LEDGER_READINGS];
        snprintf(ret_why, size, "%s made %llu readings, the centre has %lld", places[at].name, (unsigned long long)made,
                 (long long)readings_at_center((enum place)at));
        if (is_served((enum place)at) && (int64_t)made != readings_at_center((enum place)at))
            return false;
    }
    if (!parts_settled(ret_why, size) || !identities_settled(ret_why, size) || !programs_settled(ret_why, size))
        return false;
    snprintf(ret_why, size, "the copy was not found yet");
    return copy_is_found();
}

void check_end(void)
{
    check_moment();
    for (int at = 0; at < COPY; at++)
        if (is_served((enum place)at))
            check_readings((enum place)at);
    check_calls();
    check_events();
    check_silent(UNLICENSED);
    check_silent(UNBOUND);
    check_copy();
    check_identities();
    check_programs();
    check_parts();
}
