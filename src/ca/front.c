#include "ca/front.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/hex.h"
#include "log/log.h"

enum { COLLECT_MAX = 16 * LIMIT_MESSAGE }; /* the largest message that is not streamed */

/* --- Answers --- */

struct soap_header call_reply_header(const struct call *c)
{
    struct soap_header h = { .version = c->header.version };
    memcpy(h.relates_to, c->header.message_id, sizeof h.relates_to);
    return h;
}

void call_answer(struct call *c, const void *response)
{
    AUTO_WIPED_BUF out = BUF_INIT;
    struct soap_header header = call_reply_header(c);
    enum err err = soap_write_response(SERVICE_CA, c->message, &header, response, &out);
    if (err != OK) {
        call_fault(c, err, NULL);
        return;
    }
    c->answered = true;
    http_reply(c->x, 200, soap_content_type(c->header.version), buf_span(&out), NULL);
}

void call_fault(struct call *c, enum err err, const struct why *why)
{
    AUTO_BUF out = BUF_INIT;
    struct soap_header header = call_reply_header(c);
    const struct peer *peer = http_peer(c->x);
    if (c->answered)
        return;
    c->answered = true;
    c->front->faults++;
    log_failure(err_row(err)->action == ERR_ACTION_REFUSE ? LOG_INFO : LOG_WARN, "fault", err, why, "peer", peer->name, "role",
                role_name(peer->role), "address", http_peer_address(c->x), "request", c->header.message_id, NULL);
    /* What is the matter inside is for the log, not for the peer. */
    bool ours = err_row(err)->action == ERR_ACTION_OPERATOR || err_row(err)->action == ERR_ACTION_BUG;
    enum err written = soap_write_fault(&header, err, ours ? err_row(err)->text : why_text(why, err), &out);
    /* SOAP 1.1 binding 6.2: a fault is a 500; SOAP 1.2 part 2, 7.5.2.2: the sender's is a 400. */
    bool sender = c->header.version == SOAP_1_2 && err_row(err)->fault == ERR_FAULT_SENDER;
    http_reply(c->x, written != OK ? 503 : sender ? 400 : 500, soap_content_type(c->header.version), buf_span(&out), NULL);
}

void call_fault_of(struct call *c, struct frame_reader *fields)
{
    char name[32];
    struct why why = { 0 };
    frame_text(fields, sizeof name, name);
    frame_text(fields, sizeof why.text, why.text);
    call_fault(c, err_from_name(name), &why);
}

bool call_permitted(struct call *c)
{
    const struct soap_message_row *row = soap_message_row(c->message);
    const struct peer *peer = http_peer(c->x);
    struct why why = { 0 };
    if ((row->roles & ROLE_BIT(peer->role)) != 0)
        return true;
    if (peer->role == ROLE_ANONYMOUS)
        call_fault(c, why_set(&why, ERR_NOT_AUTHENTICATED, "%s needs a client certificate: enrol first", row->operation), &why);
    else
        call_fault(c, why_set(&why, ERR_NOT_ALLOWED, "a %s may not send %s", role_name(peer->role), row->operation), &why);
    return false;
}

/* --- Requests --- */

static size_t begin_soap(struct front *f, struct http_exchange *x)
{
    struct call *c = f->draining ? NULL : calloc(1, sizeof *c);
    if (c == NULL) {
        http_reply(x, 503, "text/plain", span_text("try again later\n"), NULL);
        return 0;
    }
    c->front = f;
    c->x = x;
    c->body.max = COLLECT_MAX + LIMIT_MESSAGE;
    f->requests++;
    http_set_data(x, c);
    return http_peer(x)->role == ROLE_ANONYMOUS ? (size_t)LIMIT_MESSAGE : (size_t)LIMIT_BATCH_BODY;
}

static size_t on_begin(void *context, struct http_exchange *x)
{
    struct front *f = context;
    const char *method = http_method(x);
    if (strcmp(method, "POST") == 0 && strcmp(http_path(x), soap_service_row(SERVICE_CA)->path) == 0)
        return begin_soap(f, x);
    if (strcmp(method, "GET") == 0)
        front_page(f, x);
    else
        http_reply(x, strcmp(method, "POST") == 0 ? 404 : 405, "text/plain", span_text("SOAP is served at /soap/ca\n"), NULL);
    return 0;
}

/* A batch is known by the name of its operation among the first bytes; whether it is really one, the reader
 * of the batch tells. */
static bool looks_like_batch(const struct buf *body)
{
    static const char name[] = "CertificateTransmissionRequest";
    return memmem(body->data, body->len, name, sizeof name - 1) != NULL;
}

static void on_body(void *context, struct http_exchange *x, struct span piece)
{
    struct call *c = http_data(x);
    (void)context;
    if (c == NULL || c->answered)
        return;
    if (c->batch != NULL) {
        batch_call_piece(c, piece);
        return;
    }
    enum err err = c->body.len + piece.n > COLLECT_MAX ? ERR_TOO_LARGE : buf_put_span(&c->body, piece);
    if (err != OK)
        call_fault(c, err, NULL);
    else if (looks_like_batch(&c->body))
        batch_call_begin(c);
}

static void take_message(struct call *c)
{
    struct why why = { 0 };
    AUTO_PARSED parsed = { 0 };
    enum err err = soap_read_request(SERVICE_CA, buf_span(&c->body), &parsed, &why);
    c->header = parsed.header;
    if (err != OK) {
        call_fault(c, err, &why);
        return;
    }
    c->message = parsed.message;
    if (c->body.len > soap_message_row(c->message)->max_body)
        call_fault(c, ERR_TOO_LARGE, NULL);
    else if (call_permitted(c))
        call_dispatch(c, parsed.body);
}

static void on_complete(void *context, struct http_exchange *x, struct span body)
{
    struct call *c = http_data(x);
    (void)context;
    (void)body;
    if (c == NULL || c->answered)
        return;
    if (c->batch != NULL)
        batch_call_complete(c);
    else
        take_message(c);
}

static void on_end(void *context, struct http_exchange *x, bool replied)
{
    struct call *c = http_data(x);
    (void)context;
    (void)replied;
    if (c == NULL)
        return;
    batch_call_free(c);
    link_drop(c->front->link, c->tag);
    buf_done(&c->body);
    free(c);
}

const struct http_handler front_handler = { .begin = on_begin, .body = on_body, .complete = on_complete, .end = on_end };
