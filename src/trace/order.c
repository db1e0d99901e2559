/* The order of events that happened in the same second. A trail's own order always holds (its chain vouches for it);
 * between trails, what causes goes before what is caused: by generation, then along the line from S1 to S13 and on
 * (model/lifecycle.tbl, doc/protocol/bench.md). */
#include <stdlib.h>
#include <string.h>

#include "trace/events.h"

/* Along the line. The first row whose source and event fit says the rank; revocations fit none and come last. */
static const struct {
    const char *source, *event;
} line[] = {
    { "device", "assembled" }, { "device", "numbered" },
    { "device", "bootstrap" }, { "device", "bootstrap-failed" },
    { "factory", "request" },                                       /* S1 */
    { "ca", "issue" },                                              /* S2 */
    { "factory", "key" }, { "factory", "keyed" },                   /* S3, keyed in at the factory server */
    { "factory", "claim-refused" }, { "factory", "claim" },         /* S5 */
    { "factory", "received" },                                      /* S9 */
    { "device", "write" }, { "device", "write-failed" },            /* behind S8 */
    { "factory", "written" }, { "factory", "failed" },              /* S11 */
    { "device", "received" }, { "device", "parameters" },           /* S13, S1709 */
    { "factory", "expire" }, { "factory", "erase" },
    { "ca", "written" }, { "ca", "failed" }, { "ca", "voided" },    /* the factory server reports */
    { "factory", "voided" },
    { "ca", "admitted" }, { "ca", "renewal" }, { "ca", "replacement" }, { "ca", "supersede" }, { "ca", "confirmed" }, /* the field */
};
enum { LINE = sizeof line / sizeof *line };

static int64_t rank_of(const struct event *e)
{
    int64_t rank = 0;
    while (rank < LINE &&
           (strcmp(line[rank].source, event_source_name(e->source)) != 0 || strcmp(line[rank].event, e->event) != 0))
        rank++;
    return rank;
}

/* A device that writes again does so with a new pack. */
static bool writes_again(const struct event *e, const struct event *before)
{
    return strncmp(e->event, "write", 5) == 0 && (strcmp(before->event, "write-failed") == 0 || strcmp(before->event, "received") == 0);
}

/* Behind `name` where it begins a word outside of quotes, as what others said does not; NULL: nowhere. */
static const char *find_value(const char *detail, const char *name)
{
    bool quoted = false, begins = true;
    for (const char *at = detail; *at != '\0'; at++) {
        if (begins && !quoted && strncmp(at, name, strlen(name)) == 0)
            return at + strlen(name);
        if (quoted && at[0] == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        begins = *at == ' ';
    }
    return NULL;
}

/* Which identity of the number an event is about: what it says itself, or what its trail said last. */
static int64_t generation_of(const struct event *e, const struct event *before)
{
    bool incident = strcmp(e->event, "incident") == 0; /* its detail is a sentence */
    const char *said = incident ? NULL : find_value(e->detail, "generation=");
    if (said != NULL)
        return strtoll(said, NULL, 10);
    if (before == NULL || strcmp(e->event, "assembled") == 0)
        return 1;
    return before->generation + writes_again(e, before);
}

static int compare_cause(const struct event *x, const struct event *y)
{
    if (x->generation != y->generation)
        return x->generation < y->generation ? -1 : 1;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int compare(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    int cause = compare_cause(x, y);
    if (cause != 0)
        return cause;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

void events_sort(struct events *events)
{
    for (size_t i = 0; i < events->n; i++) {
        struct event *e = &events->list[i];
        const struct event *before = i > 0 && events->list[i - 1].source == e->source ? &events->list[i - 1] : NULL;
        e->generation = generation_of(e, before);
        e->rank = rank_of(e);
        /* Never in front of what its own trail has before it in the same second. */
        if (before != NULL && before->at_s == e->at_s && compare_cause(e, before) < 0) {
            e->generation = before->generation;
            e->rank = before->rank;
        }
    }
    qsort(events->list, events->n, sizeof *events->list, compare);
}
