#include <stdio.h>

#include "store/relay_sql.h"

static const char *const kind_names[RELAY_KIND_COUNT] = {
    [RELAY_CALL] = "call", [RELAY_ANSWER] = "answer", [RELAY_DELAY] = "delay",
};

const char *relay_kind_name(enum relay_kind kind) { return kind_names[kind]; }

enum err relay_kind_parse(const char *name, enum relay_kind *ret_kind)
{
    for (unsigned i = 0; i < RELAY_KIND_COUNT; i++)
        if (strcmp(kind_names[i], name) == 0) {
            *ret_kind = (enum relay_kind)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

/* --- Taking --- */

struct known {
    bool is;
    char number[LIMIT_NUMBER_TEXT + 1];
    bool same; /* as far as a delay can be told from the one before */
    const struct relay_letter *letter;
};

static enum err take_known(void *context, const struct db_row *row)
{
    struct known *known = context;
    known->is = true;
    db_row_copy(row, 0, sizeof known->number, known->number);
    known->same = db_row_int(row, 1) == known->letter->seconds;
    return OK;
}

static enum err find(struct db *db, const struct relay_letter *l, enum relay_kind kind, struct known *ret_known, struct why *why)
{
    *ret_known = (struct known){ .letter = l };
    enum err err = db_query(db, RELAY_LETTER_FIND, DB_ARGS(db_int(l->down), db_int(kind), db_text(l->id)), take_known, ret_known, why);
    if (err == OK && ret_known->is && strcmp(ret_known->number, l->number.text) != 0)
        return why_set(why, ERR_CONFLICT, "%s %s is of another device", relay_kind_name(kind), l->id);
    return err;
}

/* Whether it is known, as itself or because the response has overtaken it. */
static enum err is_known(struct db *db, const struct relay_letter *l, bool *ret_known, struct why *why)
{
    struct known known;
    enum err err = find(db, l, l->kind, &known, why);
    bool is = err == OK && known.is;
    if (err == OK && l->kind == RELAY_DELAY) {
        is = is && known.same;
        err = find(db, l, RELAY_ANSWER, &known, why);
        is = is || known.is;
    }
    if (err == OK)
        *ret_known = is;
    return err;
}

struct tally {
    int64_t waiting, bytes;
};

static enum err take_tally(void *context, const struct db_row *row)
{
    *(struct tally *)context = (struct tally){ db_row_int(row, 0), db_row_int(row, 1) };
    return OK;
}

static enum err has_room(struct db *db, const struct relay_letter *l, const struct relay_bounds *bounds, struct why *why)
{
    struct tally all = { 0 };
    int64_t own = 0;
    enum err err = db_query(db, RELAY_TALLY, DB_ARGS(db_int(l->down)), take_tally, &all, why);
    if (err == OK && bounds->per_number > 0)
        err = db_first_int(db, RELAY_LETTER_OF_NUMBER, DB_ARGS(db_text(l->number.text), db_int(l->down)), &own, why);
    if (err != OK)
        return err;
    if (all.waiting >= bounds->letters || all.bytes + (int64_t)l->envelope.n > bounds->bytes)
        return why_set(why, ERR_BUSY, "the gateway's queue is full: %lld letters wait to go %s", (long long)all.waiting,
                       l->down ? "down" : "up");
    if (bounds->per_number > 0 && own >= bounds->per_number)
        return why_set(why, ERR_BUSY, "%lld letters of %s wait already", (long long)own, l->number.text);
    return OK;
}

static enum err find_via(struct db *db, struct relay_letter *l, struct why *why)
{
    if (!l->down)
        return OK;
    enum err err = OK;
    char *via = l->via;
    *via = '\0';
    if (l->kind != RELAY_CALL)
        err = relay_text(db, RELAY_LETTER_VIA, DB_ARGS(db_int(0), db_int(RELAY_CALL), db_text(l->id)), LIMIT_NUMBER_TEXT + 1, via, why);
    if (err == OK && *via == '\0')
        err = relay_text(db, RELAY_ROUTE_GET, DB_ARGS(db_text(l->number.text)), LIMIT_NUMBER_TEXT + 1, via, why);
    return err;
}

static enum err add(struct db *db, const struct relay_letter *l, struct why *why)
{
    enum err err = OK;
    if (l->kind != RELAY_CALL) /* a delay before it is void */
        err = db_run(db, RELAY_LETTER_DROP, DB_ARGS(db_int(l->down), db_int(RELAY_DELAY), db_text(l->id)), why);
    return err != OK ? err
                     : db_run(db, RELAY_LETTER_ADD,
                              DB_ARGS(db_int(l->down), db_int(l->kind), db_text(l->id), db_text(l->number.text), db_text(l->via),
                                      db_int(l->seconds), db_int(l->taken_s), db_blob(l->envelope), db_blob(l->signature),
                                      db_blob(l->signers), db_text(l->token), db_int(l->serial), db_text(l->maker)),
                              why);
}

/* One that went up, and comes again under another presence: its device knows that it did not arrive, as somebody further on
 * refused it for a while, or lost it. */
static enum err forget_over(struct db *db, const struct relay_letter *l, struct why *why)
{
    int64_t n = 0;
    if (l->down || l->kind == RELAY_DELAY || l->token[0] == '\0')
        return OK;
    enum err err = db_first_int(db, RELAY_LETTER_OVER, DB_ARGS(db_int(l->kind), db_text(l->id), db_text(l->number.text), db_text(l->token)), &n, why);
    if (err != OK || n == 0)
        return err;
    err = db_run(db, RELAY_REFUSAL_DROP, DB_ARGS(db_int(l->kind), db_text(l->id)), why);
    return err == OK ? db_run(db, RELAY_LETTER_DROP, DB_ARGS(db_int(0), db_int(l->kind), db_text(l->id)), why) : err;
}

enum err relay_put(struct db *db, struct relay_letter *l, const struct relay_bounds *bounds, bool *ret_new, struct why *why)
{
    bool known;
    enum err err = forget_over(db, l, why);
    if (err == OK)
        err = is_known(db, l, &known, why);
    if (err == OK && !known)
        err = has_room(db, l, bounds, why);
    if (err == OK)
        err = find_via(db, l, why);
    if (err == OK && !known)
        err = add(db, l, why);
    if (err == OK)
        *ret_new = !known;
    return err;
}

enum err relay_own_serial(struct db *db, int64_t now_s, int64_t *ret_serial, struct why *why)
{
    enum { A_SECOND = 16 }; /* no gateway makes as many for long */
    enum err err = db_run(db, RELAY_OWN_NEXT, DB_ARGS(db_int(now_s * A_SECOND)), why);
    return err != OK ? err : db_first_int(db, RELAY_OWN_SERIAL, DB_NO_ARGS, ret_serial, why);
}

/* --- Passing on --- */

struct listing {
    relay_letter_fn *fn;
    void *context;
};

static enum err give_letter(void *context, const struct db_row *row)
{
    struct listing *listing = context;
    struct relay_letter l = {
        .down = db_row_int(row, 0) != 0,
        .kind = (enum relay_kind)db_row_int(row, 1),
        .seconds = db_row_int(row, 5),
        .taken_s = db_row_int(row, 6),
        .envelope = db_row_blob(row, 7),
        .signature = db_row_blob(row, 8),
        .signers = db_row_blob(row, 9),
        .serial = db_row_int(row, 11),
    };
    db_row_copy(row, 10, sizeof l.token, l.token);
    db_row_copy(row, 12, sizeof l.maker, l.maker);
    db_row_copy(row, 2, sizeof l.id, l.id);
    db_row_copy(row, 3, sizeof l.number.text, l.number.text);
    db_row_copy(row, 4, sizeof l.via, l.via);
    return listing->fn(listing->context, &l);
}

enum err relay_letters_up(struct db *db, int64_t most, relay_letter_fn *fn, void *context, struct why *why)
{
    struct listing listing = { fn, context };
    return db_query(db, RELAY_LETTERS_UP, DB_ARGS(db_int(most)), give_letter, &listing, why);
}

enum err relay_letters_down(struct db *db, const char *via, struct span identity, int64_t most, relay_letter_fn *fn, void *context,
                            struct why *why)
{
    struct listing listing = { fn, context };
    return db_query(db, RELAY_LETTERS_DOWN, DB_ARGS(db_text(via), db_int(most), db_blob(identity)), give_letter, &listing, why);
}

enum err relay_passed(struct db *db, enum relay_kind kind, const char *id, const char *via, int64_t now_s, bool *ret_found,
                      struct why *why)
{
    enum err err = db_run(db, RELAY_LETTER_PASSED,
                          DB_ARGS(db_int(now_s), db_int(via != NULL), db_int(kind), db_text(id), db_text(via)), why);
    if (err == OK)
        *ret_found = db_changes(db) > 0;
    return err;
}

/* --- Refusals --- */

/* To whom it is told: of what went up, to the neighbour who gave it; of a call down, to the one above. */
static enum err tell(struct db *db, const struct relay_refusal *r, bool was_down, const char *via, int64_t now_s, struct why *why)
{
    return db_run(db, RELAY_REFUSAL_ADD,
                  DB_ARGS(db_int(!was_down), db_int(r->kind), db_text(r->id), db_text(was_down ? "" : via), db_text(r->error),
                          db_text(r->reason), db_int(now_s)),
                  why);
}

/* The letter may have been passed on before: it was refused further on then. */
enum err relay_refuse(struct db *db, const struct relay_refusal *r, const char *via, int64_t now_s, bool *ret_found,
                      struct why *why)
{
    char known[LIMIT_NUMBER_TEXT + 1];
    bool was_down = via != NULL, found;
    enum err err = relay_text(db, RELAY_LETTER_VIA, DB_ARGS(db_int(was_down), db_int(r->kind), db_text(r->id)), sizeof known, known, why);
    if (err == OK)
        err = relay_passed(db, r->kind, r->id, via, now_s, &found, why);
    bool ours = err == OK && *known != '\0' && (!was_down || strcmp(known, via) == 0);
    if (ours && (!was_down || r->kind == RELAY_CALL)) {
        err = tell(db, r, was_down, known, now_s, why);
        found = db_changes(db) > 0;
    }
    if (err == OK)
        *ret_found = found;
    return err;
}

struct refusals {
    relay_refusal_fn *fn;
    void *context;
};

static enum err give_refusal(void *context, const struct db_row *row)
{
    struct refusals *refusals = context;
    struct relay_refusal r = { .kind = (enum relay_kind)db_row_int(row, 0) };
    db_row_copy(row, 1, sizeof r.id, r.id);
    db_row_copy(row, 2, sizeof r.error, r.error);
    db_row_copy(row, 3, sizeof r.reason, r.reason);
    return refusals->fn(refusals->context, &r);
}

enum err relay_refusals(struct db *db, const char *via, relay_refusal_fn *fn, void *context, struct why *why)
{
    struct refusals refusals = { fn, context };
    return via == NULL ? db_query(db, RELAY_REFUSALS_UP, DB_NO_ARGS, give_refusal, &refusals, why)
                       : db_query(db, RELAY_REFUSALS_DOWN, DB_ARGS(db_text(via)), give_refusal, &refusals, why);
}

enum err relay_refusals_told(struct db *db, const char *via, struct why *why)
{
    if (via == NULL)
        return db_run(db, RELAY_REFUSALS_UP_TOLD, DB_NO_ARGS, why);
    return db_run(db, RELAY_REFUSALS_DOWN_COUNT, DB_ARGS(db_text(via)), why);
}

/* --- Time --- */

enum err relay_expire(struct db *db, int64_t now_s, int64_t *ret_expired, struct why *why)
{
    static const struct {
        enum relay_statement statement;
        int64_t keep_s;
    } old[] = {
        { RELAY_LETTER_FORGET, LIMIT_RELAY_KNOWN_S },   { RELAY_LETTER_GIVE_UP, LIMIT_RELAY_ROUTE_S },
        { RELAY_REFUSAL_FORGET, LIMIT_RELAY_KNOWN_S },  { RELAY_PRESENCE_FORGET, LIMIT_RELAY_ROUTE_S },
        { RELAY_ROUTE_FORGET, LIMIT_RELAY_ROUTE_S },
    };
    enum err err = db_run(db, RELAY_LETTER_EXPIRE, DB_ARGS(db_int(now_s)), why);
    int64_t expired = err == OK ? db_changes(db) : 0;
    for (size_t i = 0; err == OK && i < sizeof old / sizeof *old; i++)
        err = db_run(db, old[i].statement, DB_ARGS(db_int(now_s - old[i].keep_s)), why);
    if (err == OK)
        *ret_expired = expired;
    return err;
}
