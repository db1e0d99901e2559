/* PostgreSQL: long answers. WITH HOLD: the cursor needs no transaction around it and outlives the one in which it was opened,
 * so that a row's function may begin and commit what it likes, as with an answer that is all here. */
#include <stdio.h>

#include "store/db_postgres.h"

enum { PIECE = 200 }; /* rows */

enum err postgres_pass(PGresult *result, db_row_fn *on_row, void *context)
{
    enum err err = OK;
    for (int i = 0; err == OK && on_row != NULL && i < PQntuples(result); i++) {
        struct db_row row = { &db_postgres, result, i };
        err = on_row(context, &row);
    }
    return err;
}

enum err postgres_cursor_open(struct db *db, const char *sql, const struct postgres_values *v, unsigned *ret_cursor,
                              struct why *why)
{
    static const struct postgres_values none = { 0 };
    struct postgres *p = postgres_of(db);
    AUTO_BUF declare = BUF_INIT;
    enum err err = buf_putf(&declare, "DECLARE c%u NO SCROLL CURSOR WITH HOLD FOR %s", ++p->cursors, sql);
    const char *text = err == OK ? buf_text(&declare) : NULL;
    if (err == OK && text == NULL)
        err = ERR_NO_MEMORY;
    if (err != OK)
        return err;
    v = v == NULL ? &none : v;
    err = postgres_done(db, PQexecParams(p->conn, text, v->parameters, v->types, v->at, v->n, v->formats, POSTGRES_BINARY), why);
    if (err == OK)
        *ret_cursor = p->cursors;
    return err;
}

/* Passes the next rows on; fewer than a piece: there are no more. */
static enum err walk_piece(struct db *db, unsigned cursor, db_row_fn *on_row, void *context, bool *ret_more, struct why *why)
{
    char sql[48];
    snprintf(sql, sizeof sql, "FETCH %d FROM c%u", PIECE, cursor);
    PGresult *result = PQexecParams(postgres_of(db)->conn, sql, 0, NULL, NULL, NULL, NULL, POSTGRES_BINARY);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return postgres_done(db, result, why);
    *ret_more = PQntuples(result) == PIECE;
    enum err err = postgres_pass(result, on_row, context);
    PQclear(result);
    return err;
}

static void close_cursor(struct db *db, unsigned cursor)
{
    char sql[24];
    PGconn *conn = postgres_of(db)->conn;
    snprintf(sql, sizeof sql, "CLOSE c%u", cursor);
    if (PQtransactionStatus(conn) != PQTRANS_INERROR) /* its end closes it then */
        PQclear(PQexec(conn, sql));
}

enum err postgres_cursor_walk(struct db *db, unsigned cursor, db_row_fn *on_row, void *context, struct why *why)
{
    enum err err = OK;
    for (bool more = true; err == OK && more;)
        err = walk_piece(db, cursor, on_row, context, &more, why);
    close_cursor(db, cursor);
    return err;
}
