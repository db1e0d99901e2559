/* IDENTITIES: what the centre does not know yet, a page at a time (M-6). */
#include "base/clock.h"
#include "ca/history.h"
#include "ca/signer.h"
#include "store/register_field.h"

struct page {
    struct buf rows; /* fields of the answer */
    int64_t n;
};

static enum err put_known(void *context, const struct register_known *k)
{
    struct page *p = context;
    if (++p->n > LIMIT_IDENTITY_PAGE)
        return OK; /* only tells that there is more */
    enum err err = frame_put_int(&p->rows, k->cursor);
    if (err == OK)
        err = frame_put_text(&p->rows, k->number);
    if (err == OK)
        err = frame_put_int(&p->rows, k->generation);
    if (err == OK)
        err = frame_put_text(&p->rows, k->state);
    return err != OK ? err : frame_put_bytes(&p->rows, k->der);
}

/* A CA that was restored from a copy has not come as far as the centre remembers. */
static enum err check_cursor(struct db *db, int64_t cursor, struct why *why)
{
    int64_t newest = 0;
    enum err err = register_feed_newest(db, &newest, why);
    if (err == OK && (cursor < 0 || cursor > newest))
        err = why_set(why, ERR_BAD_INPUT, "the register's changes have not come to %lld, only to %lld: begin again at 0",
                      (long long)cursor, (long long)newest);
    return err;
}

/* --- What nobody confirmed --- */

static enum err void_stale(void *context, const struct register_certificate *c)
{
    struct signer *s = context;
    struct field_identity i = { .id = c->id, .generation = c->generation, .state = c->state };
    enum lifecycle_state to = LIFE_VOIDED;
    memcpy(i.fingerprint, c->fingerprint.at, sizeof i.fingerprint);
    enum err err = lifecycle_next(c->state, LIFE_EVENT_VOID, ROLE_CA, &to, NULL);
    return err != OK ? err : history_move(s->db, &i, to, &(struct history_move){ "ca", "void", c->subject, "superseded" }, NULL);
}

static enum err count_stale(void *context, const struct register_certificate *c)
{
    (void)c;
    ++*(int *)context;
    return OK;
}

static enum err sweep(struct signer *s, struct why *why)
{
    int64_t before_s = clock_wall_s() - LIMIT_RENEWAL_S;
    int n = 0;
    enum err err = register_renewal_stale(s->db, before_s, count_stale, &n, why);
    if (err != OK || n == 0)
        return err;
    err = db_begin(s->db, why);
    if (err == OK)
        err = register_renewal_stale(s->db, before_s, void_stale, s, why);
    return err != OK ? err : db_commit(s->db, why);
}

static enum err answer(struct signer *s, int64_t tag, const struct page *page)
{
    size_t mark;
    bool more = page->n > LIMIT_IDENTITY_PAGE;
    enum err err = frame_begin(&s->out, CA_ANSWER_IDENTITIES, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_int(&s->out, more);
    if (err == OK)
        err = frame_put_int(&s->out, more ? LIMIT_IDENTITY_PAGE : page->n);
    if (err == OK)
        err = buf_put_span(&s->out, buf_span(&page->rows));
    return err != OK ? err : frame_end(&s->out, mark);
}

enum err list_identities(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct page page = { .rows = BUF_INIT };
    int64_t cursor = frame_int(fields);
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = sweep(s, why);
    if (err == OK)
        err = check_cursor(s->db, cursor, why);
    if (err == OK)
        err = register_feed(s->db, cursor, LIMIT_IDENTITY_PAGE + 1, put_known, &page, why);
    if (err == OK)
        err = answer(s, tag, &page);
    buf_done(&page.rows);
    return err;
}
