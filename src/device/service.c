/* The device's SOAP service: HTTP in, one request read, answered, written (D-6). */
#include "device/agent.h"

#include <stdio.h>
#include <string.h>

#include "device/remote.h"
#include "log/log.h"

static void reply_fault(struct http_exchange *x, const struct soap_header *header, enum err err, const struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    if (soap_write_fault(header, err, why_text(why, err), &xml) != OK)
        http_reply(x, 500, "text/plain", span_text("out of memory\n"), NULL);
    else /* SOAP over HTTP says 500 for every fault; the detail says which */
        http_reply(x, 500, soap_content_type(header->version), buf_span(&xml), NULL);
}

static size_t reply_plain(struct http_exchange *x, int status, const char *text)
{
    http_reply(x, status, "text/plain; charset=utf-8", span_text(text), NULL);
    return 0;
}

/* The two services that a device answers: the station's on the bench, the centre's remote service. */
static enum soap_service service_of(const struct http_exchange *x)
{
    if (strcmp(http_path(x), soap_service_row(SERVICE_DEVICE)->path) == 0)
        return SERVICE_DEVICE;
    return strcmp(http_path(x), soap_service_row(SERVICE_REMOTE)->path) == 0 ? SERVICE_REMOTE : SERVICE_COUNT;
}

static size_t reply_wsdl(const struct agent *a, enum soap_service service, struct http_exchange *x)
{
    char address[AGENT_URL];
    AUTO_BUF wsdl = BUF_INIT;
    const char *path = soap_service_row(service)->path;
    snprintf(address, sizeof address, "https://%s:%u%s", a->address, (unsigned)a->port, path);
    if (soap_write_wsdl(service, address, &wsdl) != OK)
        return reply_plain(x, 500, "out of memory\n");
    http_reply(x, 200, "text/xml; charset=utf-8", buf_span(&wsdl), NULL);
    return 0;
}

static size_t service_begin(void *context, struct http_exchange *x)
{
    enum soap_service service = service_of(x);
    if (service == SERVICE_COUNT)
        return reply_plain(x, 404, "not found; the services are /soap/device and /soap/remote\n");
    if (strcmp(http_method(x), "GET") == 0 && strcmp(http_query(x), "wsdl") == 0)
        return reply_wsdl(context, service, x);
    if (strcmp(http_method(x), "POST") != 0)
        return reply_plain(x, 405, "post a SOAP request, or get ?wsdl\n");
    return LIMIT_MESSAGE;
}

static enum err check_role(const struct soap_parsed *request, const struct peer *peer, struct why *why)
{
    if ((soap_message_row(request->message)->roles & ROLE_BIT(peer->role)) != 0)
        return OK;
    return why_set(why, ERR_NOT_ALLOWED, "a %s may not send %s to a device", role_name(peer->role),
                   soap_message_row(request->message)->operation);
}

/* A station says with each request where it listens; it is who its certificate says, so that is believed. */
static void learn_station(struct agent *a, const struct soap_header *header)
{
    if (strncmp(header->reply_to, "https://", 8) == 0)
        snprintf(a->station, sizeof a->station, "%s", header->reply_to);
}

static void reply_answer(struct http_exchange *x, const struct soap_parsed *request, const struct answer *answer)
{
    AUTO_BUF xml = BUF_INIT;
    struct soap_header header = { .version = request->header.version };
    struct why why = { "" };
    snprintf(header.relates_to, sizeof header.relates_to, "%s", request->header.message_id);
    enum err err = soap_write_response(SERVICE_DEVICE, request->message, &header, &answer->body, &xml);
    if (err != OK)
        reply_fault(x, &header, err, &why);
    else
        http_reply(x, 200, soap_content_type(header.version), buf_span(&xml), NULL);
}

/* What the centre posts is what it would have sent within an exchange. */
static void remote_complete(struct agent *a, struct http_exchange *x, struct span body)
{
    AUTO_PARSED request = { 0 };
    AUTO_BUF xml = BUF_INIT;
    struct why why = { "" };
    enum err err = soap_read_request(SERVICE_REMOTE, body, &request, &why);
    if (err == OK)
        err = check_role(&request, http_peer(x), &why);
    if (err == OK && a->field == NULL)
        err = why_set(&why, ERR_UNSUPPORTED, "%s has no remote service", a->board->values.number);
    if (err == OK)
        err = remote_post(a->field, &request.header, body, &xml, &why);
    struct soap_header header = soap_reply_header(&request.header);
    if (err != OK)
        reply_fault(x, &header, err, &why);
    else
        http_reply(x, 200, soap_content_type(header.version), buf_span(&xml), NULL);
}

static void service_complete(void *context, struct http_exchange *x, struct span body)
{
    struct agent *a = context;
    if (service_of(x) == SERVICE_REMOTE) {
        remote_complete(a, x, body);
        return;
    }
    AUTO_PARSED request = { 0 };
    struct answer answer = { 0 };
    struct why why = { "" };
    enum err err = soap_read_request(SERVICE_DEVICE, body, &request, &why);
    bool understood = err == OK;
    if (err == OK)
        err = check_role(&request, http_peer(x), &why);
    if (err == OK) {
        learn_station(a, &request.header);
        err = answer_request(a, &request, &answer, &why);
    }
    if (a->board->faults.off) { /* the power went: nobody answers */
        http_reply_abort(x);
        return;
    }
    const char *what = understood ? soap_message_row(request.message)->operation : "?";
    if (err == OK) {
        log_event(LOG_INFO, "request", "number", a->board->values.number, "operation", what, "peer", http_peer(x)->name, NULL);
        reply_answer(x, &request, &answer);
        return;
    }
    log_failure(LOG_WARN, "request", err, &why, "number", a->board->values.number, "operation", what, "peer", http_peer(x)->name,
                NULL);
    struct soap_header header = { .version = request.header.version };
    snprintf(header.relates_to, sizeof header.relates_to, "%s", request.header.message_id);
    reply_fault(x, &header, err, &why);
}

const struct http_handler device_service = { .begin = service_begin, .complete = service_complete };
