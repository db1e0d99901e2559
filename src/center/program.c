/* What the centre is to the commands that it shares with the factory server (api/client.h). */
#include "base/file.h"
#include "center/center.h"
#include "center/commands.h"

static enum err read_settings(const char *path, void *ret_settings, struct why *why)
{
    return center_settings_read(path, ret_settings, why);
}

static enum err make_programs(const char *dir, struct why *why)
{
    char path[API_PATH];
    enum err err = file_join(dir, "programs", sizeof path, path);
    return err != OK ? err : file_make_dir(path, why);
}

static enum err check(const void *settings, struct db *db, struct why *why)
{
    const struct center_settings *s = settings;
    (void)db;
    return file_is_dir(s->programs) ? OK : why_set(why, ERR_CONFIG, "[store] programs: there is no folder %s", s->programs);
}

const struct api_program center_api = {
    .area = "center",
    .title = "centre",
    .role = ROLE_CENTER,
    .rows = center_setting_rows,
    .rows_n = &center_setting_rows_n,
    .settings_size = sizeof(struct center_settings),
    .read = read_settings,
    .open = center_open,
    .people = center_people,
    .audit = center_audit_entry,
    .move = center_move,
    .table = &console_table,
    .prepare = make_programs,
    .check = check,
    .serve = center_serve,
};
