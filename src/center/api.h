/* What the handlers of the console share. */
#ifndef CENTER_API_H
#define CENTER_API_H

#include <stdlib.h>

#include "base/clock.h"
#include "center/console.h"

enum { ROWS_USUAL = 1000, ROWS_MOST = 100000, CONSOLE_TIME = CLOCK_TEXT_SIZE + 8 };

static inline struct console *console_of(const struct api_call *call)
{
    return call->service->context;
}

/* api_commit, and the rest of the centre is told that something about this number is new. */
enum err console_commit(struct api_call *call, enum err err, const char *event, const char *number, const char *detail,
                        struct why *why) MUST_CHECK;
enum err console_number(const char *text, struct device_number *ret_number, struct why *why) MUST_CHECK;
int64_t console_most(const struct api_call *call);                /* rows: "most=" of the query, within bounds */
/* A day or moment; "" is the fallback. Errors: BAD_INPUT. */
enum err console_moment(const char *text, int64_t fallback, int64_t *ret_s, struct why *why) MUST_CHECK;
const char *console_query(const struct api_call *call, const char *name, size_t size, char *text); /* text; NULL when it is absent */
const char *console_time(int64_t at_s, char to[CLOCK_TEXT_SIZE]); /* "" for 0 */

json_t *console_agreement(const struct agreement *a, int64_t now_s);
json_t *console_reading(const struct center_reading *r);

api_handler api_status, api_customer_list, api_customer_put, api_site_list, api_site_put, api_device_list, api_device_put,
    api_device_show, api_device_scrap, api_device_release, api_ticket_list, api_ticket_decide, api_agreement_list,
    api_agreement_change, api_call_list, api_call_add, api_call_show, api_counter_list, api_incident_list, api_event_list,
    api_billing,
    api_program_list, api_program_add, api_table_export, api_table_import;

#endif
