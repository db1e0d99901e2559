#include "store/center_schema.h"

static const char cursor_mark[] = "identity-cursor";

enum err center_identity_put(struct db *db, const struct center_identity *i, int64_t cursor, struct why *why)
{
    enum err err = db_run(db, ASK_IDENTITY_PUT,
                          DB_ARGS(db_text(i->number.text), db_int(i->generation), db_text(i->state),
                                  db_blob(span_of(i->fingerprint, CENTER_FINGERPRINT)), db_blob(i->certificate), db_int(i->over_s)),
                          why);
    return err != OK ? err : db_run(db, ASK_MARK_SET, DB_ARGS(db_text(cursor_mark), db_int(cursor)), why);
}

enum err center_identity_cursor(struct db *db, int64_t *ret_cursor, struct why *why)
{
    return db_first_int(db, ASK_MARK_GET, DB_ARGS(db_text(cursor_mark)), ret_cursor, why);
}

enum err center_identity_rewind(struct db *db, struct why *why)
{
    return db_run(db, ASK_MARK_SET, DB_ARGS(db_text(cursor_mark), db_int(0)), why);
}

struct listing {
    center_identity_fn *fn;
    void *context;
};

static enum err pass_identity(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct span fingerprint = db_row_blob(row, 3);
    struct center_identity i = { .generation = db_row_int(row, 1), .certificate = db_row_blob(row, 4), .over_s = db_row_int(row, 5) };
    if (fingerprint.n != sizeof i.fingerprint)
        return ERR_DAMAGED;
    memcpy(i.fingerprint, fingerprint.at, sizeof i.fingerprint);
    db_row_copy(row, 0, sizeof i.number.text, i.number.text);
    db_row_copy(row, 2, sizeof i.state, i.state);
    return l->fn(l->context, &i);
}

enum err center_identity_find(struct db *db, const uint8_t fingerprint[CENTER_FINGERPRINT], center_identity_fn *fn, void *context,
                              struct why *why)
{
    struct listing l = { fn, context };
    return center_one(db, ASK_IDENTITY_GET, DB_ARGS(db_blob(span_of(fingerprint, CENTER_FINGERPRINT))), pass_identity, &l,
                      "this identity", why);
}

enum err center_identity_of(struct db *db, const char *number, center_identity_fn *fn, void *context, struct why *why)
{
    struct listing l = { fn, context };
    return db_query(db, ASK_IDENTITY_EACH, DB_ARGS(db_text(number)), pass_identity, &l, why);
}

enum err center_identity_scrapped(struct db *db, center_identity_fn *fn, void *context, struct why *why)
{
    struct listing l = { fn, context };
    return db_query(db, ASK_IDENTITY_SCRAPPED, DB_NO_ARGS, pass_identity, &l, why);
}

enum err center_identity_state(struct db *db, const uint8_t fingerprint[CENTER_FINGERPRINT], const char *state, int64_t over_s,
                               struct why *why)
{
    return db_run(db, ASK_IDENTITY_STATE, DB_ARGS(db_blob(span_of(fingerprint, CENTER_FINGERPRINT)), db_text(state), db_int(over_s)), why);
}
