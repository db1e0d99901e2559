#include "device/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW(code, counter, resources, ms) { SOFTWARE_##code, counter, resources, ms }
const struct application_row application_rows[] = {
    ROW(COPY, CHARGE_COPY, RESOURCE_SCANNER | RESOURCE_PLOTTER, 20), ROW(FAX, CHARGE_FAX, RESOURCE_SCANNER | RESOURCE_LINE, 40),
    ROW(PRINT, CHARGE_PRINT, RESOURCE_PLOTTER, 15),                  ROW(SCAN, CHARGE_SCAN, RESOURCE_SCANNER, 15),
    ROW(NET_FILE, CHARGE_COUNT, 0, 0),                               ROW(WEB, CHARGE_COUNT, 0, 0),
    ROW(WATER, CHARGE_WATER, 0, 0),                                  ROW(GAS, CHARGE_GAS, 0, 0),
    ROW(ELECTRICITY, CHARGE_ELECTRICITY, 0, 0),
};
const size_t application_rows_n = sizeof application_rows / sizeof *application_rows;

enum err service_ask(const struct board *b, enum software caller, enum software service, struct why *why)
{
    const char *names[2] = { caller < SOFTWARE_COUNT ? software_rows[caller].name : "?",
                             service < SOFTWARE_COUNT ? software_rows[service].name : "?" };
    if (!software_may_call(caller, service))
        return why_set(why, ERR_NOT_ALLOWED, "%s may not ask %s", names[0], names[1]);
    if (software_rows[caller].layer == LAYER_APPLICATION && (b->applications & 1u << caller) == 0)
        return why_set(why, ERR_NOT_FOUND, "%s is not in this device", names[0]);
    return OK;
}

static const struct application_row *row_of(const char *name)
{
    enum software software = software_application(name);
    for (size_t i = 0; i < application_rows_n; i++)
        if (application_rows[i].software == software)
            return &application_rows[i];
    return NULL;
}

/* Memory service: the only one that writes counters. */
static enum err memory_count(struct board *b, enum software caller, enum charge_counter counter, int64_t units, struct why *why)
{
    enum err err = service_ask(b, caller, SOFTWARE_MEMORY, why);
    return err == OK ? board_count(b, counter, (uint64_t)units, why) : err;
}

/* System control: says who may count what. */
static enum err system_count(struct board *b, const struct application_row *caller, int64_t units, struct why *why)
{
    enum err err = service_ask(b, caller->software, SOFTWARE_SYSTEM, why);
    if (err == OK && caller->counter == CHARGE_COUNT)
        err = why_set(why, ERR_NOT_ALLOWED, "%s counts nothing", software_rows[caller->software].name);
    return err == OK ? memory_count(b, SOFTWARE_SYSTEM, caller->counter, units, why) : err;
}

static enum err find(const char *application, int64_t units, const struct application_row **ret_row, struct why *why)
{
    const struct application_row *row = row_of(application);
    if (row == NULL)
        return why_set(why, ERR_NOT_FOUND, "there is no application \"%s\"", application);
    if (units <= 0 || units > 1000000000)
        return why_set(why, ERR_BAD_INPUT, "%lld is no number of units", (long long)units);
    *ret_row = row;
    return OK;
}

enum err machine_count(struct board *b, const char *application, int64_t units, struct why *why)
{
    const struct application_row *row = NULL;
    enum err err = find(application, units, &row, why);
    return err == OK ? system_count(b, row, units, why) : err;
}

/* --- Jobs --- */

static void page(void *context);

void machine_init(struct loop *loop, struct board *board, struct machine *ret_machine)
{
    *ret_machine = (struct machine){ .loop = loop, .board = board };
}

void machine_done(struct machine *m)
{
    for (size_t i = 0; i < m->jobs_n; i++) {
        loop_cancel(m->loop, m->jobs[i]->timer);
        free(m->jobs[i]);
    }
    m->jobs_n = 0;
}

/* The resource manager: whoever got its hardware begins. */
static void grant(struct machine *m)
{
    if (resource_grant(m->claims, m->jobs_n) == 0)
        return;
    for (size_t i = 0; i < m->jobs_n; i++)
        if (m->claims[i].holds && m->jobs[i]->timer == 0 &&
            loop_timer(m->loop, m->jobs[i]->application->unit_ms, page, m->jobs[i], &m->jobs[i]->timer) != OK)
            m->claims[i] = (struct claim){ .needs = m->claims[i].needs, .waits = true };
}

static void end(struct job *job, enum err err, const struct why *why)
{
    struct machine *m = job->machine;
    size_t i = 0;
    while (m->jobs[i] != job)
        i++;
    m->jobs_n--;
    memmove(&m->jobs[i], &m->jobs[i + 1], (m->jobs_n - i) * sizeof m->jobs[0]);
    memmove(&m->claims[i], &m->claims[i + 1], (m->jobs_n - i) * sizeof m->claims[0]);
    job->done(job->context, err, why);
    free(job);
    grant(m);
}

/* A page is out: it is counted, then the next one begins. */
static void page(void *context)
{
    struct job *job = context;
    struct machine *m = job->machine;
    struct why why = { "" };
    job->timer = 0;
    enum err err = system_count(m->board, job->application, 1, &why);
    if (err == OK && m->counted != NULL)
        m->counted(m->context);
    job->left--;
    if (err == OK && job->left > 0)
        err = loop_timer(m->loop, job->application->unit_ms, page, job, &job->timer);
    if (err != OK || job->left == 0)
        end(job, err, &why);
}

enum err machine_job(struct machine *m, const char *application, int64_t pages, job_done_fn *done, void *context, struct why *why)
{
    const struct application_row *row = NULL;
    enum err err = find(application, pages, &row, why);
    if (err == OK && row->resources != 0) /* the job's hardware is the resource manager's */
        err = service_ask(m->board, row->software, SOFTWARE_RESOURCES, why);
    if (err == OK && row->resources == 0)
        err = why_set(why, ERR_BAD_INPUT, "%s has no jobs", application);
    if (err == OK && m->jobs_n == MACHINE_JOBS)
        err = why_set(why, ERR_BUSY, "%d jobs wait already", MACHINE_JOBS);
    struct job *job = err == OK ? calloc(1, sizeof *job) : NULL;
    if (err == OK && job == NULL)
        err = why_set(why, ERR_NO_MEMORY, "no memory for a job");
    if (err != OK)
        return err;
    *job = (struct job){ .machine = m, .application = row, .left = pages, .done = done, .context = context };
    m->claims[m->jobs_n] = (struct claim){ .needs = row->resources, .waits = true };
    m->jobs[m->jobs_n++] = job;
    grant(m);
    return OK;
}

enum err machine_parse_applications(const char *text, uint32_t *ret_applications, struct why *why)
{
    uint32_t found = 0;
    char name[32];
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, ",\n");
        snprintf(name, sizeof name, "%.*s", (int)n, at);
        enum software s = software_application(name);
        if (s == SOFTWARE_COUNT)
            return why_set(why, ERR_BAD_INPUT, "there is no application \"%s\"", name);
        found |= 1u << s;
        at += n + (at[n] == ',' ? 1 : 0);
        if (*at == '\n')
            break;
    }
    *ret_applications = found;
    return OK;
}
