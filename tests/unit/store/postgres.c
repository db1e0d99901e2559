/* What only a database behind a connection can do: be gone, be shared. Runs by on_postgres; skipped without a server. */
#include "../test.h"

#include <pthread.h>

#include "place.h"
#include "store/db.h"

enum { PUT, COUNT, EACH, MANY_ROWS = 1000 };

static const char *const migrations[] = { "CREATE TABLE thing (id INTEGER PRIMARY KEY) STRICT;", NULL };
static const char *const sql[] = { [PUT] = "INSERT INTO thing (id) VALUES ($1)", [COUNT] = "SELECT count(*) FROM thing",
                                   [EACH] = "SELECT id FROM thing ORDER BY id" };
static const struct db_schema schema = { .name = "thing", .migrations = migrations, .statements = sql, .statements_n = 3 };

static const char end_sessions[] = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                   "WHERE application_name = 'nameplate' AND pid <> pg_backend_pid()";

static int open_new(void **state)
{
    struct db *db = NULL;
    struct why why = { "" };
    *state = NULL;
    if (place_url() == NULL)
        return 0;
    if (db_open(place_new("", "thing"), DB_CREATE, &schema, &db, &why) != OK) {
        print_error("%s\n", why.text);
        return -1;
    }
    *state = db;
    return 0;
}

static int close_it(void **state)
{
    db_close(*state);
    return 0;
}

static struct db *another(void)
{
    struct db *db = NULL;
    assert_ok(db_open(place_url(), DB_READ_WRITE, &schema, &db, NULL));
    return db;
}

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

static enum err put(struct db *db, int64_t id, struct why *why) { return db_run(db, PUT, DB_ARGS(db_int(id)), why); }

static void a_lost_connection_is_made_anew_and_takes_its_transaction_with_it(void **state) /* I9 */
{
    struct db *db = *state;
    struct why why = { "" };
    if (db == NULL)
        skip();
    assert_ok(put(db, 1, NULL));
    assert_int_equal(place_sql(end_sessions), 0);
    assert_int_equal(count(db), 1); /* a question */
    assert_int_equal(place_sql(end_sessions), 0);
    assert_ok(put(db, 2, NULL)); /* a change by itself */
    assert_int_equal(place_sql(end_sessions), 0);
    assert_ok(db_begin(db, NULL));
    assert_ok(put(db, 3, NULL));
    assert_int_equal(place_sql(end_sessions), 0);
    assert_err(put(db, 4, &why), ERR_BUSY);
    assert_err(db_commit(db, &why), ERR_BUSY);
    assert_int_equal(count(db), 2);
    assert_ok(db_begin(db, NULL));
    assert_ok(put(db, 3, NULL));
    assert_ok(db_commit(db, NULL));
    assert_int_equal(count(db), 3);
}

/* The server keeps the commit, and ends the connection before it says so. */
static void *cut_after_commit(void *context)
{
    (void)context;
    usleep(300000);
    (void)!place_sql("ALTER SYSTEM RESET synchronous_standby_names");
    (void)!place_sql("SELECT pg_terminate_backend(pid, 5000), pg_reload_conf() FROM pg_stat_activity "
                     "WHERE wait_event = 'SyncRep'");
    return NULL;
}

static void a_commit_whose_answer_is_lost_is_looked_up(void **state) /* I9 */
{
    struct db *db = *state;
    struct why why = { "" };
    pthread_t thread;
    if (db == NULL)
        skip();
    assert_ok(db_begin(db, NULL));
    assert_ok(put(db, 1, NULL));
    /* It waits for a standby that there is not. */
    assert_int_equal(place_sql("ALTER SYSTEM SET synchronous_standby_names = 'none'"), 0);
    assert_int_equal(place_sql("SELECT pg_reload_conf(), pg_sleep(0.2)"), 0);
    assert_int_equal(pthread_create(&thread, NULL, cut_after_commit, NULL), 0);
    enum err err = db_commit(db, &why);
    pthread_join(thread, NULL);
    assert_ok(err);
    assert_int_equal(count(db), 1);
}

static void a_commit_that_was_not_kept_is_not_said_to_be(void **state) /* I9 */
{
    struct db *db = *state;
    struct why why = { "" };
    if (db == NULL)
        skip();
    /* The server ends the connection in the middle of the commit. */
    assert_int_equal(place_sql("CREATE FUNCTION thing.cut() RETURNS trigger LANGUAGE plpgsql AS "
                               "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN new; END'"), 0);
    assert_int_equal(place_sql("CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON thing.thing DEFERRABLE INITIALLY DEFERRED "
                               "FOR EACH ROW EXECUTE FUNCTION thing.cut()"), 0);
    assert_ok(db_begin(db, NULL));
    assert_ok(put(db, 1, NULL));
    assert_err(db_commit(db, &why), ERR_BUSY);
    assert_int_equal(count(db), 0);
}

struct cut {
    struct db *db;
    int64_t seen, at;
};

static enum err cut_at(void *context, const struct db_row *row)
{
    struct cut *c = context;
    assert_int_equal(db_row_int(row, 0), ++c->seen);
    if (c->seen == c->at)
        assert_int_equal(place_sql(end_sessions), 0);
    if (c->seen == c->at + 1)
        assert_int_equal(count(c->db), MANY_ROWS); /* on a new connection, which knows nothing of these rows */
    return OK;
}

/* Never fewer rows as if there were no more. */
static void an_answer_that_is_cut_off_in_its_middle_is_an_error(void **state)
{
    static const int64_t places[] = { 1, 199, 200, 500, MANY_ROWS - 2 };
    struct db *db = *state;
    if (db == NULL)
        skip();
    assert_int_equal(place_sql("INSERT INTO thing.thing SELECT generate_series(1, 1000)"), 0);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct why why = { "" };
        struct cut c = { .db = db, .at = places[i] };
        enum err err = db_query(db, EACH, DB_NO_ARGS, cut_at, &c, &why);
        if (err != OK || c.seen != MANY_ROWS) /* its last piece was here already */
            assert_int_equal(err, ERR_BUSY);
        c = (struct cut){ .db = db };
        assert_ok(db_query(db, EACH, DB_NO_ARGS, cut_at, &c, NULL));
        assert_int_equal(c.seen, MANY_ROWS);
    }
}

static void one_handle_leads_a_job_until_it_is_closed_or_cut_off(void **state)
{
    bool leads = false;
    if (*state == NULL)
        skip();
    struct db *a = another(), *b = another();
    assert_ok(db_lead(a, "office", &leads, NULL));
    assert_true(leads);
    assert_ok(db_lead(b, "office", &leads, NULL));
    assert_false(leads);
    assert_ok(db_lead(*state, "other", &leads, NULL));
    assert_true(leads);
    assert_int_equal(place_sql(end_sessions), 0);
    (void)!db_lead(b, "office", &leads, NULL); /* which one is quicker then, gets it */
    assert_ok(db_lead(b, "office", &leads, NULL));
    assert_true(leads);
    assert_ok(db_begin(a, NULL));
    db_rollback(a);
    assert_ok(db_lead(a, "office", &leads, NULL));
    assert_false(leads);
    db_close(b);
    for (int i = 0; i < 100 && !leads; i++, usleep(20000)) /* its server process ends a moment later */
        assert_ok(db_lead(a, "office", &leads, NULL));
    assert_true(leads);
    db_close(a);
}

static void note_heard(void *context, const char *text)
{
    char *all = context;
    strcat(all, text == NULL ? "?" : text);
}

static void what_one_tells_the_others_hear_and_it_does_not(void **state)
{
    if (*state == NULL)
        skip();
    struct db *a = another(), *b = another();
    char heard[2][64] = { "", "" };
    db_hear(a, note_heard, heard[0]);
    db_hear(b, note_heard, heard[1]);
    assert_string_equal(heard[1], "?"); /* who comes cannot know what was told before */
    assert_ok(db_tell(a, "3012-000001", NULL));
    assert_ok(db_tell(a, "!", NULL));
    assert_int_equal(count(b), 0);
    db_hear(a, note_heard, heard[0]);
    db_hear(b, note_heard, heard[1]);
    assert_string_equal(heard[0], "?");
    assert_string_equal(heard[1], "?3012-000001!");
    assert_int_equal(place_sql(end_sessions), 0);
    (void)count(b);
    db_hear(b, note_heard, heard[1]);
    assert_string_equal(heard[1], "?3012-000001!?");
    db_close(a);
    db_close(b);
}

static void a_url_is_refused_in_a_sentence_without_its_password(void **state) /* I14 */
{
    (void)state;
    static const char *const bad[] = {
        "postgresql://u:hunter22@h/x", "postgresql://u@h/x?password=hunter22", "postgresql://u@h/x?sslpassword=hunter22", "postgresql://u:hunter22%@h/x",
        "postgresql://u:hunter22@[h/x", "postgresql://u@h/x?hunter22=1", "postgresql://u@h", "postgresql:// hunter22",
    };
    static const char *const good[] = { "postgresql://u@h/x", "postgres://u@a:1,b:2/x?passfile=/p", "postgresql:///x?host=/run" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct why why = { "" };
        struct db *db = NULL;
        assert_err(db_check_url(bad[i], &why), ERR_CONFIG);
        assert_null(strstr(why.text, "hunter22"));
        assert_err(db_open(bad[i], DB_CREATE, &schema, &db, &why), ERR_CONFIG);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ok(db_check_url(good[i], NULL));
}

static void what_is_not_there_or_out_of_reach_is_said(void **state)
{
    struct why why = { "" };
    struct db *db = NULL;
    assert_err(db_open("postgresql://u@127.0.0.1:1/x", DB_READ_WRITE, &schema, &db, &why), ERR_BUSY);
    assert_non_null(strstr(why.text, "the database x on 127.0.0.1"));
    if (*state == NULL)
        skip();
    assert_int_equal(place_sql("DROP SCHEMA thing CASCADE"), 0);
    assert_err(db_open(place_url(), DB_READ_WRITE, &schema, &db, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "there is no thing database"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lost_connection_is_made_anew_and_takes_its_transaction_with_it),
        TEST(a_commit_whose_answer_is_lost_is_looked_up),
        TEST(a_commit_that_was_not_kept_is_not_said_to_be),
        TEST(an_answer_that_is_cut_off_in_its_middle_is_an_error),
        TEST(one_handle_leads_a_job_until_it_is_closed_or_cut_off),
        TEST(what_one_tells_the_others_hear_and_it_does_not),
        TEST(a_url_is_refused_in_a_sentence_without_its_password),
        TEST(what_is_not_there_or_out_of_reach_is_said),
    };
    return cmocka_run_group_tests_name("postgres", tests, scratch_make, scratch_remove);
}
