/* The field listener: what is asked at which path, and how it is answered. */
#include "center/service.h"

#include <stdio.h>

#include "base/clock.h"
#include "center/desk.h"
#include "center/replacement.h"
#include "log/log.h"

static service_step *const steps[SOAP_MESSAGE_COUNT] = {
    [SOAP_EXCHANGE] = desk_take,
    [SOAP_REPLACEMENT] = replacement_take,
};

void service_answer(struct http_exchange *x, const struct soap_header *reply, enum soap_message message, const void *body)
{
    AUTO_BUF xml = BUF_INIT;
    enum err err = soap_write_response(SERVICE_FIELD, message, reply, body, &xml);
    if (err != OK)
        service_fail(x, reply, err, NULL);
    else
        http_reply(x, 200, soap_content_type(reply->version), buf_span(&xml), NULL);
}

void service_fail(struct http_exchange *x, const struct soap_header *reply, enum err err, const struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    log_failure(err_row(err)->action == ERR_ACTION_BUG ? LOG_ERROR : LOG_INFO, "refused", err, why, "number", http_peer(x)->name,
                "peer", http_peer_address(x), NULL);
    /* What went wrong inside is for our log; the peer learns what it may know. */
    bool inside = err_row(err)->action == ERR_ACTION_BUG || err == ERR_IO || err == ERR_DAMAGED;
    if (soap_write_fault(reply, err, inside ? err_row(err)->text : why_text(why, err), &xml) != OK)
        http_reply(x, 500, NULL, span_of(NULL, 0), NULL);
    else
        http_reply(x, soap_fault_status(reply->version, err), soap_content_type(reply->version), buf_span(&xml), NULL);
}

/* Who has no business here is not only told so: a person may want to know (M-6). */
static void note_role(struct center *center, const struct http_exchange *x, const struct why *why)
{
    struct center_incident i = { .at_s = clock_wall_s(), .kind = "wrong-role" };
    snprintf(i.by, sizeof i.by, "%.*s", LIMIT_NUMBER_TEXT, http_peer(x)->name);
    snprintf(i.text, sizeof i.text, "%s (from %s)", why->text, http_peer_address(x));
    desk_incident(center->desk, &i);
}

struct lookup {
    struct center *center;
    int64_t now_s;
    bool under_way;
};

static enum err look(void *context, const struct center_identity *i)
{
    struct lookup *l = context;
    struct in_force f;
    enum err err = identity_in_force(l->center, i->number.text, &f, NULL);
    if (err != OK)
        return err;
    const struct identity_facts facts = { .state = i->state, .told = true, .expires_s = INT64_MAX, .over_s = i->over_s, .another = f.any };
    const struct verdict v = decide_identity(&facts, l->now_s);
    l->under_way = v.err == ERR_UNKNOWN_IDENTITY && v.incident[0] == '\0';
    return OK;
}

/* Another identity came in its place a moment ago: it is on the revocation list, and its device may be about to use the new one. */
static bool is_under_way(struct center *center, const struct peer *claimed, int64_t now_s)
{
    struct lookup l = { .center = center, .now_s = now_s };
    return center_identity_find(center->db, claimed->fingerprint, look, &l, NULL) == OK && l.under_way;
}

/* Factory, station, bootstrap certificates, revoked ones, those of others: whoever tries is on record (M-6). What a certificate says proves
 * nothing before the handshake is over. */
void service_refused(void *context, const struct peer *claimed, const char *peer_address, enum err err, const struct why *why)
{
    struct center *center = context;
    bool node = claimed->role == ROLE_DEVICE || claimed->role == ROLE_GATEWAY;
    bool nobody = claimed->role == ROLE_ANONYMOUS;
    struct center_incident i = { .at_s = clock_wall_s() };
    if (node && is_under_way(center, claimed, i.at_s))
        return;
    snprintf(i.kind, sizeof i.kind, "%s", nobody ? "unknown-certificate" : node ? "bad-certificate" : "wrong-role");
    snprintf(i.number, sizeof i.number, "%.*s", LIMIT_NUMBER_TEXT, node ? claimed->name : "");
    snprintf(i.by, sizeof i.by, "%.*s", LIMIT_NUMBER_TEXT, claimed->name);
    if (nobody)
        snprintf(i.text, sizeof i.text, "a connection from %s with a certificate that is none of ours was refused: %s", peer_address,
                 why_text(why, err));
    else
        snprintf(i.text, sizeof i.text, "a connection from %s with the certificate of %s %s was refused: %s", peer_address,
                 role_name(claimed->role), claimed->name, why_text(why, err));
    desk_incident(center->desk, &i);
}

static void serve_soap(struct center *center, struct http_exchange *x, struct span body)
{
    AUTO_PARSED request = { 0 };
    struct why why = { "" };
    const struct peer *peer = http_peer(x);
    enum err err = soap_read_request(SERVICE_FIELD, body, &request, &why);
    struct soap_header reply = soap_reply_header(&request.header);
    if (err == OK && (soap_message_row(request.message)->roles & ROLE_BIT(peer->role)) == 0) {
        err = why_set(&why, ERR_NOT_ALLOWED, "a %s may not send %s", role_name(peer->role),
                      soap_message_row(request.message)->operation);
        note_role(center, x, &why);
    }
    if (err == OK)
        err = steps[request.message] == NULL ? ERR_UNSUPPORTED : steps[request.message](center, x, &request, &why);
    if (err != OK)
        service_fail(x, &reply, err, &why);
}

static void serve_wsdl(const struct center *center, struct http_exchange *x, enum soap_service service)
{
    char address[300];
    AUTO_BUF wsdl = BUF_INIT;
    const char *host = http_header(x, "Host");
    snprintf(address, sizeof address, "https://%.250s%s", host == NULL ? center->settings.common.address : host,
             soap_service_row(service)->path);
    if (soap_write_wsdl(service, address, &wsdl) != OK)
        http_reply(x, 500, NULL, span_of(NULL, 0), NULL);
    else
        http_reply(x, 200, "text/xml; charset=utf-8", buf_span(&wsdl), NULL);
}

static size_t begin(void *context, struct http_exchange *x)
{
    (void)context, (void)x;
    return LIMIT_EXCHANGE;
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    const char *path = http_path(x), *field = soap_service_row(SERVICE_FIELD)->path;
    bool get = strcmp(http_method(x), "GET") == 0, post = strcmp(http_method(x), "POST") == 0;
    bool wsdl = get && strcmp(http_query(x), "wsdl") == 0;
    if (strcmp(path, field) == 0 && post)
        serve_soap(context, x, body);
    else if (strcmp(path, field) == 0 && wsdl)
        serve_wsdl(context, x, SERVICE_FIELD);
    else if (strcmp(path, soap_service_row(SERVICE_CENTER)->path) == 0 && wsdl)
        serve_wsdl(context, x, SERVICE_CENTER);
    else if (strcmp(path, "/healthz") == 0 && get)
        http_reply(x, 200, "text/plain", span_text("ok\n"), NULL);
    else if (strcmp(path, field) == 0)
        http_reply(x, 405, "text/plain", span_text("POST a SOAP request, or GET ?wsdl\n"), "Allow: GET, POST\r\n");
    else
        http_reply(x, 404, "text/plain", span_text("not found\n"), NULL);
}

static void end(void *context, struct http_exchange *x, bool replied)
{
    (void)context, (void)replied;
    desk_gone(x);
}

const struct http_handler center_field_handler = { .begin = begin, .complete = complete, .end = end };
