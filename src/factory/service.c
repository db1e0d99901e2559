#include "factory/service.h"

#include <stdio.h>
#include <stdlib.h>

#include "log/log.h"

static service_step *const steps[SOAP_MESSAGE_COUNT] = {
    [SOAP_STATION_HELLO] = service_hello,
    [SOAP_KEYED_NUMBER] = service_keyed,
    [SOAP_PACK] = service_claim,
    [SOAP_RECEPTION_REPORT] = service_reception,
    [SOAP_WRITE_RESULT_REPORT] = service_result,
    [SOAP_BOOTSTRAP_PACK] = service_bootstrap,
    [SOAP_BOARD_REPORT] = service_board,
    [SOAP_ENROLMENT] = service_enrol,
};

void service_answer(struct service_call *call, const void *body)
{
    AUTO_WIPED_BUF xml = BUF_INIT;
    if (call->x == NULL)
        return;
    enum err err = soap_write_response(SERVICE_FACTORY, call->message, &call->reply, body, &xml);
    if (err != OK)
        service_fail(call, err, NULL);
    else
        http_reply(call->x, 200, soap_content_type(call->reply.version), buf_span(&xml), NULL);
}

void service_fail(struct service_call *call, enum err err, const struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    log_failure(err_row(err)->action == ERR_ACTION_REFUSE ? LOG_INFO : LOG_WARN, "refused", err, why, "message",
                call->message < SOAP_MESSAGE_COUNT ? soap_message_row(call->message)->operation : "", "station",
                call->station.name, NULL);
    if (call->x == NULL)
        return;
    /* What went wrong inside is for our log; the peer learns what it may know. */
    bool inside = err_row(err)->action == ERR_ACTION_BUG || err == ERR_IO || err == ERR_DAMAGED;
    if (soap_write_fault(&call->reply, err, inside ? err_row(err)->text : why_text(why, err), &xml) != OK)
        http_reply(call->x, 500, NULL, span_of(NULL, 0), NULL);
    else
        http_reply(call->x, soap_fault_status(call->reply.version, err), soap_content_type(call->reply.version), buf_span(&xml),
                   NULL);
}

struct service_call *service_keep(struct service_call *call)
{
    struct service_call *kept = malloc(sizeof *kept);
    if (kept == NULL)
        return NULL;
    *kept = *call;
    kept->request = NULL;
    call->later = true;
    http_set_data(call->x, kept);
    return kept;
}

void service_release(struct service_call *kept)
{
    if (kept != NULL && kept->x != NULL)
        http_set_data(kept->x, NULL);
    free(kept);
}

static void end(void *context, struct http_exchange *x, bool replied)
{
    (void)context, (void)replied;
    struct service_call *kept = http_data(x);
    if (kept != NULL)
        kept->x = NULL;
}

/* Who may send this, and whether the station is still one of ours (it may have been removed since). */
static enum err admit(struct service_call *call, struct why *why)
{
    const struct peer *peer = http_peer(call->x);
    snprintf(call->actor, sizeof call->actor, "%s:%s", role_name(peer->role), peer->name);
    if ((soap_message_row(call->message)->roles & ROLE_BIT(peer->role)) == 0)
        return why_set(why, ERR_NOT_ALLOWED, "a %s may not send %s",
                       peer->role == ROLE_ANONYMOUS ? "peer without a certificate" : role_name(peer->role),
                       soap_message_row(call->message)->operation);
    if (peer->role != ROLE_STATION)
        return OK;
    enum err err = stock_station_get(call->factory->db, peer->name, &call->station, why);
    if (err == ERR_NOT_FOUND)
        return why_set(why, ERR_NOT_ALLOWED, "station %s is not registered: an administrator adds it with factory station add",
                       peer->name);
    return err;
}

static void serve_soap(struct factory *factory, struct http_exchange *x, struct span body)
{
    AUTO_PARSED request = { 0 };
    struct why why = { "" };
    struct service_call call = { .factory = factory, .x = x, .request = &request, .message = SOAP_MESSAGE_COUNT };
    enum err err = soap_read_request(SERVICE_FACTORY, body, &request, &why);
    call.reply = soap_reply_header(&request.header);
    if (err == OK) {
        call.message = request.message;
        err = admit(&call, &why);
    }
    if (err == OK)
        err = steps[call.message] == NULL ? ERR_UNSUPPORTED : steps[call.message](&call, &why);
    if (err != OK)
        service_fail(&call, err, &why);
}

static void serve_wsdl(struct factory *factory, struct http_exchange *x)
{
    char address[300];
    AUTO_BUF wsdl = BUF_INIT;
    const char *host = http_header(x, "Host");
    snprintf(address, sizeof address, "https://%.250s%s", host == NULL ? factory->settings.common.address : host,
             soap_service_row(SERVICE_FACTORY)->path);
    if (soap_write_wsdl(SERVICE_FACTORY, address, &wsdl) != OK)
        http_reply(x, 500, NULL, span_of(NULL, 0), NULL);
    else
        http_reply(x, 200, "text/xml; charset=utf-8", buf_span(&wsdl), NULL);
}

static size_t begin(void *context, struct http_exchange *x)
{
    (void)context, (void)x;
    return LIMIT_MESSAGE;
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    const struct soap_service_row *row = soap_service_row(SERVICE_FACTORY);
    bool get = strcmp(http_method(x), "GET") == 0, post = strcmp(http_method(x), "POST") == 0;
    if (strcmp(http_path(x), row->path) == 0 && post)
        serve_soap(context, x, body);
    else if (strcmp(http_path(x), row->path) == 0 && get && strcmp(http_query(x), "wsdl") == 0)
        serve_wsdl(context, x);
    else if (strcmp(http_path(x), "/healthz") == 0 && get)
        http_reply(x, 200, "text/plain", span_text("ok\n"), NULL);
    else if (strcmp(http_path(x), row->path) == 0)
        http_reply(x, 405, "text/plain", span_text("POST a SOAP request, or GET ?wsdl\n"), "Allow: GET, POST\r\n");
    else
        http_reply(x, 404, "text/plain", span_text("not found\n"), NULL);
}

const struct http_handler factory_station_handler = { .begin = begin, .complete = complete, .end = end };
