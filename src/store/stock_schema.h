/* Statement numbers of the factory's database, for stock_*.c only. */
#ifndef STORE_STOCK_SCHEMA_H
#define STORE_STOCK_SCHEMA_H

#include "store/stock.h"

enum stock_statement {
#define X(name, sql) ASK_##name,
#include "store/stock.tbl"
#undef X
    ASK_AUDIT,
    ASK_PEOPLE = ASK_AUDIT + AUDIT_STATEMENTS,
    STOCK_STATEMENTS = ASK_PEOPLE + PEOPLE_STATEMENTS
};

extern const char stock_material_migration[]; /* stock_material.c */
extern const char stock_request_migration[];  /* stock_request.c */

/* A query of at most one row: NOT_FOUND without any. */
enum err stock_one(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row,
                   void *context, struct why *why) MUST_CHECK;
/* Appends the first column of the first row. Errors: NOT_FOUND. */
enum err stock_blob(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, struct buf *to,
                    struct why *why) MUST_CHECK;

#endif
