/* The chain of tokens of each number, what is not settled about it, and the letters that came. */
#include <string.h>

#include "store/center_schema.h"

enum { SHOWN_BYTES = CENTER_SHOWN_KEPT * 16, MARKS_BYTES = LIMIT_LETTERS_KNOWN * 2 };

static void put_u64(uint8_t *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t *from)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | from[i];
    return value;
}

/* --- Sessions --- */

static enum err take_session(void *context, const struct db_row *row)
{
    struct center_session *s = context;
    struct span shown = db_row_blob(row, 5);
    *s = (struct center_session){ .position = db_row_int(row, 3), .letters = db_row_int(row, 4) };
    db_row_copy(row, 0, sizeof s->token, s->token);
    db_row_copy(row, 1, sizeof s->used, s->used);
    db_row_copy(row, 2, sizeof s->nonce, s->nonce);
    if (shown.n != 0 && shown.n != SHOWN_BYTES)
        return ERR_DAMAGED;
    for (size_t i = 0; shown.n != 0 && i < CENTER_SHOWN_KEPT; i++)
        s->shown[i] = (struct center_shown){ get_u64(shown.at + 16 * i), get_u64(shown.at + 16 * i + 8) };
    return OK;
}

enum err center_session_find(struct db *db, const char *number, struct center_session *ret_session, struct why *why)
{
    return center_one(db, ASK_SESSION_GET, DB_ARGS(db_text(number)), take_session, ret_session, number, why);
}

enum err center_session_put(struct db *db, const char *number, const struct center_session *s, struct why *why)
{
    uint8_t shown[SHOWN_BYTES];
    for (size_t i = 0; i < CENTER_SHOWN_KEPT; i++) {
        put_u64(shown + 16 * i, s->shown[i].token);
        put_u64(shown + 16 * i + 8, s->shown[i].nonce);
    }
    return db_run(db, ASK_SESSION_PUT,
                  DB_ARGS(db_text(number), db_text(s->token), db_text(s->used), db_text(s->nonce), db_int(s->position),
                          db_int(s->letters), db_blob(span_of(shown, sizeof shown))),
                  why);
}

enum err center_session_letters(struct db *db, const char *number, int64_t letters, struct why *why)
{
    return db_run(db, ASK_SESSION_LETTERS, DB_ARGS(db_text(number), db_int(letters)), why);
}

enum err center_session_drop(struct db *db, const char *number, struct why *why)
{
    enum err err = db_run(db, ASK_SESSION_FORGET, DB_ARGS(db_text(number)), why);
    if (err == OK)
        err = center_gap_forget(db, number, why);
    return err != OK ? err : db_run(db, ASK_LETTERS_FORGET, DB_ARGS(db_text(number)), why);
}

enum err center_session_forget(struct db *db, const char *number, struct why *why)
{
    enum err err = center_session_drop(db, number, why);
    if (err == OK)
        err = db_run(db, ASK_DOUBT_RELEASE, DB_ARGS(db_text(number)), why);
    return err != OK ? err : db_run(db, ASK_READING_BASELINE, DB_ARGS(db_text(number)), why);
}

/* --- Doubts --- */

static enum err take_doubt(void *context, const struct db_row *row)
{
    struct center_doubt *d = context;
    *d = (struct center_doubt){ .released = db_row_int(row, 0) != 0, .late = db_row_int(row, 2), .late_s = db_row_int(row, 3) };
    db_row_copy(row, 1, sizeof d->challenge, d->challenge);
    return OK;
}

enum err center_doubt_find(struct db *db, const char *number, struct center_doubt *ret_doubt, struct why *why)
{
    *ret_doubt = (struct center_doubt){ .released = false };
    return db_query(db, ASK_DOUBT_GET, DB_ARGS(db_text(number)), take_doubt, ret_doubt, why);
}

enum err center_doubt_put(struct db *db, const char *number, const struct center_doubt *d, struct why *why)
{
    return db_run(db, ASK_DOUBT_PUT,
                  DB_ARGS(db_text(number), db_int(d->released), db_text(d->challenge), db_int(d->late), db_int(d->late_s)), why);
}

/* --- Letters --- */

static enum err take_letters(void *context, const struct db_row *row)
{
    struct center_letters *l = context;
    struct span marks = db_row_blob(row, 1);
    if (marks.n != MARKS_BYTES)
        return ERR_DAMAGED;
    l->top = db_row_int(row, 0);
    for (size_t i = 0; i < LIMIT_LETTERS_KNOWN; i++)
        l->marks[i] = (uint16_t)(marks.at[2 * i] << 8 | marks.at[2 * i + 1]);
    return OK;
}

enum err center_letters_find(struct db *db, const char *number, const char *maker, struct center_letters *ret_letters, struct why *why)
{
    *ret_letters = (struct center_letters){ .top = 0 };
    return db_query(db, ASK_LETTERS_GET, DB_ARGS(db_text(number), db_text(maker)), take_letters, ret_letters, why);
}

enum err center_letters_put(struct db *db, const char *number, const char *maker, const struct center_letters *l, struct why *why)
{
    uint8_t marks[MARKS_BYTES];
    for (size_t i = 0; i < LIMIT_LETTERS_KNOWN; i++) {
        marks[2 * i] = (uint8_t)(l->marks[i] >> 8);
        marks[2 * i + 1] = (uint8_t)l->marks[i];
    }
    return db_run(db, ASK_LETTERS_PUT,
                  DB_ARGS(db_text(number), db_text(maker), db_int(l->top), db_blob(span_of(marks, sizeof marks))), why);
}
