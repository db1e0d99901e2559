#include "factory/witness.h"

static const char owner[] = "ca"; /* our entries about the CA's trail */

enum err witness_ask(struct db *db, bool keep, struct witness *ret_witness, struct witness_request *ret_request, struct why *why)
{
    struct witness *w = ret_witness;
    *w = (struct witness){ .own.n = 0 };
    enum err err = audit_head_now(db, stock_audit_first(), &w->own, why);
    if (err == OK)
        err = audit_witnessed(db, stock_audit_first(), owner, &w->ca_kept, why);
    if (err != OK)
        return err;
    *ret_request = (struct witness_request){ .asked = w->ca_kept.n };
    if (keep && w->own.n > 0) {
        ret_request->entries = w->own.n;
        ret_request->head = span_of(w->own.hash, sizeof w->own.hash);
    }
    return OK;
}

static enum err take_head(int64_t n, struct span hash, struct audit_head *ret_head, struct why *why)
{
    struct audit_head head = { .n = 0 };
    if (hash.n != 0 && (hash.n != sizeof head.hash || n <= 0))
        return why_set(why, ERR_BAD_INPUT, "the CA's answer has a head of %zu bytes", hash.n);
    if (hash.n != 0) {
        head.n = n;
        memcpy(head.hash, hash.at, sizeof head.hash);
    }
    *ret_head = head;
    return OK;
}

enum err witness_take(struct db *db, const struct witness_response *answer, struct witness *w, struct why *why)
{
    enum err err = take_head(answer->entries, answer->head, &w->ca, why);
    if (err == OK)
        err = take_head(w->ca_kept.n, answer->asked, &w->ca_now, why);
    if (err == OK)
        err = take_head(answer->kept_entries, answer->kept_head, &w->own_kept, why);
    return err != OK ? err : audit_head_at(db, stock_audit_first(), w->own_kept.n, &w->own_now, why);
}

bool witness_ca_differs(const struct witness *w)
{
    return !audit_head_equal(&w->ca_kept, &w->ca_now);
}

bool witness_own_differs(const struct witness *w)
{
    return !audit_head_equal(&w->own_kept, &w->own_now);
}
