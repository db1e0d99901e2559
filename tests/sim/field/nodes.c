/* The processes: started as their programs start, killed anywhere, started again with what was durable. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "field.h"

enum { REPORT_S = 45, WAIT_S = 12, SKEW_S = 86400, DOWN_MS = 12000, RETRY_MS = 1000 };

struct sim_field sim;
static char folder[] = "/tmp/nameplate-sim-XXXXXX";

const struct place_row places[PLACES] = {
    [AT_GATEWAY_1] = { "gw-1-dev", "4001-000001", GATEWAY_1_PORT, NULL, true, true },
    [AT_GATEWAY_2] = { "gw-2-dev", "4001-000002", GATEWAY_2_PORT, "4001-000001", true, true },
    [DIRECT] = { "direct", "4001-000003", CENTER_PORT, NULL, true, true },
    [BELOW_2] = { "below-2", "4001-000004", GATEWAY_2_PORT, "4001-000002", true, true },
    [BELOW_1] = { "below-1", "4001-000005", GATEWAY_1_PORT, "4001-000001", true, true },
    [UNLICENSED] = { "unpaid", "4001-000006", GATEWAY_2_PORT, "4001-000002", false, true },
    [UNBOUND] = { "unbound", "4001-000007", GATEWAY_2_PORT, NULL, true, true },
    [COPY] = { "copy", "4001-000004", CENTER_PORT, NULL, true, false },
};

static void must(enum err err, const struct why *why)
{
    if (err == OK)
        return;
    fprintf(stderr, "the simulation cannot be set up: %s\n", why_text(why, err));
    exit(2);
}

/* --- Life and death --- */

static void bury_center(struct process *node);
static void bury_gateway(struct process *node);
static void bury_machine(struct process *node);

/* A third of the hosts have a clock that is wrong, for the whole run (I13). */
static void draw_skew(struct process *n) { n->skew_s = world_below(3) == 0 ? (int64_t)world_below(2 * SKEW_S) - SKEW_S : 0; }

static void live(struct process *n)
{
    n->up = true;
    n->dead = false;
    n->steps_left = -1;
}

static int64_t down_ms(void) { return 200 + (int64_t)world_below(DOWN_MS); }

/* --- The centre --- */

static void start_center(void *context)
{
    (void)context;
    struct why why = { "" };
    live(&sim.center_node);
    struct process *before = world_enter(&sim.center_node);
    sim.center = (struct center){ .config = sim.config };
    enum err err = center_settings_read(sim.config, &sim.center.settings, &why);
    if (err == OK)
        err = center_start(&sim.center, &why);
    if (err != OK && !sim.center_node.dead)
        world_break("the centre does not start: %s", why_text(&why, err));
    world_leave(before);
}

static void stop_center(void)
{
    struct process *before = world_enter(&sim.center_node);
    center_stop(&sim.center);
    world_enter(before);
    world_forget(&sim.center_node);
    sim.center = (struct center){ .db = NULL };
}

static void bury_center(struct process *node)
{
    stop_center();
    if (world_chance(500))
        disk_power_lost(sim.store);
    world_trace(node->name, "is down");
    world_after(NULL, down_ms(), start_center, NULL);
}

/* --- Gateways --- */

static void start_gateway(void *context)
{
    struct relay *r = context;
    struct why why = { "" };
    live(&r->process);
    struct process *before = world_enter(&r->process);
    r->gateway = (struct gateway){ .dir = r->beside->dir, .config = r->config };
    enum err err = gateway_settings_read(r->config, &r->gateway.settings, &why);
    if (err == OK)
        err = gateway_start(&r->gateway, &why);
    if (err != OK && !r->process.dead && err != ERR_FLASH_FAILED && err != ERR_NOT_FOUND) /* its board is off just now */
        world_break("%s does not start: %s", r->process.name, why_text(&why, err));
    r->process.dead = r->process.dead || err != OK;
    world_leave(before);
}

static void stop_gateway(struct relay *r)
{
    struct process *before = world_enter(&r->process);
    gateway_stop(&r->gateway);
    world_enter(before);
    world_forget(&r->process);
}

static void bury_gateway(struct process *node)
{
    struct relay *r = (struct relay *)(void *)node;
    char store[PATH + 20];
    snprintf(store, sizeof store, "%s/relay.db", r->beside->dir);
    stop_gateway(r);
    if (world_chance(500))
        disk_power_lost(store);
    world_trace(node->name, "is down");
    world_after(NULL, down_ms(), start_gateway, r);
}

/* --- Devices --- */

static void restart(void *context)
{
    struct machine *m = context;
    m->process.dead = true; /* nothing more of this life has an effect */
    m->restarts = true;
}

static void open_field(struct machine *m, struct why *why)
{
    struct field_options options = { .wait_s = WAIT_S, .report_s = REPORT_S, .trial_s = 60, .restart = restart, .context = m };
    snprintf(options.url, sizeof options.url, "https://127.0.0.1:%u", m->port);
    enum err err = board_open(m->dir, BOARD_USE, &m->board, why);
    const bool asks = err == OK && m->part != NULL && m->board.boot.state == BOOT_BOOTSTRAP;
    if (err == OK && !asks && m->board.boot.state != BOOT_INDIVIDUAL)
        err = why_set(why, ERR_DAMAGED, "its identity is gone");
    if (err == OK)
        err = board_load(&m->board, why);
    if (err == OK)
        programs_check_start(m);
    memcpy(m->shown, m->board.identity.fingerprint, sizeof m->shown);
    if (err == OK)
        err = loop_new(&m->loop, why);
    if (err == OK)
        err = asks ? part_start(m, why) : field_start(m->loop, &m->board, &options, &m->field, why);
    if (err != OK && !m->process.dead)
        world_break("I3: %s does not start: %s", m->process.name, why_text(why, err));
}

static void start_machine(void *context)
{
    struct machine *m = context;
    struct why why = { "" };
    cells_power_on(m->dir, !m->restarts && world_chance(500));
    m->restarts = false;
    m->running = true;
    live(&m->process);
    struct process *before = world_enter(&m->process);
    m->field = NULL;
    m->loop = NULL;
    open_field(m, &why);
    world_leave(before);
}

void machine_start(struct machine *m) { start_machine(m); }

static void stop_machine(struct machine *m)
{
    struct process *before = world_enter(&m->process);
    field_stop(m->field);
    part_stop(m);
    board_close(&m->board);
    loop_free(m->loop);
    world_enter(before);
    m->field = NULL;
    world_forget(&m->process);
}

static void bury_machine(struct process *node)
{
    struct machine *m = (struct machine *)(void *)node;
    stop_machine(m);
    world_trace(node->name, m->restarts ? "starts again" : "is off");
    world_after(NULL, m->restarts ? 500 : down_ms(), start_machine, m);
}

enum { PROCESSES = 1 + GATEWAYS + PLACES + PARTS };

static struct process *process_at(size_t i)
{
    if (i == 0)
        return &sim.center_node;
    if (i <= GATEWAYS)
        return &sim.gateways[i - 1].process;
    return i <= GATEWAYS + PLACES ? &sim.machines[i - 1 - GATEWAYS].process : &sim.removed[i - 1 - GATEWAYS - PLACES].process;
}

void nodes_harm(void)
{
    struct process *victim = process_at(world_below(PROCESSES - PARTS + sim.removed_n));
    if (!victim->up || victim->dead)
        return;
    victim->steps_left = 1 + (long)world_below(world_chance(300) ? 200 : 30);
    sim.deaths++;
}

void nodes_spare(void)
{
    for (size_t i = 0; i < PROCESSES; i++)
        process_at(i)->steps_left = -1;
}

bool nodes_all_up(void)
{
    bool all = sim.center_node.up && sim.gateways[0].process.up && sim.gateways[1].process.up;
    for (size_t i = 0; i < PLACES; i++)
        all = all && (sim.machines[i].process.up || !sim.machines[i].running);
    for (size_t i = 0; i < sim.removed_n; i++)
        all = all && (sim.removed[i].process.up || !sim.removed[i].running);
    return all;
}

/* --- Once --- */

static void write_text(const char *path, const char *text)
{
    struct why why = { "" };
    must(file_replace(path, span_text(text), 0600, &why), &why);
}

static void setup_machine(enum place at)
{
    struct machine *m = &sim.machines[at];
    char history[PATH + 20];
    *m = (struct machine){ .process = { .name = places[at].name, .bury = bury_machine, .steps_left = -1 }, .number = places[at].number,
                           .port = places[at].port, .honest = places[at].honest };
    snprintf(m->dir, sizeof m->dir, "%s/%s", folder, places[at].name);
    if (at == COPY) { /* of the same make; it has nothing of its own */
        struct why why = { "" };
        must(board_create(m->dir, &(struct board_order){ .number = "", .model = "4001", .board = "copy" }, &why), &why);
        must(option_create(m->dir, &why), &why);
    } else {
        ca_give(m, sim.renews && (at == AT_GATEWAY_1 || at == DIRECT || at == BELOW_1));
        if (programs_are_for(at))
            programs_prepare(m);
    }
    snprintf(history, sizeof history, "%s/history.jsonl", m->dir);
    (void)!unlink(history);
    if (symlink("/dev/null", history) != 0)
        abort();
}

/* A copy has the key that is fused into the original's processor too: the worst case. */
static void steal_key(void)
{
    char from[PATH + 20], to[PATH + 20];
    AUTO_BUF key = BUF_INIT;
    struct why why = { "" };
    snprintf(from, sizeof from, "%s/device.key", sim.machines[BELOW_2].dir);
    snprintf(to, sizeof to, "%s/device.key", sim.machines[COPY].dir);
    must(file_read(from, 4096, &key, &why), &why);
    must(file_replace(to, buf_span(&key), 0600, &why), &why);
}

static void setup_gateway(size_t i, enum place beside, unsigned port, unsigned above)
{
    struct relay *r = &sim.gateways[i];
    char text[300], store[PATH + 20], config[PATH + 20];
    struct db *db;
    struct why why = { "" };
    *r = (struct relay){ .process = { .name = i == 0 ? "gw-1" : "gw-2", .bury = bury_gateway, .steps_left = -1 }, .beside = &sim.machines[beside] };
    snprintf(config, sizeof config, "%s/gateway.conf", r->beside->dir);
    memcpy(r->config, config, sizeof r->config);
    snprintf(text, sizeof text, "[listen]\nport = %u\n[uplink]\nurl = https://127.0.0.1:%u\ninterval = 10\nwait = 15\n", port, above);
    write_text(r->config, text);
    snprintf(store, sizeof store, "%s/relay.db", r->beside->dir);
    must(relay_open(store, DB_CREATE, &db, &why), &why);
    db_close(db);
    disk_keep(store);
}

static void register_place(struct db *db, enum place at)
{
    struct why why = { "" };
    struct center_device d = { .kind = at <= AT_GATEWAY_2 ? CENTER_GATEWAY : CENTER_DEVICE };
    if (at == COPY)
        return;
    must(number_parse(span_text(places[at].number), &d.number, &why), &why);
    if (places[at].bound_to != NULL)
        must(number_parse(span_text(places[at].bound_to), &d.gateway, &why), &why);
    must(center_device_put(db, &d, &why), &why);
    if (places[at].agreement)
        must(center_agreement_add(db, d.number.text, 1, 0, &why), &why);
}

static void setup_center(void)
{
    struct db *db;
    struct why why = { "" };
    snprintf(sim.config, sizeof sim.config, "%s/nameplate.conf", folder);
    snprintf(sim.store, sizeof sim.store, "%s/center.db", folder);
    write_text(sim.config, "[listen]\nport = 8450\n[admin]\nport = 8452\n[ca]\nurl = https://127.0.0.1:8440\nevery = 5\n"
                           "[field]\npoll = 20\ncall_limit = 600\n");
    must(center_open(sim.store, DB_CREATE, &db, &why), &why);
    for (int at = 0; at < PLACES; at++)
        register_place(db, (enum place)at);
    if (sim.programs)
        programs_setup(folder, db);
    db_close(db);
    disk_keep(sim.store);
    sim.center_node = (struct process){ .name = "center", .bury = bury_center, .steps_left = -1 };
}

void nodes_setup(void)
{
    if (mkdtemp(folder) == NULL)
        abort();
    ca_setup();
    for (int at = 0; at < PLACES; at++)
        setup_machine((enum place)at);
    parts_setup(folder);
    steal_key();
    cells_keep();
    setup_gateway(0, AT_GATEWAY_1, GATEWAY_1_PORT, CENTER_PORT);
    setup_gateway(1, AT_GATEWAY_2, GATEWAY_2_PORT, GATEWAY_1_PORT);
    setup_center();
}

void nodes_clean(void)
{
    char command[PATH + 20];
    snprintf(command, sizeof command, "rm -r %s", folder);
    (void)!system(command);
    programs_clean();
    ca_clean();
}

/* --- A run --- */

static void reset_machine(enum place at)
{
    struct machine fresh = { .process = { .name = places[at].name, .bury = bury_machine, .steps_left = -1 }, .number = places[at].number,
                             .port = places[at].port, .honest = places[at].honest };
    snprintf(fresh.dir, sizeof fresh.dir, "%s/%s", folder, places[at].name);
    sim.machines[at] = fresh;
}

void nodes_begin(void)
{
    cells_begin();
    disk_begin();
    sim.calls_n = sim.events_n = sim.removed_n = 0;
    sim.copied = sim.copy_runs = false;
    memset(sim.suspended, 0, sizeof sim.suspended);
    memset(sim.was_suspended, 0, sizeof sim.was_suspended);
    sim.deaths = 0;
    for (int at = 0; at < PLACES; at++)
        reset_machine((enum place)at);
    for (int at = 0; at < PLACES; at++)
        draw_skew(&sim.machines[at].process);
    for (size_t i = 0; i < GATEWAYS; i++)
        draw_skew(&sim.gateways[i].process);
    draw_skew(&sim.center_node);
    ca_begin();
    start_center(NULL);
    for (size_t i = 0; i < GATEWAYS; i++)
        start_gateway(&sim.gateways[i]);
    for (int at = 0; at < COPY; at++)
        start_machine(&sim.machines[at]);
}

void nodes_end(void)
{
    for (size_t i = 0; i < PLACES; i++)
        if (sim.machines[i].process.up)
            stop_machine(&sim.machines[i]);
    for (size_t i = 0; i < sim.removed_n; i++)
        if (sim.removed[i].process.up)
            stop_machine(&sim.removed[i]);
    for (size_t i = 0; i < GATEWAYS; i++)
        if (sim.gateways[i].process.up)
            stop_gateway(&sim.gateways[i]);
    if (sim.center_node.up)
        stop_center();
    ca_end();
}
