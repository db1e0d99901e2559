#include "ask/ending.h"

#include <stdio.h>

#include "base/clock.h"
#include "log/log.h"

enum { DAY_S = 86400 };

static void look(const struct ending *e)
{
    int64_t begin_s, end_s, now_s = clock_wall_s();
    char until[CLOCK_TEXT_SIZE], next[100];
    cert_times(e->credentials->chain[0], &begin_s, &end_s);
    if (end_s - now_s > (int64_t)LIMIT_ENDING_DAYS * DAY_S)
        return;
    clock_format(end_s, until);
    snprintf(next, sizeof next, "nameplate %s enrol --token T", e->area);
    log_event(now_s < end_s ? LOG_WARN : LOG_ERROR, now_s < end_s ? "certificate-ends" : "certificate-over", "name",
              e->credentials->self.name, "until", until, "next", next, NULL);
}

static void on_day(void *context)
{
    struct ending *e = context;
    struct why why = { "" };
    enum err err = ending_watch(e, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "certificate-unwatched", err, &why, NULL);
}

enum err ending_watch(struct ending *e, struct why *why)
{
    look(e);
    enum err err = loop_timer(e->loop, (int64_t)DAY_S * 1000, on_day, e, &e->timer);
    return err == OK ? OK : why_set(why, err, "no memory to watch the certificate's end");
}
