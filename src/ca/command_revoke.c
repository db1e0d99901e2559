/* `nameplate ca revoke` and `crl`; both may run while the CA serves. */
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/actor.h"
#include "ca/commands.h"
#include "ca/crl.h"
#include "ca/decide.h"

/* --- Revoking --- */

struct target {
    int64_t id;
    enum lifecycle_state state;
    bool found;
};

/* Live, or about to be: what a lost device had renewed goes with its identity. */
static bool may_be_used(enum lifecycle_state state) { return lifecycle_is_live(state) || state == LIFE_RENEWING; }

static enum err take_live(void *context, const struct register_certificate *c)
{
    struct target *t = context;
    if (!t->found || may_be_used(c->state))
        *t = (struct target){ c->id, c->state, true };
    return OK;
}

/* One that was reserved is let go, unless what will be signed is on record: a signature may exist or be made at this
 * moment. That one and all others are revoked. */
static enum err choose(struct db *db, const struct target *t, const char *subject, enum lifecycle_state *ret_to, struct why *why)
{
    bool may_be_signed = true;
    enum err err = t->state == LIFE_REQUESTED ? register_reserved_body(db, subject, &may_be_signed, why) : OK;
    return err != OK ? err : lifecycle_next(t->state, may_be_signed ? LIFE_EVENT_REVOKE : LIFE_EVENT_REFUSE, ROLE_CA, ret_to, why);
}

static enum err move(struct db *db, const struct target *t, const char *subject, enum lifecycle_state to, int64_t now_s,
                     const char *reason, struct why *why)
{
    int64_t revoked_s = to == LIFE_PLANNED ? 0 : now_s;
    if (t->state == LIFE_REQUESTED)
        return register_let_go(db, subject, to, revoked_s, reason, why);
    return register_certificate_move(db, t->id, t->state, to, revoked_s, reason, why);
}

static enum err revoke_newest(struct db *db, const char *subject, const char *reason, enum lifecycle_state *ret_to, struct why *why)
{
    const struct register_filter filter = { .subject = subject };
    struct target t = { 0 };
    enum lifecycle_state to;
    char actor[LIMIT_NAME + 1];
    int64_t now_s = clock_wall_s();
    actor_name(actor);
    enum err err = register_certificate_list(db, &filter, take_live, &t, why);
    if (err == OK && !t.found)
        err = why_set(why, ERR_NOT_FOUND, "the register knows nothing of %s", subject);
    if (err == OK && !may_be_used(t.state))
        err = why_set(why, ERR_BAD_TRANSITION, "%s has no live identity: the newest is %s", subject, lifecycle_name(t.state));
    if (err == OK)
        err = choose(db, &t, subject, &to, why);
    if (err == OK)
        err = move(db, &t, subject, to, now_s, reason, why);
    if (err == OK)
        err = register_audit(db, now_s, actor, "revoke", subject, why, "from=%s to=%s reason=%s", lifecycle_name(t.state),
                             lifecycle_name(to), reason);
    if (err == OK)
        *ret_to = to;
    return err;
}

/* All that are live: a station that enrolled again has two certificates, and its thief the other one. */
static enum err revoke(struct db *db, const char *subject, const char *reason, enum lifecycle_state *ret_to, struct why *why)
{
    const struct register_filter filter = { .subject = subject };
    enum err err = revoke_newest(db, subject, reason, ret_to, why);
    for (bool more = true; err == OK && more;) {
        struct target rest = { 0 };
        err = register_certificate_list(db, &filter, take_live, &rest, why);
        more = err == OK && rest.found && may_be_used(rest.state);
        if (more)
            err = revoke_newest(db, subject, reason, ret_to, why);
    }
    return err;
}

int command_revoke(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    const char *reason = command_flag(line, "reason");
    enum lifecycle_state to = LIFE_REVOKED;
    int code = 0;
    enum err err = decide_reason_code(reason, &code);
    if (err != OK)
        err = why_set(&why, ERR_USAGE, "--reason is one of: %s", decide_reason_names());
    if (err == OK)
        err = command_open(line, DB_READ_WRITE, &s, &db, &why);
    if (err == OK)
        err = db_begin(db, &why);
    if (err == OK)
        err = revoke(db, line->args[0], reason, &to, &why);
    if (err == OK)
        err = db_commit(db, &why);
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, err == ERR_NOT_FOUND ? "nameplate ca list" : NULL);
    printf("%s: %s\n", line->args[0], lifecycle_name(to));
    return 0;
}

/* --- Lists --- */

static enum err to_pem(struct span der, struct buf *to)
{
    AUTO_BUF text = BUF_INIT;
    enum err err = base64_encode(der.at, der.n, &text);
    if (err == OK)
        err = buf_put_text(to, "-----BEGIN X509 CRL-----\n");
    for (size_t at = 0; err == OK && at < text.len; at += 64) {
        err = buf_put(to, text.data + at, text.len - at < 64 ? text.len - at : 64);
        if (err == OK)
            err = buf_put_text(to, "\n");
    }
    return err != OK ? err : buf_put_text(to, "-----END X509 CRL-----\n");
}

static enum err write_file(const char *dir, const char *name, const char *end, struct span content, struct why *why)
{
    char file[64], path[PATH_MAX];
    snprintf(file, sizeof file, "%s%s", name, end);
    enum err err = file_join(dir, file, sizeof path, path);
    if (err == OK)
        err = file_replace(path, content, 0644, why);
    if (err == OK)
        printf("%s\n", path);
    return err;
}

static enum err write_list(const char *dir, const char *name, struct span der, struct why *why)
{
    AUTO_BUF pem = BUF_INIT;
    enum err err = write_file(dir, name, ".crl", der, why);
    if (err == OK)
        err = to_pem(der, &pem);
    return err != OK ? err : write_file(dir, name, ".crl.pem", buf_span(&pem), why);
}

static enum err write_lists(struct db *db, const struct ca_settings *s, const struct authorities *ca, const char *dir, struct why *why)
{
    enum err err = file_make_dir(dir, why);
    for (int i = 0; err == OK && i < AUTHORITY_COUNT; i++) {
        AUTO_BUF der = BUF_INIT;
        int64_t days = i == AUTHORITY_ROOT ? 365 : s->crl_days;
        err = crl_current(db, ca, (enum authority_name)i, days, true, &der, why);
        if (err == OK)
            err = write_list(dir, authority_name((enum authority_name)i), buf_span(&der), why);
    }
    return err;
}

/* The root's key may lie elsewhere: then its newest list on record is written again. */
static enum err load_keys(const struct ca_settings *s, struct authorities *ret_ca, struct why *why)
{
    char path[PATH_MAX];
    ca_path(s, "root.key", path);
    return authorities_load(s, true, file_exists(path), ret_ca, why);
}

int command_crl(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    struct authorities ca = { 0 };
    char dir[PATH_MAX];
    enum err err = command_open(line, DB_READ_WRITE, &s, &db, &why);
    if (err == OK)
        err = load_keys(&s, &ca, &why);
    if (err == OK) {
        const char *out = command_flag(line, "out");
        if (out != NULL)
            snprintf(dir, sizeof dir, "%s", out);
        else
            ca_path(&s, "crl", dir);
        err = write_lists(db, &s, &ca, dir, &why);
    }
    authorities_done(&ca);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}
