/* The register's certificates and batch requests. */
#include <stdio.h>

#include "store/register_field.h"
#include "store/register_sql.h"

struct listing {
    register_certificate_fn *fn;
    void *context;
    bool sealed; /* there is a further column with the sealed key */
    int64_t rows;
};

struct register_certificate register_certificate_of(const struct db_row *row)
{
    struct register_certificate c = {
        .id = db_row_int(row, 0), .generation = db_row_int(row, 3), .order_id = db_row_int(row, 6), .request = db_row_int(row, 8),
        .position = db_row_int(row, 9), .serial = db_row_blob(row, 11), .fingerprint = db_row_blob(row, 12),
        .der = db_row_blob(row, 13), .created_s = db_row_int(row, 14), .revoked_s = db_row_int(row, 15), .slice = db_row_int(row, 17),
        .key = db_row_blob(row, 18),
    };
    db_row_copy(row, 1, sizeof c.kind, c.kind);
    db_row_copy(row, 2, sizeof c.subject, c.subject);
    db_row_copy(row, 4, sizeof c.issuer, c.issuer);
    db_row_copy(row, 5, sizeof c.order, c.order);
    db_row_copy(row, 7, sizeof c.requester, c.requester);
    db_row_copy(row, 16, sizeof c.reason, c.reason);
    return c;
}

static enum err certificate_row(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct register_certificate c = register_certificate_of(row);
    enum err err = lifecycle_parse(db_row_text(row, 10), &c.state);
    if (err != OK)
        return ERR_DAMAGED;
    if (l->sealed)
        c.sealed = db_row_blob(row, 19);
    l->rows++;
    return l->fn(l->context, &c);
}

enum err register_certificate_list(struct db *db, const struct register_filter *f, register_certificate_fn *fn, void *context,
                                   struct why *why)
{
    struct listing l = { .fn = fn, .context = context };
    return db_query(db, f->subject != NULL ? REG_SUBJECT_LIST : REG_CERTIFICATE_LIST,
                    DB_ARGS(db_text(f->subject), db_text(f->state), db_text(f->order)), certificate_row, &l, why);
}

enum err register_certificate_of_key(struct db *db, struct span key, register_certificate_fn *fn, void *context, struct why *why)
{
    struct listing l = { .fn = fn, .context = context };
    return db_query(db, REG_KEY_LIST, DB_ARGS(db_blob(key)), certificate_row, &l, why);
}

enum err register_certificate_find(struct db *db, const char *kind, const char *subject, register_certificate_fn *fn, void *context,
                                   struct why *why)
{
    struct listing l = { .fn = fn, .context = context, .sealed = true };
    enum err err = db_query(db, REG_CERTIFICATE_FIND, DB_ARGS(db_text(kind), db_text(subject)), certificate_row, &l, why);
    if (err == OK && l.rows == 0)
        err = why_set(why, ERR_NOT_FOUND, "no %s certificate of %s is in the register", kind, subject);
    return err;
}

enum err register_revoked_list(struct db *db, const char *issuer, register_certificate_fn *fn, void *context, struct why *why)
{
    struct listing l = { .fn = fn, .context = context };
    return db_query(db, REG_REVOKED_LIST, DB_ARGS(db_text(issuer)), certificate_row, &l, why);
}

enum err register_renewal_stale(struct db *db, int64_t before_s, register_certificate_fn *fn, void *context, struct why *why)
{
    struct listing l = { .fn = fn, .context = context };
    return db_query(db, REG_RENEWAL_STALE, DB_ARGS(db_int(before_s)), certificate_row, &l, why);
}

enum err register_certificate_add(struct db *db, const struct register_certificate *c, int64_t *ret_id, struct why *why)
{
    enum err err = db_run(db, REG_CERTIFICATE_ADD,
                          DB_ARGS(db_text(c->kind), db_text(c->subject), db_text(c->issuer), db_text(c->requester),
                                  db_text(lifecycle_name(c->state)), db_blob(c->serial), db_blob(c->fingerprint), db_blob(c->der),
                                  db_int(c->created_s), db_blob(c->key)),
                          why);
    if (err == OK)
        *ret_id = db_last_id(db);
    return err;
}

enum err register_body_add(struct db *db, const struct register_certificate *c, struct why *why)
{
    return db_run(db, REG_BODY_ADD,
                  DB_ARGS(db_blob(c->serial), db_blob(c->tbs), db_text(c->kind), db_text(c->subject), db_text(c->issuer),
                          db_text(c->requester), db_int(c->created_s)),
                  why);
}

static enum err body_row(void *context, const struct db_row *row)
{
    const struct listing *l = context;
    struct register_certificate c = { .state = LIFE_REQUESTED, .serial = db_row_blob(row, 0), .tbs = db_row_blob(row, 1),
                                      .created_s = db_row_int(row, 6), .der = db_row_blob(row, 7) };
    db_row_copy(row, 2, sizeof c.kind, c.kind);
    db_row_copy(row, 3, sizeof c.subject, c.subject);
    db_row_copy(row, 4, sizeof c.issuer, c.issuer);
    db_row_copy(row, 5, sizeof c.requester, c.requester);
    return l->fn(l->context, &c);
}

enum err register_body_list(struct db *db, const char *subject, register_certificate_fn *fn, void *context, struct why *why)
{
    struct listing l = { .fn = fn, .context = context };
    return db_query(db, REG_BODY_LIST, DB_ARGS(db_text(subject)), body_row, &l, why);
}

struct text_out {
    size_t size;
    char *text;
};

static enum err take_text(void *context, const struct db_row *row)
{
    const struct text_out *out = context;
    db_row_copy(row, 0, out->size, out->text);
    return OK;
}

static enum err query_text(struct db *db, unsigned statement, size_t size, char *ret_text, struct why *why)
{
    struct text_out out = { size, ret_text };
    ret_text[0] = '\0';
    return db_query(db, statement, DB_NO_ARGS, take_text, &out, why);
}

enum err register_doubled(struct db *db, size_t size, char *ret_number, struct why *why)
{
    return query_text(db, REG_DOUBLED, size, ret_number, why);
}

enum err register_key_doubled(struct db *db, size_t size, char *ret_subjects, struct why *why)
{
    return query_text(db, REG_KEY_DOUBLED, size, ret_subjects, why);
}

enum err register_sealed_put(struct db *db, int64_t certificate, struct span sealed, struct why *why)
{
    return db_run(db, REG_SEALED_PUT, DB_ARGS(db_int(certificate), db_blob(sealed)), why);
}

/* OK when the last statement changed exactly the one row that it was about. */
static enum err changed_one(struct db *db, enum err err, int64_t id, struct why *why)
{
    if (err == OK && db_changes(db) != 1)
        return why_set(why, ERR_CONFLICT, "row %lld of the register is not in the state that it was in", (long long)id);
    return err;
}

enum err register_certificate_move(struct db *db, int64_t id, enum lifecycle_state from, enum lifecycle_state to, int64_t revoked_s,
                                   const char *reason, struct why *why)
{
    enum err err = db_run(db, REG_CERTIFICATE_MOVE,
                          DB_ARGS(db_int(id), db_text(lifecycle_name(from)), db_text(lifecycle_name(to)),
                                  revoked_s == 0 ? db_null() : db_int(revoked_s), db_text(reason == NULL ? "" : reason)),
                          why);
    return changed_one(db, err, id, why);
}

/* --- Requests --- */

static enum err request_row(void *context, const struct db_row *row)
{
    struct register_request *r = context;
    struct span digest = db_row_blob(row, 1), key = db_row_blob(row, 5);
    if (digest.n != sizeof r->digest || key.n > sizeof r->data_key)
        return ERR_DAMAGED;
    r->id = db_row_int(row, 0);
    r->numbers = db_row_int(row, 2);
    r->accepted_s = db_row_int(row, 3);
    r->confirmed_s = db_row_int(row, 4);
    r->data_key_n = key.n;
    memcpy(r->digest, digest.at, digest.n);
    if (key.n != 0)
        memcpy(r->data_key, key.at, key.n);
    return OK;
}

enum err register_request_find(struct db *db, const char *requester, const char *message_id, struct register_request *ret_request,
                               struct why *why)
{
    struct register_request r = { 0 };
    snprintf(r.message_id, sizeof r.message_id, "%s", message_id);
    snprintf(r.requester, sizeof r.requester, "%s", requester);
    enum err err = db_query(db, REG_REQUEST_FIND, DB_ARGS(db_text(requester), db_text(message_id)), request_row, &r, why);
    if (err == OK && r.id == 0)
        err = why_set(why, ERR_NOT_FOUND, "%s has made no request %s", requester, message_id);
    if (err == OK)
        *ret_request = r;
    return err;
}

enum err register_request_add(struct db *db, const struct register_request *r, int64_t *ret_id, struct why *why)
{
    enum err err = db_run(db, REG_REQUEST_ADD,
                          DB_ARGS(db_text(r->requester), db_text(r->message_id), db_blob(span_of(r->digest, sizeof r->digest)),
                                  db_int(r->numbers), db_int(r->accepted_s), db_blob(span_of(r->data_key, r->data_key_n))),
                          why);
    if (err == OK)
        *ret_id = db_last_id(db);
    return err;
}

enum err register_request_confirm(struct db *db, int64_t id, int64_t now_s, struct why *why)
{
    int64_t unmade = 0;
    enum err err = register_request_waiting(db, id, &unmade, why);
    if (err == OK && unmade != 0)
        err = why_set(why, ERR_BAD_TRANSITION, "%lld packs of the request were not given out yet: ask for it again first",
                      (long long)unmade);
    if (err == OK)
        err = db_run(db, REG_REQUEST_CONFIRM, DB_ARGS(db_int(id), db_int(now_s)), why);
    return err != OK ? err : db_run(db, REG_REQUEST_DROP_KEYS, DB_ARGS(db_int(id)), why);
}

static enum err history_row(void *context, const struct db_row *row)
{
    struct register_history *h = context;
    enum lifecycle_state state;
    if (lifecycle_parse(db_row_text(row, 1), &state) != OK)
        return ERR_DAMAGED;
    if (db_row_int(row, 0) > h->generation)
        h->generation = db_row_int(row, 0);
    /* one that is renewed counts as live, whatever its device has made of it */
    if (lifecycle_is_live(state) || (state == LIFE_RENEWING && !h->live)) {
        h->live = true;
        snprintf(h->live_state, sizeof h->live_state, "%s", lifecycle_name(state));
        h->live_request = db_row_int(row, 2);
    }
    return OK;
}

enum err register_history(struct db *db, const char *number, struct register_history *ret_history, struct why *why)
{
    struct register_history h = { 0 };
    enum err err = db_query(db, REG_HISTORY, DB_ARGS(db_text(number)), history_row, &h, why);
    if (err == OK)
        *ret_history = h;
    return err;
}

enum err register_request_rows(struct db *db, int64_t request, int64_t from, int64_t n, register_certificate_fn *fn, void *context,
                               struct why *why)
{
    struct listing l = { .fn = fn, .context = context };
    return db_query(db, REG_REQUEST_ROWS, DB_ARGS(db_int(request), db_int(from), db_int(n)), certificate_row, &l, why);
}
