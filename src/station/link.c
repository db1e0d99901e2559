#include "station/link.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/secret.h"

struct sent {
    struct link *link;
    enum soap_message message;
    struct buf body;
    uint32_t ticket;
    link_fn *fn;
    void *context;
};

enum err link_set_url(struct link *link, const char *base, struct why *why)
{
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/')
        n--;
    int used = snprintf(link->url, sizeof link->url, "%.*s%s", (int)n, base, soap_service_row(link->service)->path);
    return used > 0 && (size_t)used < sizeof link->url ? OK : why_set(why, ERR_TOO_LARGE, "the address %.80s is too long", base);
}

static enum err write_request(const struct link *link, enum soap_message message, const void *body, struct buf *to)
{
    struct soap_header header = { .version = SOAP_1_2 };
    enum err err = rng_uuid_urn(header.message_id);
    if (err == OK)
        err = buf_reserve(to, 4 * LIMIT_PACK); /* a pack is in it: no copies are left behind by growing */
    if (err != OK)
        return err;
    snprintf(header.reply_to, sizeof header.reply_to, "%.255s", link->reply_to);
    return soap_write_request(link->service, message, &header, body, to);
}

static struct http_call make_call(const struct link *link, struct span body, long timeout_ms)
{
    return (struct http_call){
        .url = link->url,
        .method = "POST",
        .content_type = soap_content_type(SOAP_1_2),
        .body = body,
        .interface = link->local[0] == '\0' ? NULL : link->local,
        .keep = link->keep,
        .tls = link->tls,
        .connect_timeout_ms = 3000,
        .timeout_ms = timeout_ms,
    };
}

/* A reply that is no SOAP at all is told by its status. */
static enum err read_answer(const struct link *link, enum soap_message message, const struct http_result *result,
                            struct soap_parsed *ret_answer, struct why *why)
{
    if (result->err != OK)
        return why_set(why, result->err, "%s", why_text(&result->why, result->err));
    enum err err = soap_read_response(link->service, message, buf_span(&result->body), ret_answer, why);
    if (err == ERR_BAD_INPUT && result->status != 200)
        return why_set(why, result->status >= 500 ? ERR_BUSY : ERR_BAD_INPUT, "%s answers with HTTP status %d", link->url, result->status);
    return err;
}

static void sent_free(struct sent *s)
{
    buf_wipe(&s->body);
    free(s);
}

static void on_done(void *context, struct http_result *result)
{
    struct sent *s = context;
    AUTO_PARSED parsed = { .arena = NULL };
    struct link_answer answer = { .peer = &result->peer };
    answer.err = read_answer(s->link, s->message, result, &parsed, &answer.why);
    answer.body = answer.err == OK ? parsed.body : NULL;
    secret_wipe(result->body.data, result->body.len);
    s->fn(s->context, s->ticket, &answer);
    sent_free(s);
}

enum err link_send(struct link *link, enum soap_message message, const void *body, long timeout_ms, uint32_t ticket, link_fn *fn,
                   void *context, struct why *why)
{
    struct sent *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NO_MEMORY;
    *s = (struct sent){ .link = link, .message = message, .ticket = ticket, .fn = fn, .context = context };
    enum err err = write_request(link, message, body, &s->body);
    if (err == OK) {
        struct http_call call = make_call(link, buf_span(&s->body), timeout_ms);
        call.context = s;
        err = http_client_send(link->client, &call, on_done, why);
    }
    if (err != OK)
        sent_free(s);
    return err;
}

enum err link_ask(const struct link *link, enum soap_message message, const void *body, struct soap_parsed *ret_answer, struct why *why)
{
    AUTO_WIPED_BUF xml = BUF_INIT;
    struct http_result result = { .err = OK };
    enum err err = write_request(link, message, body, &xml);
    if (err != OK)
        return err;
    const struct http_call call = make_call(link, buf_span(&xml), 60000);
    http_call_wait(&call, &result);
    err = read_answer(link, message, &result, ret_answer, why);
    secret_wipe(result.body.data, result.body.len);
    http_result_done(&result);
    return err;
}
