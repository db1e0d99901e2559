/* The register's statements by number; only register_*.c include this. */
#ifndef STORE_REGISTER_SQL_H
#define STORE_REGISTER_SQL_H

#include "store/register.h"

enum register_statement {
    REG_ORDER_ADD,
    REG_ORDER_LIST,
    REG_MODEL_PROFILE,
    REG_CERTIFICATE_LIST,
    REG_SUBJECT_LIST,
    REG_KEY_LIST,
    REG_CERTIFICATE_FIND,
    REG_CERTIFICATE_ADD,
    REG_BODY_ADD,
    REG_BODY_LIST,
    REG_DOUBLED,
    REG_KEY_DOUBLED,
    REG_CERTIFICATE_MOVE,
    REG_SEALED_PUT,
    REG_REQUEST_FIND,
    REG_REQUEST_ADD,
    REG_REQUEST_WAITING,
    REG_REQUEST_MADE,
    REG_REQUEST_CONFIRM,
    REG_REQUEST_DROP_KEYS,
    REG_REQUEST_ROWS,
    REG_HISTORY,
    REG_RANGE_KNOWN,
    REG_RESERVE,
    REG_RESERVED_LIST,
    REG_RESERVATION,
    REG_UNRESERVE,
    REG_UNRESERVE_RUN,
    REG_LET_GO,
    REG_SLICE_ADD,
    REG_SLICE_BODIES_ADD,
    REG_SLICE_KEYS_ADD,
    REG_SLICE_FIND,
    REG_SLICE_COVERING,
    REG_SLICE_UNSIGNED,
    REG_ISSUE,
    REG_SLICE_DONE,
    REG_SLICE_BODIES_DROP,
    REG_SLICES_TOLD,
    REG_SLICE_CERTIFICATES,
    REG_UNTOLD,
    REG_AUDIT_ABOUT,
    REG_TOKEN_ADD,
    REG_TOKEN_FIND,
    REG_TOKEN_SPEND,
    REG_TOKEN_LIST,
    REG_CRL_NEWEST,
    REG_CRL_ADD,
    REG_CRL_FORGET,
    REG_REVOKED_LIST,
    REG_FEED,
    REG_FEED_NEWEST,
    REG_FEED_ADD,
    REG_RENEWAL_FIND,
    REG_RENEWAL_UNSIGNED,
    REG_RENEWAL_KEY,
    REG_RENEWAL_ADD,
    REG_RENEWAL_ISSUE,
    REG_RENEWAL_DROP,
    REG_RENEWAL_STALE,
    REG_AUDIT,
    REG_COUNT = REG_AUDIT + AUDIT_STATEMENTS
};

/* register_field.c */
extern const char register_field_migration[], register_sql_feed[], register_sql_feed_newest[], register_sql_feed_add[];
extern const char register_sql_renewal_find[], register_sql_renewal_unsigned[], register_sql_renewal_key[], register_sql_renewal_add[],
    register_sql_renewal_issue[], register_sql_renewal_drop[];

extern const struct db_schema register_schema;
extern const char register_sql_about[]; /* register_trail.c */
extern const char register_slice_migration[], register_key_migration[]; /* register_migration.c */

/* Reads a row that starts with the columns of CERTIFICATE_COLUMNS. */
struct register_certificate register_certificate_of(const struct db_row *row);

#endif
