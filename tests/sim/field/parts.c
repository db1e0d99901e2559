/* Service parts (M-8): a device's board is taken out, another one with nothing but its bootstrap certificate is built in and asks
 * for the number, an operator approves it a while later. The old board lies in a drawer, or somebody runs it on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "center/errand.h"
#include "device/replacement.h"
#include "field.h"
#include "http/client.h"
#include "issued.h"

enum { REPLACE_MS = 60000, LOOK_MS = 8000, RUN_ON_MS = 60000, AGAIN_MS = 5000 };

static char folders[PARTS][PATH]; /* of boards that were not built in yet */
static const char *const names[PARTS] = { "part-1", "part-2", "part-3" };
static bool over;

/* --- The board that asks: as src/device/command_replace.c does it --- */

static void ask(void *context);

static void ask_later(struct machine *m, int64_t delay_ms)
{
    if (loop_timer(m->loop, delay_ms, ask, m, NULL) != OK)
        world_break("no memory for a timer");
}

static void answered(void *context, struct http_result *result)
{
    struct machine *m = context;
    struct why why = { "" };
    int64_t after_s = AGAIN_MS / 1000;
    if (m->part_stopped)
        return;
    enum err err = result->err == OK ? replacement_answered(&m->board, buf_span(&result->body), &after_s, &why) : result->err;
    if (m->process.dead)
        return;
    if (err != OK && err_row(err)->action != ERR_ACTION_RETRY)
        world_break("M-8: %s did not get its number: %s", m->part, why_text(&why, err));
    if (err == OK && after_s == 0) {
        world_trace(m->process.name, "%s is %s now", m->part, m->number);
        m->process.dead = m->restarts = true;
        return;
    }
    ask_later(m, after_s * 1000);
}

static void ask(void *context)
{
    struct machine *m = context;
    char url[80];
    struct why why = { "" };
    AUTO_BUF body = BUF_INIT;
    snprintf(url, sizeof url, "https://127.0.0.1:%u%s", m->port, soap_service_row(SERVICE_FIELD)->path);
    enum err err = replacement_request(&m->board, &body, &why);
    const struct http_call call = { .url = url, .body = buf_span(&body), .tls = m->part_tls, .context = m };
    if (err == OK && http_client_send(m->part_client, &call, answered, &why) != OK)
        ask_later(m, AGAIN_MS);
    if (err != OK && !m->process.dead)
        world_break("%s cannot ask: %s", m->part, why_text(&why, err));
}

enum err part_start(struct machine *m, struct why *why)
{
    struct device_number number;
    enum err err = number_parse(span_text(m->number), &number, why);
    if (err == OK)
        err = replacement_begin(&m->board, &number, why);
    if (err == OK)
        err = replacement_tls(&m->board, &m->part_tls, why);
    if (err == OK)
        err = http_client_new(m->loop, &m->part_client, why);
    m->part_stopped = false;
    if (err == OK)
        ask_later(m, 100);
    return err;
}

void part_stop(struct machine *m)
{
    m->part_stopped = true;
    if (m->part_client != NULL)
        http_client_free(m->part_client);
    tls_context_free(m->part_tls);
    m->part_client = NULL;
    m->part_tls = NULL;
}

/* --- The technician --- */

/* What it had not told yet is gone with it. */
static void forget_events(enum place at)
{
    for (size_t i = 0; i < sim.events_n; i++)
        if (sim.events[i].place == at)
            sim.events[i].sure = false;
}

static void run_on(void *context)
{
    struct machine *old = context;
    if (over)
        return;
    world_trace("thief", "%s is run on at port %u", old->process.name, old->port);
    machine_start(old);
}

static void build_in(enum place at)
{
    static const unsigned ports[] = { CENTER_PORT, GATEWAY_1_PORT, GATEWAY_2_PORT };
    static const char *const old_names[PARTS] = { "old-1", "old-2", "old-3" };
    struct machine *m = &sim.machines[at], *old = &sim.removed[sim.removed_n];
    struct process *before = world_enter(&m->process);
    m->process.dead = m->process.up;
    world_leave(before);
    m->restarts = false;
    *old = (struct machine){ .process = m->process, .number = m->number, .part = m->part, .at = at,
                             .port = world_below(2) == 0 ? m->port : ports[world_below(3)] };
    old->process.name = old_names[sim.removed_n];
    memcpy(old->dir, m->dir, sizeof old->dir);
    memcpy(old->token, m->board.ledger.now.token, sizeof old->token);
    memcpy(m->dir, folders[sim.removed_n], sizeof m->dir);
    m->part = names[sim.removed_n++];
    m->counted = m->maybe_counted = 0;
    m->handed = false;
    forget_events(at);
    world_trace("people", "%s is built in as %s", m->part, m->process.name);
    if (world_below(2) == 0)
        world_after(NULL, (int64_t)world_below(RUN_ON_MS), run_on, old);
}

static void replace(void *context)
{
    static const enum place whose[] = { DIRECT, BELOW_1 };
    (void)context;
    if (over)
        return;
    if (sim.removed_n < PARTS)
        build_in(whose[world_below(2)]);
    world_after(NULL, REPLACE_MS / 2 + (int64_t)world_below(REPLACE_MS), replace, NULL);
}

/* --- The operator: the board that is built in has told which key it is --- */

static enum err look(void *context, const struct center_ticket *t)
{
    int64_t *id = context;
    for (int at = 0; at < COPY; at++)
        if (sim.machines[at].part != NULL && strcmp(t->state, "waiting") == 0 && strcmp(t->board, sim.machines[at].part) == 0)
            *id = t->id;
    return OK;
}

static void approve(void)
{
    struct db *db = sim.center.db;
    int64_t id = 0;
    if (center_ticket_list(db, true, look, &id, NULL) != OK || id == 0)
        return;
    enum err err = db_begin(db, NULL);
    if (err == OK)
        err = center_ticket_decide(db, id, "approved", "operator", clock_wall_s(), NULL);
    if (err == OK)
        err = db_commit(db, NULL);
    db_rollback(db);
    if (err != OK || sim.center_node.dead)
        return;
    world_trace("operator", "approved ticket %lld", (long long)id);
    errand_due(&sim.center, ERRAND_TICKET);
}

static void operator_looks(void *context)
{
    (void)context;
    if (sim.center_node.up) {
        struct process *before = world_enter(&sim.center_node);
        approve();
        world_leave(before);
    }
    world_after(NULL, (int64_t)world_below(LOOK_MS), operator_looks, NULL);
}

/* --- A run --- */

void parts_setup(const char *folder)
{
    for (int i = 0; sim.replaces && i < PARTS; i++) {
        char history[PATH + 20];
        snprintf(folders[i], sizeof folders[i], "%s/%s", folder, names[i]);
        ca_give_part(folders[i], names[i]);
        if (file_join(folders[i], "history.jsonl", sizeof history, history) != OK)
            abort();
        (void)!unlink(history);
        if (symlink("/dev/null", history) != 0)
            abort();
    }
}

void parts_begin(void)
{
    over = false;
    if (!sim.replaces)
        return;
    world_after(NULL, (int64_t)world_below(REPLACE_MS), replace, NULL);
    world_after(NULL, (int64_t)world_below(LOOK_MS), operator_looks, NULL);
}

void parts_over(void) { over = true; }

/* --- What must hold --- */

/* Its counters go on from what was handed over: once, and never back. */
void parts_check_counters(struct machine *m, uint64_t now)
{
    if (m->part == NULL || m->handed || m->board.ledger.now.values[LEDGER_HANDED_OVER] == 0)
        return;
    m->handed = true;
    m->calls_before = sim.calls_n;
    m->handed_most = (int64_t)(now - m->counted);
    m->handed_least = m->handed_most - (int64_t)m->maybe_counted;
    m->counted = now;
    m->maybe_counted = 0;
}

bool parts_settled(char *ret_why, size_t size)
{
    for (int at = 0; at < COPY; at++) {
        const struct machine *m = &sim.machines[at];
        snprintf(ret_why, size, "%s is not all of %s yet", m->part == NULL ? "" : m->part, m->process.name);
        if (m->part != NULL && (m->field == NULL || !m->handed || option_next(&m->board.option, ITEM_REPLACEMENT, 0) < QUEUE_SLOTS))
            return false;
    }
    return true;
}

/* I8: when the new board has its counters, the old one is let in no more; it may hear once more of the time before. */
void parts_check_removed(void)
{
    for (size_t i = 0; i < sim.removed_n; i++) {
        struct machine *old = &sim.removed[i];
        const struct machine *m = &sim.machines[old->at];
        if (!old->process.up || memcmp(old->token, old->board.ledger.now.token, sizeof old->token) == 0)
            continue;
        memcpy(old->token, old->board.ledger.now.token, sizeof old->token);
        old->tokens += m->handed;
        if (old->tokens > 1)
            world_break("I8: %s is let in, in whose place %s is", old->process.name, m->part);
    }
}

static bool has_identity(const struct machine *old, struct span fingerprint)
{
    return span_equal(fingerprint, span_of(old->shown, sizeof old->shown)) ||
           span_equal(fingerprint, span_of(old->board.identity.fingerprint, sizeof old->board.identity.fingerprint));
}

/* Of an identity that is refused by itself the incident says which; of a letter that a gateway brought it does not. */
static bool is_by(const struct machine *old, const struct center_incident *i)
{
    const bool own = strcmp(i->by, i->number) == 0;
    return old->running && strcmp(old->number, i->number) == 0 && own == (old->port == CENTER_PORT) &&
           (i->evidence.n != CERT_FINGERPRINT || has_identity(old, i->evidence));
}

bool parts_ran_on(const struct center_incident *i)
{
    static const char *const kinds[] = { "superseded", "revoked", "not-bound" };
    bool may = false, is = false;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        may = may || strcmp(i->kind, kinds[k]) == 0;
    for (size_t k = 0; k < sim.removed_n; k++)
        is = is || is_by(&sim.removed[k], i);
    return may && is;
}

struct handed {
    int64_t sequence, sum;
};

static enum err find_handed(void *context, const struct center_reading *r)
{
    struct handed *h = context;
    if (r->reading.sequence == h->sequence)
        for (size_t i = 0; i < r->reading.counters_n; i++)
            h->sum += r->reading.counters[i].value;
    return OK;
}

/* M-5: what the centre had believed of the board before, no less and no more. */
static void check_handed(const struct machine *m)
{
    struct handed h = { .sequence = (int64_t)m->board.ledger.now.values[LEDGER_HANDED_OVER] - 1 };
    if (center_reading_list(sim.center.db, m->number, 100000, find_handed, &h, NULL) != OK)
        world_break("the readings cannot be read");
    if (h.sum < m->handed_least || h.sum > m->handed_most)
        world_break("M-5: %s was handed %lld to %lld, the last reading says %lld", m->part, (long long)m->handed_least,
                    (long long)m->handed_most, (long long)h.sum);
}

void check_parts(void)
{
    for (int at = 0; at < COPY; at++)
        if (sim.machines[at].part != NULL && sim.machines[at].handed)
            check_handed(&sim.machines[at]);
}
