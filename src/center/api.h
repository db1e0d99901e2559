/* What the handlers of the console share. */
#ifndef CENTER_API_H
#define CENTER_API_H

#include <stdlib.h>

#include "base/clock.h"
#include "center/console.h"
#include "store/center_page.h"

enum { ROWS_MOST = 1000 /* of an answer; also when it is not said */, CONSOLE_TIME = CLOCK_TEXT_SIZE + 8 };

static inline struct console *console_of(const struct api_call *call)
{
    return call->service->context;
}

/* api_commit, and the rest of the centre is told that something about this number is new. */
enum err console_commit(struct api_call *call, enum err err, const char *event, const char *number, const char *detail,
                        struct why *why) MUST_CHECK;
enum err console_number(const char *text, struct device_number *ret_number, struct why *why) MUST_CHECK;
/* A whole number of the query, 1 at least; the fallback when it is absent. Errors: BAD_INPUT. */
enum err console_whole(const struct api_call *call, const char *name, int64_t fallback, int64_t *ret_value, struct why *why) MUST_CHECK;
/* Rows of the answer: "most=" of the query, but no more than `most`. Errors: BAD_INPUT. */
enum err console_most(const struct api_call *call, int64_t fallback, int64_t most, int64_t *ret_most, struct why *why) MUST_CHECK;
/* A day or moment; "" is the fallback. Errors: BAD_INPUT. */
enum err console_moment(const char *text, int64_t fallback, int64_t *ret_s, struct why *why) MUST_CHECK;
const char *console_query(const struct api_call *call, const char *name, size_t size, char *text); /* text; NULL when it is absent */
const char *console_time(int64_t at_s, char to[CLOCK_TEXT_SIZE]); /* "" for 0 */

/* Which rows of a list that is read in pages: "number=", "customer=", "site=", "since=", "until=", "most=", "after=" of the query, and
 * one by its own name for filter.kind. Its texts point into it. Errors: BAD_INPUT, NOT_FOUND (the customer, the site). */
struct console_filter {
    struct center_filter filter;
    char number[LIMIT_NUMBER_TEXT + 1], customer[LIMIT_NAME + 1], site[LIMIT_NAME + 1], kind[LIMIT_NAME + 1];
};
enum err console_read_filter(const struct api_call *call, const char *kind, struct console_filter *ret_filter, struct why *why) MUST_CHECK;
enum err console_check_number(const struct api_call *call, const struct center_filter *filter, struct why *why) MUST_CHECK; /* NOT_FOUND */
/* How the answer of a list goes on: "next" is to be said as "after=" of the next question; "": there is no more. */
void console_set_next(struct api_call *call, const char *next);
void console_set_next_key(struct api_call *call, int64_t next); /* 0: there is no more */

json_t *console_agreement(const struct agreement *a, int64_t now_s);
json_t *console_reading(const struct center_reading *r);

api_handler api_status, api_customer_list, api_customer_put, api_site_list, api_site_put, api_device_list, api_device_put,
    api_device_show, api_device_scrap, api_device_release, api_ticket_list, api_ticket_decide, api_agreement_list,
    api_agreement_change, api_call_list, api_call_add, api_call_show, api_counter_list, api_incident_list, api_event_list,
    api_billing,
    api_program_list, api_program_add, api_table_export, api_table_import;

#endif
