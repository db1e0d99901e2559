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

/* *ret_next: where the next page begins; 0: there is no more. A page may have fewer rows than asked for, even none, and a next one. */
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
    int64_t limit, looked, shown, last;
    bool over; /* there is a row behind the last one that it has room for */
};

/* What a row is judged by. A moment is [at, at + 1); until_s 0: no end. */
struct center_page_row {
    int64_t key, from_s, until_s;
    const char *customer, *site, *kind;
    bool closed; /* a call that is over */
};

struct center_page center_page_begin(const struct center_filter *filter);
bool center_page_shows(struct center_page *page, const struct center_page_row *row); /* whether it belongs to the page */
int64_t center_page_next(const struct center_page *page);

/* The statements of a list whose keys grow with time: $1 < key <= $2, $3 rows, $4 the number; and the last key before a moment. */
struct center_pages {
    unsigned each, of_number, before;
};
/* `page`: of center_page_begin, which `fn` asks. */
enum err center_page_ask(struct db *db, const struct center_pages *of, const struct center_page *page, db_row_fn *fn, void *context,
                         struct why *why) MUST_CHECK;

#endif
