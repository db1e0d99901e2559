#include "station/door.h"

#include <stdio.h>

#include "log/log.h"
#include "station/station.h"

static void reply_fault(struct http_exchange *x, const struct soap_header *header, enum err err, const struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    if (soap_write_fault(header, err, why_text(why, err), &xml) != OK)
        http_reply(x, 500, "text/plain", span_text("out of memory\n"), NULL);
    else
        http_reply(x, 500, soap_content_type(header->version), buf_span(&xml), NULL);
}

static size_t reply_plain(struct http_exchange *x, int status, const char *text)
{
    http_reply(x, status, "text/plain; charset=utf-8", span_text(text), NULL);
    return 0;
}

static size_t reply_wsdl(struct station *st, struct http_exchange *x)
{
    AUTO_BUF wsdl = BUF_INIT;
    if (soap_write_wsdl(SERVICE_STATION, st->device.reply_to, &wsdl) != OK)
        return reply_plain(x, 500, "out of memory\n");
    http_reply(x, 200, "text/xml; charset=utf-8", buf_span(&wsdl), NULL);
    return 0;
}

static size_t begin(void *context, struct http_exchange *x)
{
    if (strcmp(http_path(x), soap_service_row(SERVICE_STATION)->path) != 0)
        return reply_plain(x, 404, "not found; the service is /soap/station\n");
    if (strcmp(http_method(x), "GET") == 0 && strcmp(http_query(x), "wsdl") == 0)
        return reply_wsdl(context, x);
    if (strcmp(http_method(x), "POST") != 0)
        return reply_plain(x, 405, "post a SOAP request, or get ?wsdl\n");
    return LIMIT_MESSAGE;
}

/* Keeps the exchange until its answer is known. Errors: BUSY. */
static enum err keep(struct door *door, struct http_exchange *x, const struct soap_header *request, uint64_t *ret_id)
{
    for (size_t i = 0; i < DOOR_WAITING; i++) {
        if (door->waiting[i].id != 0)
            continue;
        door->waiting[i].id = ++door->next_id;
        door->waiting[i].exchange = x;
        door->waiting[i].header = (struct soap_header){ .version = request->version };
        memcpy(door->waiting[i].header.relates_to, request->message_id, sizeof request->message_id);
        *ret_id = door->next_id;
        return OK;
    }
    return ERR_BUSY;
}

static enum err read_result(const struct write_result_request *r, const struct peer *peer, struct bench_result *ret_result, struct why *why)
{
    struct bench_result out = { .number = r->number, .peer = *peer, .has_fingerprint = r->fingerprint.n == BENCH_FINGERPRINT };
    out.good = strcmp(r->outcome, "OK") == 0;
    if (!out.good && strcmp(r->outcome, "NG") != 0)
        return why_set(why, ERR_BAD_INPUT, "the outcome is OK or NG, not \"%.20s\"", r->outcome);
    if (r->proof.n > sizeof out.proof)
        return why_set(why, ERR_TOO_LARGE, "a proof of %zu bytes", r->proof.n);
    if (out.has_fingerprint)
        memcpy(out.fingerprint, r->fingerprint.at, BENCH_FINGERPRINT);
    if (r->proof.n > 0)
        memcpy(out.proof, r->proof.at, r->proof.n);
    out.proof_n = r->proof.n;
    snprintf(out.reason, sizeof out.reason, "%.*s", BENCH_REASON - 1, r->reason);
    *ret_result = out;
    return OK;
}

static enum err take_result(struct station *st, struct http_exchange *x, const struct soap_parsed *request, struct why *why)
{
    struct bench_event event = { .kind = BENCH_EVENT_RESULT };
    uint64_t id = 0;
    enum err err = read_result(request->body, http_peer(x), &event.result, why);
    if (err == OK)
        err = keep(&st->door, x, &request->header, &id);
    if (err != OK)
        return err;
    event.result.exchange = id;
    station_feed(st, &event);
    return OK;
}

/* The second way of F-8: the scanner is at the device, and the device tells. */
static enum err take_scan(struct station *st, struct http_exchange *x, const struct soap_parsed *request, struct why *why)
{
    const struct scan_report_request *r = request->body;
    const struct scan_report_response answer = { .accepted = true };
    struct soap_header header = { .version = request->header.version };
    AUTO_BUF xml = BUF_INIT;
    memcpy(header.relates_to, request->header.message_id, sizeof header.relates_to);
    if (!st->ready || !bench_is_free(&st->bench))
        return why_set(why, ERR_BUSY, "the station is not ready for the next device");
    enum err err = soap_write_response(SERVICE_STATION, SOAP_SCAN_REPORT, &header, &answer, &xml);
    if (err != OK)
        return err;
    http_reply(x, 200, soap_content_type(header.version), buf_span(&xml), NULL);
    station_take_text(st, span_text(r->text), false);
    return OK;
}

static enum err dispatch(struct station *st, struct http_exchange *x, const struct soap_parsed *request, struct why *why)
{
    const struct soap_message_row *row = soap_message_row(request->message);
    if ((row->roles & ROLE_BIT(http_peer(x)->role)) == 0)
        return why_set(why, ERR_NOT_ALLOWED, "a %s may not send %s to a station", role_name(http_peer(x)->role), row->operation);
    return request->message == SOAP_WRITE_RESULT ? take_result(st, x, request, why) : take_scan(st, x, request, why);
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    struct station *st = context;
    AUTO_PARSED request = { .arena = NULL };
    struct why why = { "" };
    enum err err = soap_read_request(SERVICE_STATION, body, &request, &why);
    if (err == OK)
        err = dispatch(st, x, &request, &why);
    if (err == OK)
        return;
    log_failure(LOG_WARN, "bench-request", err, &why, "peer", http_peer(x)->name, "number", st->bench.number.text, NULL);
    struct soap_header header = { .version = request.header.version };
    memcpy(header.relates_to, request.header.message_id, sizeof header.relates_to);
    reply_fault(x, &header, err, &why);
}

static void end(void *context, struct http_exchange *x, bool replied)
{
    struct station *st = context;
    (void)replied;
    for (size_t i = 0; i < DOOR_WAITING; i++)
        if (st->door.waiting[i].exchange == x)
            st->door.waiting[i].id = 0, st->door.waiting[i].exchange = NULL;
}

static const struct http_handler handler = { .begin = begin, .complete = complete, .end = end };

enum err door_open(struct station *st, struct tls_context *tls, struct why *why)
{
    const struct station_settings *s = &st->settings;
    const struct http_server_options options = {
        .address = s->address,
        .port = (uint16_t)s->port,
        .interface = s->interface[0] == '\0' ? NULL : s->interface,
        .tls = tls,
        .handler = &handler,
        .context = st,
    };
    enum err err = http_server_new(st->loop, &options, &st->door.server, why);
    if (err != OK)
        return err;
    bool v6 = strchr(s->address, ':') != NULL;
    snprintf(st->door.address, sizeof st->door.address, "%s%.50s%s:%u", v6 ? "[" : "", s->address, v6 ? "]" : "",
             (unsigned)http_server_port(st->door.server));
    snprintf(st->device.reply_to, sizeof st->device.reply_to, "https://%s%s", st->door.address, soap_service_row(SERVICE_STATION)->path);
    return OK;
}

static struct http_exchange *take(struct door *door, uint64_t id, struct soap_header *ret_header)
{
    for (size_t i = 0; id != 0 && i < DOOR_WAITING; i++) {
        if (door->waiting[i].id != id)
            continue;
        *ret_header = door->waiting[i].header;
        return door->waiting[i].exchange;
    }
    return NULL; /* the device went away meanwhile; it will ask again */
}

void door_answer(struct door *door, uint64_t id)
{
    const struct write_result_response answer = { .accepted = true };
    struct soap_header header;
    AUTO_BUF xml = BUF_INIT;
    struct http_exchange *x = take(door, id, &header);
    if (x == NULL)
        return;
    if (soap_write_response(SERVICE_STATION, SOAP_WRITE_RESULT, &header, &answer, &xml) == OK)
        http_reply(x, 200, soap_content_type(header.version), buf_span(&xml), NULL);
    else
        http_reply_abort(x);
}

void door_refuse(struct door *door, uint64_t id, enum err err, const struct why *why)
{
    struct soap_header header;
    struct http_exchange *x = take(door, id, &header);
    if (x != NULL)
        reply_fault(x, &header, err, why);
}

void door_close(struct door *door)
{
    if (door->server != NULL)
        http_server_free(door->server);
    door->server = NULL;
}
