/* `nameplate ca audit list` and `audit verify`. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "ca/commands.h"

static enum err print_entry(void *context, int64_t n, const struct audit_entry *e)
{
    char time[CLOCK_TEXT_SIZE];
    (void)context;
    clock_format(e->at_s, time);
    printf("%" PRId64 " %s %s %s %s %s\n", n, time, e->actor, e->event, e->subject, e->detail);
    return OK;
}

int command_audit_list(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    enum err err = command_open(line, DB_READ_ONLY, &s, &db, &why);
    if (err == OK)
        err = register_audit_list(db, command_flag(line, "about"), print_entry, NULL, &why);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_audit_verify(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    int64_t n = 0;
    uint8_t head[32];
    char hex[65];
    enum err err = command_open(line, DB_READ_ONLY, &s, &db, &why);
    if (err == OK)
        err = register_audit_verify(db, &n, head, &why);
    if (err == OK)
        err = audit_head_check(db, register_audit_first(), command_flag(line, "kept"), &why);
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    hex_encode(head, sizeof head, hex);
    printf("audit trail good: %" PRId64 " entries, head %s\n", n, hex);
    return 0;
}
