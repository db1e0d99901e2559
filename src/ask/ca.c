#include "ask/ca.h"

#include <stdio.h>
#include <stdlib.h>

enum err ca_ask_url(const char *base, char ret_url[CA_URL_SIZE], struct why *why)
{
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/')
        n--;
    int written = snprintf(ret_url, CA_URL_SIZE, "%.*s%s", (int)n, base, soap_service_row(SERVICE_CA)->path);
    return written < 0 || written >= CA_URL_SIZE ? why_set(why, ERR_CONFIG, "the address of the CA is too long") : OK;
}

static enum err write_question(const struct ca_question *q, struct buf *to)
{
    struct soap_header header = { .version = SOAP_1_2 };
    if (q->id != NULL)
        snprintf(header.message_id, sizeof header.message_id, "%s", q->id);
    return soap_write_request(SERVICE_CA, q->message, &header, q->body, to);
}

static struct http_call make_call(const char *url, struct tls_context *tls, const struct ca_question *q, struct span body)
{
    return (struct http_call){ .url = url,
                               .method = "POST",
                               .content_type = soap_content_type(SOAP_1_2),
                               .body = body,
                               .tls = tls,
                               .max_reply = q->max_reply };
}

/* A reply of the CA, or why there is none. */
static enum err read_reply(enum soap_message message, const struct http_result *result, struct soap_parsed *ret_parsed,
                           bool *ret_told, struct why *why)
{
    *ret_told = false;
    if (result->err != OK)
        return why_set(why, result->err, "CA: %s", why_text(&result->why, result->err));
    if (result->body.len == 0)
        return why_set(why, ERR_UNREACHABLE, "the CA answered with HTTP status %d", result->status);
    enum err err = soap_read_response(SERVICE_CA, message, buf_span(&result->body), ret_parsed, why);
    *ret_told = err != OK && result->status != 200;
    return err;
}

enum err ca_ask_wait(const char *url, struct http_keep *keep, struct tls_context *tls, const struct ca_question *question,
                     struct soap_parsed *ret_parsed, bool *ret_told, struct why *why)
{
    AUTO_WIPED_BUF xml = BUF_INIT;
    *ret_told = false;
    enum err err = write_question(question, &xml);
    if (err != OK)
        return err;
    struct http_call call = make_call(url, tls, question, buf_span(&xml));
    call.keep = keep;
    struct http_result result;
    http_call_wait(&call, &result);
    err = read_reply(question->message, &result, ret_parsed, ret_told, why);
    http_result_done(&result);
    return err;
}

struct later {
    enum soap_message message;
    struct buf xml;
    ca_done_fn *done;
    void *context;
};

static void later_free(struct later *later)
{
    buf_wipe(&later->xml);
    free(later);
}

static void on_done(void *context, struct http_result *result)
{
    struct later *later = context;
    AUTO_PARSED answer = { 0 };
    struct why why = { "" };
    bool told;
    enum err err = read_reply(later->message, result, &answer, &told, &why);
    later->done(later->context, err, told, &answer, &why);
    later_free(later);
}

enum err ca_ask_later(struct http_client *client, const char *url, struct tls_context *tls, const struct ca_question *question,
                      ca_done_fn *done, void *context, struct why *why)
{
    struct later *later = calloc(1, sizeof *later);
    if (later == NULL)
        return ERR_NO_MEMORY;
    *later = (struct later){ .message = question->message, .done = done, .context = context };
    enum err err = write_question(question, &later->xml);
    if (err == OK) {
        struct http_call call = make_call(url, tls, question, buf_span(&later->xml));
        call.context = later;
        err = http_client_send(client, &call, on_done, why);
    }
    if (err != OK)
        later_free(later);
    return err;
}
