/* The board step (F-22): bootstrap packs for stations, and what became of each board. */
#include "base/clock.h"
#include "base/text.h"
#include "factory/service.h"
#include "log/log.h"
#include "model/pack.h"

/* A model's bootstrap pack is sealed like any other, bound to what its number says. */
static struct span binding_of(const char *model)
{
    return span_text(model);
}

static enum err answer_from_store(struct service_call *call, const char *model, struct why *why)
{
    AUTO_BUF sealed = BUF_INIT;
    AUTO_SECRET plain = SECRET_INIT;
    enum err err = stock_bootstrap_read(call->factory->db, model, &sealed, why);
    if (err == OK)
        err = unseal(call->factory->sealer, buf_span(&sealed), binding_of(model), &plain, why);
    if (err == OK)
        service_answer(call, &(struct bootstrap_pack_response){ .pack = secret_span(&plain) });
    return err;
}

static enum err keep(struct factory *factory, struct span plain, struct why *why)
{
    struct pack pack;
    char model[LIMIT_MODEL_CODE + 1];
    AUTO_BUF sealed = BUF_INIT;
    enum err err = pack_decode(plain, &pack, why);
    if (err != OK)
        return err;
    number_model(&pack.number, model);
    err = seal(factory->sealer, plain, binding_of(model), &sealed, why);
    if (err == OK)
        err = db_begin(factory->db, why);
    if (err == OK)
        err = stock_bootstrap_put(factory->db, model, buf_span(&sealed), clock_wall_s(), why);
    if (err == OK)
        err = factory_note(factory->db, factory->credentials.self.name, "bootstrap", model, why, "fetched=yes");
    if (err == OK)
        err = db_commit(factory->db, why);
    db_rollback(factory->db);
    return err;
}

static void on_bootstrap(void *context, enum err err, bool told, const struct soap_parsed *answer, const struct why *why)
{
    (void)told;
    struct service_call *call = context;
    struct why reason = *why;
    if (err == OK) {
        const struct bootstrap_response *r = answer->body;
        err = keep(call->factory, r->pack, &reason);
        if (err == OK)
            service_answer(call, &(struct bootstrap_pack_response){ .pack = r->pack });
    }
    if (err != OK)
        service_fail(call, err, &reason);
    service_release(call);
}

enum err service_bootstrap(struct service_call *call, struct why *why)
{
    const struct bootstrap_pack_request *r = call->request->body;
    struct stock_model model;
    enum err err = stock_model_get(call->factory->db, r->model, &model, why);
    if (err == ERR_NOT_FOUND)
        return why_set(why, ERR_NOT_FOUND, "model %.20s is not in the model list", r->model);
    if (err == OK && model.line[0] != '\0' && strcmp(model.line, call->station.line) != 0)
        return why_set(why, ERR_WRONG_LINE, "model %s is made on line %s", model.code, model.line);
    if (err == OK)
        err = answer_from_store(call, r->model, why);
    if (err != ERR_NOT_FOUND)
        return err;
    struct service_call *kept = service_keep(call);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    const struct factory *f = call->factory;
    err = ca_ask_later(f->client, f->ca_url, f->ca_tls,
                       &(struct ca_question){ SOAP_BOOTSTRAP, NULL, &(struct bootstrap_request){ .model = r->model }, 0 },
                       on_bootstrap, kept, why);
    if (err != OK)
        service_release(kept);
    return err;
}

enum err service_board(struct service_call *call, struct why *why)
{
    const struct board_report_request *r = call->request->body;
    struct db *db = call->factory->db;
    char reason[TEXT_QUOTED];
    if (strcmp(r->outcome, "OK") != 0 && strcmp(r->outcome, "NG") != 0)
        return why_set(why, ERR_BAD_INPUT, "the outcome of a board is OK or NG");
    if (!number_is_model(span_text(r->model)))
        return why_set(why, ERR_BAD_INPUT, "\"%.20s\" is not a model code: 1 to %d digits or capital letters", r->model, LIMIT_MODEL_CODE);
    enum err err = db_begin(db, why);
    if (err == OK)
        err = stock_board_add(db, r->board, r->model, call->station.name, r->outcome, r->reason, clock_wall_s(), why);
    if (err == OK)
        err = factory_note(db, call->actor, "board", r->board, why, "model=%s outcome=%s reason=%s", r->model, r->outcome,
                           text_quote(r->reason, sizeof reason, reason));
    if (err == OK)
        err = db_commit(db, why);
    if (err != OK) {
        db_rollback(db);
        return err;
    }
    log_event(LOG_INFO, "board", "board", r->board, "model", r->model, "outcome", r->outcome, NULL);
    service_answer(call, &(struct board_report_response){ .accepted = true });
    return OK;
}
