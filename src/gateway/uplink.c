/* The way up: exchanges with the centre or the gateway above, one that waits and one that takes what there is. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "gateway/gateway.h"
#include "log/log.h"

enum { GRACE_MS = 30000, HOUSEKEEPING_MS = 5000, LOGIN = 256 };

struct uplink {
    struct gateway *g;
    struct uplink_state state;
    struct outbox receipts; /* for what came down; lost with us, as the letters then come again */
    uint64_t timer, housekeeping;
    bool up, told; /* told: whether `up` was logged yet */
    bool inside;
};

struct flight {
    struct uplink *u;
    enum uplink_act act;
    struct outbox out;
    struct buf xml;
    int64_t began_ms;
};

static void go_on(void *context);

/* --- Calling --- */

static enum err read_login(const struct gateway *g, char ret_login[LOGIN], struct why *why)
{
    *ret_login = '\0';
    if (*g->settings.proxy_login == '\0')
        return OK;
    AUTO_SECRET whole = SECRET_INIT;
    enum err err = file_read_secret(g->settings.proxy_login, LOGIN - 1, &whole, why);
    if (err != OK)
        return err;
    size_t n = 0;
    while (n < whole.len && whole.data[n] != '\n' && whole.data[n] != '\r')
        n++;
    memcpy(ret_login, whole.data, n);
    ret_login[n] = '\0';
    return strchr(ret_login, ':') != NULL ? OK : why_set(why, ERR_CONFIG, "%s: USER:PASSWORD is needed", g->settings.proxy_login);
}

enum err uplink_call(struct gateway *g, struct span body, long timeout_ms, size_t max_reply, http_done_fn *done, void *context,
                     struct why *why)
{
    char url[GATEWAY_URL], login[LOGIN];
    size_t n = strlen(g->settings.url);
    while (n > 0 && g->settings.url[n - 1] == '/')
        n--;
    snprintf(url, sizeof url, "%.*s%s", (int)n, g->settings.url, soap_service_row(SERVICE_FIELD)->path);
    enum err err = read_login(g, login, why);
    struct http_call call = { .url = url,
                              .method = "POST",
                              .content_type = soap_content_type(SOAP_1_2),
                              .body = body,
                              .tls = g->identity->up,
                              .proxy = *g->settings.proxy == '\0' ? NULL : g->settings.proxy,
                              .proxy_login = *login == '\0' ? NULL : login,
                              .connect_timeout_ms = LIMIT_CONNECT_FIELD_MS,
                              .timeout_ms = LIMIT_CONNECT_FIELD_MS + timeout_ms,
                              .max_reply = max_reply,
                              .context = context };
    if (err == OK)
        err = http_client_send(g->client, &call, done, why);
    explicit_bzero(login, sizeof login);
    return err;
}

/* --- One exchange --- */

static void tell(struct uplink *u, bool up, enum err err, const struct why *why)
{
    struct why unheard = { "" };
    if (u->told && u->up == up)
        return;
    u->up = up;
    u->told = true;
    if (up)
        log_event(LOG_INFO, "uplink-stands", "number", u->g->identity->number.text, "url", u->g->settings.url, NULL);
    else
        log_failure(LOG_WARN, "uplink-failed", err, why, "number", u->g->identity->number.text, "url", u->g->settings.url, NULL);
    err = relay_note(u->g->db, "uplink", up ? "stands" : why_text(why, err), clock_wall_s(), &unheard);
    if (err != OK)
        log_failure(LOG_ERROR, "queue", err, &unheard, NULL);
}

static bool something_waits(struct uplink *u)
{
    struct relay_counts counts = { 0 };
    struct why why = { "" };
    enum err err = relay_count(u->g->db, &counts, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "queue", err, &why, NULL);
    return counts.up + counts.presences > 0;
}

static enum err read_reply(struct flight *f, struct http_result *result, struct uplink_end *end, struct why *why)
{
    AUTO_PARSED reply = { 0 };
    struct uplink *u = f->u;
    if (result->err != OK)
        return why_set(why, result->err, "%s", why_text(&result->why, result->err));
    if (result->body.len == 0)
        return why_set(why, ERR_UNREACHABLE, "the one above answered with HTTP status %d", result->status);
    enum err err = soap_read_response(SERVICE_FIELD, SOAP_EXCHANGE, buf_span(&result->body), &reply, why);
    if (err != OK)
        return err;
    const struct exchange_response *response = reply.body;
    end->more = response->more;
    return arrival_take(u->g, &f->out, f->act == UPLINK_SEND, response, &u->receipts, &end->came, why);
}

static void flight_free(struct flight *f)
{
    outbox_done(&f->out);
    buf_done(&f->xml);
    free(f);
}

static uint32_t draw(void)
{
    uint32_t random = 0;
    if (rng_fill(&random, sizeof random) != OK)
        return 0;
    return random;
}

static void landed(void *context, struct http_result *result)
{
    struct flight *f = context;
    struct uplink *u = f->u;
    struct why why = { "" };
    const struct uplink_policy policy = gateway_uplink_policy(&u->g->settings);
    struct uplink_end end = { .act = f->act, .took_ms = clock_mono_ms() - f->began_ms };
    if (u->g->stopping) {
        flight_free(f);
        return;
    }
    enum err err = read_reply(f, result, &end, &why);
    end.ok = err == OK;
    end.left = something_waits(u) || u->receipts.receipts_n > 0;
    tell(u, end.ok, err, &why);
    uplink_ended(&u->state, &policy, &end, clock_mono_ms(), draw());
    flight_free(f);
    go_on(u);
}

/* A poll carries nothing but receipts, so that it never holds up what goes up. */
static enum err load(struct flight *f, struct why *why)
{
    struct uplink *u = f->u;
    struct db *db = u->g->db;
    f->out = u->receipts;
    enum err err = outbox_init(&u->receipts);
    if (err != OK || f->act == UPLINK_POLL)
        return err;
    err = relay_refusals(db, NULL, outbox_refusal, &f->out, why);
    if (err == OK)
        err = relay_presences_up(db, LIMIT_EXCHANGE_ITEMS, outbox_presence, &f->out, why);
    return err == OK ? relay_letters_up(db, LIMIT_EXCHANGE_ITEMS, outbox_letter, &f->out, why) : err;
}

static enum err launch(struct flight *f, struct why *why)
{
    struct gateway *g = f->u->g;
    const struct soap_header header = { .version = SOAP_1_2 };
    int64_t wait_s = f->act == UPLINK_POLL ? g->settings.wait_s : 0;
    if (identity_is_old(g->identity)) /* the agent beside it renewed it, and the one before may be over already */
        gateway_reload_identity(g);
    enum err err = load(f, why);
    if (err != OK)
        return err;
    const struct exchange_request request = {
        .presences = f->out.presences, .presences_n = f->out.presences_n, .calls = f->out.calls, .calls_n = f->out.calls_n,
        .answers = f->out.answers, .answers_n = f->out.answers_n, .receipts = f->out.receipts, .receipts_n = f->out.receipts_n,
        .wait = wait_s,
    };
    err = soap_write_request(SERVICE_FIELD, SOAP_EXCHANGE, &header, &request, &f->xml);
    return err != OK ? err : uplink_call(g, buf_span(&f->xml), wait_s * 1000 + GRACE_MS, 2 * (size_t)LIMIT_EXCHANGE, landed, f, why);
}

static void start(struct uplink *u, enum uplink_act act)
{
    struct why why = { "" };
    struct flight *f = calloc(1, sizeof *f);
    const struct uplink_policy policy = gateway_uplink_policy(&u->g->settings);
    uplink_began(&u->state, act);
    if (f != NULL) {
        *f = (struct flight){ .u = u, .act = act, .began_ms = clock_mono_ms() };
        enum err err = launch(f, &why);
        if (err == OK)
            return;
        tell(u, false, err, &why);
        flight_free(f);
    }
    const struct uplink_end end = { .act = act, .left = true };
    uplink_ended(&u->state, &policy, &end, clock_mono_ms(), draw());
}

static void on_timer(void *context)
{
    struct uplink *u = context;
    u->timer = 0;
    go_on(u);
}

static void go_on(void *context)
{
    struct uplink *u = context;
    int64_t now_ms = clock_mono_ms();
    struct uplink_order order;
    if (u->g->stopping)
        return;
    while ((order = uplink_next(&u->state, now_ms)).act != UPLINK_REST)
        start(u, order.act);
    loop_cancel(u->g->loop, u->timer);
    u->timer = 0;
    if (order.at_ms != INT64_MAX && loop_timer(u->g->loop, order.at_ms - now_ms + 1, on_timer, u, &u->timer) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
}

/* In the loop's next turn, so that a reply that is being made is out first. */
void uplink_news(struct gateway *g)
{
    struct uplink *u = g->uplink;
    if (u == NULL || g->stopping)
        return;
    u->state.news = true;
    loop_cancel(g->loop, u->timer);
    u->timer = 0;
    if (loop_timer(g->loop, 0, on_timer, u, &u->timer) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
}

/* --- Housekeeping --- */

static enum err expire(struct gateway *g, struct why *why)
{
    int64_t expired = 0;
    enum err err = db_begin(g->db, why);
    if (err == OK)
        err = relay_expire(g->db, clock_wall_s(), &expired, why);
    if (err != OK) {
        db_rollback(g->db);
        return err;
    }
    if (expired > 0) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)expired);
        log_event(LOG_INFO, "expired", "calls", text, NULL);
    }
    return db_commit(g->db, why);
}

static void keep_house(void *context)
{
    struct uplink *u = context;
    struct why why = { "" };
    enum err err = expire(u->g, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "queue", err, &why, NULL);
    if (identity_is_old(u->g->identity))
        gateway_reload_identity(u->g);
    if (loop_timer(u->g->loop, HOUSEKEEPING_MS, keep_house, u, &u->housekeeping) != OK)
        log_event(LOG_ERROR, "out-of-memory", NULL);
}

enum err uplink_start(struct gateway *g, struct why *why)
{
    struct uplink *u = calloc(1, sizeof *u);
    if (u == NULL)
        return ERR_NO_MEMORY;
    *u = (struct uplink){ .g = g };
    enum err err = outbox_init(&u->receipts);
    if (err != OK) {
        free(u);
        return err;
    }
    g->uplink = u;
    u->state.news = something_waits(u);
    err = loop_timer(g->loop, 0, on_timer, u, &u->timer);
    if (err == OK)
        err = loop_timer(g->loop, HOUSEKEEPING_MS, keep_house, u, &u->housekeeping);
    return err == OK ? OK : why_set(why, err, "no memory for timers");
}

void uplink_stop(struct gateway *g)
{
    if (g->uplink == NULL)
        return;
    loop_cancel(g->loop, g->uplink->timer);
    loop_cancel(g->loop, g->uplink->housekeeping);
    outbox_done(&g->uplink->receipts);
    free(g->uplink);
    g->uplink = NULL;
}
