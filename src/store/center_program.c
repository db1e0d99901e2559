#include "store/center_schema.h"

enum err center_program_add(struct db *db, const struct center_program *p, struct why *why)
{
    if (center_one(db, ASK_PROGRAM_GET, DB_ARGS(db_text(p->version)), NULL, NULL, p->version, NULL) == OK)
        return why_set(why, ERR_EXISTS, "there is a program %s already", p->version);
    return db_run(db, ASK_PROGRAM_ADD,
                  DB_ARGS(db_text(p->version), db_int(p->size), db_int(p->added_s), db_blob(span_of(p->sha256, sizeof p->sha256)),
                          db_blob(p->signature)),
                  why);
}

struct listing {
    center_program_fn *program;
    center_ticket_fn *ticket;
    void *context;
};

static enum err pass_program(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct span sha256 = db_row_blob(row, 3);
    struct center_program p = { .size = db_row_int(row, 1), .added_s = db_row_int(row, 2), .signature = db_row_blob(row, 4) };
    if (sha256.n != sizeof p.sha256)
        return ERR_DAMAGED;
    memcpy(p.sha256, sha256.at, sizeof p.sha256);
    db_row_copy(row, 0, sizeof p.version, p.version);
    return l->program(l->context, &p);
}

enum err center_program_find(struct db *db, const char *version, center_program_fn *fn, void *context, struct why *why)
{
    struct listing l = { .program = fn, .context = context };
    return center_one(db, ASK_PROGRAM_GET, DB_ARGS(db_text(version)), pass_program, &l, version, why);
}

enum err center_program_list(struct db *db, center_program_fn *fn, void *context, struct why *why)
{
    struct listing l = { .program = fn, .context = context };
    return db_query(db, ASK_PROGRAM_EACH, DB_NO_ARGS, pass_program, &l, why);
}

/* All boards of a model have the same bootstrap certificate: which of two that tell one id is the real one, nobody here
 * can say. The first request stands until an operator decided it; a later one does not take its place. */
static enum err check_waiting(struct db *db, const struct center_ticket *t, struct why *why)
{
    int64_t same = 0, all = 0;
    enum err err = db_first_int(db, ASK_TICKET_WAITING, DB_ARGS(db_text(t->number.text), db_text(t->board)), &same, why);
    if (err == OK)
        err = db_first_int(db, ASK_TICKET_WAITING, DB_ARGS(db_text(t->number.text), db_text("")), &all, why);
    if (err == OK && same > 0)
        return why_set(why, ERR_CONFLICT, "board %s asked for %s with another key, which waits: an operator has to refuse that first",
                       t->board, t->number.text);
    if (err == OK && all >= LIMIT_TICKETS_WAITING)
        return why_set(why, ERR_BUSY, "%lld boards wait for the number %s already", (long long)all, t->number.text);
    return err;
}

enum err center_ticket_ask(struct db *db, const struct center_ticket *t, struct why *why)
{
    int64_t n = 0;
    struct span hash = span_of(t->csr_hash, sizeof t->csr_hash);
    enum err err =
        db_first_int(db, ASK_TICKET_THERE, DB_ARGS(db_text(t->number.text), db_text(t->board), db_blob(hash)), &n, why);
    if (err != OK || n > 0)
        return err;
    err = check_waiting(db, t, why);
    return err != OK ? err
                     : db_run(db, ASK_TICKET_ADD,
                              DB_ARGS(db_text(t->number.text), db_text(t->board), db_text(t->model), db_blob(hash),
                                      db_int(t->asked_s), db_blob(t->csr)),
                              why);
}

static enum err pass_ticket(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct span hash = db_row_blob(row, 4);
    struct center_ticket t = { .id = db_row_int(row, 0), .asked_s = db_row_int(row, 7), .decided_s = db_row_int(row, 8),
                               .csr = db_row_blob(row, 9), .certificate = db_row_blob(row, 10) };
    if (hash.n != sizeof t.csr_hash)
        return ERR_DAMAGED;
    memcpy(t.csr_hash, hash.at, sizeof t.csr_hash);
    db_row_copy(row, 1, sizeof t.number.text, t.number.text);
    db_row_copy(row, 2, sizeof t.board, t.board);
    db_row_copy(row, 3, sizeof t.model, t.model);
    db_row_copy(row, 5, sizeof t.state, t.state);
    db_row_copy(row, 6, sizeof t.actor, t.actor);
    return l->ticket(l->context, &t);
}

enum err center_ticket_find(struct db *db, const struct center_ticket *asked, center_ticket_fn *fn, void *context, struct why *why)
{
    struct listing l = { .ticket = fn, .context = context };
    const char *number = asked->number.text;
    return center_one(db, ASK_TICKET_GET,
                      DB_ARGS(db_text(number), db_text(asked->board), db_blob(span_of(asked->csr_hash, sizeof asked->csr_hash))),
                      pass_ticket, &l, number, why);
}

enum err center_ticket_decide(struct db *db, int64_t id, const char *state, const char *actor, int64_t now_s, struct why *why)
{
    enum err err = db_run(db, ASK_TICKET_DECIDE, DB_ARGS(db_int(id), db_text(state), db_text(actor), db_int(now_s)), why);
    return err == OK && db_changes(db) == 0 ? why_set(why, ERR_CONFLICT, "ticket %lld does not wait for a decision", (long long)id) : err;
}

enum err center_ticket_approved(struct db *db, const char *number, bool *ret_approved, struct why *why)
{
    int64_t n = 0;
    enum err err = db_first_int(db, ASK_TICKET_APPROVED, DB_ARGS(db_text(number)), &n, why);
    if (err == OK)
        *ret_approved = n > 0;
    return err;
}

enum err center_ticket_issued(struct db *db, int64_t id, struct span certificate, struct why *why)
{
    enum err err = db_run(db, ASK_TICKET_ISSUED, DB_ARGS(db_int(id), db_blob(certificate)), why);
    return err == OK && db_changes(db) == 0 ? why_set(why, ERR_CONFLICT, "ticket %lld is not approved", (long long)id) : err;
}

enum err center_ticket_list(struct db *db, bool open, center_ticket_fn *fn, void *context, struct why *why)
{
    struct listing l = { .ticket = fn, .context = context };
    return db_query(db, open ? ASK_TICKET_EACH_OPEN : ASK_TICKET_EACH, DB_NO_ARGS, pass_ticket, &l, why);
}
