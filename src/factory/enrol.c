/* Enrolment of a station: relayed to the CA, which knows the tokens; the answer goes back unchanged. */
#include "factory/service.h"
#include "log/log.h"

static void on_enrolled(void *context, enum err err, bool told, const struct soap_parsed *answer, const struct why *why)
{
    struct service_call *call = context;
    const struct enrolment_response *r = answer->body;
    (void)told;
    if (err == OK) {
        log_event(LOG_INFO, "enrolled", "role", r->role, "name", r->name, NULL);
        service_answer(call, r);
    } else {
        service_fail(call, err, why);
    }
    service_release(call);
}

enum err service_enrol(struct service_call *call, struct why *why)
{
    struct service_call *kept = service_keep(call);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    const struct factory *f = call->factory;
    enum err err = ca_ask_later(f->client, f->ca_url, f->ca_tls, &(struct ca_question){ SOAP_ENROLMENT, NULL, call->request->body, 0 },
                                on_enrolled, kept, why);
    if (err != OK)
        service_release(kept);
    return err;
}
