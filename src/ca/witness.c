/* CA and factory server keep the heads of each other's audit trails: what is cut off the end of one shows by the other. */
#include <stdio.h>

#include "base/clock.h"
#include "ca/signer.h"

enum { HASH = 32 };

static enum err put_hash(struct signer *s, const struct audit_head *head)
{
    return frame_put_bytes(&s->out, span_of(head->hash, head->n == 0 ? 0 : sizeof head->hash));
}

static enum err answer(struct signer *s, int64_t tag, const struct audit_head *now, const struct audit_head *asked,
                       const struct audit_head *kept)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_WITNESSED, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_int(&s->out, now->n);
    if (err == OK)
        err = put_hash(s, now);
    if (err == OK)
        err = put_hash(s, asked);
    if (err == OK)
        err = frame_put_int(&s->out, kept->n);
    if (err == OK)
        err = put_hash(s, kept);
    return err != OK ? err : frame_end(&s->out, mark);
}

/* What comes is kept first, so that our own head vouches for it too. */
static enum err keep(struct signer *s, const char *requester, const struct audit_head *head, struct why *why)
{
    char actor[LIMIT_NAME + 16];
    if (head->n == 0)
        return OK;
    snprintf(actor, sizeof actor, "factory:%s", requester);
    enum err err = db_begin(s->db, why);
    if (err == OK)
        err = audit_witness(s->db, register_audit_first(), actor, requester, clock_wall_s(), head, why);
    return err != OK ? err : db_commit(s->db, why);
}

enum err witness_trails(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    const unsigned first = register_audit_first();
    char requester[LIMIT_NAME + 1];
    struct audit_head head = { .n = 0 }, now, asked, kept;
    frame_text(fields, sizeof requester, requester);
    int64_t entries = frame_int(fields);
    struct span hash = frame_bytes(fields);
    int64_t asked_n = frame_int(fields);
    enum err err = frame_finish(fields, why);
    if (err == OK && hash.n != 0 && (hash.n != HASH || entries <= 0))
        err = why_set(why, ERR_BAD_INPUT, "a trail's head is a number of entries and %d bytes", HASH);
    if (err == OK && hash.n != 0) {
        head.n = entries;
        memcpy(head.hash, hash.at, sizeof head.hash);
    }
    if (err == OK)
        err = audit_head_at(s->db, first, asked_n, &asked, why);
    if (err == OK)
        err = audit_witnessed(s->db, first, requester, &kept, why);
    if (err == OK)
        err = keep(s, requester, &head, why);
    if (err == OK)
        err = audit_head_now(s->db, first, &now, why);
    return err != OK ? err : answer(s, tag, &now, &asked, &kept);
}
