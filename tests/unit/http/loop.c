#include "../test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "http/loop.h"

static struct loop *loop;
static int count;

static void stop(void *context)
{
    loop_stop(*(struct loop **)context);
}

static void add_one(void *context)
{
    (void)context;
    count++;
}

static void *post_many(void *context)
{
    (void)context;
    for (int i = 0; i < 1000; i++)
        assert_ok(loop_post(loop, add_one, NULL));
    assert_ok(loop_post(loop, stop, &loop));
    return NULL;
}

static void posts_of_another_thread_all_run_here(void **state)
{
    (void)state;
    pthread_t thread;
    assert_ok(loop_new(&loop, NULL));
    count = 0;
    pthread_create(&thread, NULL, post_many, NULL);
    assert_ok(loop_run(loop, NULL));
    pthread_join(thread, NULL);
    assert_int_equal(count, 1000);
    loop_free(loop);
}

static void a_signal_arrives_as_a_call(void **state)
{
    (void)state;
    assert_ok(loop_new(&loop, NULL));
    assert_ok(loop_on_signal(loop, SIGHUP, stop, &loop, NULL));
    raise(SIGHUP);
    assert_ok(loop_run(loop, NULL));
    loop_free(loop);
}

static void close_other(void *context, int fd, uint32_t events)
{
    (void)fd, (void)events;
    count++;
    int *other = context;
    assert_ok(loop_watch(loop, *other, 0, NULL, NULL));
    stop(&loop);
}

/* Two descriptors are ready in the same turn; the first to run removes the other, whose event must not run. */
static void an_event_of_a_removed_descriptor_is_dropped(void **state)
{
    (void)state;
    int a[2], b[2];
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    assert_ok(loop_new(&loop, NULL));
    assert_ok(loop_watch(loop, a[0], EPOLLIN, close_other, &b[0]));
    assert_ok(loop_watch(loop, b[0], EPOLLIN, close_other, &a[0]));
    assert_int_equal(write(a[1], "x", 1), 1);
    assert_int_equal(write(b[1], "x", 1), 1);
    count = 0;
    uint64_t id;
    assert_ok(loop_timer(loop, 1000, stop, &loop, &id));
    assert_ok(loop_run(loop, NULL));
    assert_int_equal(count, 1);
    loop_free(loop);
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_of_another_thread_all_run_here),
        cmocka_unit_test(a_signal_arrives_as_a_call),
        cmocka_unit_test(an_event_of_a_removed_descriptor_is_dropped),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
