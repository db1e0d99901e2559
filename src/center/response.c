/* The lists of a reply, in the memory of its job. */
#include <string.h>

#include "center/job.h"

enum { ARENA_MOST = 8 * 1024 * 1024 };

enum err response_begin(struct job *job)
{
    const struct exchange_request *r = job->request.body;
    enum err err = job->arena == NULL ? arena_new(ARENA_MOST, &job->arena) : OK;
    job->response = (struct exchange_response){ .more = false };
    job->calls_cap = job->answers_cap = job->bytes = 0;
    if (err != OK)
        return err;
    size_t presences = r == NULL ? 1 : r->presences_n + 1, letters = r == NULL ? 1 : r->calls_n + r->answers_n + 1;
    job->response.sessions = arena_take(job->arena, presences * sizeof *job->response.sessions);
    job->response.receipts = arena_take(job->arena, letters * sizeof *job->response.receipts);
    return job->response.sessions == NULL || job->response.receipts == NULL ? ERR_NO_MEMORY : OK;
}

void response_end(struct job *job)
{
    arena_free(job->arena);
    job->arena = NULL;
    job->response = (struct exchange_response){ .more = false };
}

void response_receipt(struct job *job, const char *id, const char *what, enum err err, const struct why *why)
{
    const struct err_row *row = err_row(err);
    bool later = err != OK && (row->action == ERR_ACTION_RETRY || err == ERR_NO_SPACE);
    if (later && err != ERR_BUSY)
        return;
    char *reason = err == OK ? NULL : arena_text(job->arena, span_text(why_text(why, err)));
    job->response.receipts[job->response.receipts_n++] = (struct field_receipt){
        .id = id,
        .what = what,
        .accepted = err == OK,
        .error = err == OK ? "" : row->name,
        .reason = reason == NULL ? "" : reason,
    };
}

void response_session_again(struct job *job)
{
    if (!job->has_session)
        return;
    job->response.sessions[job->response.sessions_n++] = (struct field_session){
        .number = job->number,
        .nonce = job->session.nonce,
        .state = "admitted",
        .error = "",
        .reason = "",
        .token = job->session.token,
        .interval = job->interval_s,
    };
}
