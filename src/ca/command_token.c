/* `nameplate ca token ...`: enrolment tokens are printed once and kept as a hash. */
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "base/actor.h"
#include "ca/commands.h"
#include "ca/protocol.h"

enum { TOKEN_BYTES = 20 };

static bool is_name(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= 40 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

static enum err take_flags(const struct command_line *line, struct register_token *ret_token, struct why *why)
{
    struct register_token t = { .created_s = clock_wall_s() };
    const char *role = command_flag(line, "role"), *name = command_flag(line, "name"), *hosts = command_flag(line, "hosts");
    enum role parsed = ROLE_COUNT;
    long hours = 0;
    if (role_parse(role, &parsed) != OK ||
        (parsed != ROLE_FACTORY && parsed != ROLE_STATION && parsed != ROLE_CENTER && parsed != ROLE_CONSOLE))
        return why_set(why, ERR_USAGE, "--role is factory, station, center or console, not \"%s\"", role);
    if (name == NULL || !is_name(name))
        return why_set(why, ERR_USAGE, "--name is needed: up to 40 letters, digits and -_.");
    if (strlen(hosts) >= sizeof t.hosts)
        return why_set(why, ERR_USAGE, "--hosts is too long");
    enum err err = command_flag_int(line, "hours", 1, 24 * 365, &hours, why);
    snprintf(t.role, sizeof t.role, "%s", role);
    snprintf(t.name, sizeof t.name, "%s", name);
    snprintf(t.hosts, sizeof t.hosts, "%s", hosts);
    t.expires_s = t.created_s + hours * 3600;
    if (err == OK)
        *ret_token = t;
    return err;
}

static enum err add_token(struct db *db, const struct register_token *t, struct why *why)
{
    char actor[LIMIT_NAME + 1];
    actor_name(actor);
    enum err err = db_begin(db, why);
    if (err == OK)
        err = register_token_add(db, t, why);
    if (err == OK)
        err = register_audit(db, t->created_s, actor, "token", t->name, why, "role=%s", t->role);
    return err != OK ? err : db_commit(db, why);
}

int command_token_add(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct register_token t;
    struct db *db = NULL;
    uint8_t bytes[TOKEN_BYTES];
    char text[2 * TOKEN_BYTES + 1];
    enum err err = take_flags(line, &t, &why);
    if (err == OK)
        err = rng_fill(bytes, sizeof bytes);
    if (err == OK)
        err = command_open(line, DB_READ_WRITE, &s, &db, &why);
    if (err == OK) {
        hex_encode(bytes, sizeof bytes, text);
        cert_fingerprint_der(span_text(text), t.hash); /* a SHA-256 like any other */
        err = add_token(db, &t, &why);
    }
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    printf("%s\n", text);
    return 0;
}

static enum err print_token(void *context, const struct register_token *t)
{
    char expires[CLOCK_TEXT_SIZE];
    int64_t now_s = *(const int64_t *)context;
    clock_format(t->expires_s, expires);
    printf("%-10s %-24s %-22s %s\n", t->role, t->name, expires, t->used_s != 0 ? "used" : t->expires_s <= now_s ? "expired" : "open");
    return OK;
}

int command_token_list(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    int64_t now_s = clock_wall_s();
    enum err err = command_open(line, DB_READ_ONLY, &s, &db, &why);
    if (err == OK)
        err = register_token_list(db, print_token, &now_s, &why);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}
