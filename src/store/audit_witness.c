/* Heads of trails, and what others keep of them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/limit.h"
#include "store/audit.h"

enum { ASK_LAST = 0, ASK_AT = 4, SUBJECT_SIZE = sizeof "trail:" + LIMIT_NAME };

static const char event[] = "witness";

static enum err take_head(void *context, const struct db_row *row)
{
    struct audit_head *head = context;
    struct span hash = db_row_blob(row, 1);
    if (hash.n != sizeof head->hash)
        return ERR_DAMAGED;
    head->n = db_row_int(row, 0);
    memcpy(head->hash, hash.at, sizeof head->hash);
    return OK;
}

enum err audit_head_now(struct db *db, unsigned first, struct audit_head *ret_head, struct why *why)
{
    struct audit_head head = { .n = 0 };
    enum err err = db_query(db, first + ASK_LAST, DB_NO_ARGS, take_head, &head, why);
    if (err == OK)
        *ret_head = head;
    return err;
}

enum err audit_head_at(struct db *db, unsigned first, int64_t n, struct audit_head *ret_head, struct why *why)
{
    struct audit_head head = { .n = 0 };
    enum err err = db_query(db, first + ASK_AT, DB_ARGS(db_int(n)), take_head, &head, why);
    if (err == OK)
        *ret_head = head;
    return err;
}

bool audit_head_equal(const struct audit_head *a, const struct audit_head *b)
{
    return a->n == b->n && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

enum err audit_head_check(struct db *db, unsigned first, const char *kept, struct why *why)
{
    struct audit_head head = { .n = 0 }, now;
    char *end = NULL;
    if (kept == NULL)
        return OK;
    head.n = strtoll(kept, &end, 10);
    if (head.n <= 0 || *end != ':' || hex_decode(end + 1, sizeof head.hash, head.hash) != OK)
        return why_set(why, ERR_USAGE, "%.100s is not an entry's number and hash, like 17:HASH", kept);
    enum err err = audit_head_at(db, first, head.n, &now, why);
    if (err == OK && now.n == 0)
        return why_set(why, ERR_DAMAGED, "entry %lld of the audit trail is gone: its end was cut off", (long long)head.n);
    if (err == OK && !audit_head_equal(&head, &now))
        return why_set(why, ERR_DAMAGED, "entry %lld of the audit trail is not the one that was kept: it was cut or changed",
                       (long long)head.n);
    return err;
}

enum err audit_witness(struct db *db, unsigned first, const char *actor, const char *owner, int64_t now_s,
                       const struct audit_head *head, struct why *why)
{
    char subject[SUBJECT_SIZE], hex[2 * sizeof head->hash + 1], detail[128];
    hex_encode(head->hash, sizeof head->hash, hex);
    snprintf(subject, sizeof subject, "trail:%.*s", LIMIT_NAME, owner);
    snprintf(detail, sizeof detail, "entries=%lld head=%s", (long long)head->n, hex);
    return audit_append(db, first, &(struct audit_entry){ now_s, actor, event, subject, detail }, why);
}

static enum err take_witnessed(void *context, int64_t n, const struct audit_entry *e)
{
    struct audit_head head = { .n = 0 };
    const char *hex = strstr(e->detail, " head=");
    (void)n;
    if (strcmp(e->event, event) != 0 || strncmp(e->detail, "entries=", 8) != 0 || hex == NULL)
        return OK;
    head.n = strtoll(e->detail + 8, NULL, 10);
    enum err err = hex_decode(hex + 6, sizeof head.hash, head.hash);
    if (err == OK)
        *(struct audit_head *)context = head;
    return err == OK ? OK : ERR_DAMAGED;
}

enum err audit_witnessed(struct db *db, unsigned first, const char *owner, struct audit_head *ret_head, struct why *why)
{
    char subject[SUBJECT_SIZE];
    struct audit_head head = { .n = 0 };
    snprintf(subject, sizeof subject, "trail:%.*s", LIMIT_NAME, owner);
    enum err err = audit_list(db, first, subject, take_witnessed, &head, why);
    if (err == OK)
        *ret_head = head;
    return err;
}
