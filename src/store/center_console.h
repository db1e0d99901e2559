/* Questions that only the console asks: the centre in numbers (M-7). */
#ifndef STORE_CENTER_CONSOLE_H
#define STORE_CENTER_CONSOLE_H

#include "store/center.h"

struct center_counts {
    int64_t customers, sites, devices; /* scrapped ones are not counted */
    int64_t seen_today;                /* within the last 24 hours */
    int64_t licensed, unlicensed;      /* under an active agreement; seen and under none (effect 1) */
    int64_t quarantined, open_calls, open_tickets;
    int64_t incidents_today; /* within the last 24 hours */
};
enum err center_count(struct db *db, int64_t now_s, struct center_counts *ret_counts, struct why *why) MUST_CHECK;

#endif
