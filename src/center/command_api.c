#include "center/commands.h"

enum err command_settings(const struct command_line *line, char ret_path[API_PATH], struct center_settings *ret_settings,
                          struct why *why)
{
    enum err err = api_config_path(line, ret_path, why);
    return err != OK ? err : center_settings_read(ret_path, ret_settings, why);
}
