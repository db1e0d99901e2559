#include "../pki/fixture.h"

#include <stdio.h>
#include <string.h>

#include "../store/scratch.h"
#include "center/job.h"

/* What goes down, and to whom (M-1, M-3), on a database and without a connection. */

#define DEVICE "3012-000001"
#define ITS_GATEWAY "3100-000001"
#define OTHER_GATEWAY "3100-000002"

static struct center center;
static struct fixture *pki;

static void put(const char *number, enum center_kind kind, const char *gateway)
{
    struct center_device d = { .kind = kind };
    snprintf(d.number.text, sizeof d.number.text, "%s", number);
    snprintf(d.gateway.text, sizeof d.gateway.text, "%s", gateway);
    assert_ok(center_device_put(center.db, &d, NULL));
}

static void call_down(const char *id)
{
    bool fresh;
    struct center_call c = { .number = { DEVICE }, .down = true, .operation = "RestartRequest", .state = CALL_WAITING, .accepted_s = 1,
                             .limit_s = 9990, .envelope = span_text("<e/>") };
    snprintf(c.id, sizeof c.id, "%s", id);
    assert_ok(center_call_add(center.db, &c, &fresh, NULL));
}

static int open_new(void **state)
{
    const struct center_session chain = { .token = "t1" };
    (void)state;
    pki = fixture_new();
    center = (struct center){ .credentials = { .key = pki->infrastructure.key, .chain = { pki->infrastructure.cert }, .chain_n = 1 } };
    assert_ok(center_open(scratch_path("collect.db"), DB_CREATE, &center.db, NULL));
    put(ITS_GATEWAY, CENTER_GATEWAY, "");
    put(OTHER_GATEWAY, CENTER_GATEWAY, "");
    put(DEVICE, CENTER_DEVICE, ITS_GATEWAY);
    assert_ok(center_agreement_add(center.db, DEVICE, 1, 0, NULL));
    assert_ok(center_session_put(center.db, DEVICE, &chain, NULL));
    call_down("c1");
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    db_close(center.db);
    fixture_free(pki);
    return 0;
}

/* How many calls the reply to this one has. */
static size_t calls_for(enum role role, const char *asker)
{
    struct job job = { .center = &center, .peer = { .role = role }, .now_s = 1000, .reach = REACH_ALL };
    snprintf(job.peer.name, sizeof job.peer.name, "%s", asker);
    snprintf(job.number.text, sizeof job.number.text, "%s", asker);
    assert_ok(response_begin(&job));
    assert_ok(collect_letters(&job, NULL));
    size_t n = job.response.calls_n;
    response_end(&job);
    return n;
}

/* `via` of the device's row: by which gateway it came last. */
static void a_call_goes_the_way_by_which_its_device_came_last(void **state)
{
    static const struct {
        bool seen;
        const char *via;
        enum role role;
        const char *asker;
        size_t calls;
    } rows[] = {
        { false, "", ROLE_GATEWAY, ITS_GATEWAY, 1 },             /* it never came: its gateway is the way */
        { true, ITS_GATEWAY, ROLE_GATEWAY, ITS_GATEWAY, 1 },
        { true, "", ROLE_GATEWAY, ITS_GATEWAY, 0 },              /* it came by itself: in the gateway the call would wait */
        { true, OTHER_GATEWAY, ROLE_GATEWAY, ITS_GATEWAY, 0 },
        { true, OTHER_GATEWAY, ROLE_GATEWAY, OTHER_GATEWAY, 0 }, /* not bound to it */
        { true, ITS_GATEWAY, ROLE_DEVICE, DEVICE, 1 },           /* here it is */
        { true, "", ROLE_DEVICE, DEVICE, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].seen)
            assert_ok(center_device_seen(center.db, DEVICE, 900, "1", rows[i].via, NULL));
        assert_int_equal(calls_for(rows[i].role, rows[i].asker), rows[i].calls);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_goes_the_way_by_which_its_device_came_last, open_new, close_it),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
