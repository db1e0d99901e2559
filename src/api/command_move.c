/* database move, of each program that keeps its database in a file or in PostgreSQL. */
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "base/actor.h"

static enum err check_url(const struct api_settings *place, const char *url, struct why *why)
{
    if (strlen(url) >= SETTING_TEXT_SIZE)
        return why_set(why, ERR_USAGE, "the URL is longer than %d characters", SETTING_TEXT_SIZE - 1);
    if (place->store_url[0] != '\0' && strcmp(place->store_url, url) != 0)
        return why_set(why, ERR_EXISTS, "[store] url names another database, %s: that one is in use, not the file", place->store_url);
    return OK;
}

static void say_next(const struct api_program *program, const char *config, const char *file, const char *url)
{
    printf("next: in %s, under [store], write\n    url = %s\n", config, url);
    printf("then: nameplate %s serve --config %s\n", program->area, config);
    printf("%s is out of date from now on, and no server takes it: erase it when the new database has its first copy\n", file);
}

int api_command_database_move(const struct command_line *line)
{
    const struct api_program *program = line->context;
    const char *url = line->args[0];
    struct api_settings place = { .store = "" };
    struct db_moved moved = { 0 };
    struct why why = { "" };
    char config[API_PATH], actor[LIMIT_NAME + 1];
    actor_name(actor);
    enum err err = api_config_path(line, config, &why);
    if (err == OK)
        err = api_settings_of(program, line, &place, &why);
    if (err == OK)
        err = check_url(&place, url, &why);
    if (err == OK)
        err = program->move(place.store, url, actor, &moved, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    printf("moved: %lld tables, %lld rows, %lld entries of the audit trail; what arrived was compared with the file\n",
           (long long)moved.tables, (long long)moved.rows, (long long)moved.entries);
    say_next(program, config, place.store, url);
    return 0;
}
