#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "http/loop.h"
#include "log/log.h"

enum { EVENTS = 8192, LINES = 4096, LINE = 240, START_MS = 1000 };
static const int64_t start_s = 1795449600; /* 2026-11-23T16:00:00Z */

struct loop {
    struct process *node;
};

struct event {
    int64_t at_ms;
    uint64_t order;
    struct process *node;
    struct loop *loop; /* whose timer it is; NULL: none's */
    world_fn *fn;
    void *context;
};

static struct world {
    uint64_t random, order, steps;
    int64_t now_ms;
    bool faults, broken, show;
    char reason[512];
    struct process *node;
    struct event events[EVENTS];
    size_t events_n;
    char lines[LINES][LINE];
    uint64_t lines_n;
} world;

/* --- Chance --- */

uint64_t world_random(void) /* xorshift64* */
{
    world.random ^= world.random >> 12;
    world.random ^= world.random << 25;
    world.random ^= world.random >> 27;
    return world.random * 0x2545f4914f6cdd1dULL >> 16;
}

uint64_t world_below(uint64_t most) { return most == 0 ? 0 : world_random() % most; }
bool world_chance(unsigned per_mille) { return world.faults && world_random() % 1000 < per_mille; }
void world_faults(bool on) { world.faults = on; }

static void draw(uint8_t *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)world_random();
}

enum err __wrap_rng_fill(void *out, size_t n);
enum err __wrap_rng_uuid_urn(char ret_urn[RNG_UUID_URN]);

enum err __wrap_rng_fill(void *out, size_t n)
{
    draw(out, n);
    return OK;
}

enum err __wrap_rng_uuid_urn(char ret_urn[RNG_UUID_URN])
{
    uint8_t bytes[16];
    char hex[33];
    draw(bytes, sizeof bytes);
    hex_encode(bytes, sizeof bytes, hex);
    snprintf(ret_urn, RNG_UUID_URN, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return OK;
}

/* Signatures and keys too, or a run could not be repeated. */
static int crypto_draw(unsigned char *to, int n)
{
    draw(to, (size_t)n);
    return 1;
}

static int crypto_ready(void) { return 1; }

static void take_over_crypto(void)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    static const RAND_METHOD method = { .bytes = crypto_draw, .pseudorand = crypto_draw, .status = crypto_ready };
    RAND_set_rand_method(&method);
#pragma GCC diagnostic pop
}

/* --- Clocks --- */

int64_t __wrap_clock_wall_s(void);
int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_mono_us(void);

int64_t world_now_ms(void) { return world.now_ms; }
int64_t __wrap_clock_mono_ms(void) { return world.now_ms; }
int64_t __wrap_clock_mono_us(void) { return world.now_ms * 1000; }
int64_t __wrap_clock_wall_s(void)
{
    return start_s + world.now_ms / 1000 + (world.node == NULL ? 0 : world.node->skew_s);
}

/* --- Events --- */

static uint64_t add(struct event e, int64_t delay_ms)
{
    if (world.events_n == EVENTS) {
        world_break("the simulation has too many events");
        return 0;
    }
    e.at_ms = world.now_ms + (delay_ms < 0 ? 0 : delay_ms);
    e.order = ++world.order;
    world.events[world.events_n++] = e;
    return e.order;
}

void world_after(struct process *node, int64_t delay_ms, world_fn *fn, void *context)
{
    (void)add((struct event){ .node = node, .fn = fn, .context = context }, delay_ms);
}

void world_forget(struct process *node)
{
    for (size_t i = world.events_n; i-- > 0;)
        if (world.events[i].node == node)
            world.events[i] = world.events[--world.events_n];
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

bool world_turn(void)
{
    size_t best = 0;
    if (world.events_n == 0)
        return false;
    for (size_t i = 1; i < world.events_n; i++)
        if (is_before(&world.events[i], &world.events[best]))
            best = i;
    const struct event e = world.events[best];
    world.events[best] = world.events[--world.events_n];
    world.now_ms = e.at_ms;
    world.steps++;
    struct process *before = world_enter(e.node);
    e.fn(e.context);
    world_leave(before);
    return true;
}

uint64_t world_steps(void) { return world.steps; }

/* --- Processes --- */

struct process *world_node(void) { return world.node; }

struct process *world_enter(struct process *node)
{
    struct process *before = world.node;
    world.node = node;
    return before;
}

void world_leave(struct process *before)
{
    struct process *node = world.node;
    world.node = before;
    if (node != NULL && node != before && node->dead && node->up) {
        node->up = false;
        node->bury(node);
    }
}

bool world_system_call(void)
{
    struct process *n = world.node;
    if (n == NULL)
        return true;
    if (n->steps_left > 0 && --n->steps_left == 0) {
        n->dead = true;
        world_trace(n->name, "-- dies here --");
    }
    return !n->dead;
}

/* --- The event loop of a program --- */

enum err loop_new(struct loop **ret_loop, struct why *why)
{
    (void)why;
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return ERR_NO_MEMORY;
    loop->node = world.node;
    *ret_loop = loop;
    return OK;
}

void loop_free(struct loop *loop)
{
    for (size_t i = world.events_n; loop != NULL && i-- > 0;)
        if (world.events[i].loop == loop)
            world.events[i] = world.events[--world.events_n];
    free(loop);
}

enum err loop_timer(struct loop *loop, int64_t delay_ms, loop_fn *fn, void *context, uint64_t *ret_id)
{
    uint64_t id = add((struct event){ .node = loop->node, .loop = loop, .fn = fn, .context = context }, delay_ms);
    if (ret_id != NULL)
        *ret_id = id;
    return id == 0 ? ERR_NO_MEMORY : OK;
}

void loop_cancel(struct loop *loop, uint64_t id)
{
    for (size_t i = 0; id != 0 && i < world.events_n; i++)
        if (world.events[i].order == id && world.events[i].loop == loop) {
            world.events[i] = world.events[--world.events_n];
            return;
        }
}

enum err loop_post(struct loop *loop, loop_fn *fn, void *context) { return loop_timer(loop, 0, fn, context, NULL); }

enum err loop_on_signals(struct loop *loop, loop_fn *stop, loop_fn *reload, void *context, struct why *why)
{
    (void)loop, (void)stop, (void)reload, (void)context, (void)why;
    return OK;
}

enum err loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *context)
{
    (void)loop, (void)fd, (void)events, (void)fn, (void)context;
    return ERR_UNSUPPORTED;
}

enum err loop_run(struct loop *loop, struct why *why)
{
    (void)loop;
    return why_set(why, ERR_BUG, "the simulation turns the loops");
}

void loop_stop(struct loop *loop) { (void)loop; }

/* --- What happened --- */

static void trace(const char *who, const char *text)
{
    char *line = world.lines[world.lines_n++ % LINES];
    snprintf(line, LINE, "%9.3f %-9s %.200s", (double)world.now_ms / 1000, who, text);
    if (world.show)
        puts(line);
}

void world_trace(const char *who, const char *fmt, ...)
{
    char text[LINE];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    trace(who, text);
}

void world_show_trace(bool at_once) { world.show = at_once; }

void world_print_trace(void)
{
    uint64_t from = world.lines_n > 40 ? world.lines_n - 40 : 0;
    for (uint64_t i = from; i < world.lines_n; i++)
        puts(world.lines[i % LINES]);
}

void world_break(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (!world.broken) {
        vsnprintf(world.reason, sizeof world.reason, fmt, args);
        trace("BROKEN", world.reason);
    }
    va_end(args);
    world.broken = true;
}

const char *world_broken(void) { return world.broken ? world.reason : NULL; }

/* The programs' own log goes into the trace. */
void log_setup(const char *program, enum log_level least, int json) { (void)program, (void)least, (void)json; }

enum err log_level_parse(const char *name, enum log_level *ret_level)
{
    (void)name;
    *ret_level = LOG_DEBUG;
    return OK;
}

static void put(char *text, size_t size, const char *name, const char *value)
{
    size_t n = strlen(text);
    if (n < size)
        snprintf(text + n, size - n, "%s%s=%s", n == 0 ? "" : " ", name, value);
}

static void log_pairs(enum log_level level, const char *event, const char *last, va_list args)
{
    char text[LINE] = "";
    if (level == LOG_DEBUG && !world.show)
        return;
    snprintf(text, sizeof text, "%s", event);
    for (const char *name = va_arg(args, const char *); name != NULL; name = va_arg(args, const char *))
        put(text, sizeof text, name, va_arg(args, const char *));
    if (last != NULL)
        put(text, sizeof text, "why", last);
    trace(world.node == NULL ? "world" : world.node->name, text);
}

void log_event(enum log_level level, const char *event, ...)
{
    va_list args;
    if (world.node != NULL && world.node->dead)
        return;
    va_start(args, event);
    log_pairs(level, event, NULL, args);
    va_end(args);
}

void log_failure(enum log_level level, const char *event, enum err err, const struct why *why, ...)
{
    va_list args;
    if (world.node != NULL && world.node->dead)
        return;
    va_start(args, why);
    log_pairs(level, event, why_text(why, err), args);
    va_end(args);
}

/* --- A run --- */

void world_begin(uint64_t seed)
{
    bool show = world.show;
    world = (struct world){ .random = seed * 0x9e3779b97f4a7c15ULL + 1, .now_ms = START_MS, .show = show };
    take_over_crypto();
}

void world_end(void) { world.events_n = 0; }
