#include "trace/events.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "store/register.h"

enum { SOURCE_DEVICE = 2, PATH_SIZE = 512 };

static enum err read_audit(const char *path, const char *subject, audit_fn *fn, void *context, struct why *why)
{
    struct db *db = NULL;
    enum err err = audit_open(path, &db, why);
    if (err == OK)
        err = audit_list(db, 0, subject, fn, context, why);
    db_close(db);
    return err;
}

/* Databases first, in the order of the line. */
static const struct {
    const char *name, *file;
    enum err (*read)(const char *path, const char *subject, audit_fn *fn, void *context, struct why *why);
} sources[] = {
    { "ca", "ca/register.db", register_trail_read },
    { "factory", "factory/stock.db", read_audit },
    { "device", NULL, NULL },
};

const char *event_source_name(unsigned source) { return source < sizeof sources / sizeof *sources ? sources[source].name : "?"; }

void events_done(struct events *e)
{
    for (size_t i = 0; i < e->n; i++) {
        free(e->list[i].actor);
        free(e->list[i].event);
        free(e->list[i].detail);
    }
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

struct trail {
    struct events *events;
    unsigned source;
};

static enum err take_entry(void *context, int64_t n, const struct audit_entry *entry)
{
    const struct trail *t = context;
    (void)n;
    return events_add(t->events, t->source, entry->at_s, entry->actor, entry->event, entry->detail);
}

static enum err read_trail(struct events *e, const char *dir, unsigned source, struct why *why)
{
    char path[PATH_SIZE];
    struct trail trail = { e, source };
    enum err err = file_join(dir, sources[source].file, sizeof path, path);
    if (err != OK)
        return why_set(why, err, "%s: the path is too long", dir);
    if (!file_exists(path))
        return OK;
    err = sources[source].read(path, e->number.text, take_entry, &trail, why);
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
        err = why_set(why, ERR_NOT_FOUND, "%s holds neither ca/register.db nor factory/stock.db nor a device's history", dir);
    if (err == OK && e.n == 0)
        err = why_set(why, ERR_NOT_FOUND, "no trail in %s knows %s", dir, number->text);
    if (err != OK) {
        events_done(&e);
        return err;
    }
    events_sort(&e);
    *ret_events = e;
    return OK;
}
