/* The newest incidents and events of the centre's database, in one page; number NULL: of all. */
#ifndef TESTS_CENTER_LIST_H
#define TESTS_CENTER_LIST_H

#include "store/center_page.h"

static inline enum err center_incident_list(struct db *db, const char *number, int64_t most, center_incident_fn *fn, void *context,
                                            struct why *why)
{
    const struct center_filter newest = { .number = number, .most = most };
    int64_t next;
    return center_incident_page(db, &newest, fn, context, &next, why);
}

static inline enum err center_event_list(struct db *db, const char *number, int64_t most, center_event_fn *fn, void *context,
                                         struct why *why)
{
    const struct center_filter newest = { .number = number, .most = most };
    int64_t next;
    return center_event_page(db, &newest, fn, context, &next, why);
}

#endif
