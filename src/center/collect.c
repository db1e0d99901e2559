/* What goes down with a reply (M-3): calls of the centre, answers to calls of devices; for the asker and all below it. */
#include <stdio.h>
#include <string.h>

#include "center/job.h"

enum {
    LETTERS_MOST = 256,             /* calls, answers: each, in one reply */
    BYTES_MOST = LIMIT_EXCHANGE / 2 /* of envelopes, before base64 and signers */
};

static struct certificate *signers(struct job *job)
{
    const struct credentials *c = &job->center->credentials;
    struct certificate *list = arena_take(job->arena, c->chain_n * sizeof *list);
    for (size_t i = 0; list != NULL && i < c->chain_n; i++)
        list[i].der = cert_der(c->chain[i]);
    return list;
}

static enum err keep_bytes(struct job *job, struct span bytes, struct span *ret)
{
    uint8_t *to = arena_take(job->arena, bytes.n == 0 ? 1 : bytes.n);
    if (to == NULL)
        return ERR_NO_MEMORY;
    if (bytes.n != 0)
        memcpy(to, bytes.at, bytes.n);
    *ret = span_of(to, bytes.n);
    return OK;
}

/* Whether one more of that size fits; else the asker is told to come again at once. */
static bool fits(struct job *job, size_t n, size_t bytes)
{
    if (n < LETTERS_MOST && job->bytes + bytes <= BYTES_MOST) {
        job->bytes += bytes;
        return true;
    }
    job->response.more = true;
    return false;
}

static enum err add_call(struct job *job, const struct center_call *c)
{
    struct exchange_response *r = &job->response;
    AUTO_BUF signature = BUF_INIT;
    if (r->calls == NULL && (r->calls = arena_take(job->arena, LETTERS_MOST * sizeof *r->calls)) == NULL)
        return ERR_NO_MEMORY;
    struct field_call letter = {
        .id = arena_text(job->arena, span_text(c->id)),
        .number = c->number,
        .limit = c->limit_s - job->now_s,
        .signers = signers(job),
        .signers_n = job->center->credentials.chain_n,
    };
    if (letter.id == NULL || letter.signers == NULL)
        return ERR_NO_MEMORY;
    enum err err = keep_bytes(job, c->envelope, &letter.envelope);
    if (err == OK)
        err = letter_sign_call(job->center->credentials.key, &letter, &signature, NULL);
    if (err == OK)
        err = keep_bytes(job, buf_span(&signature), &letter.signature);
    if (err == OK)
        r->calls[r->calls_n++] = letter;
    return err;
}

static enum err take_call(void *context, const struct center_call *c)
{
    struct job *job = context;
    if (c->limit_s <= job->now_s || !fits(job, job->response.calls_n, c->envelope.n))
        return OK;
    return add_call(job, c);
}

static enum err add_answer(struct job *job, const struct center_call *c)
{
    struct exchange_response *r = &job->response;
    AUTO_BUF signature = BUF_INIT;
    bool delay = c->state == CALL_DELAYED;
    if (r->answers == NULL && (r->answers = arena_take(job->arena, LETTERS_MOST * sizeof *r->answers)) == NULL)
        return ERR_NO_MEMORY;
    struct field_answer letter = {
        .id = arena_text(job->arena, span_text(c->id)),
        .number = c->number,
        .kind = delay ? "delay" : "response",
        .after = !delay ? 0 : c->due_s > job->now_s ? c->due_s - job->now_s : 1,
        .signers = signers(job),
        .signers_n = job->center->credentials.chain_n,
    };
    if (letter.id == NULL || letter.signers == NULL)
        return ERR_NO_MEMORY;
    enum err err = delay ? OK : keep_bytes(job, c->answer, &letter.envelope);
    if (err == OK)
        err = letter_sign_answer(job->center->credentials.key, &letter, &signature, NULL);
    if (err == OK)
        err = keep_bytes(job, buf_span(&signature), &letter.signature);
    if (err == OK)
        r->answers[r->answers_n++] = letter;
    return err;
}

static enum err take_answer(void *context, const struct center_call *c)
{
    struct job *job = context;
    return fits(job, job->response.answers_n, c->answer.n) ? add_answer(job, c) : OK;
}

/* A device may be somewhere else than behind the gateway to which it is bound: what the gateway took for it would wait there. */
static bool is_this_way(const struct job *job, const struct center_device *d)
{
    return d->seen_s == 0 || number_equal(&d->number, &job->number) || strcmp(d->via, job->number.text) == 0;
}

/* Calls go down only to a device that may be called now: under agreement, not in quarantine. */
static enum err collect_for(struct job *job, const char *number, struct why *why)
{
    struct node node;
    struct db *db = job->center->db;
    enum err err = node_find(job->center, number, &node, why);
    if (err != OK || !is_this_way(job, &node.device))
        return err;
    err = center_call_waiting(db, number, false, LETTERS_MOST, take_answer, job, why);
    if (err != OK || decide_letter(&node, LETTER_ANYTHING, job->now_s).err != OK)
        return err;
    return job->reach != REACH_ALL && strcmp(number, job->number.text) == 0
               ? OK
               : center_call_waiting(db, number, true, LETTERS_MOST, take_call, job, why);
}

struct below {
    struct device_number *numbers;
    size_t n;
};

static enum err take_number(void *context, const char *number)
{
    struct below *b = context;
    snprintf(b->numbers[b->n].text, sizeof b->numbers[b->n].text, "%s", number);
    b->n++;
    return OK;
}

static enum err collect_below(struct job *job, struct why *why)
{
    struct below below = { arena_take(job->arena, LETTERS_MOST * sizeof *below.numbers), 0 };
    if (below.numbers == NULL)
        return ERR_NO_MEMORY;
    enum err err = center_call_below(job->center->db, job->number.text, LETTERS_MOST, take_number, &below, why);
    for (size_t i = 0; err == OK && i < below.n; i++)
        err = collect_for(job, below.numbers[i].text, why);
    return err;
}

enum err collect_letters(struct job *job, struct why *why)
{
    return job->peer.role == ROLE_GATEWAY ? collect_below(job, why) : collect_for(job, job->number.text, why);
}
