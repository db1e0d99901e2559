/* The slices of a batch one after the other. Each goes through four hands, and what one of them does to a slice the
 * others do to its neighbours at the same time:
 *
 *     the pool prepares keys and bodies     third
 *     the main thread records them          second
 *     the pool signs, once they are durable first
 *     the main thread records, gives out    given
 *
 * One transaction records the certificates of one slice and what will be signed of the next but one, so that a slice costs
 * one sync, and while the main thread waits for it, the pool has a slice to sign and one to prepare. */
#include <stdlib.h>

#include "ca/reserve.h"
#include "ca/slice.h"

/* A PACKS frame is closed beyond so many bytes: few enough that the front works in the processor's cache. */
enum { FRAME_BYTES = 128 * 1024, SLICES = 4 };

/* Slices of one batch, in order; NULL: none. What is prepared and not recorded is nothing: it may be dropped at any moment.
 * What is on record may be, too: it is loaded again when it is asked for. */
struct desk {
    struct slice slices[SLICES];
    struct slice *first;  /* on record; signed when the pool has come to its end */
    struct slice *second; /* on record */
    struct slice *third;  /* prepared when the pool has come to its end */
};

enum err issue_new_desk(struct signer *s)
{
    s->desk = calloc(1, sizeof *s->desk);
    return s->desk == NULL ? ERR_NO_MEMORY : OK;
}

void issue_free_desk(struct signer *s)
{
    for (size_t i = 0; s->desk != NULL && i < SLICES; i++)
        slice_free(&s->desk->slices[i]);
    free(s->desk);
}

static struct slice *free_slice(struct desk *desk)
{
    struct slice *slice = desk->slices;
    while (slice->batch != NULL)
        slice++;
    return slice;
}

void issue_drop_ahead(struct signer *s)
{
    if (s->desk == NULL)
        return;
    pool_wait(s->pool);
    for (size_t i = 0; i < SLICES; i++)
        slice_clear(&s->desk->slices[i]);
    s->desk->first = s->desk->second = s->desk->third = NULL;
}

/* --- The pool's part --- */

static size_t count_items(const struct slice *slice) { return slice == NULL ? 0 : slice->n; }

/* Items to be signed first, as they are waited for first. */
static void work(void *context, size_t worker, size_t i)
{
    struct desk *desk = context;
    size_t to_sign = count_items(desk->first);
    if (i < to_sign)
        slice_sign_item(desk->first, worker, i);
    else
        slice_prepare_item(desk->third, worker, i - to_sign);
}

static void begin_work(struct signer *s)
{
    pool_start(s->pool, count_items(s->desk->first) + count_items(s->desk->third), work, s->desk);
}

/* Keys of the first slice of a batch that is being judged: making them needs no verdict, and while the numbers are judged
 * by one, the others would wait. Nothing of it is on record, and nothing will be when the batch is refused. */
void issue_begin(struct signer *s, struct batch *b)
{
    struct desk *desk = s->desk;
    if (desk->first != NULL || desk->second != NULL || desk->third != NULL)
        return; /* the desk is another batch's */
    desk->third = free_slice(desk);
    if (slice_load_new(desk->third, s, b, NULL) != OK)
        issue_drop_ahead(s);
    else
        begin_work(s);
}

/* The slice behind `now`; NULL: there is none, or it cannot be had, which is told when it is its turn. */
static struct slice *load_behind(struct signer *s, const struct slice *now)
{
    int64_t position = now == NULL ? 0 : now->position + (int64_t)now->n;
    if (now == NULL || position >= now->batch->count)
        return NULL;
    struct slice *next = free_slice(s->desk);
    if (slice_load(next, s, now->batch, position, NULL) == OK)
        return next;
    slice_clear(next);
    return NULL;
}

/* --- The main thread's part --- */

/* Records what is to be recorded of a slice that is signed and of one that is prepared; each may be NULL. */
static enum err record(struct slice *is_signed, struct slice *prepared, struct why *why)
{
    struct slice *one = is_signed != NULL ? is_signed : prepared;
    enum err err = one == NULL ? OK : db_begin(one->signer->db, why);
    if (one == NULL || err != OK)
        return err;
    err = reserve_refresh(one->signer, one->batch, why); /* nobody lets go of a number while the transaction is open */
    if (err == OK && is_signed != NULL) {
        slice_take_places(is_signed);
        err = slice_issue(is_signed, why);
    }
    if (err == OK && prepared != NULL) {
        slice_take_places(prepared);
        err = slice_put_on_record(prepared, why);
    }
    if (err == OK)
        err = db_commit(one->signer->db, why);
    if (err == OK && is_signed != NULL)
        slice_settle(is_signed);
    if (err == OK && prepared != NULL)
        slice_settle(prepared);
    return err;
}

static struct slice *in_state(struct slice *slice, enum slice_state state)
{
    return slice != NULL && slice->state == state ? slice : NULL;
}

/* What went wrong with the third is told when nothing good is in front of it. */
static enum err wait_for_pool(struct signer *s, struct why *why)
{
    struct desk *desk = s->desk;
    pool_wait(s->pool);
    enum err err = desk->first == NULL ? OK : slice_judge(desk->first, why);
    bool alone = desk->first == NULL && desk->second == NULL;
    if (err != OK || desk->third == NULL)
        return err;
    if (alone)
        return slice_judge(desk->third, why);
    if (slice_judge(desk->third, NULL) != OK) {
        slice_clear(desk->third);
        desk->third = NULL;
    }
    return OK;
}

/* Every slice goes on by one hand. *ret_given: the one that is through, to be cleared; NULL: none yet. */
static enum err step(struct signer *s, struct slice **ret_given, struct why *why)
{
    struct desk *desk = s->desk;
    enum err err = wait_for_pool(s, why);
    if (err != OK)
        return err;
    struct slice *given = desk->first;
    desk->first = desk->second;
    desk->second = desk->third;
    desk->third = load_behind(s, desk->second);
    begin_work(s);
    err = record(in_state(given, SLICE_ON_RECORD), in_state(desk->second, SLICE_NEW), why);
    if (err == OK)
        *ret_given = given;
    return err;
}

/* The desk is made this batch's, at its position, if it is not. */
static enum err take_desk(struct signer *s, struct batch *b, struct why *why)
{
    struct desk *desk = s->desk;
    const struct slice *next = desk->first != NULL ? desk->first : desk->second != NULL ? desk->second : desk->third;
    if (b->position == b->count)
        return why_set(why, ERR_NOT_FOUND, "all packs of the request were given out");
    if (next != NULL && next->batch == b && next->position == b->position)
        return OK;
    issue_drop_ahead(s);
    desk->third = free_slice(desk);
    enum err err = slice_load(desk->third, s, b, b->position, why);
    if (err == OK && desk->third->n == 0)
        err = why_set(why, ERR_DAMAGED, "the register has nothing at place %lld of the request", (long long)b->position);
    if (err == OK)
        begin_work(s);
    return err;
}

/* --- The answer --- */

static enum err put_item(const struct slice *slice, size_t i, struct buf *pack)
{
    struct buf *out = &slice->signer->out;
    secret_wipe(pack->data, pack->len);
    buf_clear(pack);
    enum err err = slice_pack_item(slice, i, pack);
    if (err == OK)
        err = frame_put_text(out, slice->items[i].number.text);
    if (err == OK)
        err = frame_put_text(out, slice->items[i].order);
    return err != OK ? err : frame_put_bytes(out, buf_span(pack));
}

static enum err put_frame(const struct slice *slice, size_t from, size_t to, enum ca_packs what)
{
    size_t mark;
    struct signer *s = slice->signer;
    AUTO_WIPED_BUF pack = BUF_INIT;
    enum err err = frame_begin(&s->out, CA_ANSWER_PACKS, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, slice->batch->tag);
    if (err == OK)
        err = frame_put_int(&s->out, what);
    if (err == OK)
        err = frame_put_int(&s->out, slice_count(slice, from, to));
    for (size_t i = from; err == OK && i < to; i++)
        if (!slice->items[i].dropped)
            err = put_item(slice, i, &pack);
    return err != OK ? err : frame_end(&s->out, mark);
}

static enum err answer_packs(const struct slice *slice, enum ca_packs last)
{
    const struct authorities *ca = &slice->signer->ca;
    size_t chain = cert_der(ca->of[AUTHORITY_ROOT].cert).n + cert_der(ca->of[AUTHORITY_IDENTITY].cert).n;
    enum err err = OK;
    size_t from = 0, bytes = 0;
    for (size_t i = 0; err == OK && i < slice->n; i++) {
        bytes += slice->items[i].cert.len + slice->items[i].key.len + chain + 256;
        if (bytes < FRAME_BYTES && i + 1 < slice->n)
            continue;
        err = put_frame(slice, from, i + 1, i + 1 < slice->n ? CA_PACKS_MORE : last);
        from = i + 1;
        bytes = 0;
    }
    return err;
}

enum err issue_next(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = batch_find(s, tag);
    struct slice *given = NULL;
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = take_desk(s, b, why);
    while (err == OK && given == NULL)
        err = step(s, &given, why);
    if (err == OK)
        err = answer_packs(given, b->position + (int64_t)given->n == b->count ? CA_PACKS_ALL : CA_PACKS_ASK_AGAIN);
    if (err == OK)
        b->position += (int64_t)given->n;
    if (err == OK)
        slice_clear(given);
    else
        issue_drop_ahead(s);
    return err;
}
