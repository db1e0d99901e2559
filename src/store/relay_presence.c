#include <stdio.h>

#include "base/hex.h"
#include "store/relay_sql.h"

enum { FINGERPRINT = 32 }; /* SHA-256 of the certificate that the presence is shown with */

/* --- Presences --- */

static enum err put_new(struct db *db, const struct relay_presence *p, bool replaces, int64_t now_s, struct why *why)
{
    int64_t n = 0;
    enum err err = replaces ? OK : db_first_int(db, RELAY_PRESENCE_COUNT, DB_NO_ARGS, &n, why);
    if (err == OK && n >= LIMIT_BOUND_NUMBERS)
        return why_set(why, ERR_BUSY, "the gateway speaks for %lld numbers already", (long long)n);
    return err != OK ? err
                     : db_run(db, RELAY_PRESENCE_PUT,
                              DB_ARGS(db_text(p->number.text), db_text(p->via), db_text(p->nonce), db_text(p->token),
                                      db_blob(p->fingerprint), db_text(p->version), db_blob(p->signature), db_int(now_s),
                                      db_int(p->letters), db_text(p->challenge)),
                              why);
}

static enum err put_again(struct db *db, const struct relay_presence *p, int64_t before_s, bool *ret_news, struct why *why)
{
    int64_t pending = 0;
    enum err err = db_run(db, RELAY_PRESENCE_AGAIN, DB_ARGS(db_text(p->number.text), db_text(p->via), db_int(before_s)), why);
    if (err == OK)
        err = db_first_int(db, RELAY_PRESENCE_PENDING, DB_ARGS(db_text(p->number.text), db_text(p->via)), &pending, why);
    if (err == OK)
        *ret_news = pending != 0;
    return err;
}

enum err relay_presence_put(struct db *db, const struct relay_presence *p, int64_t now_s, int64_t again_s, bool *ret_news,
                            struct why *why)
{
    char known[2 * RELAY_TOKEN + 2 * FINGERPRINT], said[sizeof known], fingerprint[2 * FINGERPRINT + 1] = "";
    enum err err = relay_text(db, RELAY_PRESENCE_NONCE, DB_ARGS(db_text(p->number.text), db_text(p->via)), sizeof known, known, why);
    if (err != OK)
        return err;
    if (p->fingerprint.n <= FINGERPRINT)
        hex_encode(p->fingerprint.at, p->fingerprint.n, fingerprint);
    snprintf(said, sizeof said, "%s %s %s", p->nonce, p->challenge == NULL ? "" : p->challenge, fingerprint);
    if (strcmp(known, said) == 0)
        return put_again(db, p, now_s - again_s, ret_news, why);
    err = put_new(db, p, *known != '\0', now_s, why);
    if (err == OK)
        *ret_news = true;
    return err;
}

struct presences {
    relay_presence_fn *fn;
    void *context;
};

static const char *text_or_null(const struct db_row *row, int column)
{
    return db_row_null(row, column) ? NULL : db_row_text(row, column);
}

static enum err give_presence(void *context, const struct db_row *row)
{
    struct presences *presences = context;
    struct relay_presence p = {
        .nonce = db_row_text(row, 2),
        .token = text_or_null(row, 3),
        .fingerprint = db_row_blob(row, 4),
        .version = text_or_null(row, 5),
        .signature = db_row_blob(row, 6),
        .letters = db_row_int(row, 7),
        .challenge = text_or_null(row, 8),
    };
    db_row_copy(row, 0, sizeof p.number.text, p.number.text);
    db_row_copy(row, 1, sizeof p.via, p.via);
    return presences->fn(presences->context, &p);
}

enum err relay_presences_up(struct db *db, int64_t most, relay_presence_fn *fn, void *context, struct why *why)
{
    struct presences presences = { fn, context };
    return db_query(db, RELAY_PRESENCES_UP, DB_ARGS(db_int(most)), give_presence, &presences, why);
}

enum err relay_presence_sent(struct db *db, const char *number, const char *nonce, int64_t now_s, struct why *why)
{
    return db_run(db, RELAY_PRESENCE_SENT, DB_ARGS(db_text(number), db_text(nonce), db_int(now_s)), why);
}

/* --- Sessions and routes --- */

static enum err learn_route(struct db *db, const char *number, const char *via, int64_t now_s, struct why *why)
{
    enum err err = db_run(db, RELAY_ROUTE_PUT, DB_ARGS(db_text(number), db_text(via), db_int(now_s)), why);
    return err != OK ? err : db_run(db, RELAY_LETTER_REDIRECT, DB_ARGS(db_text(number), db_text(via)), why);
}

enum err relay_session_put(struct db *db, const struct relay_session *s, bool admitted, int64_t now_s,
                           char ret_via[LIMIT_NUMBER_TEXT + 1], struct why *why)
{
    char via[LIMIT_NUMBER_TEXT + 1];
    const char *number = s->number.text;
    enum err err = relay_text(db, RELAY_PRESENCE_VIA, DB_ARGS(db_text(number), db_text(s->nonce)), sizeof via, via, why);
    if (err == OK && *via != '\0')
        err = db_run(db, RELAY_SESSION_PUT,
                     DB_ARGS(db_text(number), db_text(s->nonce), db_text(s->state), db_text(s->error), db_text(s->reason),
                             db_text(s->token), db_int(s->interval_s), db_blob(s->signature), db_blob(s->signers),
                             db_text(s->challenge), db_int(s->readings)),
                     why);
    if (err == OK && *via != '\0' && admitted)
        err = learn_route(db, number, via, now_s, why);
    if (err == OK && *via != '\0' && strcmp(s->state, "refused") == 0)
        err = db_run(db, RELAY_ROUTE_CLOSE, DB_ARGS(db_text(number), db_text(via)), why);
    if (err == OK)
        memcpy(ret_via, via, sizeof via);
    return err;
}

struct sessions {
    relay_session_fn *fn;
    void *context;
};

static enum err give_session(void *context, const struct db_row *row)
{
    struct sessions *sessions = context;
    struct relay_session s = {
        .nonce = db_row_text(row, 1),
        .state = db_row_text(row, 2),
        .error = text_or_null(row, 3),
        .reason = text_or_null(row, 4),
        .token = text_or_null(row, 5),
        .interval_s = db_row_int(row, 6),
        .signature = db_row_blob(row, 7),
        .signers = db_row_blob(row, 8),
        .challenge = text_or_null(row, 9),
        .readings = db_row_int(row, 10),
    };
    db_row_copy(row, 0, sizeof s.number.text, s.number.text);
    return sessions->fn(sessions->context, &s);
}

enum err relay_sessions_down(struct db *db, const char *via, int64_t most, relay_session_fn *fn, void *context, struct why *why)
{
    struct sessions sessions = { fn, context };
    return db_query(db, RELAY_SESSIONS_DOWN, DB_ARGS(db_text(via), db_int(most)), give_session, &sessions, why);
}

enum err relay_session_given(struct db *db, const char *number, const char *via, struct why *why)
{
    return db_run(db, RELAY_SESSION_GIVEN, DB_ARGS(db_text(number), db_text(via)), why);
}

enum err relay_route(struct db *db, const char *number, char ret_via[LIMIT_NUMBER_TEXT + 1], struct why *why)
{
    char via[LIMIT_NUMBER_TEXT + 1];
    enum err err = relay_text(db, RELAY_ROUTE_GET, DB_ARGS(db_text(number)), sizeof via, via, why);
    if (err == OK && *via == '\0')
        return why_set(why, ERR_NOT_FOUND, "nobody below speaks for %s", number);
    if (err == OK)
        memcpy(ret_via, via, sizeof via);
    return err;
}
