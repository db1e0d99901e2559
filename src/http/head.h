/* The head of an HTTP request (RFC 9112 sections 2-6): request line and header fields, judged strictly.
 *
 * No I/O. Whatever two readers of the same bytes could take differently (request smuggling) is refused
 * here, before llhttp frames the body: bare CR or LF, folded lines, white space before a colon, more than
 * one Host, Content-Length twice or beside Transfer-Encoding, codings other than chunked. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { HEAD_FIELDS = 64 };

struct head_field {
    const char *name, *value; /* into the text given to head_parse */
};

struct head {
    const char *method, *path, *query; /* path: decoded, starts with '/' (or is "*"); query: raw, "" when none */
    unsigned minor;                    /* HTTP/1.minor, 0 or 1 */
    bool keep_alive;                   /* what the client asks for */
    bool expect_continue;
    bool chunked;
    bool has_length;
    uint64_t length; /* of the body, when has_length */
    struct head_field fields[HEAD_FIELDS];
    size_t fields_n;
};

/* Parses n bytes that end with the empty line (CRLF CRLF), in place: `text` is changed (NULs, decoding) and
 * must stay as long as the head. Returns 0, or the HTTP status to refuse with (400, 417, 431, 501, 505),
 * `why` saying what for. */
int head_parse(char *text, size_t n, struct head *ret_head, struct why *why);

const char *head_find(const struct head *head, const char *name); /* NULL when absent; any case */

/* Whether `what` is an element of a comma-separated list, in any case. */
bool head_list_has(const char *list, const char *what);

#endif
