/* A database of every kind of table moves from its file into PostgreSQL: whole, once, and whatever is killed when. Runs by
 * on_postgres; skipped without a server. */
#include "../test.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

#include "place.h"
#include "store/audit.h"
#include "store/db_move.h"

enum { PUT, EACH, PUT_NODE, EACH_NODE, PUT_WORD, EACH_WORD, EACH_KIND, DROP_KIND, COUNT, GROW, TRAIL, STATEMENTS = TRAIL + AUDIT_STATEMENTS };

static const char first_version[] =
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, number INTEGER, name TEXT NOT NULL, data BLOB) STRICT;"
    "CREATE TABLE node (number TEXT PRIMARY KEY, above TEXT REFERENCES node (number), \"position\" INTEGER NOT NULL) STRICT;"
    "CREATE TABLE word (name TEXT PRIMARY KEY, thing INTEGER NOT NULL REFERENCES thing (id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE kind (name TEXT PRIMARY KEY) STRICT;"
    "INSERT INTO kind VALUES ('old'); INSERT INTO kind VALUES ('new');"
    "CREATE TRIGGER node_counted AFTER UPDATE OF above ON node BEGIN UPDATE thing SET number = number + 1 WHERE id = 1; END;";

static const char *const migrations[] = { first_version, audit_migration, NULL };
static const char *const sql[STATEMENTS] = {
    [PUT] = "INSERT INTO thing (number, name, data) VALUES ($1, $2, $3)",
    [EACH] = "SELECT id, coalesce(number, -7), name, data FROM thing ORDER BY id",
    [PUT_NODE] = "INSERT INTO node (number, above, \"position\") VALUES ($1, nullif($2, ''), $3)",
    [EACH_NODE] = "SELECT number FROM node ORDER BY rowid",
    [PUT_WORD] = "INSERT INTO word (name, thing) VALUES ($1, $2)",
    [EACH_WORD] = "SELECT name FROM word ORDER BY name",
    [EACH_KIND] = "SELECT name FROM kind ORDER BY name",
    [DROP_KIND] = "DELETE FROM kind WHERE name = $1",
    [COUNT] = "SELECT count(*) FROM thing",
    [GROW] = "INSERT INTO thing (number, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
             "SELECT i, 'a name that takes its place' FROM n",
    AUDIT_STATEMENT_ROWS(TRAIL),
};
static const struct db_schema schema = { .name = "move", .migrations = migrations, .statements = sql, .statements_n = STATEMENTS };

static enum err check(struct db *db, int64_t *ret_faults, struct why *why)
{
    *ret_faults = 0;
    return db_check(db, why);
}

static const struct db_movable movable = { &schema, TRAIL, check };

/* --- The file, and what stands where --- */

static struct db *open_at(const char *place, enum db_mode mode)
{
    struct db *db = NULL;
    struct why why = { "" };
    enum err err = db_open(place, mode, &schema, &db, &why);
    if (err != OK)
        fail_msg("%s: %s", place, why_text(&why, err));
    return db;
}

static const char *file(void)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/move.db", scratch_dir);
    return path;
}

static void put(struct db *db, struct db_value number, const char *name, struct db_value data)
{
    assert_ok(db_run(db, PUT, DB_ARGS(number, db_text(name), data), NULL));
}

static void note(struct db *db, const char *subject)
{
    const struct audit_entry entry = { 7, "test", "made", subject, "x=1" };
    assert_ok(db_begin(db, NULL));
    assert_ok(audit_append(db, TRAIL, &entry, NULL));
    assert_ok(db_commit(db, NULL));
}

static void fill(struct db *db)
{
    put(db, db_int(INT64_MIN), "", db_null());
    put(db, db_null(), "J\xc3\xbcrgen \\N \t\n", db_blob(span_of("", 0)));
    put(db, db_int(3), "last", db_blob(span_of("\0\377\n\\.", 5)));
    static const char *const nodes[][2] = { { "z", "" }, { "b", "z" }, { "a", "b" }, { "c", "a" } };
    for (int i = 0; i < 4; i++)
        assert_ok(db_run(db, PUT_NODE, DB_ARGS(db_text(nodes[i][0]), db_text(nodes[i][1]), db_int(i)), NULL));
    assert_ok(db_run(db, PUT_WORD, DB_ARGS(db_text("w"), db_int(2)), NULL));
    assert_ok(db_run(db, DROP_KIND, DB_ARGS(db_text("old")), NULL));
    note(db, "first");
    note(db, "second");
}

/* A filled file, and a PostgreSQL without the schema. */
static int begin(void **state)
{
    *state = NULL;
    if (place_url() == NULL)
        return 0;
    struct db *db = open_at(scratch_path("move.db"), DB_CREATE);
    fill(db);
    db_close(db);
    (void)place_new("", "move");
    *state = scratch_dir;
    return 0;
}

/* Past what is tested. */
static void in_file(const char *text)
{
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(file(), &raw), SQLITE_OK);
    if (sqlite3_exec(raw, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(raw));
    sqlite3_close(raw);
}

static void refused(enum err expected, const char *sentence)
{
    struct db_moved moved;
    struct why why = { "" };
    assert_err(db_move(&movable, file(), place_url(), "operator:meier", &moved, &why), expected);
    if (strstr(why.text, sentence) == NULL)
        fail_msg("%s", why.text);
}

static struct db_moved moves(void)
{
    struct db_moved moved;
    struct why why = { "" };
    enum err err = db_move(&movable, file(), place_url(), "operator:meier", &moved, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    return moved;
}

static bool usable(const char *place)
{
    struct db *db = NULL;
    enum err err = db_open(place, DB_READ_WRITE, &schema, &db, NULL);
    db_close(db);
    return err == OK;
}

static int64_t count(const char *place)
{
    struct db *db = open_at(place, DB_READ_WRITE);
    int64_t n = -1;
    assert_ok(db_first_int(db, COUNT, DB_NO_ARGS, &n, NULL));
    db_close(db);
    return n;
}

/* --- What arrives --- */

static enum err write_thing(void *context, const struct db_row *row)
{
    char *to = context;
    struct span data = db_row_blob(row, 3);
    sprintf(to + strlen(to), "%lld %lld %s %d:", (long long)db_row_int(row, 0), (long long)db_row_int(row, 1), db_row_text(row, 2),
            db_row_null(row, 3) ? -1 : (int)data.n);
    for (size_t i = 0; i < data.n; i++)
        sprintf(to + strlen(to), "%02x", data.at[i]);
    strcat(to, ";");
    return OK;
}

static enum err write_text(void *context, const struct db_row *row)
{
    strcat(strcat(context, db_row_text(row, 0)), ";");
    return OK;
}

static void write_all(struct db *db, char *to)
{
    assert_ok(db_query(db, EACH, DB_NO_ARGS, write_thing, to, NULL));
    assert_ok(db_query(db, EACH_NODE, DB_NO_ARGS, write_text, to, NULL));
    assert_ok(db_query(db, EACH_WORD, DB_NO_ARGS, write_text, to, NULL));
    assert_ok(db_query(db, EACH_KIND, DB_NO_ARGS, write_text, to, NULL));
}

static void everything_arrives_and_goes_on_where_it_was(void **state)
{
    char before[512] = "", after[512] = "", more[512] = "";
    uint8_t head[32];
    int64_t entries;
    if (*state == NULL)
        skip();
    struct db *db = open_at(file(), DB_READ_WRITE);
    write_all(db, before);
    db_close(db);
    assert_string_equal(before, "1 -9223372036854775808  -1:;2 -7 J\xc3\xbcrgen \\N \t\n 0:;3 3 last 5:00ff0a5c2e;z;b;a;c;w;new;");
    struct db_moved moved = moves();
    assert_int_equal(moved.tables, 5);
    assert_int_equal(moved.rows, 3 + 4 + 1 + 1 + 3);
    assert_int_equal(moved.entries, 3); /* that it was moved is one */
    db = open_at(place_url(), DB_READ_WRITE);
    write_all(db, after);
    assert_string_equal(after, before);
    assert_ok(audit_verify(db, TRAIL, &entries, head, NULL));
    assert_int_equal(entries, 3);
    /* ids, also the hidden ones, go on; what guarded the tables guards them again */
    put(db, db_int(4), "next", db_null());
    assert_ok(db_run(db, PUT_NODE, DB_ARGS(db_text("0"), db_text("c"), db_int(9)), NULL));
    assert_err(db_run(db, PUT_NODE, DB_ARGS(db_text("n"), db_text("nobody"), db_int(9)), NULL), ERR_CONFLICT);
    assert_err(db_run(db, PUT_WORD, DB_ARGS(db_text("v"), db_int(77)), NULL), ERR_CONFLICT);
    note(db, "third");
    write_all(db, more);
    assert_non_null(strstr(more, ";4 4 next -1:;z;b;a;c;0;w;"));
    db_close(db);
    assert_int_equal(place_sql("SET search_path = move; UPDATE node SET above = 'z' WHERE number = 'c'"), 0);
    assert_int_equal(place_sql("SELECT 1 / (number - -9223372036854775808) FROM move.thing WHERE id = 1"), 0); /* the trigger's work */
}

static void a_file_that_was_moved_is_taken_by_no_server_and_moved_no_second_time(void **state) /* I1, I2 */
{
    static const enum db_mode modes[] = { DB_READ_ONLY, DB_READ_WRITE, DB_CREATE };
    if (*state == NULL)
        skip();
    moves();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct db *db = NULL;
        struct why why = { "" };
        assert_err(db_open(file(), modes[i], &schema, &db, &why), ERR_CONFIG);
        assert_non_null(strstr(why.text, "was moved to PostgreSQL"));
    }
    refused(ERR_EXISTS, "was moved already");
    (void)place_new("", "move"); /* nor to another place */
    refused(ERR_EXISTS, "was moved already");
    assert_false(usable(place_url()));
}

static enum err write_entry(void *context, int64_t n, const struct audit_entry *e)
{
    sprintf(context, "%d %s %s %s %s", (int)n, e->actor, e->event, e->subject, e->detail);
    return OK;
}

/* Both trails end in the same entry, and what is left of the file tells where the rest is. */
static void the_file_and_its_copy_say_when_and_where_it_was_moved(void **state)
{
    struct audit_trail here, there;
    struct audit_head heads[2];
    struct db_moved_away away;
    char last[700], wanted[700];
    if (*state == NULL)
        skip();
    assert_ok(audit_open(file(), "move", NULL, &here, NULL));
    assert_ok(db_find_move(here.db, &away, NULL));
    assert_false(away.moved);
    db_close(here.db);
    moves();
    assert_ok(audit_open(file(), "move", NULL, &here, NULL));
    assert_ok(audit_open(place_url(), "move", NULL, &there, NULL));
    assert_ok(audit_head_now(here.db, 0, &heads[0], NULL));
    assert_ok(audit_head_now(there.db, 0, &heads[1], NULL));
    assert_int_equal(heads[0].n, 3);
    assert_true(audit_head_equal(&heads[0], &heads[1]));
    assert_ok(audit_list(there.db, 0, NULL, write_entry, last, NULL));
    snprintf(wanted, sizeof wanted, "3 operator:meier database-move database to=%s", place_url());
    assert_string_equal(last, wanted);
    assert_ok(db_find_move(here.db, &away, NULL));
    assert_true(away.moved);
    assert_in_range(away.at_s, time(NULL) - 600, time(NULL));
    assert_string_equal(away.url, place_url());
    assert_ok(db_find_move(there.db, &away, NULL));
    assert_false(away.moved);
    db_close(here.db);
    db_close(there.db);
}

/* Until it has looked by itself, the server would take each table for an empty one. */
static void the_server_knows_how_much_arrived(void **state)
{
    static const char *const tables[] = { "thing", "node", "audit" };
    if (*state == NULL)
        skip();
    moves();
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char count_sql[128];
        snprintf(count_sql, sizeof count_sql, "SELECT 1 / count(*) FROM pg_stats WHERE schemaname = 'move' AND tablename = '%s'", tables[i]);
        assert_int_equal(place_sql(count_sql), 0);
    }
}

static void a_file_in_use_stays_where_it_is(void **state)
{
    static const enum db_mode modes[] = { DB_READ_ONLY, DB_READ_WRITE };
    if (*state == NULL)
        skip();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct db *server = open_at(file(), modes[i]);
        refused(ERR_BUSY, "stop the server first");
        db_close(server);
        assert_false(usable(place_url()));
    }
    moves();
}

static void a_place_where_something_is_takes_no_move(void **state)
{
    if (*state == NULL)
        skip();
    db_close(open_at(place_url(), DB_CREATE)); /* also without a row of ours */
    refused(ERR_EXISTS, "has something in its schema move");
    (void)place_new("", "move");
    assert_int_equal(place_sql("CREATE SCHEMA move; CREATE TABLE move.else (id integer)"), 0);
    refused(ERR_EXISTS, "has something in its schema move");
    assert_int_equal(place_sql("DROP TABLE move.else"), 0); /* an administrator may make the schema */
    assert_true(usable(file()));
    moves();
}

static void what_is_not_sound_or_not_of_this_version_is_not_moved(void **state)
{
    struct db_moved moved;
    struct why why = { "" };
    if (*state == NULL)
        skip();
    in_file("UPDATE audit SET detail = 'x=2' WHERE n = 1");
    refused(ERR_DAMAGED, "entry 1 of the audit trail");
    in_file("UPDATE audit SET detail = 'x=1' WHERE n = 1; PRAGMA user_version = 1");
    refused(ERR_CONFIG, "start the server once");
    in_file("PRAGMA user_version = 3");
    refused(ERR_CONFIG, "use the newer program");
    in_file("PRAGMA user_version = 2; CREATE TABLE unknown (a, b)");
    refused(ERR_BUG, "has 19 columns, of which 17");
    in_file("DROP TABLE unknown");
    assert_err(db_move(&movable, file(), "/tmp/other.db", "", &moved, &why), ERR_USAGE);
    assert_err(db_move(&movable, "/nowhere/move.db", place_url(), "", &moved, &why), ERR_NOT_FOUND);
    assert_false(usable(place_url()));
    moves();
}

/* --- What is killed --- */

/* As it is when the copy was kept, and the file not marked yet. */
static void back_to_arriving(bool marked)
{
    assert_int_equal(place_sql("UPDATE move.schema_version SET version = 2000002"), 0);
    in_file(marked ? "PRAGMA user_version = 1000002" : "PRAGMA user_version = 2");
}

static void a_copy_that_the_file_outlived_is_made_anew(void **state)
{
    if (*state == NULL)
        skip();
    moves();
    back_to_arriving(false);
    struct db *db = NULL;
    struct why why = { "" };
    assert_err(db_open(place_url(), DB_READ_WRITE, &schema, &db, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, "begin it again"));
    db = open_at(file(), DB_READ_WRITE); /* the server goes on with it */
    put(db, db_int(4), "later", db_null());
    note(db, "third");
    db_close(db);
    assert_int_equal(moves().rows, 3 + 4 + 1 + 1 + 2 + 2 + 2); /* and an entry for each time that it began */
    assert_int_equal(count(place_url()), 4);
    assert_false(usable(file()));
}

static void a_copy_whose_file_is_marked_is_compared_and_taken(void **state)
{
    static const char *const changes[][2] = {
        { "UPDATE move.thing SET name = 'other' WHERE id = 3", "a row of the table thing did not arrive as it is" },
        { "DELETE FROM move.word", "of 1 rows of the table word, 0 arrived" },
        { "UPDATE move.audit SET detail = 'x=2' WHERE n = 1", "a row of the table audit" },
    };
    if (*state == NULL)
        skip();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        moves();
        back_to_arriving(true);
        assert_int_equal(place_sql(changes[i][0]), 0);
        refused(ERR_DAMAGED, changes[i][1]);
        assert_false(usable(place_url()));
        (void)place_new("", "move");
        in_file("PRAGMA user_version = 2");
    }
    moves();
    back_to_arriving(true);
    assert_int_equal(moves().rows, 3 + 4 + 1 + 1 + 3 + 3); /* an entry for each time that it began */
    assert_int_equal(count(place_url()), 3);
    assert_false(usable(file()));
}

static void a_copy_of_another_file_is_left_alone(void **state)
{
    static const bool marked[] = { false, true };
    if (*state == NULL)
        skip();
    moves();
    for (size_t i = 0; i < 2; i++) {
        back_to_arriving(marked[i]);
        in_file("UPDATE audit SET hash = zeroblob(32) WHERE n = 3");
        refused(ERR_EXISTS, "a move of another file");
    }
}

/* Killed at any moment: never both usable, the same move again brings it to its end, and nothing is missing. */
static void a_move_that_is_killed_leaves_one_of_the_two_and_can_be_repeated(void **state) /* I1, I2, I9 */
{
    enum { MOMENTS = 8, ROWS = 20000 };
    int before_the_end = 0;
    if (*state == NULL)
        skip();
    for (int i = 0; i < MOMENTS; i++) {
        (void)begin(state);
        struct db *db = open_at(file(), DB_READ_WRITE);
        assert_ok(db_run(db, GROW, DB_ARGS(db_int(ROWS)), NULL));
        db_close(db);
        pid_t child = fork();
        if (child == 0) {
            struct db_moved moved;
            _exit(db_move(&movable, file(), place_url(), "", &moved, NULL) == OK ? 0 : 1);
        }
        usleep(90000U * (unsigned)i);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status))
            assert_int_equal(WEXITSTATUS(status), 0);
        before_the_end += !WIFEXITED(status);
        bool here = usable(file()), there = usable(place_url());
        assert_false(here && there);
        if (!there)
            moves();
        assert_false(usable(file()));
        assert_int_equal(count(place_url()), 3 + ROWS);
    }
    assert_true(before_the_end > 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_arrives_and_goes_on_where_it_was),
        TEST(a_file_that_was_moved_is_taken_by_no_server_and_moved_no_second_time),
        TEST(the_file_and_its_copy_say_when_and_where_it_was_moved),
        TEST(the_server_knows_how_much_arrived),
        TEST(a_file_in_use_stays_where_it_is),
        TEST(a_place_where_something_is_takes_no_move),
        TEST(what_is_not_sound_or_not_of_this_version_is_not_moved),
        TEST(a_copy_that_the_file_outlived_is_made_anew),
        TEST(a_copy_whose_file_is_marked_is_compared_and_taken),
        TEST(a_copy_of_another_file_is_left_alone),
        TEST(a_move_that_is_killed_leaves_one_of_the_two_and_can_be_repeated),
    };
    return cmocka_run_group_tests_name("move", tests, scratch_make, scratch_remove);
}
