#include "center/workers.h"

#include "base/clock.h"
#include "center/desk.h"
#include "center/errand.h"
#include "log/log.h"

enum { HEAR_MS = 100, LEAD_MS = 1000 };

static const char anything[] = "*";

static bool shared(const struct center *center) { return center->settings.common.store_url[0] != '\0'; }

static void look_for_errands(struct center *center)
{
    errand_due(center, ERRAND_CALL);
    errand_due(center, ERRAND_TICKET);
    errand_due(center, ERRAND_REVOKE);
}

/* Who leads, does so until it stops or loses the database. */
static void find_leader(struct center *center)
{
    struct why why = { "" };
    bool leads = false;
    enum err err = db_lead(center->db, "center", &leads, &why);
    if (err != OK && !center->away)
        log_failure(LOG_ERROR, "database-away", err, &why, NULL);
    if (err == OK && center->away)
        log_event(LOG_INFO, "database-back", NULL);
    if (leads != center->leads)
        log_event(LOG_INFO, leads ? "center-leads" : "center-follows", NULL);
    if (leads && !center->leads && center->errands != NULL)
        look_for_errands(center);
    center->away = err != OK;
    center->leads = leads;
}

static void on_heard(void *context, const char *text)
{
    struct center *center = context;
    bool all = text == NULL || strcmp(text, anything) == 0;
    if (all || text[0] != '\0')
        desk_wake(center, all ? NULL : text);
    if (center->leads)
        look_for_errands(center);
}

static void on_timer(void *context)
{
    struct center *center = context;
    if (clock_mono_ms() >= center->lead_at_ms) {
        find_leader(center);
        center->lead_at_ms = clock_mono_ms() + LEAD_MS;
    }
    if (center->untold && !center->away)
        workers_tell(center, anything);
    db_hear(center->db, on_heard, center);
    (void)!loop_timer(center->loop, HEAR_MS, on_timer, center, &center->workers_timer);
}

void workers_tell(struct center *center, const char *number)
{
    if (shared(center))
        center->untold = db_tell(center->db, number, NULL) != OK;
}

void center_wake(struct center *center, const char *number)
{
    desk_wake(center, number);
    workers_tell(center, number);
}

enum err workers_start(struct center *center, struct why *why)
{
    (void)why;
    center->leads = !shared(center);
    return center->leads ? OK : loop_timer(center->loop, 0, on_timer, center, &center->workers_timer);
}

void workers_stop(struct center *center)
{
    if (center->workers_timer != 0)
        loop_cancel(center->loop, center->workers_timer);
}
