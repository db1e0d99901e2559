/* What db_move.c does in PostgreSQL. Tables and columns are those that the migrations made, as the server's catalogue has
 * them. */
#ifndef STORE_DB_POSTGRES_MOVE_H
#define STORE_DB_POSTGRES_MOVE_H

#include "store/db_backend.h"

enum { POSTGRES_NOTHING = -1, POSTGRES_OTHER = -2 };

/* The version of what is there; NOTHING, or OTHER: something that is no database of ours. */
enum err postgres_move_look(struct db *db, int64_t *ret_version, struct why *why) MUST_CHECK;

/* Begins the transaction and makes all tables, empty, with nothing in the way of rows in any order; `replace`: what is there
 * goes first. Errors: EXISTS (somebody else made them meanwhile). */
enum err postgres_move_begin(struct db *db, bool replace, struct why *why) MUST_CHECK;
/* What points where is checked, triggers guard again, ids go on behind the highest; the server's planner knows how much there is. */
enum err postgres_move_end(struct db *db, struct why *why) MUST_CHECK;

/* One row for each table: its name, its columns as "t.a, t.b" and as "a, b", a letter for the kind of each (i, t, b), and how
 * many of them the file has by that name too: all but `rowid`. */
extern const char postgres_move_tables[];

/* COPY: begun, fed with rows in its binary format (a count of 2 bytes, then each field behind its length of 4), ended;
 * `whole` false: given up. Whatever was begun must be ended. */
enum err postgres_copy_begin(struct db *db, const char *table, const char *columns, struct why *why) MUST_CHECK;
enum err postgres_copy_put(struct db *db, struct span rows, struct why *why) MUST_CHECK;
enum err postgres_copy_end(struct db *db, bool whole, struct why *why) MUST_CHECK;

#endif
