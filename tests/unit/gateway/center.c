#include "center.h"

#include <stdio.h>
#include <stdlib.h>

static size_t begin(void *context, struct http_exchange *x)
{
    (void)context, (void)x;
    return LIMIT_EXCHANGE;
}

static void note(struct stand_in *c, const char *what, const char *id, const struct device_number *number, const struct peer *by,
                 struct span envelope, struct span signature)
{
    for (size_t i = 0; i < c->seen_n; i++)
        if (strcmp(c->seen[i].what, what) == 0 && strcmp(c->seen[i].id, id) == 0) {
            c->doubled++;
            return;
        }
    assert_true(c->seen_n < CENTER_LETTERS);
    struct seen *s = &c->seen[c->seen_n++];
    snprintf(s->what, sizeof s->what, "%s", what);
    snprintf(s->id, sizeof s->id, "%s", id);
    snprintf(s->number, sizeof s->number, "%s", number->text);
    snprintf(s->by, sizeof s->by, "%s", by->name);
    assert_ok(buf_put_span(&s->envelope, envelope));
    assert_ok(buf_put_span(&s->signature, signature));
}

static void take_receipts(struct stand_in *c, const struct exchange_request *r)
{
    for (size_t i = 0; i < r->receipts_n; i++) {
        const struct field_receipt *one = &r->receipts[i];
        if (!one->accepted)
            snprintf(c->refused, sizeof c->refused, "%s", one->error);
        if (c->down.id != NULL && strcmp(one->what, "call") == 0 && strcmp(one->id, c->down.id) == 0)
            c->down_taken = true;
        if (c->answer.id != NULL && strcmp(one->what, "answer") == 0 && strcmp(one->id, c->answer.id) == 0)
            c->answer_taken = true;
    }
}

struct reply {
    struct field_session sessions[CENTER_LETTERS];
    struct field_receipt receipts[CENTER_LETTERS];
    struct exchange_response body;
};

static void take_letters(struct stand_in *c, const struct exchange_request *r, const struct peer *by, struct reply *reply)
{
    size_t receipts = 0;
    for (size_t i = 0; i < r->presences_n; i++) {
        const struct field_presence *p = &r->presences[i];
        note(c, "presence", p->nonce, &p->number, by, span_of(NULL, 0), p->signature);
        reply->sessions[i] = (struct field_session){ .number = p->number, .nonce = p->nonce, .state = "admitted", .token = "next", .interval = 1 };
    }
    for (size_t i = 0; i < r->calls_n; i++) {
        const struct field_call *call = &r->calls[i];
        bool refused = c->refuse_calls_of != NULL && strcmp(c->refuse_calls_of, call->number.text) == 0;
        note(c, "call", call->id, &call->number, by, call->envelope, call->signature);
        for (size_t k = 0; k < c->seen_n; k++)
            if (strcmp(c->seen[k].id, call->id) == 0 && strcmp(c->seen[k].what, "call") == 0) {
                c->seen[k].serial = call->serial;
                snprintf(c->seen[k].maker, sizeof c->seen[k].maker, "%s", call->maker);
            }
        reply->receipts[receipts++] =
            (struct field_receipt){ .id = call->id, .what = "call", .accepted = !refused, .error = refused ? "NO_AGREEMENT" : NULL };
    }
    for (size_t i = 0; i < r->answers_n; i++) {
        const struct field_answer *a = &r->answers[i];
        const char *what = strcmp(a->kind, "delay") == 0 ? "delay" : "answer";
        note(c, what, a->id, &a->number, by, a->envelope, a->signature);
        reply->receipts[receipts++] = (struct field_receipt){ .id = a->id, .what = what, .accepted = true };
    }
    reply->body = (struct exchange_response){ .sessions = reply->sessions, .sessions_n = r->presences_n, .receipts = reply->receipts,
                                              .receipts_n = receipts };
}

static void answer_exchange(struct stand_in *c, struct http_exchange *x, const struct soap_parsed *request)
{
    struct reply *reply = calloc(1, sizeof *reply);
    AUTO_BUF xml = BUF_INIT;
    struct soap_header header = soap_reply_header(&request->header);
    assert_non_null(reply);
    take_receipts(c, request->body);
    take_letters(c, request->body, http_peer(x), reply);
    if (c->down.id != NULL && !c->down_taken) {
        reply->body.calls = &c->down;
        reply->body.calls_n = 1;
    }
    if (c->answer.id != NULL && !c->answer_taken) {
        reply->body.answers = &c->answer;
        reply->body.answers_n = 1;
    }
    assert_ok(soap_write_response(SERVICE_FIELD, SOAP_EXCHANGE, &header, &reply->body, &xml));
    http_reply(x, 200, soap_content_type(header.version), buf_span(&xml), NULL);
    free(reply);
}

static void answer_replacement(struct stand_in *c, struct http_exchange *x, const struct soap_parsed *request)
{
    AUTO_BUF xml = BUF_INIT;
    struct soap_header header = soap_reply_header(&request->header);
    const struct replacement_response response = { .state = "waiting", .after = 7 };
    c->replacements++;
    assert_ok(soap_write_response(SERVICE_FIELD, SOAP_REPLACEMENT, &header, &response, &xml));
    http_reply(x, 200, soap_content_type(header.version), buf_span(&xml), NULL);
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    struct stand_in *c = context;
    AUTO_PARSED request = { 0 };
    pthread_mutex_lock(&c->lock);
    if (c->away) {
        http_reply(x, 503, "text/plain", span_text("away\n"), NULL);
    } else {
        assert_ok(soap_read_request(SERVICE_FIELD, body, &request, NULL));
        if (request.message == SOAP_EXCHANGE)
            answer_exchange(c, x, &request);
        else
            answer_replacement(c, x, &request);
    }
    pthread_mutex_unlock(&c->lock);
}

static const struct http_handler handler = { .begin = begin, .complete = complete };

static void *run(void *context)
{
    struct stand_in *c = context;
    assert_ok(loop_run(c->loop, NULL));
    return NULL;
}

void stand_in_start(struct stand_in *c, const struct fixture *pki, uint16_t port)
{
    struct tls_context *tls;
    struct why why = { "" };
    struct authority a = fixture_issue("infrastructure", "center-1", "urn:nameplate:center:center-1", &pki->infrastructure);
    const struct cert *chain[] = { a.cert, pki->infrastructure.cert };
    const struct tls_options options = { .server = true, .key = a.key, .chain = chain, .chain_n = 2, .trust = pki->trust,
                                         .peers = ROLE_BIT(ROLE_DEVICE) | ROLE_BIT(ROLE_GATEWAY) };
    *c = (struct stand_in){ .lock = PTHREAD_MUTEX_INITIALIZER };
    enum err err = tls_context_new(&options, &tls, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    assert_ok(loop_new(&c->loop, NULL));
    const struct http_server_options server = { .address = "127.0.0.1", .port = port, .tls = tls, .handler = &handler, .context = c };
    assert_ok(http_server_new(c->loop, &server, &c->server, NULL));
    c->port = http_server_port(c->server);
    assert_int_equal(pthread_create(&c->thread, NULL, run, c), 0);
    tls_context_free(tls);
    authority_done(&a);
}

static void stop(void *context) { loop_stop(((struct stand_in *)context)->loop); }

void stand_in_stop(struct stand_in *c)
{
    assert_ok(loop_post(c->loop, stop, c));
    pthread_join(c->thread, NULL);
    http_server_free(c->server);
    loop_free(c->loop);
    for (size_t i = 0; i < c->seen_n; i++) {
        buf_done(&c->seen[i].envelope);
        buf_done(&c->seen[i].signature);
    }
    pthread_mutex_destroy(&c->lock);
}

size_t stand_in_count(struct stand_in *c, const char *what, const char *id)
{
    size_t n = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->seen_n; i++)
        n += strcmp(c->seen[i].what, what) == 0 && strcmp(c->seen[i].id, id) == 0;
    pthread_mutex_unlock(&c->lock);
    return n;
}
