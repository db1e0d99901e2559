#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "gateway/commands.h"
#include "gateway/gateway.h"

static enum err print_note(void *context, const char *name, const char *text, int64_t at_s)
{
    (void)context;
    char at[CLOCK_TEXT_SIZE];
    clock_format(at_s, at);
    printf("%s: %s (since %s)\n", name, text, at);
    return OK;
}

static enum err print_route(void *context, const char *number, const char *via, int64_t seen_s, int64_t waiting)
{
    (void)context;
    char at[CLOCK_TEXT_SIZE];
    clock_format(seen_s, at);
    printf("%-24s %-24s %-21s %lld\n", number, strcmp(number, via) == 0 ? "directly" : via, at, (long long)waiting);
    return OK;
}

static void print_counts(const struct relay_counts *c)
{
    char at[CLOCK_TEXT_SIZE] = "";
    if (c->oldest_up_s != 0)
        clock_format(c->oldest_up_s, at);
    printf("up: %lld letters (%lld bytes)%s%s, %lld presences\n", (long long)c->up, (long long)c->up_bytes,
           c->oldest_up_s != 0 ? ", the oldest from " : "", at, (long long)c->presences);
    printf("down: %lld letters (%lld bytes)\n", (long long)c->down, (long long)c->down_bytes);
}

static enum err print_status(struct db *db, struct why *why)
{
    struct relay_counts counts;
    enum err err = relay_count(db, &counts, why);
    if (err != OK)
        return err;
    print_counts(&counts);
    err = relay_notes(db, print_note, NULL, why);
    if (err != OK)
        return err;
    printf("\n%-24s %-24s %-21s %s\n", "number", "reached", "admitted", "waiting");
    return relay_routes(db, print_route, NULL, why);
}

int command_status(const struct command_line *line)
{
    char path[GATEWAY_PATH];
    struct db *db = NULL;
    struct why why = { "" };
    enum err err = file_join(command_flag(line, "dir"), "relay.db", sizeof path, path);
    if (err == OK)
        err = relay_open(path, DB_READ_ONLY, &db, &why);
    if (err == OK)
        err = print_status(db, &why);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, err == ERR_NOT_FOUND ? "nameplate gateway run --help" : NULL);
}
