#include "../test.h"
#include "place.h"

#include <pthread.h>
#include <sys/stat.h>

#include "store/db.h"

enum { PUT, GET, COUNT, SWAPPED, PUT_CHILD };

static const char *const first_version[] = { "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, data BLOB) STRICT;",
                                             NULL };
static const char *const second_version[] = {
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, data BLOB) STRICT;",
    "CREATE TABLE child (thing INTEGER NOT NULL REFERENCES thing (id)) STRICT;", NULL
};
static const char *const broken_second[] = { "SELECT 1;", "CREATE TABLE half (id INTEGER) STRICT; CREATE GARBAGE;", NULL };
static const char *const sql[] = {
    [PUT] = "INSERT INTO thing (id, name, data) VALUES ($1, $2, $3)",
    [GET] = "SELECT id, name, data FROM thing ORDER BY id",
    [COUNT] = "SELECT count(*) FROM thing",
    [SWAPPED] = "SELECT id FROM thing WHERE name = $2 AND id = $1",
    [PUT_CHILD] = "INSERT INTO child VALUES ($1)",
};
static const struct db_schema schema_1 = { .name = "thing", .migrations = first_version, .statements = sql, .statements_n = 5 };
static const struct db_schema schema_2 = { .name = "thing", .migrations = second_version, .statements = sql, .statements_n = 5 };
static const struct db_schema schema_broken = { .name = "thing", .migrations = broken_second, .statements = sql, .statements_n = 5 };

static enum err take_int(void *context, const struct db_row *row)
{
    *(int64_t *)context = db_row_int(row, 0);
    return OK;
}

static int64_t count(struct db *db)
{
    int64_t n = -1;
    assert_ok(db_query(db, COUNT, DB_NO_ARGS, take_int, &n, NULL));
    return n;
}

static struct db *open_new(const struct db_schema *schema, const char *name)
{
    struct db *db = NULL;
    struct why why = { 0 };
    enum err err = db_open(place_new(name, schema->name), DB_CREATE, schema, &db, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    return db;
}

static void put(struct db *db, int64_t id, const char *name)
{
    assert_ok(db_run(db, PUT, DB_ARGS(db_int(id), db_text(name), db_blob(span_of(NULL, 0))), NULL));
}

static void a_committed_row_is_there_after_reopening_and_an_uncommitted_one_is_not(void **state) /* I9 */
{
    (void)state;
    struct db *db = open_new(&schema_1, "a.db");
    assert_ok(db_begin(db, NULL));
    put(db, 1, "kept");
    assert_ok(db_commit(db, NULL));
    assert_ok(db_begin(db, NULL));
    put(db, 2, "lost");
    db_close(db);
    assert_ok(db_open(place_again("a.db"), DB_READ_WRITE, &schema_1, &db, NULL));
    assert_int_equal(count(db), 1);
    db_close(db);
}

static void the_file_can_be_read_by_its_owner_only(void **state) /* I14 */
{
    (void)state;
    if (place_url() != NULL)
        skip(); /* no file of ours */
    struct db *db = open_new(&schema_1, "mode.db");
    put(db, 1, "a");
    static const char *const names[] = { "mode.db", "mode.db-wal", "mode.db-shm" };
    for (size_t i = 0; i < 3; i++) {
        char path[PATH_MAX];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", scratch_dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 077, 0);
    }
    db_close(db);
}

/* What a promise needs: a commit waits for the disk, and what is deleted is overwritten. */
static void a_commit_waits_for_the_disk_and_what_is_deleted_is_overwritten(void **state) /* I9, I14 */
{
    static const char *const empty[] = { "CREATE TABLE thing (id INTEGER) STRICT;", NULL };
    static const char *const questions[] = { "PRAGMA synchronous", "PRAGMA secure_delete", "PRAGMA foreign_keys", "PRAGMA trusted_schema" };
    static const int64_t answers[] = { 2 /* FULL */, 1, 1, 0 };
    static const struct db_schema schema = { .name = "pragma", .migrations = empty, .statements = questions, .statements_n = 4 };
    (void)state;
    if (place_url() != NULL)
        skip(); /* SQLite's */
    struct db *db = open_new(&schema, "pragma.db");
    for (unsigned i = 0; i < 4; i++) {
        int64_t value = -1;
        assert_ok(db_query(db, i, DB_NO_ARGS, take_int, &value, NULL));
        assert_int_equal(value, answers[i]);
    }
    db_close(db);
}

static void a_broken_constraint_is_a_conflict_that_names_it(void **state)
{
    (void)state;
    struct db *db = open_new(&schema_2, "c.db");
    struct why why = { 0 };
    put(db, 1, "a");
    assert_err(db_run(db, PUT, DB_ARGS(db_int(2), db_text("a"), db_null()), &why), ERR_CONFLICT);
    assert_non_null(strstr(why.text, place_url() == NULL ? "thing.name" : "thing_name_key"));
    assert_err(db_run(db, PUT_CHILD, DB_ARGS(db_int(77)), &why), ERR_CONFLICT);
    assert_err(db_run(db, PUT, DB_ARGS(db_int(3), db_int(5), db_text("text in a blob")), &why), ERR_CONFLICT);
    db_close(db);
}

static void parameters_go_by_their_number_not_by_their_place(void **state)
{
    (void)state;
    struct db *db = open_new(&schema_1, "p.db");
    put(db, 41, "a");
    int64_t id = 0;
    assert_ok(db_query(db, SWAPPED, DB_ARGS(db_int(41), db_text("a")), take_int, &id, NULL));
    assert_int_equal(id, 41);
    assert_err(db_query(db, SWAPPED, DB_ARGS(db_int(41)), take_int, &id, NULL), ERR_BUG);
    assert_err(db_run(db, 99, DB_NO_ARGS, NULL), ERR_BUG);
    db_close(db);
}

static enum err read_back(void *context, const struct db_row *row)
{
    char name[4];
    db_row_copy(row, 1, sizeof name, name);
    assert_string_equal(name, "lon");
    assert_string_equal(db_row_text(row, 1), "long");
    assert_int_equal(db_row_blob(row, 2).n, 3);
    assert_memory_equal(db_row_blob(row, 2).at, "\0\1\2", 3);
    return take_int(context, row);
}

static void values_come_back_as_they_went(void **state)
{
    (void)state;
    struct db *db = open_new(&schema_1, "v.db");
    int64_t id = 0;
    assert_ok(db_run(db, PUT, DB_ARGS(db_int(INT64_MIN), db_text("long"), db_blob(span_of("\0\1\2", 3))), NULL));
    assert_int_equal(db_changes(db), 1);
    assert_ok(db_query(db, GET, DB_NO_ARGS, read_back, &id, NULL));
    assert_true(id == INT64_MIN);
    db_close(db);
}

static enum err ask_again(void *context, const struct db_row *row)
{
    (void)row;
    struct db *db = context;
    int64_t n = 0;
    return db_query(db, GET, DB_NO_ARGS, take_int, &n, NULL);
}

static enum err refuse_row(void *context, const struct db_row *row)
{
    (void)context;
    (void)row;
    return ERR_TIMEOUT;
}

static void a_statement_may_be_asked_again_from_its_own_row(void **state)
{
    (void)state;
    struct db *db = open_new(&schema_1, "r.db");
    put(db, 1, "a");
    put(db, 2, "b");
    assert_ok(db_query(db, GET, DB_NO_ARGS, ask_again, db, NULL));
    assert_err(db_query(db, GET, DB_NO_ARGS, refuse_row, NULL, NULL), ERR_TIMEOUT);
    db_close(db);
}

static void a_new_version_migrates_and_an_old_program_refuses_the_new_file(void **state)
{
    (void)state;
    struct db *db = open_new(&schema_1, "m.db");
    put(db, 1, "a");
    db_close(db);
    const char *path = place_again("m.db");
    assert_err(db_open(path, DB_READ_ONLY, &schema_2, &db, NULL), ERR_CONFIG);
    assert_ok(db_open(path, DB_READ_WRITE, &schema_2, &db, NULL));
    assert_ok(db_run(db, PUT_CHILD, DB_ARGS(db_int(1)), NULL));
    db_close(db);
    assert_err(db_open(path, DB_READ_WRITE, &schema_1, &db, NULL), ERR_CONFIG);
}

static void a_migration_that_fails_leaves_the_old_version(void **state)
{
    (void)state;
    struct db *db = NULL;
    const char *path = place_new("b.db", "thing");
    assert_err(db_open(path, DB_CREATE, &schema_broken, &db, NULL), ERR_BUG);
    assert_ok(db_open(path, DB_READ_WRITE, &schema_1, &db, NULL));
    assert_int_equal(count(db), 0);
    db_close(db);
}

static void a_file_that_is_no_database_is_called_damaged(void **state)
{
    (void)state;
    if (place_url() != NULL)
        skip(); /* no file of ours */
    struct db *db = NULL;
    const char *path = scratch_path("d.db");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 300; i++)
        fputs("this is not a database ", f);
    fclose(f);
    assert_err(db_open(path, DB_READ_WRITE, &schema_1, &db, NULL), ERR_DAMAGED);
    assert_err(db_open(scratch_path("none.db"), DB_READ_WRITE, &schema_1, &db, NULL), ERR_NOT_FOUND);
}

static long size_of(const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", scratch_dir, name);
    assert_int_equal(stat(path, &st), 0);
    return (long)st.st_size;
}

enum { TEN_MB = 10 * 1000 * 1000 };

/* In one commit. */
static void put_ten_mb(struct db *db, int id)
{
    static uint8_t data[TEN_MB];
    char name[16];
    snprintf(name, sizeof name, "%d", id);
    assert_ok(db_run(db, PUT, DB_ARGS(db_int(id), db_text(name), db_blob(span_of(data, sizeof data))), NULL));
}

static void what_was_committed_moves_to_its_file_when_somebody_tidies(void **state)
{
    (void)state;
    atomic_bool untidy = false;
    if (place_url() != NULL)
        skip(); /* the server does that */
    struct db *db = open_new(&schema_1, "t.db");
    db_tidy_later(db, &untidy);
    put(db, 0, "small");
    assert_false(untidy);
    put_ten_mb(db, 1);
    put_ten_mb(db, 2); /* more than would stay in the log untidied */
    assert_true(untidy);
    assert_true(size_of("t.db") < TEN_MB);
    assert_ok(db_tidy(db, NULL));
    assert_true(size_of("t.db") > 2 * TEN_MB);
    assert_int_equal(count(db), 3);
    db_close(db);
}

static void the_log_does_not_grow_when_nobody_tidies(void **state)
{
    (void)state;
    if (place_url() != NULL)
        skip();
    struct db *db = open_new(&schema_1, "g.db");
    for (int i = 1; i <= 8; i++)
        put_ten_mb(db, i);
    assert_true(size_of("g.db") > 5 * TEN_MB);
    assert_true(size_of("g.db-wal") < 3 * TEN_MB);
    db_close(db);
}

/* Reads first and decides by it: what all that write rely on. */
struct adder {
    struct db *db;
    pthread_t thread;
    enum err err;
};

static void *add_one_more(void *context)
{
    struct adder *a = context;
    int64_t n = -1;
    a->err = db_begin(a->db, NULL);
    if (a->err == OK)
        a->err = db_query(a->db, COUNT, DB_NO_ARGS, take_int, &n, NULL);
    usleep(50000);
    if (a->err == OK)
        a->err = db_run(a->db, PUT, DB_ARGS(db_int(n + 1), db_text(n == 0 ? "first" : "second"), db_null()), NULL);
    if (a->err == OK)
        a->err = db_commit(a->db, NULL);
    return NULL;
}

static void who_writes_waits_for_who_writes_and_sees_what_was_kept(void **state) /* I1 */
{
    (void)state;
    struct adder a[2] = { { .db = open_new(&schema_1, "w.db") } };
    assert_ok(db_open(place_again("w.db"), DB_READ_WRITE, &schema_1, &a[1].db, NULL));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&a[i].thread, NULL, add_one_more, &a[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(a[i].thread, NULL);
    assert_ok(a[0].err);
    assert_ok(a[1].err);
    assert_int_equal(count(a[0].db), 2);
    db_close(a[0].db);
    db_close(a[1].db);
}

static void a_point_takes_back_what_came_after_it_and_nothing_else(void **state)
{
    (void)state;
    struct db *db = open_new(&schema_1, "s.db");
    assert_ok(db_begin(db, NULL));
    put(db, 1, "a");
    assert_ok(db_point(db, NULL));
    put(db, 2, "b");
    assert_err(db_run(db, PUT, DB_ARGS(db_int(3), db_text("a"), db_null()), NULL), ERR_CONFLICT);
    assert_ok(db_point_back(db, NULL));
    assert_ok(db_point(db, NULL));
    put(db, 4, "d");
    assert_ok(db_point_keep(db, NULL));
    assert_ok(db_commit(db, NULL));
    assert_int_equal(count(db), 2);
    db_close(db);
}

static void the_check_passes_on_a_good_file(void **state)
{
    (void)state;
    struct db *db = open_new(&schema_2, "k.db");
    put(db, 1, "a");
    assert_ok(db_check(db, NULL));
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_committed_row_is_there_after_reopening_and_an_uncommitted_one_is_not),
        cmocka_unit_test(the_file_can_be_read_by_its_owner_only),
        cmocka_unit_test(a_commit_waits_for_the_disk_and_what_is_deleted_is_overwritten),
        cmocka_unit_test(a_broken_constraint_is_a_conflict_that_names_it),
        cmocka_unit_test(parameters_go_by_their_number_not_by_their_place),
        cmocka_unit_test(values_come_back_as_they_went),
        cmocka_unit_test(a_statement_may_be_asked_again_from_its_own_row),
        cmocka_unit_test(a_new_version_migrates_and_an_old_program_refuses_the_new_file),
        cmocka_unit_test(a_migration_that_fails_leaves_the_old_version),
        cmocka_unit_test(a_file_that_is_no_database_is_called_damaged),
        cmocka_unit_test(what_was_committed_moves_to_its_file_when_somebody_tidies),
        cmocka_unit_test(the_log_does_not_grow_when_nobody_tidies),
        cmocka_unit_test(who_writes_waits_for_who_writes_and_sees_what_was_kept),
        cmocka_unit_test(a_point_takes_back_what_came_after_it_and_nothing_else),
        cmocka_unit_test(the_check_passes_on_a_good_file),
    };
    return cmocka_run_group_tests_name("db", tests, scratch_make, scratch_remove);
}
