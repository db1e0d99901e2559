/* The office's exchange of heads with the CA: behind the day's request, and every hour. */
#include "base/clock.h"
#include "factory/office_internal.h"
#include "factory/witness.h"
#include "log/log.h"

enum { EVERY_MS = 3600 * 1000, LEAST_MS = 60 * 1000 };

static enum err note_difference(struct office *o, const char *subject, const struct audit_head *kept, struct why *why)
{
    log_event(LOG_ERROR, "trail-differs", "trail", subject, NULL);
    return factory_note(o->db, o->name, "trail-differs", subject, why, "entries=%lld: cut or changed since", (long long)kept->n);
}

static enum err save(struct office *o, const struct witness *w, struct why *why)
{
    enum err err = db_begin(o->db, why);
    if (err == OK && witness_ca_differs(w))
        err = note_difference(o, "trail:ca", &w->ca_kept, why);
    if (err == OK && witness_own_differs(w))
        err = note_difference(o, "trail:factory", &w->own_kept, why);
    if (err == OK)
        err = audit_witness(o->db, stock_audit_first(), o->name, "ca", clock_wall_s(), &w->ca, why);
    if (err == OK)
        err = db_commit(o->db, why);
    db_rollback(o->db);
    return err;
}

static enum err exchange(struct office *o, bool *ret_told, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    struct witness w;
    struct witness_request request;
    *ret_told = false;
    enum err err = witness_ask(o->db, true, &w, &request, why);
    if (err == OK)
        err = ca_ask_wait(o->factory->ca_url, o->keep, o->tls, &(struct ca_question){ SOAP_WITNESS, NULL, &request, 0 }, &answer, ret_told, why);
    if (err == OK)
        err = witness_take(o->db, answer.body, &w, why);
    return err != OK ? err : save(o, &w, why);
}

enum err office_witness(struct office *o, struct why *why)
{
    bool told;
    int64_t now = clock_mono_ms();
    if (o->witness_at_ms == 0)
        o->witness_at_ms = now + EVERY_MS;
    if (now < o->witness_at_ms && !(o->confirmed && now >= o->witness_not_before_ms))
        return OK;
    enum err err = exchange(o, &told, why);
    if (err != OK && !told)
        return err;
    if (err != OK) /* an older CA: nothing else waits for it */
        log_failure(LOG_WARN, "witness-refused", err, why, NULL);
    o->confirmed = false;
    o->witness_at_ms = now + EVERY_MS;
    o->witness_not_before_ms = now + LEAST_MS;
    return OK;
}
