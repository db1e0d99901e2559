/* center audit list, audit verify: from the folder, also while the centre runs or is off. */
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "center/commands.h"
#include "store/center.h"

static enum err open_folder(const struct command_line *line, struct db **ret_db, struct why *why)
{
    struct center_settings settings;
    char path[API_PATH];
    enum err err = command_settings(line, path, &settings, why);
    return err != OK ? err : center_open(api_settings_store(&settings.common), DB_READ_ONLY, ret_db, why);
}

static enum err print_entry(void *context, int64_t n, const struct audit_entry *e)
{
    char at[CLOCK_TEXT_SIZE];
    (void)context;
    clock_format(e->at_s, at);
    printf("%lld %s %s %s %s %s\n", (long long)n, at, e->actor, e->event, e->subject, e->detail);
    return OK;
}

int command_audit_list(const struct command_line *line)
{
    struct db *db = NULL;
    struct why why = { "" };
    enum err err = open_folder(line, &db, &why);
    if (err == OK)
        err = center_audit_list(db, line->args_n == 0 ? NULL : line->args[0], print_entry, NULL, &why);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_audit_verify(const struct command_line *line)
{
    struct db *db = NULL;
    struct why why = { "" };
    int64_t n = 0;
    uint8_t head[32];
    char hex[2 * sizeof head + 1];
    enum err err = open_folder(line, &db, &why);
    if (err == OK)
        err = center_audit_verify(db, &n, head, &why);
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    hex_encode(head, sizeof head, hex);
    printf("audit: %lld entries, head %s\n", (long long)n, hex);
    return 0;
}
