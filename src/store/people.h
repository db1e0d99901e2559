/* Operators and their sessions, in the database of the program that they log in to.
 *
 * The tables come with one migration, the statements are taken up by the program's schema from number `first` on
 * (as the audit trail's are). */
#ifndef STORE_PEOPLE_H
#define STORE_PEOPLE_H

#include "base/limit.h"
#include "store/db.h"

extern const char people_migration[];
extern const char people_sql_put[], people_sql_get[], people_sql_each[], people_sql_session_add[], people_sql_session_get[],
    people_sql_session_drop[], people_sql_session_end[];
enum { PEOPLE_STATEMENTS = 7 };
#define PEOPLE_STATEMENT_ROWS(first)                                                                                             \
    [(first)] = people_sql_put, [(first) + 1] = people_sql_get, [(first) + 2] = people_sql_each,                                 \
    [(first) + 3] = people_sql_session_add, [(first) + 4] = people_sql_session_get, [(first) + 5] = people_sql_session_drop,     \
    [(first) + 6] = people_sql_session_end

/* Where they are: a database and the number of its first statement about people. */
struct people {
    struct db *db;
    unsigned first;
};

struct person {
    char name[LIMIT_NAME + 1], role[16], hash[128]; /* crypt(5) */
    bool disabled;
    int64_t failures, locked_until_s;
};
typedef enum err person_fn(void *context, const struct person *person);

/* Errors: those of db_query, and those named. */
enum err people_put(const struct people *p, const struct person *person, struct why *why) MUST_CHECK; /* new or changed */
enum err people_get(const struct people *p, const char *name, struct person *ret_person,
                    struct why *why) MUST_CHECK; /* NOT_FOUND */
enum err people_each(const struct people *p, person_fn *fn, void *context, struct why *why) MUST_CHECK;

/* Sessions are kept by the hash of their token. */
enum err people_session_add(const struct people *p, const uint8_t hash[32], const char *name, int64_t expires_s,
                            struct why *why) MUST_CHECK;
/* Whose it is. Errors: NOT_FOUND, also when it is over. */
enum err people_session_get(const struct people *p, const uint8_t hash[32], int64_t now_s, char ret_name[LIMIT_NAME + 1],
                            struct why *why) MUST_CHECK;
/* Ends one session, or all of one person; and those that are over. */
enum err people_session_drop(const struct people *p, const uint8_t hash[32], int64_t now_s, struct why *why) MUST_CHECK;
enum err people_session_end(const struct people *p, const char *name, int64_t now_s, struct why *why) MUST_CHECK;

#endif
