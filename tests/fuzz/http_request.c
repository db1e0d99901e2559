/* The HTTP request path without sockets: whatever the bytes and however they are cut, one reading, no memory error. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void read_all(const uint8_t *data, size_t size, size_t cut, struct buf *to)
{
    struct request r;
    struct span piece;
    enum request_event event = REQUEST_MORE;
    request_init(&r);
    for (size_t at = 0; at < size && event != REQUEST_BAD; at += cut) {
        struct span in = span_of(data + at, size - at < cut ? size - at : cut);
        while (event != REQUEST_BAD && (event = request_next(&r, &in, &piece)) != REQUEST_MORE) {
            if (event == REQUEST_HEAD) {
                must(r.head.path[0] == '/' || strcmp(r.head.path, "*") == 0);
                must(buf_putf(to, "%s %s %zu\n", r.head.method, r.head.path, r.head.fields_n) == OK);
            } else if (event == REQUEST_PIECE) {
                must(piece.n > 0 && piece.at >= data && piece.at + piece.n <= data + size);
                must(buf_put_span(to, piece) == OK);
            } else if (event == REQUEST_END) {
                must(buf_put_text(to, "\nend\n") == OK);
                request_reset(&r);
            } else {
                must(r.status >= 400 && buf_putf(to, "\nrefused %d\n", r.status) == OK);
            }
        }
    }
    request_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF whole = BUF_INIT, cut = BUF_INIT;
    read_all(data, size, size == 0 ? 1 : size, &whole);
    read_all(data, size, size == 0 ? 1 : 1 + data[0] % 7u, &cut);
    must(span_equal(buf_span(&whole), buf_span(&cut)));
    return 0;
}
