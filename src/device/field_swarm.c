/* device swarm --field: up to 100,000 devices in one process that poll a centre, each with its own identity, on
 * connections of their own: the load that a centre is measured with. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "device/commands.h"
#include "device/field_unit.h"
#include "http/light.h"
#include "model/der.h"

enum { SWARM_MOST = 100000, SWARM_FILE = 512 * 1024 * 1024, LINE_S = 10, RETRY_MS = 1000, TIMEOUT_MS = 30000, MS_MOST = 60000 };

struct swarm;

/* One device and its connection. */
struct member {
    struct swarm *swarm;
    struct field_unit unit;
    struct http_light *link; /* NULL between two polls */
    int64_t sent_ms, present_ms; /* monotonic; when the next presence is due */
    bool waiting;                /* the request under way is one that waits */
};

struct totals {
    uint64_t polls, refused, calls, readings, delivered, errors;
};

struct swarm {
    struct loop *loop;
    struct tls_context *tls;
    struct trust *trust;
    struct buf file; /* packs, one behind the other */
    char address[64];
    uint16_t port;
    struct member *members;
    size_t members_n, open_n;
    long interval_s, wait_s;
    struct totals totals;
    uint32_t took[MS_MOST + 1]; /* polls by milliseconds, those that waited left out */
    struct why last_error;
};

static void poll_now(void *context);

static void say(struct swarm *s, const char *what)
{
    struct rusage usage;
    uint64_t n = 0, sum = 0, half = 0, late = 0;
    for (size_t ms = 0; ms <= MS_MOST; ms++)
        n += s->took[ms];
    for (size_t ms = 0; ms <= MS_MOST; ms++) {
        sum += s->took[ms];
        half = sum * 2 < n ? ms : half;
        late = sum * 100 < n * 99 ? ms : late;
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("%s: %zu devices, %zu connected, %" PRIu64 " polls, %" PRIu64 " refused, %" PRIu64 " calls, %" PRIu64 " readings, %" PRIu64
           " delivered, %" PRIu64 " errors, p50 %" PRIu64 " ms, p99 %" PRIu64 " ms, %ld MB%s%s\n",
           what, s->members_n, s->open_n, s->totals.polls, s->totals.refused, s->totals.calls, s->totals.readings, s->totals.delivered,
           s->totals.errors, half, late, usage.ru_maxrss / 1024, s->totals.errors > 0 ? "; last error: " : "",
           s->totals.errors > 0 ? s->last_error.text : "");
    fflush(stdout);
}

/* Within a tenth, so that many do not come at once. */
static int64_t spread(int64_t ms)
{
    uint32_t random = 0;
    if (rng_fill(&random, sizeof random) != OK)
        return ms;
    return ms + (int64_t)((uint64_t)random % (uint64_t)(ms / 10 + 1));
}

static void poll_after(struct member *m, int64_t ms)
{
    uint64_t id;
    if (loop_timer(m->swarm->loop, ms, poll_now, m, &id) != OK)
        m->swarm->totals.errors++;
}

static void put_away(void *context)
{
    struct member *m = context;
    if (m->link == NULL)
        return;
    http_light_free(m->link);
    m->link = NULL;
    m->swarm->open_n--;
    unit_close(&m->unit);
}

/* The connection is put away from the loop, since this runs inside its own callback. */
static void rest(struct member *m, int64_t ms)
{
    if (loop_post(m->swarm->loop, put_away, m) != OK)
        m->swarm->totals.errors++;
    poll_after(m, ms);
}

static void failed(struct member *m, enum err err, const struct why *why)
{
    m->swarm->totals.errors++;
    (void)!why_set(&m->swarm->last_error, err, "%s: %s", m->unit.pack.number.text, why_text(why, err));
    rest(m, spread(RETRY_MS));
}

static int64_t interval_ms(const struct member *m)
{
    int64_t s = m->swarm->interval_s != 0 ? m->swarm->interval_s : m->unit.interval_s;
    return 1000 * (s < 1 ? 1 : s);
}

static void count(struct swarm *s, const struct unit_outcome *o)
{
    s->totals.refused += o->refused;
    s->totals.calls += o->calls;
    s->totals.readings += o->readings;
    s->totals.delivered += o->delivered;
}

static void on_reply(void *context, enum err err, int status, struct span body, const struct why *why)
{
    struct member *m = context;
    struct unit_outcome outcome = { 0 };
    struct why reason = { "" };
    int64_t took = clock_mono_ms() - m->sent_ms;
    m->swarm->totals.polls++;
    if (!m->waiting)
        m->swarm->took[took > MS_MOST ? MS_MOST : took]++;
    if (err != OK) {
        failed(m, err, why);
        return;
    }
    err = unit_take(&m->unit, body, &outcome, &reason);
    if (err != OK) {
        if (status != 200)
            (void)!why_prefix(&reason, err, "status %d", status);
        failed(m, err, &reason);
        return;
    }
    count(m->swarm, &outcome);
    if (outcome.admitted || outcome.refused)
        m->present_ms = clock_mono_ms() + spread(interval_ms(m));
    if (unit_has_news(&m->unit) || (m->swarm->wait_s > 0 && !m->unit.refused))
        poll_after(m, 0);
    else
        rest(m, spread(interval_ms(m)));
}

static enum err connect_member(struct member *m, struct why *why)
{
    struct swarm *s = m->swarm;
    if (m->link != NULL)
        return OK;
    enum err err = unit_open(&m->unit, why);
    const struct http_light_options options = { .address = s->address, .port = s->port, .tls = s->tls, .key = m->unit.key,
                                                .chain = (const struct cert *const *)m->unit.chain, .chain_n = m->unit.chain_n,
                                                .max_reply = LIMIT_EXCHANGE };
    if (err == OK)
        err = http_light_new(s->loop, &options, on_reply, m, &m->link);
    s->open_n += err == OK;
    return err;
}

static void poll_now(void *context)
{
    struct member *m = context;
    struct swarm *s = m->swarm;
    struct why why = { "" };
    AUTO_BUF xml = BUF_INIT;
    m->sent_ms = clock_mono_ms();
    bool present = m->sent_ms >= m->present_ms;
    m->waiting = !present && !unit_has_news(&m->unit) && s->wait_s > 0;
    enum err err = connect_member(m, &why);
    if (err == OK)
        err = unit_write(&m->unit, present, m->waiting ? s->wait_s : 0, &xml, &why);
    if (err == OK)
        err = http_light_post(m->link, soap_service_row(SERVICE_FIELD)->path, soap_content_type(SOAP_1_2), buf_span(&xml),
                              TIMEOUT_MS + 1000 * s->wait_s, &why);
    if (err != OK)
        failed(m, err, &why);
}

/* --- Start --- */

static enum err read_identities(struct swarm *s, const char *path, size_t most, struct why *why)
{
    s->file.max = SWARM_FILE;
    enum err err = file_read(path, SWARM_FILE, &s->file, why);
    struct span rest = buf_span(&s->file);
    s->members = err == OK ? calloc(most, sizeof *s->members) : NULL;
    if (err == OK && s->members == NULL)
        return ERR_NO_MEMORY;
    while (err == OK && rest.n > 0 && s->members_n < most) {
        struct member *m = &s->members[s->members_n];
        size_t at = s->file.len - rest.n;
        struct span pack;
        err = der_take_whole(&rest, DER_SEQUENCE, &pack);
        err = err != OK ? why_set(why, err, "no pack") : pack_decode(pack, &m->unit.pack, why);
        if (err != OK)
            return why_prefix(why, err, "%s, byte %zu", path, at);
        m->swarm = s;
        s->members_n++;
    }
    if (err == OK && s->members_n == 0)
        err = why_set(why, ERR_BAD_INPUT, "%s holds no identity", path);
    return err;
}

static enum err trust_the_root(struct swarm *s, struct why *why)
{
    const struct pack *first = &s->members[0].unit.pack;
    enum err err = trust_new(&s->trust);
    if (err == OK)
        err = trust_add_roots(s->trust, first->root, why);
    const struct tls_options options = { .trust = s->trust, .peers = ROLE_BIT(ROLE_CENTER) | ROLE_BIT(ROLE_GATEWAY) };
    return err == OK ? tls_context_new(&options, &s->tls, why) : err;
}

static void every_line(void *context)
{
    struct swarm *s = context;
    uint64_t id;
    say(s, "swarm");
    if (loop_timer(s->loop, 1000 * LINE_S, every_line, s, &id) != OK)
        loop_stop(s->loop);
}

static void stop(void *context) { loop_stop(((struct swarm *)context)->loop); }

/* They come one after the other, over one interval. */
static enum err begin(struct swarm *s, long seconds, struct why *why)
{
    uint64_t id;
    enum err err = loop_on_signals(s->loop, stop, NULL, s, why);
    if (err == OK)
        err = loop_timer(s->loop, 1000 * LINE_S, every_line, s, &id);
    if (err == OK && seconds > 0)
        err = loop_timer(s->loop, 1000 * (int64_t)seconds, stop, s, &id);
    for (size_t i = 0; err == OK && i < s->members_n; i++)
        err = loop_timer(s->loop, (int64_t)i * 1000 * (s->interval_s < 1 ? 1 : s->interval_s) / (int64_t)s->members_n, poll_now,
                         &s->members[i], &id);
    return err;
}

static void release(struct swarm *s)
{
    for (size_t i = 0; i < s->members_n; i++) {
        http_light_free(s->members[i].link);
        unit_done(&s->members[i].unit);
    }
    loop_free(s->loop);
    tls_context_free(s->tls);
    trust_free(s->trust);
    free(s->members);
    buf_wipe(&s->file);
}

static enum err read_place(struct swarm *s, const char *text, struct why *why)
{
    unsigned port = 0;
    char end;
    if (sscanf(text, "%63[0-9.]:%u%c", s->address, &port, &end) != 2 || port == 0 || port > 65535)
        return why_set(why, ERR_USAGE, "--field %s: ADDRESS:PORT is needed", text);
    s->port = (uint16_t)port;
    return OK;
}

static enum err run(const struct command_line *line, struct swarm *s, struct why *why)
{
    long most = 0, seconds = 0;
    const char *identities = command_flag(line, "identities");
    enum err err = read_place(s, command_flag(line, "field"), why);
    if (err == OK && identities == NULL)
        err = why_set(why, ERR_USAGE, "--field needs --identities FILE: the packs of the devices, one behind the other");
    if (err == OK)
        err = command_flag_int(line, "count", 1, SWARM_MOST, &most, why);
    if (err == OK)
        err = command_flag_int(line, "seconds", 0, 7 * 24 * 3600, &seconds, why);
    if (err == OK)
        err = command_flag_int(line, "interval", 0, LIMIT_POLL_MOST_S, &s->interval_s, why);
    if (err == OK)
        err = command_flag_int(line, "wait", 0, LIMIT_POLL_WAIT_S, &s->wait_s, why);
    if (err == OK)
        err = read_identities(s, identities, (size_t)most, why);
    if (err == OK)
        err = trust_the_root(s, why);
    if (err == OK)
        err = loop_new(&s->loop, why);
    if (err == OK)
        err = begin(s, seconds, why);
    if (err == OK)
        err = loop_run(s->loop, why);
    if (err == OK)
        say(s, "swarm ended");
    return err;
}

int command_field_swarm(const struct command_line *line)
{
    struct why why = { "" };
    struct swarm *s = calloc(1, sizeof *s);
    if (s == NULL)
        return command_fail(line, ERR_NO_MEMORY, &why, NULL);
    enum err err = run(line, s, &why);
    release(s);
    free(s);
    return err == OK ? 0 : command_fail(line, err, &why, "nameplate device swarm --help");
}
