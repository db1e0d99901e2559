/* What the factory server is to the commands that it shares with the centre (api/client.h). */
#include <stdio.h>

#include "base/file.h"
#include "factory/admin.h"
#include "factory/commands.h"
#include "pki/verify.h"

static enum err read_settings(const char *path, void *ret_settings, struct why *why)
{
    return factory_settings_read(path, ret_settings, why);
}

static enum err make_kek(const char *dir, struct why *why)
{
    char secret[API_PATH], path[API_PATH];
    enum err err = file_join(dir, "secret", sizeof secret, secret);
    if (err == OK)
        err = file_make_dir(secret, why);
    if (err == OK)
        err = file_join(secret, "kek", sizeof path, path);
    return err != OK || file_exists(path) ? err : kek_create_file(path, why);
}

static enum err check_kek(const struct factory_settings *s, struct db *db, struct why *why)
{
    AUTO_SECRET kek = SECRET_INIT;
    int64_t mark;
    if (kek_is_elsewhere(s->kek)) {
        fprintf(stderr, "[store] kek = %s cannot be looked at here: only the unit has $CREDENTIALS_DIRECTORY\n", s->kek);
        return OK;
    }
    enum err err = kek_load(s->kek, &kek, why);
    return err != OK ? why_prefix(why, err, "[store] kek") : factory_check_kek(db, &kek, &mark, why);
}

static enum err check_mes(const struct factory_settings *s, struct why *why)
{
    AUTO_BUF pem = BUF_INIT;
    AUTO_TRUST trust = NULL;
    enum err err = OK;
    if (s->mes_url[0] != '\0' && s->mes_ca[0] != '\0') {
        err = file_read(s->mes_ca, LIMIT_JSON, &pem, why);
        if (err == OK)
            err = trust_new(&trust);
        if (err == OK && (err = trust_add_roots(trust, buf_span(&pem), why)) != OK)
            err = why_prefix(why, err, "%s", s->mes_ca);
    }
    return err == OK ? OK : why_prefix(why, err, "[plan] mes_ca");
}

static enum err check(const void *settings, struct db *db, struct why *why)
{
    enum err err = check_kek(settings, db, why);
    return err != OK ? err : check_mes(settings, why);
}

const struct api_program factory_api = {
    .area = "factory",
    .title = "factory server",
    .role = ROLE_FACTORY,
    .rows = factory_setting_rows,
    .rows_n = &factory_setting_rows_n,
    .settings_size = sizeof(struct factory_settings),
    .read = read_settings,
    .open = stock_open,
    .people = stock_people,
    .audit = stock_audit,
    .move = stock_move,
    .table = &admin_table,
    .prepare = make_kek,
    .check = check,
    .serve = factory_serve,
};
