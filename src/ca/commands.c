#include "ca/commands.h"

enum err command_open(const struct command_line *line, enum db_mode mode, struct ca_settings *ret_settings, struct db **ret_db,
                      struct why *why)
{
    char path[PATH_MAX];
    enum err err = ca_settings_load(line, ret_settings, why);
    if (err != OK)
        return err;
    ca_path(ret_settings, "register.db", path);
    return register_open(path, mode, ret_db, why);
}
