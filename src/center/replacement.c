/* ReplacementRequest (M-8): a board that has only its bootstrap certificate asks for the number of the device that it was
 * built into. An operator decides. */
#include "center/replacement.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "center/desk.h"
#include "center/errand.h"

enum { ASK_AGAIN_S = 30 };

static enum err check(const struct http_exchange *x, const struct replacement_request *r, struct center_ticket *t, struct why *why)
{
    const struct peer *peer = http_peer(x);
    number_model(&r->number, t->model);
    if (peer->role == ROLE_BOOTSTRAP && strcmp(peer->name, t->model) != 0)
        return why_set(why, ERR_NUMBER_MISMATCH, "a board of model %s cannot take the number %s", peer->name, r->number.text);
    if (r->board[0] == '\0' || strlen(r->board) >= sizeof t->board)
        return why_set(why, ERR_BAD_INPUT, "a board id has 1 to %zu characters", sizeof t->board - 1);
    if (r->csr.n == 0 || r->csr.n > LIMIT_CERTIFICATE)
        return why_set(why, ERR_BAD_INPUT, "the signing request has 1 to %d bytes", LIMIT_CERTIFICATE);
    return OK;
}

static enum err keep_ticket(struct center *center, const struct center_ticket *t, struct why *why)
{
    struct db *db = center->db;
    enum err err = db_begin(db, why);
    if (err == OK)
        err = center_ticket_ask(db, t, why);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}

/* Two keys for one board: one of them is somebody else's. */
static void note_second(struct center *center, const struct http_exchange *x, const struct center_ticket *t, const struct why *why)
{
    struct center_incident i = { .at_s = t->asked_s, .kind = "second-board" };
    snprintf(i.number, sizeof i.number, "%s", t->number.text);
    snprintf(i.by, sizeof i.by, "%.*s", LIMIT_NUMBER_TEXT, http_peer(x)->name);
    snprintf(i.text, sizeof i.text, "%s (from %s)", why->text, http_peer_address(x));
    desk_incident(center->desk, &i);
}

struct found {
    char state[16];
    struct buf certificates;
};

static enum err take_found(void *context, const struct center_ticket *t)
{
    struct found *f = context;
    memcpy(f->state, t->state, sizeof f->state);
    return buf_put_span(&f->certificates, t->certificate);
}

static enum err answer(struct http_exchange *x, const struct soap_header *reply, const struct found *f, struct why *why)
{
    struct span parts[1 + LIMIT_CHAIN];
    struct certificate issuers[LIMIT_CHAIN];
    struct replacement_response body = { .state = "waiting", .after = ASK_AGAIN_S };
    if (strcmp(f->state, "refused") == 0)
        return why_set(why, ERR_NOT_ALLOWED, "an operator refused this replacement");
    if (strcmp(f->state, "issued") == 0) {
        size_t n = errand_split(buf_span(&f->certificates), parts, 1 + LIMIT_CHAIN);
        if (n == 0)
            return why_set(why, ERR_DAMAGED, "the certificate of the ticket cannot be read");
        for (size_t i = 1; i < n; i++)
            issuers[i - 1].der = parts[i];
        body = (struct replacement_response){ .state = "approved", .certificate = parts[0], .issuers = issuers, .issuers_n = n - 1 };
    }
    service_answer(x, reply, SOAP_REPLACEMENT, &body);
    return OK;
}

enum err replacement_take(struct center *center, struct http_exchange *x, struct soap_parsed *request, struct why *why)
{
    const struct replacement_request *r = request->body;
    const struct soap_header reply = soap_reply_header(&request->header);
    struct center_ticket t = { .number = r->number, .asked_s = clock_wall_s(), .csr = r->csr };
    struct found found = { .certificates = BUF_INIT };
    struct center_device device;
    enum err err = check(x, r, &t, why);
    if (err == OK) /* only the number of a device that is known here can be replaced */
        err = center_device_find(center->db, r->number.text, &device, why);
    if (err == OK) {
        snprintf(t.board, sizeof t.board, "%s", r->board);
        cert_fingerprint_der(r->csr, t.csr_hash); /* SHA-256 */
        err = keep_ticket(center, &t, why);
    }
    if (err == OK)
        err = center_ticket_find(center->db, &t, take_found, &found, why);
    else if (err == ERR_CONFLICT)
        note_second(center, x, &t, why);
    if (err == OK)
        err = answer(x, &reply, &found, why);
    buf_done(&found.certificates);
    return err;
}
