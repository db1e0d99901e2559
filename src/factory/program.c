/* What the factory server is to the commands that it shares with the centre (api/client.h). */
#include "base/file.h"
#include "factory/admin.h"
#include "factory/commands.h"

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

static enum err check(const void *settings, struct db *db, struct why *why)
{
    const struct factory_settings *s = settings;
    AUTO_SECRET kek = SECRET_INIT;
    int64_t mark;
    enum err err = kek_load(s->kek, &kek, why);
    if (err != OK)
        return why_prefix(why, err, "[store] kek");
    err = factory_check_kek(db, &kek, &mark, why);
    if (err == OK && s->mes_url[0] != '\0' && s->mes_ca[0] != '\0' && !file_exists(s->mes_ca))
        err = why_set(why, ERR_CONFIG, "[plan] mes_ca: there is no file %s", s->mes_ca);
    return err;
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
