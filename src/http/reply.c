#include <inttypes.h>
#include <time.h>

#include "http/conn.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 411, "Length Required" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

const char *reply_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Status";
}

/* RFC 9110 5.6.7, made once a second: only one thread runs the servers of a program. */
static const char *date_now(void)
{
    static _Thread_local char text[40];
    static _Thread_local time_t made;
    time_t now = time(NULL);
    struct tm tm;
    if (now != made && gmtime_r(&now, &tm) != NULL && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) != 0)
        made = now;
    return text;
}

static enum err put_framing(struct buf *to, int64_t length, bool chunked)
{
    if (chunked)
        return buf_put_text(to, "Transfer-Encoding: chunked\r\n");
    return length < 0 ? OK : buf_putf(to, "Content-Length: %" PRId64 "\r\n", length);
}

enum err reply_head(struct buf *to, int status, const char *content_type, int64_t length, bool chunked, bool close,
                    const char *extra)
{
    enum err err = buf_putf(to, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, reply_reason(status), date_now());
    if (err == OK && content_type != NULL)
        err = buf_putf(to, "Content-Type: %s\r\n", content_type);
    if (err == OK)
        err = put_framing(to, length, chunked);
    if (err == OK && close)
        err = buf_put_text(to, "Connection: close\r\n");
    if (err == OK && extra != NULL)
        err = buf_put_text(to, extra);
    return err == OK ? buf_put_text(to, "\r\n") : err;
}
