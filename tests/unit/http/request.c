#include "../test.h"

#include "base/limit.h"
#include "http/request.h"

#define HOST "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* Feeds `text` in pieces of `cut` bytes; the outcome as text: bodies in brackets, a refusal's status. */
static void run(const char *text, size_t n, size_t cut, struct buf *to)
{
    struct request r;
    request_init(&r);
    bool bad = false;
    for (size_t at = 0; at < n && !bad; at += cut) {
        struct span in = span_of(text + at, n - at < cut ? n - at : cut), piece;
        enum request_event event;
        while (!bad && (event = request_next(&r, &in, &piece)) != REQUEST_MORE) {
            if (event == REQUEST_HEAD)
                assert_ok(buf_putf(to, "%s %s[", r.head.method, r.head.path));
            else if (event == REQUEST_PIECE)
                assert_ok(buf_put_span(to, piece));
            else if (event == REQUEST_END) {
                assert_ok(buf_put_text(to, "]"));
                request_reset(&r);
            } else {
                assert_ok(buf_putf(to, "!%d", r.status));
                bad = true;
            }
        }
    }
    request_done(&r);
}

static const struct row {
    const char *what, *bytes, *outcome;
} rows[] = {
    { "plain GET", "GET /a HTTP/1.1\r\n" HOST "\r\n", "GET /a[]" },
    { "HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET /[]" },
    { "empty lines in front", "\r\n\r\nGET / HTTP/1.0\r\n\r\n", "GET /[]" },
    { "too many empty lines", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n", "!400" },
    { "a third empty line, nothing behind it yet", "\r\n\r\n\r\nx", "!400" },
    { "length", POST "Content-Length: 3\r\n\r\nabc", "POST /[abc]" },
    { "length 0", POST "Content-Length: 0\r\n\r\n", "POST /[]" },
    { "pipelined", POST "Content-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n" HOST "\r\n", "POST /[abc]GET /b[]" },
    { "chunked", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "POST /[abcde]" },
    { "chunked, pipelined", CHUNKED "3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.0\r\n\r\n", "POST /[abc]GET /b[]" },
    { "chunk extension", CHUNKED "3;a=b\r\nabc\r\n0\r\n\r\n", "POST /[abc]" },
    { "absolute form", "GET http://x:1/p?q HTTP/1.1\r\n" HOST "\r\n", "GET /p[]" },
    { "percent decoding", "GET /%41%2f?%41 HTTP/1.1\r\n" HOST "\r\n", "GET /A/[]" },
    { "upgrade is passed over", "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET /[]" },

    { "length and coding", POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!400" },
    { "coding and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "!400" },
    { "two lengths", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "!400" },
    { "the same length twice", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "!400" },
    { "length list", POST "Content-Length: 3, 3\r\n\r\nabc", "!400" },
    { "signed length", POST "Content-Length: +3\r\n\r\nabc", "!400" },
    { "negative length", POST "Content-Length: -1\r\n\r\n", "!400" },
    { "hexadecimal length", POST "Content-Length: 0x3\r\n\r\nabc", "!400" },
    { "empty length", POST "Content-Length: \r\n\r\nabc", "!400" },
    { "huge length", POST "Content-Length: 99999999999999999999\r\n\r\nabc", "!400" },
    { "space before the colon", POST "Content-Length : 3\r\n\r\nabc", "!400" },
    { "space before the name", "POST / HTTP/1.1\r\n" HOST " Content-Length: 3\r\n\r\nabc", "!400" },
    { "folded line", POST "X: a\r\n b\r\nContent-Length: 3\r\n\r\nabc", "!400" },
    { "folded coding", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "!400" },
    { "coding twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!501" },
    { "gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "!501" },
    { "unknown coding", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "!501" },
    { "identity", POST "Transfer-Encoding: identity\r\n\r\n", "!501" },
    { "vertical tab in coding", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", "!400" },
    { "coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!400" },
    { "bare LF", "GET / HTTP/1.1\nHost: a\n\n", "!400" },
    { "bare LF in the header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "!400" },
    { "bare CR in a value", POST "X: a\rContent-Length: 3\r\n\r\nabc", "!400" },
    { "no colon", POST "nonsense\r\n\r\n", "!400" },
    { "empty name", POST ": x\r\n\r\n", "!400" },
    { "no Host", "GET / HTTP/1.1\r\n\r\n", "!400" },
    { "two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", "!400" },
    { "two Authorizations", "GET / HTTP/1.1\r\n" HOST "Authorization: Bearer a\r\nauthorization: Bearer a\r\n\r\n", "!400" },
    { "Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "!400" },
    { "HTTP/2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", "!505" },
    { "HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", "!505" },
    { "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!505" },
    { "HTTP/0.9", "GET /\r\n\r\n", "!400" },
    { "unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", "!501" },
    { "CONNECT", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", "!501" },
    { "two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", "!400" },
    { "NUL in the path", "GET /%00 HTTP/1.1\r\n" HOST "\r\n", "!400" },
    { "cut escape", "GET /%4 HTTP/1.1\r\n" HOST "\r\n", "!400" },
    { "fragment", "GET /#x HTTP/1.1\r\n" HOST "\r\n", "!400" },
    { "relative target", "GET a HTTP/1.1\r\n" HOST "\r\n", "!400" },
    { "unknown expectation", POST "Expect: wonders\r\nContent-Length: 1\r\n\r\na", "!417" },
    { "TLS hello", "\x16\x03\x01\x02\x01\r\n\r\n", "!400" },
    { "bad chunk size", CHUNKED "zz\r\nabc\r\n0\r\n\r\n", "POST /[!400" },
    { "negative chunk size", CHUNKED "-1\r\nabc\r\n0\r\n\r\n", "POST /[!400" },
    { "prefixed chunk size", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n", "POST /[!400" },
    { "huge chunk size", CHUNKED "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n", "POST /[!400" },
    { "chunk longer than its size", CHUNKED "2\r\nabc\r\n0\r\n\r\n", "POST /[ab!400" },
    { "chunk size ended by LF", CHUNKED "3\nabc\r\n0\r\n\r\n", "POST /[!400" },
    { "chunk ended by LF", CHUNKED "3\r\nabc\n0\r\n\r\n", "POST /[abc!400" },
    { "space before the chunk size", CHUNKED " 3\r\nabc\r\n0\r\n\r\n", "POST /[!400" },
    { "trailer", CHUNKED "1\r\na\r\n0\r\nX: y\r\n\r\n", "POST /[a!400" },
};

static void every_way_to_write_a_request_has_one_reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t cut = 1; cut < 200; cut = cut < 8 ? cut + 1 : cut * 5) {
            AUTO_BUF got = BUF_INIT;
            run(rows[i].bytes, strlen(rows[i].bytes), cut, &got);
            if (strcmp(buf_text(&got), rows[i].outcome) != 0)
                fail_msg("%s, cut %zu: \"%s\" instead of \"%s\"", rows[i].what, cut, buf_text(&got), rows[i].outcome);
        }
}

static void a_header_beyond_the_limit_is_refused_before_it_ends(void **state)
{
    (void)state;
    AUTO_BUF text = BUF_INIT, got = BUF_INIT;
    assert_ok(buf_put_text(&text, "GET / HTTP/1.1\r\n" HOST "X: "));
    while (text.len < LIMIT_HEADER_BYTES)
        assert_ok(buf_put_text(&text, "aaaaaaaaaaaaaaaa"));
    run(buf_text(&text), text.len, 1000, &got);
    assert_string_equal(buf_text(&got), "!431");
}

static void more_header_lines_than_the_limit_are_refused(void **state)
{
    (void)state;
    AUTO_BUF text = BUF_INIT, got = BUF_INIT;
    assert_ok(buf_put_text(&text, "GET / HTTP/1.1\r\n" HOST));
    for (int i = 0; i < HEAD_FIELDS; i++)
        assert_ok(buf_putf(&text, "X%d: y\r\n", i));
    assert_ok(buf_put_text(&text, "\r\n"));
    run(buf_text(&text), text.len, 1000, &got);
    assert_string_equal(buf_text(&got), "!431");
}

static void endless_chunk_extensions_are_refused(void **state)
{
    (void)state;
    AUTO_BUF text = BUF_INIT, got = BUF_INIT;
    assert_ok(buf_put_text(&text, CHUNKED "3;"));
    for (int i = 0; i < 2000; i++)
        assert_ok(buf_put_text(&text, "a"));
    run(buf_text(&text), text.len, 10, &got);
    assert_string_equal(buf_text(&got), "POST /[!400");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_request_has_one_reading),
        cmocka_unit_test(a_header_beyond_the_limit_is_refused_before_it_ends),
        cmocka_unit_test(more_header_lines_than_the_limit_are_refused),
        cmocka_unit_test(endless_chunk_extensions_are_refused),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
