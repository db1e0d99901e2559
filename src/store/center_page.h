/* What came in at the centre, in pages: readings, incidents, events and calls, the newest first, and agreements (M-7). What a page
 * costs does not grow with what there is: it ends after so many rows that it showed, or that it looked at and did not show. */
#ifndef STORE_CENTER_PAGE_H
#define STORE_CENTER_PAGE_H

#include "store/center.h"

enum { CENTER_PAGE_LOOKS = 5000 }; /* rows that are looked at for one page, when not all of them are to be shown */

struct center_filter {
    const char *number;          /* NULL: of all */
    const char *customer, *site; /* whose the device is now, and where it stands; NULL: all */
    const char *kind; /* of an incident or event; the verdict on a reading; the state of a call or agreement (as of now_s); NULL: all */
    bool open;                /* calls: only those that are not over */
    int64_t since_s, until_s; /* what came in that time, until_s not included, or an agreement that was in force then; 0: any */
    int64_t now_s;            /* agreements */
    int64_t after;            /* *ret_next of the page before; 0: from the beginning */
    int64_t most;             /* rows, one at least */
};

/* *ret_next: where the next page begins; 0: there is no more. A page may have fewer rows than asked for, even none, and a next one.
 * Errors: NOT_FOUND (filter->after). */
enum err center_reading_page(struct db *db, const struct center_filter *filter, center_reading_fn *fn, void *context, int64_t *ret_next,
                             struct why *why) MUST_CHECK;
/* Without their evidence. */
enum err center_incident_page(struct db *db, const struct center_filter *filter, center_incident_fn *fn, void *context, int64_t *ret_next,
                              struct why *why) MUST_CHECK;
enum err center_event_page(struct db *db, const struct center_filter *filter, center_event_fn *fn, void *context, int64_t *ret_next,
                           struct why *why) MUST_CHECK;
/* Without their envelopes and answers. */
enum err center_call_page(struct db *db, const struct center_filter *filter, center_call_fn *fn, void *context, int64_t *ret_next,
                          struct why *why) MUST_CHECK;
/* In the order of the numbers. */
enum err center_agreement_page(struct db *db, const struct center_filter *filter, center_agreement_fn *fn, void *context,
                               int64_t *ret_next, struct why *why) MUST_CHECK;

/* --- For center_*.c --- */

struct center_page {
    const struct center_filter *filter;
    bool by_time;
    int64_t limit, looked, shown, last;
    bool over; /* there is a row behind the last one that it has room for */
};

/* What a row is judged by. A moment is [at, at + 1); until_s 0: no end. */
struct center_page_row {
    int64_t key, from_s, until_s;
    const char *customer, *site, *kind;
    bool closed; /* a call that is over */
};

/* `by_time`: the list is in the order of its times, so that since_s and until_s are a part of it and leave nothing else to look at. */
struct center_page center_page_begin(const struct center_filter *filter, bool by_time);
bool center_page_shows(struct center_page *page, const struct center_page_row *row); /* whether it belongs to the page */
int64_t center_page_next(const struct center_page *page);
/* The error when there is no row filter->after. */
enum err center_page_lost(const struct center_filter *filter, struct why *why) MUST_CHECK;

/* The statements of a list, the newest first. Keys do not grow with time: several programs write, and a clock may be set back. So
 * the list of all is in the order of (time, key): before ($1, $2), not before $3, $4 rows. That of one number, or of what is open, is
 * short: by key, before $1, $2 rows, $3 the number; its times are looked at row by row. `moment`: the time of the row with key $1. */
struct center_pages {
    unsigned by_time, by_key, moment;
};
/* `page`: of center_page_begin, which `fn` asks. */
enum err center_page_ask(struct db *db, const struct center_pages *of, const struct center_page *page, db_row_fn *fn, void *context,
                         struct why *why) MUST_CHECK;

#endif
