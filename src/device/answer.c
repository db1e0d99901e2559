#include "device/agent.h"

#include <stdio.h>
#include <string.h>

#include "device/parameters.h"
#include "log/log.h"

typedef enum err answer_fn(struct agent *a, const void *request, struct answer *ret_answer, struct why *why);

static enum err answer_status(struct agent *a, const void *request, struct answer *ret_answer, struct why *why)
{
    const struct board *b = a->board;
    (void)request, (void)why;
    ret_answer->body.device_status = (struct device_status_response){
        .state = board_state_name(b->boot.state),
        .number = b->values.number,
        .board = b->values.board,
        .fingerprint = b->boot.state == BOOT_INDIVIDUAL ? span_of(b->identity.fingerprint, CERT_FINGERPRINT) : span_of(NULL, 0),
        .version = option_version(&b->option),
    };
    return OK;
}

static enum err check_nonce(struct span nonce, struct why *why)
{
    return nonce.n == PROOF_NONCE ? OK : why_set(why, ERR_BAD_INPUT, "a nonce has %d bytes, this one %zu", PROOF_NONCE, nonce.n);
}

static enum err check_station_known(const struct agent *a, struct why *why)
{
    return *a->station != '\0' ? OK : why_set(why, ERR_BAD_INPUT, "the request has no ReplyTo: where does the write result go?");
}

static enum err read_offer(const struct pack_transmission_request *r, struct pack_offer *ret_offer, struct why *why)
{
    struct pack pack;
    AUTO_CERT cert = NULL;
    int64_t until_s;
    struct pack_offer offer = { .number = r->number.text, .board = r->board };
    enum err err = pack_decode(r->pack, &pack, why);
    if (err == OK && !number_equal(&pack.number, &r->number))
        err = why_set(why, ERR_NUMBER_MISMATCH, "the request says %s, its pack %s", r->number.text, pack.number.text);
    if (err == OK)
        err = cert_from_der(pack.certificate, &cert, why);
    if (err != OK)
        return err;
    cert_fingerprint(cert, offer.fingerprint);
    cert_times(cert, &offer.issued_s, &until_s);
    *ret_offer = offer;
    return OK;
}

/* S7: the pack is received, not yet written; S8 goes out, then it is written. */
static enum err answer_pack(struct agent *a, const void *request, struct answer *ret_answer, struct why *why)
{
    const struct pack_transmission_request *r = request;
    const struct device_view view = agent_view(a);
    struct pack_offer offer;
    enum pack_step step = PACK_WRITE;
    enum err err = check_nonce(r->nonce, why);
    if (err == OK)
        err = check_station_known(a, why);
    if (err == OK)
        err = read_offer(r, &offer, why);
    if (err == OK)
        err = decide_pack(&view, &offer, &step, why);
    if (err == OK)
        err = step == PACK_WRITE ? agent_take_pack(a, r->pack, r->nonce.at, offer.fingerprint, why)
                                 : agent_take_result_request(a, r->nonce.at, why);
    ret_answer->body.pack_transmission.result = "OK";
    return err;
}

static enum err answer_result_request(struct agent *a, const void *request, struct answer *ret_answer, struct why *why)
{
    const struct result_request *r = request;
    const struct device_view view = agent_view(a);
    enum err err = check_nonce(r->nonce, why);
    if (err == OK)
        err = check_station_known(a, why);
    if (err == OK)
        err = a->pack.data != NULL ? OK : decide_result_request(&view, r->number.text, why);
    if (err == OK)
        err = agent_take_result_request(a, r->nonce.at, why);
    ret_answer->body.result.result = "OK";
    return err;
}

/* S1709 */
static enum err answer_parameters(struct agent *a, const void *request, struct answer *ret_answer, struct why *why)
{
    const struct parameter_initialisation_request *r = request;
    const struct device_view view = agent_view(a);
    struct nvram values = a->board->values;
    enum err err = decide_parameters(&view, why);
    for (size_t i = 0; err == OK && i < r->parameters_n; i++)
        err = parameters_set(&values, r->parameters[i].name, r->parameters[i].value, why);
    if (err == OK && memcmp(&values, &a->board->values, sizeof values) != 0)
        err = board_save_values(a->board, &values, why);
    if (err == OK)
        board_history(a->board, "parameters", "");
    if (err == OK && a->changed != NULL)
        a->changed(a->context);
    ret_answer->body.parameter_initialisation.accepted = true;
    return err;
}

static enum err save_board_id(struct board *b, const char *id, struct why *why)
{
    struct nvram values = b->values;
    if (*values.board != '\0' || *id == '\0')
        return OK;
    if ((size_t)snprintf(values.board, sizeof values.board, "%s", id) >= sizeof values.board)
        return why_set(why, ERR_TOO_LARGE, "the board's id is longer than %zu", sizeof values.board - 1);
    return board_save_values(b, &values, why);
}

static enum err write_bootstrap(struct agent *a, const struct bootstrap_write_request *r, struct why *why)
{
    enum err err = board_install_bootstrap(a->board, r->pack, why);
    if (err == OK)
        err = save_board_id(a->board, r->board, why);
    return err == OK ? agent_show_credential(a, why) : err;
}

/* S1703: refused when it may not be; OK or NG when it was tried. */
static enum err answer_bootstrap(struct agent *a, const void *request, struct answer *ret_answer, struct why *why)
{
    const struct bootstrap_write_request *r = request;
    const struct device_view view = agent_view(a);
    uint8_t fingerprint[CERT_FINGERPRINT];
    struct pack pack;
    enum bootstrap_step step = BOOTSTRAP_WRITE;
    enum err err = pack_decode(r->pack, &pack, why);
    if (err != OK)
        return err;
    cert_fingerprint_der(pack.certificate, fingerprint);
    err = decide_bootstrap(&view, r->board, fingerprint, &step, why);
    if (err != OK)
        return err;
    if (step == BOOTSTRAP_WRITE)
        err = write_bootstrap(a, r, &ret_answer->why);
    ret_answer->body.bootstrap_write.outcome = err == OK ? "OK" : "NG";
    ret_answer->body.bootstrap_write.reason = err == OK ? "" : why_text(&ret_answer->why, err);
    return OK;
}

/* A power cut in the middle of a request: nobody answers. */
static void check_power(struct agent *a)
{
    if (a->board->faults.off && a->power_lost != NULL)
        a->power_lost(a->context);
}

enum err answer_request(struct agent *a, const struct soap_parsed *request, struct answer *ret_answer, struct why *why)
{
    static answer_fn *const answers[SOAP_MESSAGE_COUNT] = {
        [SOAP_DEVICE_STATUS] = answer_status,
        [SOAP_PACK_TRANSMISSION] = answer_pack,
        [SOAP_RESULT] = answer_result_request,
        [SOAP_PARAMETER_INITIALISATION] = answer_parameters,
        [SOAP_BOOTSTRAP_WRITE] = answer_bootstrap,
    };
    if (answers[request->message] == NULL)
        return why_set(why, ERR_UNSUPPORTED, "a device does not answer %s", soap_message_row(request->message)->operation);
    enum err err = answers[request->message](a, request->body, ret_answer, why);
    check_power(a);
    return err;
}
