/* Statement numbers of the centre's database, for center_*.c only. */
#ifndef STORE_CENTER_SCHEMA_H
#define STORE_CENTER_SCHEMA_H

#include "store/center.h"

enum center_statement {
#define X(name, sql) ASK_##name,
#include "store/center.tbl"
#undef X
    ASK_AUDIT,
    ASK_PEOPLE = ASK_AUDIT + AUDIT_STATEMENTS,
    CENTER_STATEMENTS = ASK_PEOPLE + PEOPLE_STATEMENTS
};

/* A query of at most one row. Errors: NOT_FOUND without any, "`what` is not known here". */
enum err center_one(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row,
                    void *context, const char *what, struct why *why) MUST_CHECK;
/* Whether the statement, which counts the rows with that key, counts any. Errors: NOT_FOUND, "there is no KIND KEY". */
enum err center_there(struct db *db, unsigned statement, const char *kind, const char *key, struct why *why) MUST_CHECK;

#endif
