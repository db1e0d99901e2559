/* SQL as it is written in this room, for PostgreSQL. Each statement and each migration is written once, in what SQLite
 * and PostgreSQL both take; what differs between them all the same is turned by a few rows in db_dialect.c.
 *
 * Known here: column types (INTEGER, TEXT, BLOB), STRICT, WITHOUT ROWID, rowid, INTEGER PRIMARY KEY, INSERT OR IGNORE,
 * UPDATE OR ROLLBACK, triggers that refuse (RAISE) or change another row. Types and these words are written in capitals. */
#ifndef STORE_DB_DIALECT_H
#define STORE_DB_DIALECT_H

#include "base/buf.h"

/* Appends the statements of `sql`. Errors: BUG (a trigger that is not written as known here), NO_MEMORY. */
enum err dialect_postgres(const char *sql, struct buf *to, struct why *why) MUST_CHECK;

#endif
