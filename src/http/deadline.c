#include "base/clock.h"
#include "http/conn.h"

static int64_t allowance_ms(const struct http_conn *c, enum conn_phase phase)
{
    const struct http_limits *limits = &c->server->limits;
    switch (phase) {
    case PHASE_HANDSHAKE: return limits->handshake_ms;
    case PHASE_HEADER: return limits->header_ms;
    case PHASE_BODY:
    case PHASE_SEND: return limits->body_idle_ms;
    case PHASE_HANDLER: return limits->handler_ms;
    case PHASE_IDLE: return limits->idle_ms;
    case PHASE_LINGER: break;
    }
    return limits->linger_ms;
}

/* The minimum rate over the window that ended; otherwise a byte now and then would hold the connection. */
static bool moved_enough(const struct http_conn *c)
{
    const struct http_limits *limits = &c->server->limits;
    if (c->phase != PHASE_BODY && c->phase != PHASE_SEND)
        return false;
    return (int64_t)c->window_bytes >= limits->body_min_rate * limits->body_idle_ms / 1000 && c->window_bytes != 0;
}

static void give_up(struct http_conn *c, int status, const char *sentence)
{
    struct why why;
    enum err err = why_set(&why, ERR_TIMEOUT, "%s", sentence);
    if (c->server->refused != NULL)
        c->server->refused(c->server->context, c->address, err, &why);
    if (status == 0 || c->x.reply != REPLY_NONE || c->out_at < c->out.len)
        c->broken = true;
    else
        conn_refuse(c, status, sentence);
}

static void expire(struct http_conn *c)
{
    switch (c->phase) {
    case PHASE_HANDSHAKE: give_up(c, 0, "the TLS handshake took too long"); break;
    case PHASE_HEADER: give_up(c, request_started(&c->request) ? 408 : 0, "the request header took too long"); break;
    case PHASE_BODY: give_up(c, 408, "the request body came too slowly"); break;
    case PHASE_SEND: give_up(c, 0, "the reply was taken too slowly"); break;
    case PHASE_HANDLER: give_up(c, 503, "the request could not be answered in time"); break;
    case PHASE_IDLE:
    case PHASE_LINGER: c->broken = true; break;
    }
}

static void on_timer(void *context);

/* One timer per connection. A deadline that moves out is met by the timer that is set already, which then
 * sets itself anew: a request costs no timer operation. */
static void arm(struct http_conn *c)
{
    if (c->timer != 0 && c->timer_due_ms <= c->deadline_ms)
        return;
    loop_cancel(c->server->loop, c->timer);
    c->timer = 0;
    c->timer_due_ms = c->deadline_ms;
    if (loop_timer(c->server->loop, c->deadline_ms - clock_mono_ms(), on_timer, c, &c->timer) != OK)
        c->broken = true;
}

static void set_deadline(struct http_conn *c)
{
    c->deadline_ms = clock_mono_ms() + allowance_ms(c, c->phase);
    c->window_bytes = 0;
    arm(c);
}

static void on_timer(void *context)
{
    struct http_conn *c = context;
    c->timer = 0;
    if (clock_mono_ms() < c->deadline_ms)
        arm(c);
    else if (moved_enough(c))
        set_deadline(c);
    else
        expire(c);
    conn_run(c);
}

static enum conn_phase phase_now(const struct http_conn *c)
{
    if (c->phase == PHASE_LINGER || c->phase == PHASE_HANDSHAKE)
        return c->phase;
    if (c->out_at < c->out.len)
        return PHASE_SEND;
    if (c->x.open)
        return c->x.complete || c->x.paused ? PHASE_HANDLER : PHASE_BODY;
    return request_started(&c->request) || !c->first_done ? PHASE_HEADER : PHASE_IDLE;
}

void conn_set_phase(struct http_conn *c)
{
    enum conn_phase phase = phase_now(c);
    bool progress = phase == PHASE_HANDLER && c->window_bytes != 0; /* a streaming handler is alive */
    if (c->timer != 0 && phase == c->phase && !progress)
        return;
    c->phase = phase;
    set_deadline(c);
}
