/* The register: opening, orders, tokens, CRLs. */
#include "store/register.h"

#include "store/register_sql.h"

enum err register_open(const char *path, enum db_mode mode, struct db **ret_db, struct why *why)
{
    return db_open(path, mode, &register_schema, ret_db, why);
}

/* --- Orders --- */

static enum err profile_row(void *context, const struct db_row *row)
{
    db_row_copy(row, 0, LIMIT_NAME + 1, context);
    return OK;
}

enum err register_model_profile(struct db *db, const char *model, char ret_profile[LIMIT_NAME + 1], struct why *why)
{
    ret_profile[0] = '\0';
    return db_query(db, REG_MODEL_PROFILE, DB_ARGS(db_text(model)), profile_row, ret_profile, why);
}

enum err register_order_add(struct db *db, const struct register_order *o, struct why *why)
{
    char profile[LIMIT_NAME + 1];
    enum err err = register_model_profile(db, o->model, profile, why);
    if (err == OK && profile[0] != '\0' && o->profile[0] != '\0' && strcmp(profile, o->profile) != 0)
        return why_set(why, ERR_BAD_INPUT, "devices of model %s are made by profile %s, as another order says", o->model, profile);
    if (err == OK)
        err = db_run(db, REG_ORDER_ADD,
                     DB_ARGS(db_text(o->name), db_text(o->factory), db_text(o->model), db_int(o->quantity), db_text(o->first_serial),
                             db_int(o->until_s), db_int(o->created_s), db_text(o->profile)),
                     why);
    return err == ERR_CONFLICT ? why_set(why, ERR_EXISTS, "there is a production order %s already", o->name) : err;
}

struct order_listing {
    register_order_fn *fn;
    void *context;
};

static enum err order_row(void *context, const struct db_row *row)
{
    const struct order_listing *l = context;
    struct register_order o = { .id = db_row_int(row, 0), .quantity = db_row_int(row, 4), .until_s = db_row_int(row, 6),
                                .created_s = db_row_int(row, 7) };
    db_row_copy(row, 1, sizeof o.name, o.name);
    db_row_copy(row, 2, sizeof o.factory, o.factory);
    db_row_copy(row, 3, sizeof o.model, o.model);
    db_row_copy(row, 5, sizeof o.first_serial, o.first_serial);
    db_row_copy(row, 14, sizeof o.profile, o.profile);
    struct register_account a = { .issued = db_row_int(row, 8), .written = db_row_int(row, 9), .on_hand = db_row_int(row, 10),
                                        .voided = db_row_int(row, 11), .superseded = db_row_int(row, 12),
                                        .reserved = db_row_int(row, 13) };
    a.field = (struct register_field_account){ .made = db_row_int(row, 15), .live = db_row_int(row, 16), .renewing = db_row_int(row, 17),
                                               .voided = db_row_int(row, 18), .superseded = db_row_int(row, 19) };
    return l->fn(l->context, &o, &a);
}

enum err register_order_list(struct db *db, const char *factory, const char *name, register_order_fn *fn, void *context,
                             struct why *why)
{
    struct order_listing l = { fn, context };
    return db_query(db, REG_ORDER_LIST, DB_ARGS(db_text(factory), db_text(name)), order_row, &l, why);
}

/* --- Tokens --- */

enum err register_token_add(struct db *db, const struct register_token *t, struct why *why)
{
    return db_run(db, REG_TOKEN_ADD,
                  DB_ARGS(db_blob(span_of(t->hash, sizeof t->hash)), db_text(t->role), db_text(t->name), db_text(t->hosts),
                          db_int(t->created_s), db_int(t->expires_s)),
                  why);
}

struct token_listing {
    register_token_fn *fn;
    void *context;
    int64_t rows;
};

static enum err token_row(void *context, const struct db_row *row)
{
    struct token_listing *l = context;
    struct register_token t = { .created_s = db_row_int(row, 4), .expires_s = db_row_int(row, 5), .used_s = db_row_int(row, 6),
                                .certificate = db_row_blob(row, 8) };
    struct span hash = db_row_blob(row, 0), csr = db_row_blob(row, 7);
    if (hash.n != sizeof t.hash || (csr.n != 0 && csr.n != sizeof t.csr))
        return ERR_DAMAGED;
    memcpy(t.hash, hash.at, hash.n);
    if (csr.n != 0)
        memcpy(t.csr, csr.at, csr.n);
    db_row_copy(row, 1, sizeof t.role, t.role);
    db_row_copy(row, 2, sizeof t.name, t.name);
    db_row_copy(row, 3, sizeof t.hosts, t.hosts);
    l->rows++;
    return l->fn(l->context, &t);
}

enum err register_token_find(struct db *db, const uint8_t hash[32], register_token_fn *fn, void *context, struct why *why)
{
    struct token_listing l = { .fn = fn, .context = context };
    enum err err = db_query(db, REG_TOKEN_FIND, DB_ARGS(db_blob(span_of(hash, 32))), token_row, &l, why);
    if (err == OK && l.rows == 0)
        err = why_set(why, ERR_BAD_TOKEN, "this token was never given out: get one by `nameplate ca token add`");
    return err;
}

enum err register_token_spend(struct db *db, const struct register_token *t, int64_t certificate, struct why *why)
{
    enum err err = db_run(db, REG_TOKEN_SPEND,
                          DB_ARGS(db_blob(span_of(t->hash, sizeof t->hash)), db_int(t->used_s),
                                  db_blob(span_of(t->csr, sizeof t->csr)), db_int(certificate)),
                          why);
    if (err == OK && db_changes(db) != 1)
        err = why_set(why, ERR_CONFLICT, "the token was used in the meantime");
    return err;
}

enum err register_token_list(struct db *db, register_token_fn *fn, void *context, struct why *why)
{
    struct token_listing l = { .fn = fn, .context = context };
    return db_query(db, REG_TOKEN_LIST, DB_NO_ARGS, token_row, &l, why);
}

/* --- CRLs --- */

struct crl_listing {
    register_crl_fn *fn;
    void *context;
};

static enum err crl_row(void *context, const struct db_row *row)
{
    const struct crl_listing *l = context;
    struct register_crl c = { .number = db_row_int(row, 1), .this_s = db_row_int(row, 2), .next_s = db_row_int(row, 3),
                              .revoked = db_row_int(row, 4), .der = db_row_blob(row, 5) };
    db_row_copy(row, 0, sizeof c.issuer, c.issuer);
    return l->fn(l->context, &c);
}

enum err register_crl_newest(struct db *db, const char *issuer, register_crl_fn *fn, void *context, struct why *why)
{
    struct crl_listing l = { fn, context };
    return db_query(db, REG_CRL_NEWEST, DB_ARGS(db_text(issuer)), crl_row, &l, why);
}

enum err register_crl_add(struct db *db, const struct register_crl *c, struct why *why)
{
    enum err err = db_run(db, REG_CRL_ADD,
                          DB_ARGS(db_text(c->issuer), db_int(c->number), db_int(c->this_s), db_int(c->next_s), db_int(c->revoked),
                                  db_blob(c->der)),
                          why);
    return err != OK ? err : db_run(db, REG_CRL_FORGET, DB_ARGS(db_text(c->issuer), db_int(c->number)), why);
}
