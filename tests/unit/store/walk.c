/* Answers of many rows: what they take of memory, and what a row's function may do meanwhile. */
#include "../test.h"
#include "place.h"

#include "../heap.h"
#include "store/db.h"

enum { ROWS = 200000, MANY_ROWS = 1000, MB = 1000 * 1000 };
enum { FILL, EACH, FIRST_ROWS, COUNT_CHILDREN, PUT_CHILD };

static const char *const migrations[] = {
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
    "CREATE TABLE child (id INTEGER PRIMARY KEY, thing INTEGER NOT NULL REFERENCES thing (id)) STRICT;",
    NULL,
};
static const char fill_sql[] =
    "INSERT INTO thing (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
    "SELECT i, 'the name of the thing of this number, so long as names are ' || i FROM n";
static const char *const sql[] = {
    [FILL] = fill_sql,
    [EACH] = "SELECT id, name FROM thing ORDER BY id",
    [FIRST_ROWS] = "SELECT id, name FROM thing WHERE id <= $1 AND name <> $2 ORDER BY id",
    [COUNT_CHILDREN] = "SELECT count(*) FROM child",
    [PUT_CHILD] = "INSERT INTO child (thing) VALUES ($1)",
};
static const struct db_schema schema = { .name = "walk", .migrations = migrations, .statements = sql, .statements_n = sizeof sql / sizeof *sql };

static struct db *open_with(int64_t rows)
{
    struct db *db = NULL;
    struct why why = { "" };
    enum err err = db_open(place_new("walk.db", "walk"), DB_CREATE, &schema, &db, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    assert_ok(db_run(db, FILL, DB_ARGS(db_int(rows)), NULL));
    return db;
}

/* Each row once, in order. */
struct walk {
    struct db *db;
    int64_t seen, stop_at;
    size_t most; /* on the heap */
    enum err (*also)(struct walk *w, int64_t id);
};

static enum err take_row(void *context, const struct db_row *row)
{
    struct walk *w = context;
    char name[100];
    assert_int_equal(db_row_int(row, 0), ++w->seen);
    snprintf(name, sizeof name, "the name of the thing of this number, so long as names are %lld", (long long)w->seen);
    assert_string_equal(db_row_text(row, 1), name);
    size_t now = heap_in_use();
    w->most = now > w->most ? now : w->most;
    if (w->seen == w->stop_at)
        return ERR_TIMEOUT;
    return w->also == NULL ? OK : w->also(w, w->seen);
}

static void many_rows_take_no_more_memory_than_a_few(void **state)
{
    (void)state;
    struct db *db = open_with(ROWS);
    for (int again = 0; again < 2; again++) { /* a statement that was long once is asked in another way */
        size_t before = heap_in_use();
        struct walk w = { .db = db };
        assert_ok(db_query(db, EACH, DB_NO_ARGS, take_row, &w, NULL));
        assert_int_equal(w.seen, ROWS);
        assert_in_range(w.most - before, 0, 2 * MB);
    }
    db_close(db);
}

static int64_t children(struct db *db)
{
    int64_t n = -1;
    assert_ok(db_first_int(db, COUNT_CHILDREN, DB_NO_ARGS, &n, NULL));
    return n;
}

static enum err walk_again(struct walk *w, int64_t id)
{
    struct walk inner = { .db = w->db };
    if (id % 300 != 0)
        return OK;
    assert_ok(db_query(w->db, EACH, DB_NO_ARGS, take_row, &inner, NULL));
    assert_int_equal(inner.seen, MANY_ROWS);
    return children(w->db) == 0 ? OK : ERR_BUG;
}

static enum err keep_child(struct walk *w, int64_t id)
{
    enum err err = db_begin(w->db, NULL);
    if (err == OK)
        err = db_run(w->db, PUT_CHILD, DB_ARGS(db_int(id)), NULL);
    if (err == OK && id % 2 == 0)
        err = db_commit(w->db, NULL);
    db_rollback(w->db);
    return err;
}

static enum err put_child(struct walk *w, int64_t id) { return db_run(w->db, PUT_CHILD, DB_ARGS(db_int(id)), NULL); }

static void a_row_may_ask_the_same_and_write_and_begin_and_commit(void **state)
{
    (void)state;
    static const struct {
        enum err (*also)(struct walk *w, int64_t id);
        int64_t children;
    } rows[] = { { walk_again, 0 }, { put_child, MANY_ROWS }, { keep_child, MANY_ROWS / 2 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db *db = open_with(MANY_ROWS);
        struct walk w = { .db = db, .also = rows[i].also };
        assert_ok(db_query(db, EACH, DB_NO_ARGS, take_row, &w, NULL));
        assert_int_equal(w.seen, MANY_ROWS);
        assert_int_equal(children(db), rows[i].children);
        db_close(db);
    }
}

static void inside_a_transaction_its_rows_are_seen_and_what_they_write_is_part_of_it(void **state)
{
    (void)state;
    struct db *db = open_with(MANY_ROWS);
    struct walk w = { .db = db, .also = put_child };
    assert_ok(db_begin(db, NULL));
    assert_ok(db_query(db, EACH, DB_NO_ARGS, take_row, &w, NULL));
    assert_int_equal(children(db), MANY_ROWS);
    db_rollback(db);
    assert_int_equal(children(db), 0);
    db_close(db);
}

static void a_walk_that_ends_early_leaves_everything_as_if_it_had_not_begun(void **state)
{
    (void)state;
    struct db *db = open_with(MANY_ROWS);
    for (int64_t stop_at = 1; stop_at < MANY_ROWS; stop_at += 90) {
        struct walk w = { .stop_at = stop_at };
        assert_err(db_query(db, EACH, DB_NO_ARGS, take_row, &w, NULL), ERR_TIMEOUT);
        assert_int_equal(w.seen, stop_at);
        assert_ok(db_begin(db, NULL));
        w.seen = 0;
        assert_err(db_query(db, EACH, DB_NO_ARGS, take_row, &w, NULL), ERR_TIMEOUT);
        assert_ok(db_run(db, PUT_CHILD, DB_ARGS(db_int(1)), NULL));
        assert_ok(db_commit(db, NULL));
    }
    db_close(db);
}

static void an_answer_of_any_length_comes_whole(void **state)
{
    (void)state;
    static const int64_t lengths[] = { 0, 1, 199, 200, 201, 400, 401, 999, 0, 1, 200 }; /* also shorter after longer */
    struct db *db = open_with(MANY_ROWS);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct walk w = { .seen = 0 };
        assert_ok(db_query(db, FIRST_ROWS, DB_ARGS(db_int(lengths[i]), db_text("none")), take_row, &w, NULL));
        assert_int_equal(w.seen, lengths[i]);
    }
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_rows_take_no_more_memory_than_a_few),
        cmocka_unit_test(a_row_may_ask_the_same_and_write_and_begin_and_commit),
        cmocka_unit_test(inside_a_transaction_its_rows_are_seen_and_what_they_write_is_part_of_it),
        cmocka_unit_test(a_walk_that_ends_early_leaves_everything_as_if_it_had_not_begun),
        cmocka_unit_test(an_answer_of_any_length_comes_whole),
    };
    return cmocka_run_group_tests_name("walk", tests, scratch_make, scratch_remove);
}
