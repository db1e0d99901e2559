#include "trace/events.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/db_move.h"
#include "store/register.h"

enum { SOURCE_DEVICE = 3, PATH_SIZE = 512 };

struct trail {
    struct events *events;
    unsigned source;
};

static enum err read_register(struct trail *trail, const char *path, struct why *why);
static enum err read_moving(struct trail *trail, const char *path, struct why *why);

/* Databases first, in the order of the line. */
static const struct {
    const char *name, *file;
    enum err (*read)(struct trail *trail, const char *path, struct why *why);
    const char *schema; /* of a database that may have been moved into PostgreSQL */
    const char *more;   /* what it knows of a number beside its trail */
} sources[] = {
    { "ca", "ca/register.db", read_register, NULL, NULL },
    { "factory", "factory/stock.db", read_moving, "stock", NULL },
    { "center", "center/center.db", read_moving, "center",
      "SELECT id, at, by, 'incident', number, kind || ': ' || text || CASE WHEN times > 1 THEN ' (' || times || ' times)' ELSE '' END, "
      "evidence FROM incident WHERE number = $1 ORDER BY id" },
    { "device", NULL, NULL, NULL, NULL },
};

const char *event_source_name(unsigned source) { return source < sizeof sources / sizeof *sources ? sources[source].name : "?"; }

/* Only the first n stay. */
static void cut(struct events *e, size_t n)
{
    for (; e->n > n; e->n--) {
        free(e->list[e->n - 1].actor);
        free(e->list[e->n - 1].event);
        free(e->list[e->n - 1].detail);
    }
}

void events_done(struct events *e)
{
    cut(e, 0);
    free(e->list);
    *e = (struct events){ 0 };
}

static bool make_room(struct events *e)
{
    if (e->n < e->room)
        return true;
    size_t room = e->room == 0 ? 64 : 2 * e->room;
    struct event *list = realloc(e->list, room * sizeof *list);
    if (list == NULL)
        return false;
    e->list = list;
    e->room = room;
    return true;
}

enum err events_add(struct events *e, unsigned source, int64_t at_s, const char *actor, const char *event, const char *detail)
{
    if (!make_room(e))
        return ERR_NO_MEMORY;
    struct event *to = &e->list[e->n];
    *to = (struct event){ .at_s = at_s, .source = source, .order = e->n };
    to->actor = strdup(actor);
    to->event = strdup(event);
    to->detail = strdup(detail);
    e->n++; /* counted even when a copy is missing, so that events_done finds the others */
    return to->actor != NULL && to->event != NULL && to->detail != NULL ? OK : ERR_NO_MEMORY;
}

static enum err take_entry(void *context, int64_t n, const struct audit_entry *entry)
{
    const struct trail *t = context;
    (void)n;
    return events_add(t->events, t->source, entry->at_s, entry->actor, entry->event, entry->detail);
}

static enum err read_register(struct trail *t, const char *path, struct why *why)
{
    return register_trail_read(path, t->events->number.text, take_entry, t, why);
}

/* --- The factory server's and the centre's, which may have been moved into PostgreSQL --- */

static enum err list(struct trail *t, const struct audit_trail *trail, struct why *why)
{
    const char *number = t->events->number.text;
    enum err err = audit_list(trail->db, 0, number, take_entry, t, why);
    if (err == OK && sources[t->source].more != NULL)
        err = audit_list_by(trail->db, AUDIT_STATEMENTS, number, take_entry, t, why);
    return err;
}

static enum err read_there(struct trail *t, const char *url, struct why *why)
{
    struct audit_trail there;
    size_t before = t->events->n;
    enum err err = audit_open(url, sources[t->source].schema, sources[t->source].more, &there, why);
    if (err == OK)
        err = list(t, &there, why);
    db_close(there.db);
    if (err != OK)
        cut(t->events, before);
    return err;
}

static void note_move(const struct trail *t, const char *path, const struct db_moved_away *away, const struct why *missing)
{
    struct events *e = t->events;
    size_t before = strlen(e->note), size = sizeof e->note - before;
    const char *and = before == 0 ? "" : "; ";
    char when[CLOCK_TEXT_SIZE + 4] = "", at[CLOCK_TEXT_SIZE];
    if (away->at_s != 0) {
        clock_format(away->at_s, at);
        snprintf(when, sizeof when, " at %s", at);
    }
    if (missing == NULL)
        snprintf(e->note + before, size, "%s%s was moved%s to %s: its trail is read there", and, path, when, away->url);
    else
        snprintf(e->note + before, size,
                 "%s%s was moved%s to %s, which cannot be read from here (%.200s): what happened since is told by nameplate %s audit list %s",
                 and, path, when, away->url[0] == '\0' ? "PostgreSQL" : away->url, missing->text, sources[t->source].name,
                 e->number.text);
}

/* All that was in the file moved along: the file is asked only when the other place cannot be. */
static enum err read_moved(struct trail *t, const struct audit_trail *file, const char *path, const struct db_moved_away *away, struct why *why)
{
    struct why missing = { "the file does not say where in it" };
    enum err err = away->url[0] == '\0' ? ERR_NOT_FOUND : read_there(t, away->url, &missing);
    note_move(t, path, away, err == OK ? NULL : &missing);
    return err == OK ? OK : list(t, file, why);
}

static enum err read_moving(struct trail *t, const char *path, struct why *why)
{
    struct audit_trail file;
    struct db_moved_away away = { .moved = false };
    enum err err = audit_open(path, sources[t->source].schema, sources[t->source].more, &file, why);
    if (err == OK)
        err = db_find_move(file.db, &away, why);
    if (err == OK)
        err = away.moved ? read_moved(t, &file, path, &away, why) : list(t, &file, why);
    db_close(file.db);
    return err;
}

/* --- All of them --- */

static enum err read_trail(struct events *e, const char *dir, unsigned source, struct why *why)
{
    char path[PATH_SIZE];
    struct trail trail = { e, source };
    enum err err = file_join(dir, sources[source].file, sizeof path, path);
    if (err != OK)
        return why_set(why, err, "%s: the path is too long", dir);
    if (!file_exists(path))
        return OK;
    err = sources[source].read(&trail, path, why);
    e->sources++;
    return err == OK ? OK : why_prefix(why, err, "%s", path);
}

/* Devices lie in a folder of their own, or in one named after their number in a folder of many. */
static enum err read_devices(struct events *e, const char *dir, struct why *why)
{
    char patterns[4][PATH_SIZE + 64];
    glob_t found = { 0 };
    enum err err = OK;
    snprintf(patterns[0], sizeof *patterns, "%s/history.jsonl", dir);
    snprintf(patterns[1], sizeof *patterns, "%s/%s/history.jsonl", dir, e->number.text);
    snprintf(patterns[2], sizeof *patterns, "%s/*/%s/history.jsonl", dir, e->number.text);
    snprintf(patterns[3], sizeof *patterns, "%s/device*/history.jsonl", dir);
    for (size_t i = 0; i < 4; i++) {
        int code = glob(patterns[i], i == 0 ? 0 : GLOB_APPEND, NULL, &found);
        if (code != 0 && code != GLOB_NOMATCH)
            err = why_set(why, ERR_IO, "%s cannot be searched", dir);
    }
    for (size_t i = 0; err == OK && i < found.gl_pathc; i++)
        err = events_read_history(e, found.gl_pathv[i], SOURCE_DEVICE, why);
    globfree(&found);
    return err;
}

enum err events_gather(const char *dir, const struct device_number *number, struct events *ret_events, struct why *why)
{
    struct events e = { .number = *number };
    enum err err = OK;
    for (unsigned source = 0; err == OK && sources[source].file != NULL; source++)
        err = read_trail(&e, dir, source, why);
    if (err == OK)
        err = read_devices(&e, dir, why);
    if (err == OK && e.sources == 0)
        err = why_set(why, ERR_NOT_FOUND, "%s holds neither ca/register.db nor factory/stock.db nor center/center.db nor a device's history", dir);
    if (err == OK && e.n == 0)
        err = why_set(why, ERR_NOT_FOUND, "no trail in %s knows %s", dir, number->text);
    if (err != OK) {
        memcpy(ret_events->note, e.note, sizeof e.note);
        events_done(&e);
        return err;
    }
    events_sort(&e);
    *ret_events = e;
    return OK;
}
