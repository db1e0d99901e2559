#include "store/db_move.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/audit.h"
#include "store/db_postgres_move.h"

enum { SEND_BYTES = 64 * 1024, SHA_256 = 32 };

/* What a table holds, in whatever order: how many rows, and the sum of their hashes. */
struct content {
    int64_t rows;
    uint64_t sum[SHA_256 / 8];
};

struct move {
    const struct db_movable *what;
    struct db *from, *to;
    const char *url, *actor;
    bool copying; /* false: only compared */
    int64_t columns;
    struct db_moved done;
    struct why *why;
};

/* --- A row, as COPY takes it and as it is compared --- */

static enum err put_number(struct buf *to, uint64_t value, size_t bytes)
{
    uint8_t text[8];
    for (size_t i = bytes; i > 0; i--, value >>= 8)
        text[i - 1] = (uint8_t)value;
    return buf_put(to, text, bytes);
}

static enum err put_field(struct buf *to, const struct db_row *row, int column, char kind)
{
    if (db_row_null(row, column))
        return put_number(to, UINT32_MAX, 4);
    struct span bytes = kind == 'i' ? span_of(NULL, 8) : db_row_blob(row, column);
    enum err err = put_number(to, bytes.n, 4);
    if (err != OK)
        return err;
    return kind == 'i' ? put_number(to, (uint64_t)db_row_int(row, column), 8) : buf_put_span(to, bytes);
}

static enum err put_row(struct buf *to, const struct db_row *row, const char *kinds)
{
    enum err err = put_number(to, strlen(kinds), 2);
    for (int i = 0; err == OK && kinds[i] != '\0'; i++)
        err = put_field(to, row, i, kinds[i]);
    return err;
}

static enum err add_row(struct content *c, struct span row)
{
    uint8_t hash[SHA_256];
    if (EVP_Digest(row.at, row.n, hash, NULL, EVP_sha256(), NULL) != 1)
        return ERR_BUG;
    for (size_t i = 0; i < SHA_256; i++)
        c->sum[i / 8] += (uint64_t)hash[i] << (8 * (i % 8));
    c->rows++;
    return OK;
}

/* --- A table --- */

struct side {
    struct move *m;
    const char *kinds;
    struct content content;
    struct buf rows;
    bool sending;
};

static enum err take_row(void *context, const struct db_row *row)
{
    struct side *s = context;
    size_t before = s->rows.len;
    enum err err = put_row(&s->rows, row, s->kinds);
    if (err == OK)
        err = add_row(&s->content, span_of(s->rows.data + before, s->rows.len - before));
    if (err != OK || (s->sending && s->rows.len < SEND_BYTES))
        return err;
    if (s->sending)
        err = postgres_copy_put(s->m->to, buf_span(&s->rows), s->m->why);
    buf_clear(&s->rows);
    return err;
}

static enum err send_rows(struct move *m, const char *select, const char *table, const char *columns, struct side *from)
{
    enum err err = postgres_copy_begin(m->to, table, columns, m->why);
    if (err != OK)
        return err;
    err = m->from->backend->walk(m->from, select, take_row, from, m->why);
    if (err == OK)
        err = postgres_copy_put(m->to, buf_span(&from->rows), m->why);
    enum err ended = postgres_copy_end(m->to, err == OK, err == OK ? m->why : NULL);
    return err != OK ? err : ended;
}

static enum err compare(struct move *m, const char *table, const struct content *from, const struct content *to)
{
    if (from->rows != to->rows)
        return why_set(m->why, ERR_DAMAGED, "of %lld rows of the table %s, %lld arrived", (long long)from->rows, table,
                       (long long)to->rows);
    return memcmp(from->sum, to->sum, sizeof from->sum) == 0
               ? OK
               : why_set(m->why, ERR_DAMAGED, "a row of the table %s did not arrive as it is in the file", table);
}

/* A row of postgres_move_tables. */
static enum err take_table(void *context, const struct db_row *row)
{
    struct move *m = context;
    const char *table = db_row_text(row, 0), *kinds = db_row_text(row, 3);
    struct side from = { .m = m, .kinds = kinds, .sending = m->copying }, to = { .m = m, .kinds = kinds };
    AUTO_BUF sql = BUF_INIT;
    enum err err = buf_putf(&sql, "SELECT %s FROM %s t", db_row_text(row, 1), table);
    const char *select = err == OK ? buf_text(&sql) : NULL;
    if (select == NULL)
        return ERR_NO_MEMORY;
    err = m->copying ? send_rows(m, select, table, db_row_text(row, 2), &from)
                     : m->from->backend->walk(m->from, select, take_row, &from, m->why);
    if (err == OK)
        err = m->to->backend->walk(m->to, select, take_row, &to, m->why);
    if (err == OK)
        err = compare(m, table, &from.content, &to.content);
    buf_done(&from.rows);
    buf_done(&to.rows);
    m->columns += db_row_int(row, 4);
    m->done.tables++;
    m->done.rows += from.content.rows;
    return err;
}

/* --- All of it --- */

static enum err take_count(void *context, const struct db_row *row)
{
    *(int64_t *)context = db_row_int(row, 0);
    return OK;
}

/* Each table here is one there, and each column: otherwise something would be left behind. */
static enum err take_tables(struct move *m)
{
    static const char count[] = "SELECT count(*) FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
                                " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    int64_t columns = 0;
    enum err err = m->to->backend->walk(m->to, postgres_move_tables, take_table, m, m->why);
    if (err == OK)
        err = m->from->backend->walk(m->from, count, take_count, &columns, m->why);
    return err == OK && columns != m->columns
               ? why_set(m->why, ERR_BUG, "the file has %lld columns, of which %lld are in PostgreSQL's tables", (long long)columns,
                         (long long)m->columns)
               : err;
}

/* What the database says of itself. */
struct account {
    int64_t entries, faults;
    uint8_t head[SHA_256];
};

static enum err take_account(const struct move *m, struct db *db, struct account *ret)
{
    enum err err = audit_verify(db, m->what->trail, &ret->entries, ret->head, m->why);
    return err != OK ? err : m->what->check(db, &ret->faults, m->why);
}

static enum err same_account(struct move *m, const struct account *before)
{
    struct account after = { 0 };
    enum err err = take_account(m, m->to, &after);
    m->done.entries = after.entries;
    if (err == OK && (after.entries != before->entries || memcmp(after.head, before->head, SHA_256) != 0))
        err = why_set(m->why, ERR_DAMAGED, "the audit trail that arrived is not the file's");
    if (err == OK && after.faults != before->faults)
        err = why_set(m->why, ERR_DAMAGED, "the check finds %lld faults in what arrived, and %lld in the file",
                      (long long)after.faults, (long long)before->faults);
    return err;
}

static enum err copy_all(struct move *m, const struct account *before, bool replace)
{
    m->copying = true;
    enum err err = postgres_move_begin(m->to, replace, m->why);
    if (err == OK)
        err = take_tables(m);
    if (err == OK)
        err = postgres_move_end(m->to, m->why);
    if (err == OK)
        err = same_account(m, before);
    if (err == OK)
        err = m->to->backend->version_write(m->to, db_newest_version(m->what->schema) + DB_ARRIVING, m->why);
    if (err == OK)
        err = db_commit(m->to, m->why);
    db_rollback(m->to);
    return err;
}

static enum err compare_all(struct move *m, const struct account *before)
{
    m->copying = false;
    enum err err = take_tables(m);
    return err != OK ? err : same_account(m, before);
}

/* The file's version, by itself and also when nothing else of the file has been written for long. */
static enum err mark_file(struct move *m)
{
    enum err err = m->from->backend->version_write(m->from, db_newest_version(m->what->schema) + DB_MOVED_AWAY, m->why);
    return err != OK ? err : db_tidy(m->from, m->why);
}

/* --- The entry of the audit trail --- */

static const char move_event[] = "database-move", move_subject[] = "database";

/* Before anything is copied: then the trail that arrives is the file's to its end, and the file too knows where it went. A move that
 * is begun again has an entry again. */
static enum err note_move(struct move *m, struct account *account)
{
    char detail[600];
    struct audit_head head = { 0 };
    snprintf(detail, sizeof detail, "to=%s", m->url);
    const struct audit_entry entry = { clock_wall_s(), m->actor, move_event, move_subject, detail };
    enum err err = db_begin(m->from, m->why);
    if (err == OK)
        err = audit_append(m->from, m->what->trail, &entry, m->why);
    if (err == OK)
        err = db_commit(m->from, m->why);
    db_rollback(m->from);
    if (err == OK)
        err = audit_head_now(m->from, m->what->trail, &head, m->why);
    account->entries = head.n;
    memcpy(account->head, head.hash, SHA_256);
    return err;
}

static enum err take_entry(void *context, int64_t n, const struct audit_entry *e)
{
    struct db_moved_away *away = context;
    (void)n;
    if (strcmp(e->event, move_event) != 0 || strncmp(e->detail, "to=", 3) != 0)
        return OK;
    away->at_s = e->at_s;
    snprintf(away->url, sizeof away->url, "%s", e->detail + 3);
    return OK;
}

enum err db_find_move(struct db *db, struct db_moved_away *ret_away, struct why *why)
{
    struct db_moved_away away = { .moved = false };
    int64_t version = 0;
    enum err err = db->backend->version_read(db, &version, why);
    away.moved = version >= DB_MOVED_AWAY && version < DB_ARRIVING;
    if (err == OK && away.moved)
        err = audit_list(db, 0, move_subject, take_entry, &away, why);
    if (err == OK)
        *ret_away = away;
    return err;
}

/* --- Where a move stands --- */

struct standing {
    int64_t here, there; /* versions */
    bool moved, arriving;
};

static enum err look(struct move *m, struct standing *s)
{
    int64_t newest = db_newest_version(m->what->schema);
    enum err err = m->from->backend->version_read(m->from, &s->here, m->why);
    if (err == OK)
        err = postgres_move_look(m->to, &s->there, m->why);
    s->moved = s->here == newest + DB_MOVED_AWAY;
    s->arriving = s->there == newest + DB_ARRIVING;
    return err;
}

/* What is arriving there is this file's: its trail ends in an entry of this one. */
static enum err own_arriving(struct move *m)
{
    struct audit_head there = { 0 }, here = { 0 };
    enum err err = audit_head_now(m->to, m->what->trail, &there, m->why);
    if (err == OK)
        err = audit_head_at(m->from, m->what->trail, there.n, &here, m->why);
    return err == OK && !audit_head_equal(&there, &here)
               ? why_set(m->why, ERR_EXISTS, "a move of another file to the same database did not come to its end: finish that one")
               : err;
}

static enum err judge(struct move *m, const struct standing *s)
{
    const char *name = m->what->schema->name;
    int64_t newest = db_newest_version(m->what->schema);
    if (s->moved && !s->arriving)
        return why_set(m->why, ERR_EXISTS, "this file's %s database was moved already", name);
    enum err err = s->moved ? OK : db_check_version(m->from, s->here, m->why);
    if (err != OK)
        return err;
    if (!s->moved && s->here < newest)
        return why_set(m->why, ERR_CONFIG, "the %s database has version %lld: start the server once, it brings it up to date", name,
                       (long long)s->here);
    if (s->arriving)
        return own_arriving(m);
    return s->there == POSTGRES_NOTHING
               ? OK
               : why_set(m->why, ERR_EXISTS, "the database that the URL names has something in its schema %s already: a move needs "
                                             "one without it", name);
}

static enum err move(struct move *m)
{
    struct standing s;
    struct account before = { 0 };
    enum err err = look(m, &s);
    if (err == OK)
        err = judge(m, &s);
    if (err == OK)
        err = take_account(m, m->from, &before);
    if (err == OK && !s.moved)
        err = note_move(m, &before);
    if (err == OK)
        err = s.moved ? compare_all(m, &before) : copy_all(m, &before, s.arriving);
    if (err == OK && !s.moved)
        err = mark_file(m);
    return err != OK ? err : m->to->backend->version_write(m->to, db_newest_version(m->what->schema), m->why);
}

/* As it is, of whatever version. */
static enum err open_side(const struct db_movable *what, const char *place, struct db **ret_db, struct why *why)
{
    struct db_schema any = *what->schema;
    any.migrations = NULL;
    enum err err = db_open(place, DB_ALONE, &any, ret_db, why);
    if (err == OK)
        (*ret_db)->schema = what->schema;
    return err;
}

enum err db_move(const struct db_movable *what, const char *file, const char *url, const char *actor, struct db_moved *ret_moved,
                 struct why *why)
{
    struct move m = { .what = what, .url = url, .actor = actor, .why = why };
    if (!db_is_url(url))
        return why_set(why, ERR_USAGE, "%s is no database to move to: write it as postgresql://USER@HOST:PORT/DATABASE", url);
    enum err err = open_side(what, file, &m.from, why);
    if (err == OK)
        err = open_side(what, url, &m.to, why);
    if (err == OK)
        err = move(&m);
    db_close(m.from);
    db_close(m.to);
    if (err == OK)
        *ret_moved = m.done;
    return err;
}
