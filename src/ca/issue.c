/* The slices of a batch one after the other: while one is recorded, the pool makes keys and bodies for the next but one.
 * One transaction records the certificates of a slice and what will be signed of the next: each slice costs one sync.
 *
 *     pool   prepare 0 | prepare 1   | sign 0 | prepare 2              | sign 1 | prepare 3 ...
 *     main             | bodies of 0 |        | record 0, bodies of 1  |        | record 1, bodies of 2 ... */
#include <stdlib.h>

#include "ca/reserve.h"
#include "ca/slice.h"

/* A PACKS frame is closed beyond so many bytes: few enough that the front works in the processor's cache. */
enum { FRAME_BYTES = 128 * 1024, SLICES = 3 };

/* What is prepared and not recorded is nothing: it may be dropped at any moment. What is on record may be, too: it is
 * loaded again when it is asked for. */
struct desk {
    struct slice slices[SLICES];
    struct slice *ready; /* on record, to be signed next; NULL: none */
    struct slice *ahead; /* being prepared; NULL: none */
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
    if (s->desk->ahead != NULL)
        slice_clear(s->desk->ahead);
    if (s->desk->ready != NULL)
        slice_clear(s->desk->ready);
    s->desk->ahead = s->desk->ready = NULL;
}

/* The slice behind `now` is made ready by the pool while the caller goes on. Whatever is wrong with it is met, and told,
 * when it is its turn. */
static void begin_ahead(const struct slice *now)
{
    struct signer *s = now->signer;
    int64_t position = now->position + (int64_t)now->n;
    if (position >= now->batch->count)
        return;
    struct slice *next = free_slice(s->desk);
    if (slice_load(next, s, now->batch, position, NULL) != OK) {
        slice_clear(next);
        return;
    }
    s->desk->ahead = next;
    pool_start(s->pool, next->n, slice_prepare_item, next);
}

/* The same with the first slice of a batch that is being judged: making keys needs no verdict, and while the numbers are
 * judged by one, the others would wait. Nothing of it is on record, and nothing will be when the batch is refused. */
void issue_begin(struct signer *s, struct batch *b)
{
    if (s->desk->ready != NULL || s->desk->ahead != NULL)
        return; /* the desk is another batch's */
    struct slice *first = free_slice(s->desk);
    if (slice_load_new(first, s, b, NULL) != OK) {
        slice_clear(first);
        return;
    }
    s->desk->ahead = first;
    pool_start(s->pool, first->n, slice_prepare_item, first);
}

/* What was begun; NULL when there is nothing, or nothing good. */
static struct slice *take_ahead(struct signer *s)
{
    struct slice *slice = s->desk->ahead;
    pool_wait(s->pool);
    s->desk->ahead = NULL;
    if (slice == NULL || slice_judge(slice, NULL) == OK)
        return slice;
    slice_clear(slice);
    return NULL;
}

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

static bool is_next(const struct slice *slice, const struct batch *b)
{
    return slice != NULL && slice->batch == b && slice->position == b->position;
}

/* Loads the slice at the batch's position, and makes it when it is new. */
static enum err make_next(struct signer *s, struct batch *b, struct slice **ret_slice, struct why *why)
{
    issue_drop_ahead(s);
    struct slice *slice = *ret_slice = free_slice(s->desk);
    enum err err = slice_load(slice, s, b, b->position, why);
    if (err == OK && slice->n == 0)
        err = why_set(why, ERR_DAMAGED, "the register has nothing at place %lld of the request", (long long)b->position);
    if (err != OK || slice->state != SLICE_NEW)
        return err;
    pool_run(s->pool, slice->n, slice_prepare_item, slice);
    return slice_judge(slice, why);
}

/* The slice at the batch's position, on record. */
static enum err take_slice(struct signer *s, struct batch *b, struct slice **ret_slice, struct why *why)
{
    if (b->position == b->count)
        return why_set(why, ERR_NOT_FOUND, "all packs of the request were given out");
    if (is_next(s->desk->ready, b)) {
        *ret_slice = s->desk->ready;
        s->desk->ready = NULL;
        return OK;
    }
    if (s->desk->ready == NULL && is_next(s->desk->ahead, b))
        *ret_slice = take_ahead(s); /* begun while the batch was judged */
    enum err err = *ret_slice == NULL ? make_next(s, b, ret_slice, why) : OK;
    if (err != OK || (*ret_slice)->state != SLICE_NEW)
        return err;
    begin_ahead(*ret_slice);
    return record(NULL, *ret_slice, why);
}

static enum err make_slice(struct slice *slice, struct why *why)
{
    struct signer *s = slice->signer;
    struct desk *desk = s->desk;
    if (desk->ahead == NULL)
        begin_ahead(slice);
    struct slice *next = take_ahead(s);
    pool_run(s->pool, slice->n, slice_sign_item, slice);
    enum err err = slice_judge(slice, why);
    if (err == OK && next != NULL)
        begin_ahead(next);
    if (err == OK)
        err = record(slice->state == SLICE_ON_RECORD ? slice : NULL, next != NULL && next->state == SLICE_NEW ? next : NULL, why);
    if (err == OK)
        desk->ready = next;
    else if (next != NULL)
        slice_clear(next);
    return err;
}

/* --- The answer --- */

static enum err put_frame(const struct slice *slice, size_t from, size_t to, enum ca_packs what)
{
    size_t mark;
    struct signer *s = slice->signer;
    enum err err = frame_begin(&s->out, CA_ANSWER_PACKS, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, slice->batch->tag);
    if (err == OK)
        err = frame_put_int(&s->out, what);
    if (err == OK)
        err = frame_put_int(&s->out, slice_count(slice, from, to));
    for (size_t i = from; err == OK && i < to; i++) {
        if (slice->items[i].dropped)
            continue;
        err = frame_put_text(&s->out, slice->items[i].number.text);
        if (err == OK)
            err = frame_put_text(&s->out, slice->items[i].order);
        if (err == OK)
            err = frame_put_bytes(&s->out, buf_span(&slice->items[i].pack));
    }
    return err != OK ? err : frame_end(&s->out, mark);
}

static enum err answer_packs(const struct slice *slice, enum ca_packs last)
{
    enum err err = OK;
    size_t from = 0, bytes = 0;
    for (size_t i = 0; err == OK && i < slice->n; i++) {
        bytes += slice->items[i].pack.len + 256;
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
    struct slice *slice = NULL;
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = take_slice(s, b, &slice, why);
    if (err == OK)
        err = make_slice(slice, why);
    if (err == OK)
        err = answer_packs(slice, b->position + (int64_t)slice->n == b->count ? CA_PACKS_ALL : CA_PACKS_ASK_AGAIN);
    if (err == OK)
        b->position += (int64_t)slice->n;
    else
        issue_drop_ahead(s);
    if (slice != NULL)
        slice_clear(slice);
    return err;
}
