/* The listener towards the LAN: HTTP in, one SOAP request read, judged by its sender's role, given on. */
#include <stdio.h>

#include "gateway/gateway.h"
#include "log/log.h"

void gateway_answer(struct http_exchange *x, enum soap_message message, const struct soap_header *reply, const void *body)
{
    AUTO_BUF xml = BUF_INIT;
    enum err err = soap_write_response(SERVICE_FIELD, message, reply, body, &xml);
    if (err != OK)
        gateway_fail(x, reply, err, NULL);
    else
        http_reply(x, 200, soap_content_type(reply->version), buf_span(&xml), NULL);
}

void gateway_fail(struct http_exchange *x, const struct soap_header *reply, enum err err, const struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    log_failure(LOG_WARN, "refused", err, why, "number", http_peer(x)->name, "peer", http_peer_address(x), NULL);
    bool inside = err_row(err)->action == ERR_ACTION_BUG || err == ERR_IO || err == ERR_DAMAGED;
    if (soap_write_fault(reply, err, inside ? err_row(err)->text : why_text(why, err), &xml) != OK)
        http_reply(x, 500, NULL, span_of(NULL, 0), NULL);
    else
        http_reply(x, soap_fault_status(reply->version, err), soap_content_type(reply->version), buf_span(&xml), NULL);
}

static enum err admit(const struct http_exchange *x, enum soap_message message, struct why *why)
{
    const struct soap_message_row *row = soap_message_row(message);
    const struct peer *peer = http_peer(x);
    if ((row->roles & ROLE_BIT(peer->role)) != 0)
        return OK;
    return why_set(why, ERR_NOT_ALLOWED, "a %s may not send %s", role_name(peer->role), row->operation);
}

static void serve_soap(struct gateway *g, struct http_exchange *x, struct span body)
{
    AUTO_PARSED request = { 0 };
    struct why why = { "" };
    enum err err = soap_read_request(SERVICE_FIELD, body, &request, &why);
    struct below_call call = { .g = g, .x = x, .request = &request, .reply = soap_reply_header(&request.header) };
    if (err == OK)
        err = admit(x, request.message, &why);
    if (err == OK && g->stopping)
        err = why_set(&why, ERR_BUSY, "the gateway is ending");
    if (err == OK)
        err = request.message == SOAP_EXCHANGE ? below_exchange(&call, &why) : replacement_relay(&call, &why);
    if (err != OK)
        gateway_fail(x, &call.reply, err, &why);
}

static void serve_wsdl(struct gateway *g, struct http_exchange *x)
{
    char address[300];
    AUTO_BUF wsdl = BUF_INIT;
    const char *host = http_header(x, "Host");
    snprintf(address, sizeof address, "https://%.250s%s", host == NULL ? g->settings.address : host,
             soap_service_row(SERVICE_FIELD)->path);
    if (soap_write_wsdl(SERVICE_FIELD, address, &wsdl) != OK)
        http_reply(x, 500, NULL, span_of(NULL, 0), NULL);
    else
        http_reply(x, 200, "text/xml; charset=utf-8", buf_span(&wsdl), NULL);
}

static size_t begin(void *context, struct http_exchange *x)
{
    (void)context;
    return http_peer(x)->role == ROLE_BOOTSTRAP ? LIMIT_MESSAGE : LIMIT_EXCHANGE;
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    const struct soap_service_row *row = soap_service_row(SERVICE_FIELD);
    bool get = strcmp(http_method(x), "GET") == 0, post = strcmp(http_method(x), "POST") == 0;
    bool ours = strcmp(http_path(x), row->path) == 0;
    if (ours && post)
        serve_soap(context, x, body);
    else if (ours && get && strcmp(http_query(x), "wsdl") == 0)
        serve_wsdl(context, x);
    else if (get && strcmp(http_path(x), "/healthz") == 0)
        http_reply(x, 200, "text/plain", span_text("ok\n"), NULL);
    else if (ours)
        http_reply(x, 405, "text/plain", span_text("POST a SOAP request, or GET ?wsdl\n"), "Allow: GET, POST\r\n");
    else
        http_reply(x, 404, "text/plain", span_text("not found; the service is /soap/field\n"), NULL);
}

static void end(void *context, struct http_exchange *x, bool replied)
{
    (void)context, (void)replied;
    struct held *held = http_data(x);
    if (held != NULL)
        held->gone(held);
}

const struct http_handler gateway_service = { .begin = begin, .complete = complete, .end = end };
