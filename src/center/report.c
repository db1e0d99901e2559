/* What devices report on their own: events, counters; gateways for devices that have no agent. And parts of programs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "center/check.h"
#include "center/upcall.h"

/* A gateway's own word that it refused somebody below: an incident in words, and no more than that. */
static enum err note_refusal(struct upcall *u, const struct event_report_request *r, struct why *why)
{
    struct why text;
    const char *maker = u->call->maker == NULL ? "" : u->call->maker;
    if (maker[0] == '\0' || strcmp(r->kind, "refused-below") != 0)
        return OK;
    (void)!why_set(&text, ERR_NUMBER_MISMATCH, "the gateway %s says that it refused somebody below: %.200s", u->call->number.text, r->detail);
    return job_incident(u->job, "refused-below", u->call->number.text, u->call->envelope, &text, why);
}

enum err upcall_event(struct upcall *u, struct why *why)
{
    const struct event_report_request *r = u->parsed.body;
    if (check_id(r->kind, NULL) != OK || strlen(r->kind) > LIMIT_NAME || strlen(r->detail) > 1000)
        return why_set(why, ERR_BAD_INPUT, "an event has a kind, a short name of 1 to %d characters, and a detail of 1000 at most", LIMIT_NAME);
    enum err err = center_event_add(u->job->center->db, u->call->number.text, u->job->now_s, r->kind, r->detail, why);
    if (err == OK)
        err = note_refusal(u, r, why);
    return err != OK ? err : upcall_answer(u, &(struct event_report_response){ .accepted = true });
}

static enum err take_and_answer(struct upcall *u, const char *number, const struct reading *reading, const void *accepted,
                                struct why *why)
{
    struct verdict v;
    enum err err = reading_take(u->job, number, u->call->id, reading, &v, why);
    if (err == OK && v.err != OK)
        return why_set(why, v.err, "%s", v.why.text);
    return err != OK ? err : upcall_answer(u, accepted);
}

enum err upcall_counters(struct upcall *u, struct why *why)
{
    const struct counter_report_request *r = u->parsed.body;
    const struct counter_report_response accepted = { .accepted = true };
    struct reading reading;
    if (!number_equal(&r->number, &u->call->number)) {
        (void)!why_set(why, ERR_NUMBER_MISMATCH, "%s reported the counters of %s", u->call->number.text, r->number.text);
        struct why text = *why;
        enum err err = job_incident(u->job, "other-number", r->number.text, u->call->envelope, &text, why);
        return err != OK ? err : why_set(why, ERR_NUMBER_MISMATCH, "%s", text.text);
    }
    enum err err = reading_from(r->epoch, r->boots, r->sequence, r->counters, r->counters_n, &reading, why);
    return err != OK ? err : take_and_answer(u, r->number.text, &reading, &accepted, why);
}

/* Without an agent there is no sequence of the device's own: the centre counts the readings. */
static enum err number_reading(struct upcall *u, const char *number, struct reading *reading, struct why *why)
{
    struct reading last;
    enum err err = center_reading_last(u->job->center->db, number, &last, why);
    if (err == OK)
        reading->sequence = last.sequence + 1;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The gateway before reads on until somebody tells it, and nobody is accused for that. Nor is it believed: the centre numbers these
 * readings as they come, so that one from before would follow those of the gateway that reads the device now. */
static enum err refuse_unbound(struct upcall *u, const char *number, struct why *why)
{
    struct why text;
    const char *gateway = u->call->number.text;
    bool lately = false;
    enum err err = bound_lately(u->job, number, gateway, &lately, why);
    (void)!why_set(&text, ERR_NOT_BOUND, "%s reported the counters of %s, which is not bound to it", gateway, number);
    if (err == OK && !lately)
        err = job_incident(u->job, "not-bound", number, u->call->envelope, &text, why);
    return err != OK ? err : why_set(why, ERR_NOT_BOUND, "%s", text.text);
}

static enum err check_agentless(struct upcall *u, const struct agentless_report_request *r, struct why *why)
{
    struct node node;
    bool bound = false;
    enum err err = center_bound(u->job->center->db, r->number.text, u->call->number.text, &bound, why);
    if (err == OK && !bound)
        return refuse_unbound(u, r->number.text, why);
    if (err == OK)
        err = node_find(u->job->center, r->number.text, &node, why);
    if (err == OK && node.device.kind != CENTER_AGENTLESS)
        return why_set(why, ERR_NOT_ALLOWED, "%s has an agent: it reports its counters itself", r->number.text);
    if (err == OK && node.device.standing != CENTER_NORMAL)
        return why_set(why, ERR_QUARANTINED, "%s is in quarantine: %s", r->number.text, node.device.standing_reason);
    if (err == OK)
        err = center_device_seen(u->job->center->db, r->number.text, u->job->now_s, "", u->call->number.text, why);
    return err != OK ? err : agreement_check(&node.device.agreement, u->job->now_s, why);
}

enum err upcall_agentless(struct upcall *u, struct why *why)
{
    const struct agentless_report_request *r = u->parsed.body;
    const struct agentless_report_response accepted = { .accepted = true };
    struct reading reading;
    enum err err = check_agentless(u, r, why);
    if (err == OK)
        err = reading_from(0, 0, 1, r->counters, r->counters_n, &reading, why);
    if (err == OK)
        err = number_reading(u, r->number.text, &reading, why);
    return err != OK ? err : take_and_answer(u, r->number.text, &reading, &accepted, why);
}

static enum err take_size(void *context, const struct center_program *p)
{
    *(int64_t *)context = p->size;
    return OK;
}

/* The name comes from the database, where a version has no slash (it was checked when it was added, and is here). */
static enum err read_part(const char *folder, const char *version, int64_t offset, uint8_t *to, size_t *ret_n, struct why *why)
{
    char path[SETTING_TEXT_SIZE + LIMIT_NAME + 2];
    enum err err = strchr(version, '/') != NULL ? ERR_BAD_INPUT : file_join(folder, version, sizeof path, path);
    if (err != OK)
        return err;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return why_set(why, ERR_NOT_FOUND, "program %s is not in the centre's folder", version);
    ssize_t n = pread(fd, to, LIMIT_PROGRAM_PART, offset);
    int failed = errno;
    close(fd);
    if (n < 0)
        return why_errno(why, failed, "cannot read program %s", version);
    *ret_n = (size_t)n;
    return OK;
}

enum err upcall_program(struct upcall *u, struct why *why)
{
    const struct program_part_request *r = u->parsed.body;
    static uint8_t part[LIMIT_PROGRAM_PART]; /* one loop, one thread */
    size_t n = 0;
    int64_t size = 0;
    enum err err = center_program_find(u->job->center->db, r->version, take_size, &size, why);
    if (err == OK && (r->offset < 0 || r->offset > size))
        err = why_set(why, ERR_BAD_INPUT, "program %s has %lld bytes", r->version, (long long)size);
    if (err == OK)
        err = read_part(u->job->center->settings.programs, r->version, r->offset, part, &n, why);
    if (err != OK)
        return err;
    return upcall_answer(u, &(struct program_part_response){ .offset = r->offset, .data = span_of(part, n) });
}
