/* How the commands find the running centre and its operators log in. */
#include <string.h>

#include "center/commands.h"
#include "store/center.h"

enum err command_settings(const struct command_line *line, char ret_path[API_PATH], struct center_settings *ret_settings,
                          struct why *why)
{
    enum err err = api_config_path(line, ret_path, why);
    return err != OK ? err : center_settings_read(ret_path, ret_settings, why);
}

static enum err find_service(const struct command_line *line, struct api_place *ret_place, struct why *why)
{
    struct center_settings settings;
    char path[API_PATH];
    enum err err = command_settings(line, path, &settings, why);
    if (err != OK)
        return err;
    memcpy(ret_place->identity, settings.identity, sizeof ret_place->identity);
    memcpy(ret_place->store, settings.store, sizeof ret_place->store);
    memcpy(ret_place->url, settings.store_url, sizeof ret_place->url);
    return OK;
}

const struct api_program center_api = { "center", "centre", ROLE_CENTER, find_service, center_move };
