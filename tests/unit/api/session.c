#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "../store/scratch.h"
#include "api/login.h"
#include "api/session.h"
#include "base/clock.h"
#include "store/stock.h"

static void passwords_are_kept_as_yescrypt_and_short_ones_refused(void **state)
{
    (void)state;
    char hash[128], again[128];
    struct why why;
    assert_err(password_hash("seven77", hash, &why), ERR_BAD_INPUT);
    assert_ok(password_hash("correct horse", hash, &why));
    assert_ok(password_hash("correct horse", again, &why));
    assert_memory_equal(hash, "$y$", 3);
    assert_string_not_equal(hash, again);
    assert_true(password_right("correct horse", hash));
    assert_false(password_right("correct horsE", hash));
    assert_false(password_right("", hash));
    assert_false(password_right("correct horse", ""));
}

/* --- Log-in on a database --- */

static struct api_service service;
static int64_t now_ms = 1000000; /* monotonic: the pace of log-ins is not that of this machine */
static int64_t look_ms;          /* of the processor, from one look at its clock to the next */

int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_mono_ms(void) { return now_ms; }
int64_t __wrap_clock_thread_ms(void);
int64_t __wrap_clock_thread_ms(void)
{
    static int64_t used_ms;
    return used_ms += look_ms;
}

static void add(const char *name, const char *password, bool disabled)
{
    struct person op = { .role = "viewer", .disabled = disabled };
    snprintf(op.name, sizeof op.name, "%s", name);
    assert_ok(password_hash(password, op.hash, NULL));
    assert_ok(people_put(&service.people, &op, NULL));
}

static int open_new(void **state)
{
    struct db *db = NULL;
    (void)state;
    now_ms += 3600 * 1000;
    if (stock_open(scratch_path("people.db"), DB_CREATE, &db, NULL) != OK)
        return -1;
    service = (struct api_service){ .people = stock_people(db), .audit = stock_audit, .login_failures = 2, .lock_s = 900, .session_s = 60 };
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    db_close(service.people.db);
    return 0;
}

static void who_tries_learns_neither_which_names_there_are_nor_which_are_locked(void **state) /* F-20 */
{
    (void)state;
    struct person op = { .name = "" };
    struct why unknown, wrong, locked, disabled;
    add("meier", "correct horse", false);
    add("gone", "correct horse", true);
    assert_ok(session_check(&service, "meier", "correct horse", &op, NULL));
    assert_string_equal(op.name, "meier");
    assert_err(session_check(&service, "nobody", "correct horse", &op, &unknown), ERR_NOT_AUTHENTICATED);
    assert_err(session_check(&service, "gone", "correct horse", &op, &disabled), ERR_NOT_AUTHENTICATED);
    for (int i = 0; i < 2; i++)
        assert_err(session_check(&service, "meier", "wrong horse", &op, &wrong), ERR_NOT_AUTHENTICATED);
    assert_err(session_check(&service, "meier", "correct horse", &op, &locked), ERR_NOT_AUTHENTICATED);
    assert_string_equal(unknown.text, wrong.text);
    assert_string_equal(unknown.text, locked.text);
    assert_string_equal(unknown.text, disabled.text);
}

static void a_flood_of_log_ins_is_not_looked_at(void **state)
{
    (void)state;
    struct person op;
    look_ms = 100;
    int looked_at = 0;
    while (looked_at < LOGIN_DEBT_MS && session_check(&service, "nobody", "correct horse", &op, NULL) == ERR_NOT_AUTHENTICATED)
        looked_at++;
    assert_int_equal(looked_at, LOGIN_DEBT_MS / 100 + 1);
    assert_err(session_check(&service, "nobody", "correct horse", &op, NULL), ERR_BUSY);
    now_ms += 3600 * 1000;
    assert_err(session_check(&service, "nobody", "correct horse", &op, NULL), ERR_NOT_AUTHENTICATED);
    look_ms = 0;
}

static void refused_session(const char *token)
{
    struct person op;
    char header[128];
    snprintf(header, sizeof header, "Bearer %s", token);
    assert_err(session_find(&service, header, &op, NULL), ERR_NOT_AUTHENTICATED);
}

static void a_session_ends_with_its_time_and_with_its_operator(void **state) /* F-20 */
{
    (void)state;
    uint8_t hash[32];
    struct person op = { .name = "" };
    add("meier", "correct horse", false);
    cert_fingerprint_der(span_text("t1"), hash);
    assert_ok(people_session_add(&service.people, hash, "meier", clock_wall_s() + 60, NULL));
    assert_ok(session_find(&service, "Bearer t1", &op, NULL));
    assert_string_equal(op.name, "meier");
    refused_session("t2");
    refused_session("");
    add("meier", "correct horse", true);
    refused_session("t1");
    add("meier", "correct horse", false);
    cert_fingerprint_der(span_text("t3"), hash);
    assert_ok(people_session_add(&service.people, hash, "meier", clock_wall_s() - 1, NULL));
    refused_session("t3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_are_kept_as_yescrypt_and_short_ones_refused),
        cmocka_unit_test_setup_teardown(who_tries_learns_neither_which_names_there_are_nor_which_are_locked, open_new, close_it),
        cmocka_unit_test_setup_teardown(a_session_ends_with_its_time_and_with_its_operator, open_new, close_it),
        cmocka_unit_test_setup_teardown(a_flood_of_log_ins_is_not_looked_at, open_new, close_it),
    };
    return cmocka_run_group_tests_name("session", tests, scratch_make, scratch_remove);
}
