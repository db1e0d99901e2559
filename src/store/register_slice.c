/* The register's reservations and slices: what a batch request waits for, and how it is made. */
#include <openssl/evp.h>
#include <stdio.h>

#include "store/register_sql.h"

/* --- Reservations --- */

enum err register_range_known(struct db *db, const char *first, const char *last, bool *ret_known, struct why *why)
{
    int64_t known = 0;
    enum err err = db_first_int(db, REG_RANGE_KNOWN, DB_ARGS(db_text(first), db_text(last)), &known, why);
    if (err == OK)
        *ret_known = known != 0;
    return err;
}

enum err register_reserve(struct db *db, const struct register_reservation *r, struct why *why)
{
    return db_run(db, REG_RESERVE,
                  DB_ARGS(db_text(r->number), db_int(r->generation), db_int(r->order_id), db_int(r->request), db_int(r->position)),
                  why);
}

struct reservation_listing {
    register_reservation_fn *fn;
    void *context;
    bool found;
};

static enum err reservation_row(void *context, const struct db_row *row)
{
    struct reservation_listing *l = context;
    const struct register_reservation r = { .number = db_row_text(row, 0), .generation = db_row_int(row, 1),
                                            .order_id = db_row_int(row, 2), .request = db_row_int(row, 3),
                                            .position = db_row_int(row, 4) };
    l->found = true;
    return l->fn(l->context, &r);
}

enum err register_reserved_list(struct db *db, int64_t request, register_reservation_fn *fn, void *context, struct why *why)
{
    struct reservation_listing l = { .fn = fn, .context = context };
    return db_query(db, REG_RESERVED_LIST, DB_ARGS(db_int(request)), reservation_row, &l, why);
}

enum err register_request_waiting(struct db *db, int64_t request, int64_t *ret_n, struct why *why)
{
    return db_first_int(db, REG_REQUEST_WAITING, DB_ARGS(db_int(request)), ret_n, why);
}

/* --- What will be signed --- */

static enum err put_field(struct buf *to, struct span field)
{
    const uint8_t n[4] = { (uint8_t)(field.n >> 24), (uint8_t)(field.n >> 16), (uint8_t)(field.n >> 8), (uint8_t)field.n };
    enum err err = buf_put(to, n, sizeof n);
    return err != OK ? err : buf_put_span(to, field);
}

enum err register_body_put(struct buf *to, const struct register_body *b)
{
    enum err err = put_field(to, b->number);
    if (err == OK)
        err = put_field(to, b->serial);
    return err != OK ? err : put_field(to, b->tbs);
}

static bool take_field(struct span *rest, struct span *ret_field)
{
    if (rest->n < 4)
        return false;
    size_t n = (size_t)rest->at[0] << 24 | (size_t)rest->at[1] << 16 | (size_t)rest->at[2] << 8 | rest->at[3];
    if (rest->n - 4 < n)
        return false;
    *ret_field = span_of(rest->at + 4, n);
    *rest = span_of(rest->at + 4 + n, rest->n - 4 - n);
    return true;
}

bool register_body_next(struct span *rest, struct register_body *ret_body)
{
    return take_field(rest, &ret_body->number) && take_field(rest, &ret_body->serial) && take_field(rest, &ret_body->tbs);
}

/* --- Slices --- */

enum err register_slice_add(struct db *db, const struct register_slice *s, int64_t *ret_id, struct why *why)
{
    enum err err = db_run(db, REG_SLICE_ADD, DB_ARGS(db_int(s->request), db_int(s->position), db_int(s->numbers)), why);
    int64_t id = err == OK ? db_last_id(db) : 0;
    if (err == OK)
        err = db_run(db, REG_SLICE_BODIES_ADD, DB_ARGS(db_int(id), db_blob(s->bodies)), why);
    if (err == OK && s->keys.n != 0)
        err = db_run(db, REG_SLICE_KEYS_ADD, DB_ARGS(db_int(id), db_blob(s->keys)), why);
    if (err == OK)
        *ret_id = id;
    return err;
}

struct slice_listing {
    register_slice_fn *fn;
    void *context;
    bool found;
};

static enum err slice_row(void *context, const struct db_row *row)
{
    struct slice_listing *l = context;
    struct register_slice s = { .id = db_row_int(row, 0), .request = db_row_int(row, 1), .position = db_row_int(row, 2),
                                .numbers = db_row_int(row, 3), .issued_s = db_row_int(row, 4), .bodies = db_row_blob(row, 5),
                                .keys = db_row_blob(row, 6) };
    db_row_copy(row, 7, sizeof s.message_id, s.message_id);
    l->found = true;
    return l->fn(l->context, &s);
}

enum err register_slice_find(struct db *db, int64_t request, int64_t position, register_slice_fn *fn, void *context, struct why *why)
{
    struct slice_listing l = { .fn = fn, .context = context };
    enum err err = db_query(db, REG_SLICE_FIND, DB_ARGS(db_int(request), db_int(position)), slice_row, &l, why);
    return err == OK && !l.found ? ERR_NOT_FOUND : err;
}

enum err register_slice_unsigned(struct db *db, register_slice_fn *fn, void *context, struct why *why)
{
    struct slice_listing l = { .fn = fn, .context = context };
    return db_query(db, REG_SLICE_UNSIGNED, DB_NO_ARGS, slice_row, &l, why);
}

enum err register_issue(struct db *db, const struct register_certificate *c, int64_t now_s, struct why *why)
{
    return db_run(db, REG_ISSUE,
                  DB_ARGS(db_text(c->subject), db_int(c->generation), db_int(c->order_id), db_text(c->requester),
                          db_int(c->request), db_int(c->position), db_blob(c->serial), db_blob(c->fingerprint), db_blob(c->der),
                          db_int(c->created_s), db_int(now_s), db_int(c->slice), db_blob(c->key)),
                  why);
}

/* Which rows go is told by request and position; first and last only say where in the table they lie. */
static enum err unreserve(struct db *db, const struct register_slice *s, const struct register_made *made, struct why *why)
{
    enum err err = db_run(db, REG_UNRESERVE_RUN,
                          DB_ARGS(db_text(made->first), db_text(made->last), db_int(s->request), db_int(s->position),
                                  db_int(s->position + s->numbers)),
                          why);
    if (err == OK && db_changes(db) != made->certificates)
        err = why_set(why, ERR_CONFLICT, "%lld of the %lld numbers from %s to %s are reserved for this request still",
                      (long long)db_changes(db), (long long)made->certificates, made->first, made->last);
    return err;
}

enum err register_digest_put(struct buf *to, struct span fingerprint, const char *order)
{
    enum err err = buf_put_span(to, fingerprint);
    return err != OK ? err : buf_put(to, order, strlen(order) + 1);
}

enum err register_digest(struct span put, uint8_t ret_digest[REGISTER_DIGEST])
{
    return EVP_Digest(put.at, put.n, ret_digest, NULL, EVP_sha256(), NULL) == 1 ? OK : ERR_BUG;
}

enum err register_slice_done(struct db *db, const struct register_slice *s, const struct register_made *made, int64_t now_s,
                             struct why *why)
{
    enum err err = made->certificates == 0 ? OK : unreserve(db, s, made, why);
    if (err == OK)
        err = db_run(db, REG_SLICE_DONE,
                     DB_ARGS(db_int(s->id), db_int(now_s), db_blob(span_of(made->digest, REGISTER_DIGEST))), why);
    if (err == OK && db_changes(db) != 1)
        err = why_set(why, ERR_CONFLICT, "slice %lld of the register was signed already", (long long)s->id);
    if (err == OK)
        err = db_run(db, REG_SLICE_BODIES_DROP, DB_ARGS(db_int(s->id)), why);
    return err != OK ? err : db_run(db, REG_REQUEST_MADE, DB_ARGS(db_int(s->request), db_int(made->certificates)), why);
}

/* --- Letting go of what is reserved --- */

struct search {
    const char *number;
    int64_t request, position, slice;
    uint8_t serial[REGISTER_SERIAL_MAX];
    size_t serial_n;
};

static enum err take_place(void *context, const struct register_reservation *r)
{
    struct search *s = context;
    s->request = r->request;
    s->position = r->position;
    return OK;
}

static enum err search_bodies(void *context, const struct register_slice *slice)
{
    struct search *s = context;
    struct register_body body;
    for (struct span rest = slice->bodies; s->position < slice->position + slice->numbers && register_body_next(&rest, &body);) {
        if (!span_equal(body.number, span_text(s->number)) || body.serial.n > sizeof s->serial)
            continue;
        s->slice = slice->id;
        s->serial_n = body.serial.n;
        memcpy(s->serial, body.serial.at, body.serial.n);
    }
    return OK;
}

/* The reservation of a number, and the body that is on record for it, if there is one. */
static enum err find_reserved(struct db *db, const char *number, struct search *ret_search, struct why *why)
{
    struct search s = { .number = number };
    struct reservation_listing place = { .fn = take_place, .context = &s };
    struct slice_listing slice = { .fn = search_bodies, .context = &s };
    enum err err = db_query(db, REG_RESERVATION, DB_ARGS(db_text(number)), reservation_row, &place, why);
    if (err == OK && !place.found)
        err = why_set(why, ERR_CONFLICT, "%s is not reserved any more", number);
    if (err == OK)
        err = db_query(db, REG_SLICE_COVERING, DB_ARGS(db_int(s.request), db_int(s.position)), slice_row, &slice, why);
    if (err == OK)
        *ret_search = s;
    return err;
}

enum err register_reserved_body(struct db *db, const char *number, bool *ret_there, struct why *why)
{
    struct search s;
    enum err err = find_reserved(db, number, &s, why);
    if (err == OK)
        *ret_there = s.slice != 0;
    return err;
}

enum err register_let_go(struct db *db, const char *number, enum lifecycle_state to, int64_t revoked_s, const char *reason,
                         struct why *why)
{
    struct search s;
    enum err err = find_reserved(db, number, &s, why);
    if (err == OK)
        err = db_run(db, REG_LET_GO,
                     DB_ARGS(db_text(number), db_text(lifecycle_name(to)),
                             s.slice == 0 ? db_null() : db_blob(span_of(s.serial, s.serial_n)),
                             s.slice == 0 ? db_null() : db_int(s.slice), revoked_s == 0 ? db_null() : db_int(revoked_s),
                             db_text(reason)),
                     why);
    if (err == OK)
        err = db_run(db, REG_UNRESERVE, DB_ARGS(db_text(number), db_int(s.request)), why);
    return err != OK ? err : db_run(db, REG_REQUEST_MADE, DB_ARGS(db_int(s.request), db_int(1)), why);
}
