#include "store/stock_schema.h"

static enum err read_identity(const struct db_row *row, struct identity *i)
{
    struct span fingerprint = db_row_blob(row, 9), nonce = db_row_blob(row, 13);
    *i = (struct identity){
        .generation = db_row_int(row, 1),
        .day = (int32_t)db_row_int(row, 3),
        .has_pack = db_row_int(row, 7) != 0,
        .direct = db_row_int(row, 8) != 0,
        .lease_until_s = db_row_int(row, 12),
        .created_s = db_row_int(row, 14),
        .written_s = db_row_int(row, 15),
        .has_fingerprint = fingerprint.n == sizeof i->fingerprint,
        .has_nonce = nonce.n == sizeof i->nonce,
    };
    if (i->has_fingerprint)
        memcpy(i->fingerprint, fingerprint.at, sizeof i->fingerprint);
    if (i->has_nonce)
        memcpy(i->nonce, nonce.at, sizeof i->nonce);
    db_row_copy(row, 0, sizeof i->number.text, i->number.text);
    db_row_copy(row, 2, sizeof i->model, i->model);
    db_row_copy(row, 5, sizeof i->order, i->order);
    db_row_copy(row, 6, sizeof i->request, i->request);
    db_row_copy(row, 10, sizeof i->station, i->station);
    db_row_copy(row, 11, sizeof i->board, i->board);
    db_row_copy(row, 16, sizeof i->reason, i->reason);
    return lifecycle_parse(db_row_text(row, 4), &i->state);
}

static enum err take_identity(void *context, const struct db_row *row)
{
    return read_identity(row, context);
}

enum err stock_identity_newest(struct db *db, const char *number, struct identity *ret_row, struct why *why)
{
    return stock_one(db, ASK_IDENTITY_NEWEST, DB_ARGS(db_text(number)), take_identity, ret_row, why);
}

enum err stock_identity_by_certificate(struct db *db, const char *number, const uint8_t fingerprint[IDENTITY_FINGERPRINT],
                                       struct identity *ret_row, struct why *why)
{
    return stock_one(db, ASK_IDENTITY_BY_CERTIFICATE,
                     DB_ARGS(db_text(number), db_blob(span_of(fingerprint, IDENTITY_FINGERPRINT))), take_identity, ret_row, why);
}

static bool is_written(enum lifecycle_state state)
{
    return state == LIFE_WRITTEN || state == LIFE_ERASED || state == LIFE_FIELD || state == LIFE_SUPERSEDED ||
           state == LIFE_REVOKED;
}

enum err stock_identity_save(struct db *db, const struct identity *row, enum lifecycle_state from, bool drop_pack,
                             struct why *why)
{
    struct db_value nonce = row->has_nonce ? db_blob(span_of(row->nonce, IDENTITY_NONCE)) : db_null();
    enum err err = db_run(db, ASK_IDENTITY_SAVE,
                          DB_ARGS(db_text(row->number.text), db_int(row->generation), db_text(lifecycle_name(from)),
                                  db_text(lifecycle_name(row->state)), db_text(row->station), db_text(row->board),
                                  db_int(row->lease_until_s), nonce, db_int(row->written_s), db_text(row->reason),
                                  db_int(is_written(row->state)), db_text(row->request), db_int(row->direct), db_int(drop_pack)),
                          why);
    if (err == OK && db_changes(db) != 1)
        return why_set(why, ERR_CONFLICT, "%s is no longer %s", row->number.text, lifecycle_name(from));
    return err;
}

enum err stock_identity_add(struct db *db, const struct identity *row, struct why *why)
{
    return db_run(db, ASK_IDENTITY_ADD,
                  DB_ARGS(db_text(row->number.text), db_int(row->generation), db_text(row->model), db_int(row->day),
                          db_text(lifecycle_name(row->state)), db_text(row->request), db_int(row->direct),
                          db_int(row->created_s)),
                  why);
}

struct identity_call {
    stock_identity_fn *fn;
    void *context;
};

static enum err pass_identity(void *context, const struct db_row *row)
{
    struct identity_call *call = context;
    struct identity identity;
    enum err err = read_identity(row, &identity);
    return err != OK ? err : call->fn(call->context, &identity);
}

enum err stock_identity_each(struct db *db, stock_identity_fn *fn, void *context, struct why *why)
{
    struct identity_call call = { fn, context };
    return db_query(db, ASK_IDENTITY_EACH, DB_NO_ARGS, pass_identity, &call, why);
}

enum err stock_identity_in_state(struct db *db, enum lifecycle_state state, const char *model, stock_identity_fn *fn,
                                 void *context, struct why *why)
{
    struct identity_call call = { fn, context };
    bool at_line = state == LIFE_CLAIMED || state == LIFE_WRITTEN;
    return db_query(db, at_line ? ASK_IDENTITY_AT_LINE : ASK_IDENTITY_IN_STATE, DB_ARGS(db_text(lifecycle_name(state)), db_text(model)), pass_identity, &call,
                    why);
}

enum err stock_identity_written(struct db *db, int64_t until_s, int64_t most, stock_identity_fn *fn, void *context,
                                struct why *why)
{
    struct identity_call call = { fn, context };
    return db_query(db, ASK_IDENTITY_WRITTEN, DB_ARGS(db_int(until_s), db_int(most)), pass_identity, &call, why);
}

enum err stock_claims(struct db *db, const char *station, const char *except, int64_t *ret_n, struct why *why)
{
    return db_first_int(db, ASK_CLAIMS, DB_ARGS(db_text(station), db_text(except)), ret_n, why);
}

enum err stock_planned(struct db *db, int32_t day, int64_t *ret_n, struct why *why)
{
    return db_first_int(db, ASK_PLANNED, DB_ARGS(db_int(day)), ret_n, why);
}

enum err stock_packs(struct db *db, int64_t *ret_n, struct why *why)
{
    return db_first_int(db, ASK_PACKS, DB_NO_ARGS, ret_n, why);
}

enum err stock_on_hand(struct db *db, const char *model, int64_t *ret_n, struct why *why)
{
    return db_first_int(db, ASK_ON_HAND, DB_ARGS(db_text(model)), ret_n, why);
}
