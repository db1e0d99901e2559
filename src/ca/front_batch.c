/* CertificateTransmissionRequest, streaming both ways (F-3 to F-5): numbers go on to the signer in frames while
 * the request is still coming in, packs go out while the signer makes further ones. What waits is bounded: one
 * frame of numbers, and packs up to REPLY_WAITING_MAX. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/rng.h"
#include "base/secret.h"
#include "ca/front.h"
#include "log/log.h"

enum {
    FRAME_NUMBERS = 1000,
    SLICES_AHEAD = 2,                     /* asked of the signer before they can be sent */
    REPLY_WAITING_MAX = 2 * 1024 * 1024,  /* bytes; beyond them no further slice is asked for */
    LINK_WAITING_MAX = 4 * 1024 * 1024,   /* bytes; beyond them the body is not read on */
    PAUSE_MS = 5,
};

struct batch_call {
    struct soap_stream *stream;
    bool open;      /* the signer knows of it */
    int64_t waiting_n;
    struct buf waiting; /* numbers for the next frame, as its fields */
    int64_t slices_asked, slices_here;
    bool begun;     /* the reply is under way */
    bool ended;     /* the last pack was there */
    uint64_t timer; /* while paused */
    struct buf packs; /* of the frame being answered; wiped after it */
};

static void on_answer(void *context, unsigned kind, struct frame_reader *fields);
static void pump(void *context);

/* --- Numbers in --- */

static enum err name_request(struct call *c)
{
    uint8_t random[16];
    if (c->header.message_id[0] != '\0')
        return OK;
    enum err err = rng_fill(random, sizeof random);
    memcpy(c->header.message_id, "urn:nameplate:", 14);
    if (err == OK)
        hex_encode(random, sizeof random, c->header.message_id + 14);
    return err;
}

static enum err open_batch(struct call *c)
{
    struct buf *out;
    c->header = *soap_stream_header(c->batch->stream);
    enum err err = name_request(c);
    if (err == OK)
        err = link_take_tag(c->front->link, on_answer, c, &c->tag);
    if (err == OK)
        err = link_begin(c->front->link, CA_REQUEST_OPEN, c->tag, &out);
    if (err == OK)
        err = frame_put_text(out, http_peer(c->x)->name);
    if (err == OK)
        err = frame_put_text(out, c->header.message_id);
    if (err == OK)
        err = link_end(c->front->link);
    c->batch->open = err == OK;
    return err;
}

static enum err send_numbers(struct call *c)
{
    struct batch_call *b = c->batch;
    struct buf *out;
    if (b->waiting_n == 0)
        return OK;
    enum err err = link_begin(c->front->link, CA_REQUEST_NUMBERS, c->tag, &out);
    if (err == OK)
        err = frame_put_int(out, b->waiting_n);
    if (err == OK)
        err = buf_put_span(out, buf_span(&b->waiting));
    if (err == OK)
        err = link_end(c->front->link);
    buf_clear(&b->waiting);
    b->waiting_n = 0;
    return err;
}

static enum err on_number(void *context, const void *record)
{
    struct call *c = context;
    const struct wanted_number *wanted = record;
    struct batch_call *b = c->batch;
    enum err err = b->open ? OK : open_batch(c);
    if (err == OK)
        err = frame_put_text(&b->waiting, wanted->number.text);
    if (err == OK && ++b->waiting_n == FRAME_NUMBERS)
        err = send_numbers(c);
    return err;
}

static void go_on(void *context)
{
    struct call *c = context;
    c->batch->timer = 0;
    if (link_waiting(c->front->link) > LINK_WAITING_MAX && loop_timer(c->front->loop, PAUSE_MS, go_on, c, &c->batch->timer) == OK)
        return;
    http_body_pause(c->x, false);
}

void batch_call_piece(struct call *c, struct span piece)
{
    struct batch_call *b = c->batch;
    struct why why = { 0 };
    enum err err = soap_stream_push(b->stream, piece, false, &why);
    if (err != OK) {
        c->header = *soap_stream_header(b->stream);
        call_fault(c, err, &why);
        return;
    }
    if (b->timer == 0 && link_waiting(c->front->link) > LINK_WAITING_MAX &&
        loop_timer(c->front->loop, PAUSE_MS, go_on, c, &b->timer) == OK)
        http_body_pause(c->x, true);
}

void batch_call_begin(struct call *c)
{
    static const struct soap_stream_events no_events;
    struct soap_stream_events events = no_events;
    c->message = SOAP_CERTIFICATE_TRANSMISSION;
    if (!call_permitted(c))
        return;
    events.on_item = on_number;
    events.context = c;
    c->batch = calloc(1, sizeof *c->batch);
    enum err err = c->batch == NULL ? ERR_NO_MEMORY
                                    : soap_stream_new(SERVICE_CA, c->message, false, &events, &c->batch->stream);
    if (err != OK) {
        call_fault(c, err, NULL);
        return;
    }
    batch_call_piece(c, buf_span(&c->body));
    buf_done(&c->body);
}

static enum err ask(struct call *c, enum ca_request request)
{
    struct buf *out;
    enum err err = link_begin(c->front->link, request, c->tag, &out);
    return err != OK ? err : link_end(c->front->link);
}

void batch_call_complete(struct call *c)
{
    struct why why = { 0 };
    enum err err = soap_stream_push(c->batch->stream, span_of(NULL, 0), true, &why);
    c->header = *soap_stream_header(c->batch->stream);
    if (err == OK && !c->batch->open)
        err = open_batch(c); /* a request without numbers: the signer says so */
    if (err == OK)
        err = send_numbers(c);
    if (err == OK)
        err = ask(c, CA_REQUEST_CHECK);
    if (err != OK)
        call_fault(c, err, &why);
}

void batch_call_free(struct call *c)
{
    struct batch_call *b = c->batch;
    if (b == NULL)
        return;
    if (b->open && ask(c, CA_REQUEST_CLOSE) != OK)
        log_event(LOG_DEBUG, "close", "request", c->header.message_id, "why", "the signer has gone", NULL);
    loop_cancel(c->front->loop, b->timer);
    soap_stream_free(b->stream);
    buf_done(&b->waiting);
    buf_wipe(&b->packs);
    free(b);
}

/* --- Packs out --- */

static void fail_reply(struct call *c, enum err err, const struct why *why)
{
    if (!c->batch->begun) {
        call_fault(c, err, why);
        return;
    }
    log_failure(LOG_WARN, "batch broken off", err, why, "request", c->header.message_id, "peer", http_peer(c->x)->name, NULL);
    http_reply_abort(c->x);
}

static void begin_reply(struct call *c, struct frame_reader *fields)
{
    struct batch_call *b = c->batch;
    AUTO_BUF out = BUF_INIT;
    struct soap_header header = call_reply_header(c);
    char count[24];
    snprintf(count, sizeof count, "%lld", (long long)frame_int(fields));
    log_event(LOG_INFO, "batch", "request", c->header.message_id, "peer", http_peer(c->x)->name, "numbers", count, NULL);
    enum err err = soap_write_open(SERVICE_CA, c->message, true, &header, &out);
    if (err != OK) {
        fail_reply(c, err, NULL);
        return;
    }
    b->begun = c->answered = true;
    http_reply_begin(c->x, 200, soap_content_type(c->header.version), pump, c);
    http_reply_piece(c->x, buf_span(&out));
    pump(c);
}

/* Asks for further slices while the peer takes what was made. How many there are is known by the last one: what was
 * asked for behind it is answered to nobody. */
static void pump(void *context)
{
    struct call *c = context;
    struct batch_call *b = c->batch;
    while (!b->ended && b->slices_asked - b->slices_here < SLICES_AHEAD &&
           http_reply_waiting(c->x) < REPLY_WAITING_MAX) {
        if (ask(c, CA_REQUEST_NEXT) != OK) {
            fail_reply(c, ERR_PEER_GONE, NULL);
            return;
        }
        b->slices_asked++;
    }
}

static enum err write_packs(struct call *c, struct frame_reader *fields, struct buf *out)
{
    int64_t n = frame_int(fields);
    enum err err = OK;
    for (int64_t i = 0; err == OK && i < n && !fields->bad; i++) {
        char order[LIMIT_NAME + 1];
        struct issued_pack pack = { .order = order };
        err = number_parse(frame_bytes(fields), &pack.number, NULL);
        frame_text(fields, sizeof order, order);
        pack.pack = frame_bytes(fields);
        if (err == OK)
            err = soap_write_item(SERVICE_CA, c->message, true, &pack, out);
        c->front->packs++;
    }
    return err != OK ? err : frame_finish(fields, NULL);
}

static void take_packs(struct call *c, struct frame_reader *fields)
{
    struct batch_call *b = c->batch;
    struct buf *out = &b->packs;
    struct soap_header header = call_reply_header(c);
    int64_t what = frame_int(fields);
    enum err err = buf_reserve(out, fields->rest.n / 3 * 4 + fields->rest.n / 8 + 4096);
    if (err == OK)
        err = write_packs(c, fields, out);
    if (err == OK && what == CA_PACKS_ALL)
        err = soap_write_close(SERVICE_CA, c->message, true, &header, out);
    if (err != OK) {
        fail_reply(c, err, NULL);
        return;
    }
    http_reply_piece(c->x, buf_span(out));
    secret_wipe(out->data, out->len);
    buf_clear(out);
    if (what != CA_PACKS_MORE)
        b->slices_here++;
    b->ended = what == CA_PACKS_ALL;
    if (b->ended)
        http_reply_end(c->x);
    else
        pump(c);
}

static void take_error(struct call *c, struct frame_reader *fields)
{
    char name[32];
    struct why why = { 0 };
    frame_text(fields, sizeof name, name);
    frame_text(fields, sizeof why.text, why.text);
    fail_reply(c, err_from_name(name), &why);
}

static void on_answer(void *context, unsigned kind, struct frame_reader *fields)
{
    struct call *c = context;
    if (c->batch->ended || (c->answered && !c->batch->begun))
        return;
    if (kind == CA_ANSWER_ACCEPTED)
        begin_reply(c, fields);
    else if (kind == CA_ANSWER_PACKS && c->batch->begun)
        take_packs(c, fields);
    else if (kind == CA_ANSWER_ERROR)
        take_error(c, fields);
}
