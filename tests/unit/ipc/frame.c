#include "../test.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limit.h"
#include "ipc/frame.h"

static void put_sample(struct buf *to)
{
    size_t mark;
    assert_ok(frame_begin(to, 0x0102, &mark));
    assert_ok(frame_put_int(to, -2));
    assert_ok(frame_put_bytes(to, span_of("\0\1\2", 3)));
    assert_ok(frame_put_text(to, "3012-123456"));
    assert_ok(frame_end(to, mark));
}

static void check_sample(uint16_t kind, struct frame_reader *r)
{
    char text[12];
    assert_int_equal(kind, 0x0102);
    assert_int_equal(frame_int(r), -2);
    assert_true(span_equal(frame_bytes(r), span_of("\0\1\2", 3)));
    frame_text(r, sizeof text, text);
    assert_string_equal(text, "3012-123456");
    assert_ok(frame_finish(r, NULL));
}

static void a_frame_says_what_was_put_into_it(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT;
    put_sample(&b);
    assert_memory_equal(b.data, "\0\0\0\x20\1\2", 6);
    put_sample(&b);
    uint16_t kind;
    struct frame_reader r;
    size_t used;
    assert_ok(frame_next(buf_span(&b), &kind, &r, &used));
    assert_int_equal(used * 2, b.len);
    check_sample(kind, &r);
}

static void a_frame_cut_anywhere_waits_for_more_bytes(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT;
    put_sample(&b);
    for (size_t n = 0; n < b.len; n++) {
        uint16_t kind;
        struct frame_reader r;
        size_t used = 1;
        assert_ok(frame_next(span_of(b.data, n), &kind, &r, &used));
        assert_int_equal(used, 0);
    }
}

static void lengths_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum err err;
    } rows[] = {
        { "\0\0\0\0", ERR_BAD_INPUT },
        { "\0\0\0\1", ERR_BAD_INPUT },
        { "\xff\xff\xff\xff", ERR_TOO_LARGE },
        { "\1\0\0\1", ERR_TOO_LARGE },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t kind;
        struct frame_reader r;
        size_t used;
        assert_err(frame_next(span_of(rows[i].bytes, 4), &kind, &r, &used), rows[i].err);
    }
}

static void a_field_that_does_not_fit_makes_the_whole_frame_bad(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        char want; /* i, b or t */
    } rows[] = {
        { "\0\0\0\0\0\0\0", 7, 'i' },     { "\0\0\0", 3, 'b' },         { "\0\0\0\2x", 5, 'b' },
        { "\xff\xff\xff\xffx", 5, 'b' }, { "\0\0\0\3a\0b", 7, 't' }, { "\0\0\0\4abcd", 8, 't' },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct frame_reader r = { .rest = span_of(rows[i].bytes, rows[i].n) };
        char text[4] = "zzz";
        if (rows[i].want == 'i')
            assert_int_equal(frame_int(&r), 0);
        else if (rows[i].want == 'b')
            assert_int_equal(frame_bytes(&r).n, 0);
        else
            frame_text(&r, sizeof text, text);
        if (rows[i].want == 't')
            assert_string_equal(text, "");
        assert_int_equal(frame_int(&r), 0);
        assert_err(frame_finish(&r, NULL), ERR_BAD_INPUT);
    }
}

static void a_byte_behind_the_last_field_is_refused(void **state)
{
    (void)state;
    struct frame_reader r = { .rest = span_of("\0\0\0\1ab", 6) };
    assert_int_equal(frame_bytes(&r).n, 1);
    assert_err(frame_finish(&r, NULL), ERR_BAD_INPUT);
}

static void a_frame_over_the_ceiling_is_refused_when_it_ends(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT;
    AUTO_BUF half = BUF_INIT;
    assert_ok(buf_reserve(&half, LIMIT_IPC_FRAME));
    memset(half.data, 0, LIMIT_IPC_FRAME);
    half.len = LIMIT_IPC_FRAME;
    size_t mark;
    assert_ok(frame_begin(&b, 1, &mark));
    assert_ok(frame_put_bytes(&b, buf_span(&half)));
    assert_err(frame_end(&b, mark), ERR_TOO_LARGE);
}

struct sender {
    int fd;
    struct span frame;
};

static void *send_in_pieces(void *data)
{
    const struct sender *s = data;
    for (size_t i = 0; i < s->frame.n; i++)
        if (frame_send(s->fd, span_of(s->frame.at + i, 1), NULL) != OK)
            break;
    close(s->fd);
    return NULL;
}

static void frames_cross_a_socket_pair_and_its_end_is_told(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    AUTO_BUF out = BUF_INIT, in = BUF_INIT;
    put_sample(&out);
    put_sample(&out);
    struct sender sender = { .fd = fds[0], .frame = span_of(out.data, out.len - 1) };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_in_pieces, &sender), 0);
    uint16_t kind;
    struct frame_reader r;
    assert_ok(frame_receive(fds[1], &in, &kind, &r, NULL));
    check_sample(kind, &r);
    struct why why = { 0 };
    assert_err(frame_receive(fds[1], &in, &kind, &r, &why), ERR_PEER_GONE);
    pthread_join(thread, NULL);
    assert_err(frame_send(fds[1], buf_span(&out), &why), ERR_PEER_GONE);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_says_what_was_put_into_it),
        cmocka_unit_test(a_frame_cut_anywhere_waits_for_more_bytes),
        cmocka_unit_test(lengths_that_cannot_be_are_refused),
        cmocka_unit_test(a_field_that_does_not_fit_makes_the_whole_frame_bad),
        cmocka_unit_test(a_byte_behind_the_last_field_is_refused),
        cmocka_unit_test(a_frame_over_the_ceiling_is_refused_when_it_ends),
        cmocka_unit_test(frames_cross_a_socket_pair_and_its_end_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
