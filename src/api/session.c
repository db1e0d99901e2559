#include "api/session.h"

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/login.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/rng.h"
#include "log/log.h"

enum { TOKEN_BYTES = 32 };

enum err password_hash(const char *password, char ret_hash[PASSWORD_HASH], struct why *why)
{
    char random[32], setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (strlen(password) < PASSWORD_MIN)
        return why_set(why, ERR_BAD_INPUT, "a password has at least %d characters", PASSWORD_MIN);
    enum err err = rng_fill(random, sizeof random);
    if (err != OK)
        return err;
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL || crypt_gensalt_rn("$y$", 0, random, sizeof random, setting, sizeof setting) == NULL ||
        crypt_rn(password, setting, data, (int)sizeof *data) == NULL || strlen(data->output) >= PASSWORD_HASH)
        err = why_set(why, ERR_BAD_INPUT, "this password cannot be taken");
    else
        memcpy(ret_hash, data->output, strlen(data->output) + 1);
    if (data != NULL)
        secret_wipe(data, sizeof *data);
    free(data);
    return err;
}

bool password_right(const char *password, const char *hash)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    bool right = false;
    if (data != NULL && crypt_rn(password, hash, data, (int)sizeof *data) != NULL && strlen(data->output) == strlen(hash))
        right = secret_equal(data->output, hash, strlen(hash)) != 0;
    if (data != NULL)
        secret_wipe(data, sizeof *data);
    free(data);
    return right;
}

/* An unknown name, and a locked account, cost as much time as a wrong password. */
static const char nobody_hash[] = "$y$j9T$LdJMENpBABJJ3hIHjB1Bi.$HboQGLL9L.YKpgCwXJ1E8ZVYnBOH0JZ4kyEWnmTrI77";

static enum err save_counters(const struct api_service *s, struct person *op, const struct login_effect *e, bool in,
                              struct why *why)
{
    struct db *db = s->people.db;
    char detail[64];
    snprintf(detail, sizeof detail, "failures=%lld locked=%s", (long long)e->failures, e->locked_until_s > 0 ? "yes" : "no");
    op->failures = e->failures;
    op->locked_until_s = e->locked_until_s;
    enum err err = db_begin(db, why);
    if (err == OK)
        err = people_put(&s->people, op, why);
    if (err == OK)
        err = s->audit(db, &(struct audit_entry){ clock_wall_s(), op->name, in ? "login" : "login-refused", op->name, detail },
                       why);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}

/* Of the loop's thread. */
static struct login_pace pace;

static enum err look_at(const struct api_service *s, const char *password, bool known, struct person *op, struct why *why)
{
    struct login_effect effect;
    int64_t now = clock_wall_s();
    struct login_facts facts = { .known = known, .disabled = op->disabled, .failures = op->failures, .locked_until_s = op->locked_until_s };
    bool locked = op->locked_until_s > now;
    bool right = password_right(password, known && !locked ? op->hash : nobody_hash);
    facts.password_right = right && known && !locked;
    enum err err = login_decide(&facts, s->login_failures, s->lock_s, now, &effect, why);
    enum err saved = known && err != ERR_LOCKED_OUT ? save_counters(s, op, &effect, err == OK, err == OK ? why : NULL) : OK;
    return saved != OK ? saved : err;
}

enum err session_check(const struct api_service *s, const char *name, const char *password, struct person *ret_op,
                       struct why *why)
{
    struct person op = { .hash = "" };
    int64_t begin_ms = clock_thread_ms();
    if (!login_may_try(&pace, clock_mono_ms()))
        return why_set(why, ERR_BUSY, "too many log-ins at once: try again in a moment");
    enum err err = people_get(&s->people, name, &op, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    bool known = err == OK;
    err = look_at(s, password, known, &op, why);
    login_tried(&pace, clock_thread_ms() - begin_ms);
    if (err == OK)
        *ret_op = op;
    else
        log_event(LOG_WARN, "login-refused", "operator", known ? op.name : "(unknown)", "error", err_row(err)->name, NULL);
    return err == ERR_LOCKED_OUT ? ERR_NOT_AUTHENTICATED : err;
}

static const char bearer[] = "Bearer ";

static void hash_token(const char *token, uint8_t ret_hash[32])
{
    cert_fingerprint_der(span_text(token), ret_hash);
}

enum err session_find(const struct api_service *s, const char *authorization, struct person *ret_op, struct why *why)
{
    uint8_t hash[32];
    char name[LIMIT_NAME + 1];
    struct person op;
    if (authorization == NULL || strncmp(authorization, bearer, strlen(bearer)) != 0)
        return why_set(why, ERR_NOT_AUTHENTICATED, "log in first");
    hash_token(authorization + strlen(bearer), hash);
    enum err err = people_session_get(&s->people, hash, clock_wall_s(), name, why);
    if (err == OK)
        err = people_get(&s->people, name, &op, why);
    if (err == ERR_NOT_FOUND || (err == OK && op.disabled))
        return why_set(why, ERR_NOT_AUTHENTICATED, "the log-in is over: log in again");
    if (err == OK)
        *ret_op = op;
    return err;
}

static enum err open_session(struct api_call *call, const struct person *op, struct why *why)
{
    const struct api_service *s = call->service;
    uint8_t random[TOKEN_BYTES], hash[32];
    char token[TOKEN_TEXT];
    int64_t expires = clock_wall_s() + s->session_s;
    enum err err = rng_fill(random, sizeof random);
    if (err != OK)
        return err;
    hex_encode(random, sizeof random, token);
    hash_token(token, hash);
    err = people_session_add(&s->people, hash, op->name, expires, why);
    if (err == OK)
        call->answer =
            json_pack("{s:s,s:s,s:s,s:I}", "token", token, "name", op->name, "role", op->role, "expires", (json_int_t)expires);
    secret_wipe(token, sizeof token);
    return err;
}

enum err api_login(struct api_call *call, struct why *why)
{
    char name[LIMIT_NAME + 1], password[PASSWORD_SIZE];
    struct person op;
    enum err err = api_text(call, "name", NULL, sizeof name, name, why);
    if (err == OK)
        err = api_text(call, "password", NULL, sizeof password, password, why);
    if (err == OK)
        err = session_check(call->service, name, password, &op, why);
    secret_wipe(password, sizeof password);
    return err != OK ? err : open_session(call, &op, why);
}

enum err api_logout(struct api_call *call, struct why *why)
{
    uint8_t hash[32];
    hash_token(call->authorization + strlen(bearer), hash);
    call->answer = json_pack("{s:b}", "ended", 1);
    return people_session_drop(&call->service->people, hash, clock_wall_s(), why);
}

enum err session_first_operator(const struct people *people,
                                enum err (*audit)(struct db *db, const struct audit_entry *entry, struct why *why),
                                const char *name, const char *role, const char *password_file, struct why *why)
{
    struct db *db = people->db;
    struct person op = { .hash = "" };
    char password[PASSWORD_SIZE], detail[32];
    snprintf(op.name, sizeof op.name, "%s", name);
    snprintf(op.role, sizeof op.role, "%s", role);
    snprintf(detail, sizeof detail, "role=%s", role);
    enum err err = file_read_line(password_file, sizeof password, password, why);
    if (err == OK)
        err = password_hash(password, op.hash, why);
    secret_wipe(password, sizeof password);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = people_put(people, &op, why);
    if (err == OK)
        err = audit(db, &(struct audit_entry){ clock_wall_s(), "init", "operator", op.name, detail }, why);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}
