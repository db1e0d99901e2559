/* A replacement board asks for its device's number (M-8): passed on at once, answered with what the centre says. */
#include <stdlib.h>

#include "gateway/gateway.h"
#include "log/log.h"

enum { RELAYED_MOST = 32 };

struct relayed {
    struct held held;
    struct gateway *g;
    struct http_exchange *x; /* NULL: the board has gone */
    struct soap_header reply;
    struct buf xml;
};

static void board_gone(struct held *held) { ((struct relayed *)(void *)held)->x = NULL; }

static void answered(void *context, struct http_result *result)
{
    struct relayed *r = context;
    AUTO_PARSED answer = { 0 };
    struct why why = result->why;
    enum err err = result->err;
    if (err == OK)
        err = soap_read_response(SERVICE_FIELD, SOAP_REPLACEMENT, buf_span(&result->body), &answer, &why);
    if (r->x != NULL) {
        http_set_data(r->x, NULL);
        if (err == OK)
            gateway_answer(r->x, SOAP_REPLACEMENT, &r->reply, answer.body);
        else
            gateway_fail(r->x, &r->reply, err, &why);
    }
    r->g->relayed_n--;
    buf_done(&r->xml);
    free(r);
}

enum err replacement_relay(const struct below_call *call, struct why *why)
{
    struct gateway *g = call->g;
    const struct replacement_request *request = call->request->body;
    if (g->relayed_n >= RELAYED_MOST)
        return why_set(why, ERR_BUSY, "%u replacement requests are under way already", g->relayed_n);
    struct relayed *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NO_MEMORY;
    *r = (struct relayed){ .held = { board_gone }, .g = g, .x = call->x, .reply = call->reply };
    struct soap_header header = call->request->header;
    header.version = SOAP_1_2;
    enum err err = soap_write_request(SERVICE_FIELD, SOAP_REPLACEMENT, &header, request, &r->xml);
    if (err == OK)
        err = uplink_call(g, buf_span(&r->xml), LIMIT_CALL_MS, LIMIT_MESSAGE, answered, r, why);
    if (err != OK) {
        buf_done(&r->xml);
        free(r);
        return err;
    }
    g->relayed_n++;
    http_set_data(call->x, r);
    log_event(LOG_INFO, "replacement", "number", request->number.text, "board", request->board, "peer", http_peer_address(call->x),
              NULL);
    return OK;
}
