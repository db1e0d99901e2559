#include "http/head.h"

#include <string.h>
#include <strings.h>

#include "base/hex.h"

static int refuse(struct why *why, int status, const char *what)
{
    (void)!why_set(why, ERR_BAD_INPUT, "%s", what);
    return status;
}

/* RFC 9110 section 5.6.2 */
static bool is_token_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(const char *text)
{
    if (*text == '\0')
        return false;
    while (is_token_byte((unsigned char)*text))
        text++;
    return *text == '\0';
}

/* Cuts the line at *io_at off at its CRLF. NULL when it ends otherwise or holds a control character. */
static char *take_line(char **io_at, const char *end)
{
    char *line = *io_at, *p = line;
    while (p < end && *p != '\r') {
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
            return NULL;
        p++;
    }
    if (end - p < 2 || p[1] != '\n')
        return NULL;
    *p = '\0';
    *io_at = p + 2;
    return line;
}

/* Percent-decoding in place; false for a malformed or NUL-making sequence. */
static bool decode(char *path)
{
    char *to = path;
    for (const char *from = path; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = hex_value(from[1]), low = high < 0 ? -1 : hex_value(from[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *to++ = (char)(high << 4 | low);
        from += 2;
    }
    *to = '\0';
    return true;
}

/* Origin form, or absolute form (RFC 9112 3.2.2: a server must take it), or "*". */
static bool parse_target(char *target, struct head *head)
{
    for (const char *p = target; *p != '\0'; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f || *p == '#')
            return false;
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        char *slash = strchr(strchr(target, ':') + 3, '/');
        if (slash == NULL)
            return false;
        target = slash;
    }
    if (*target != '/' && strcmp(target, "*") != 0)
        return false;
    char *query = strchr(target, '?');
    if (query != NULL)
        *query++ = '\0';
    head->query = query == NULL ? "" : query;
    head->path = target;
    return decode(target);
}

static int parse_version(const char *version, struct head *head, struct why *why)
{
    if (strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8 || version[6] != '.')
        return refuse(why, 400, "the request line is malformed");
    if (version[5] != '1' || (version[7] != '0' && version[7] != '1'))
        return refuse(why, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    head->minor = (unsigned)(version[7] - '0');
    return 0;
}

static int parse_request_line(char *line, struct head *head, struct why *why)
{
    char *target = strchr(line, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (version == NULL)
        return refuse(why, 400, "the request line is malformed");
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line))
        return refuse(why, 400, "the method is malformed");
    head->method = line;
    if (strcmp(line, "CONNECT") == 0)
        return refuse(why, 501, "this is no proxy");
    int status = parse_version(version, head, why);
    if (status == 0 && !parse_target(target, head))
        status = refuse(why, 400, "the request target is malformed");
    return status;
}

static char *trim(char *value)
{
    while (*value == ' ' || *value == '\t')
        value++;
    size_t n = strlen(value);
    while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        value[--n] = '\0';
    return value;
}

static int parse_field(char *line, struct head *head, struct why *why)
{
    if (*line == ' ' || *line == '\t')
        return refuse(why, 400, "a header line is folded"); /* RFC 9112 5.2 */
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return refuse(why, 400, "a header line has no colon");
    *colon = '\0';
    if (!is_token(line))
        return refuse(why, 400, "a header name is malformed"); /* white space before the colon too: 5.1 */
    if (head->fields_n == HEAD_FIELDS)
        return refuse(why, 431, "too many header lines");
    head->fields[head->fields_n++] = (struct head_field){ line, trim(colon + 1) };
    return 0;
}

static size_t count(const struct head *head, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < head->fields_n; i++)
        n += strcasecmp(head->fields[i].name, name) == 0;
    return n;
}

const char *head_find(const struct head *head, const char *name)
{
    for (size_t i = 0; i < head->fields_n; i++)
        if (strcasecmp(head->fields[i].name, name) == 0)
            return head->fields[i].value;
    return NULL;
}

bool head_list_has(const char *list, const char *what)
{
    size_t n = strlen(what);
    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        size_t len = strcspn(list, ",");
        size_t used = len;
        while (used > 0 && (list[used - 1] == ' ' || list[used - 1] == '\t'))
            used--;
        if (used == n && strncasecmp(list, what, n) == 0)
            return true;
        list += len;
    }
    return false;
}

static int check_host(const struct head *head, struct why *why)
{
    size_t n = count(head, "Host");
    if (n > 1 || (n == 0 && head->minor >= 1))
        return refuse(why, 400, "there must be exactly one Host header"); /* RFC 9112 3.2 */
    const char *host = head_find(head, "Host");
    if (host != NULL && strpbrk(host, " \t,/@?#") != NULL)
        return refuse(why, 400, "the Host header is malformed");
    return 0;
}

/* RFC 9110 5.3: a list it is not, so that two of them mean two things. */
static int check_authorization(const struct head *head, struct why *why)
{
    return count(head, "Authorization") <= 1 ? 0 : refuse(why, 400, "there is more than one Authorization");
}

static int parse_length(struct head *head, const char *text, struct why *why)
{
    size_t n = strlen(text);
    if (n == 0 || n > 18 || strspn(text, "0123456789") != n)
        return refuse(why, 400, "the Content-Length is malformed");
    for (; *text != '\0'; text++)
        head->length = head->length * 10 + (uint64_t)(*text - '0');
    head->has_length = true;
    return 0;
}

/* RFC 9112 section 6: exactly one way to tell where the body ends. */
static int check_framing(struct head *head, struct why *why)
{
    size_t lengths = count(head, "Content-Length"), codings = count(head, "Transfer-Encoding");
    if (lengths > 1)
        return refuse(why, 400, "there is more than one Content-Length");
    if (lengths + codings > 1 && lengths > 0)
        return refuse(why, 400, "Content-Length and Transfer-Encoding exclude each other");
    if (lengths == 1)
        return parse_length(head, head_find(head, "Content-Length"), why);
    if (codings == 0)
        return 0;
    if (head->minor == 0)
        return refuse(why, 400, "HTTP/1.0 has no Transfer-Encoding");
    if (codings > 1 || strcasecmp(head_find(head, "Transfer-Encoding"), "chunked") != 0)
        return refuse(why, 501, "the only transfer coding is chunked");
    head->chunked = true;
    return 0;
}

static int check_wishes(struct head *head, struct why *why)
{
    const char *connection = head_find(head, "Connection"), *expect = head_find(head, "Expect");
    head->keep_alive = head->minor >= 1 && count(head, "Connection") <= 1 && !head_list_has(connection, "close");
    if (expect == NULL || head->minor == 0)
        return 0;
    if (strcasecmp(expect, "100-continue") != 0)
        return refuse(why, 417, "the expectation is unknown");
    head->expect_continue = true;
    return 0;
}

int head_parse(char *text, size_t n, struct head *ret_head, struct why *why)
{
    struct head head = { .fields_n = 0 };
    const char *end = text + n;
    char *line = take_line(&text, end);
    int status = line == NULL ? refuse(why, 400, "the request line is malformed") : parse_request_line(line, &head, why);
    while (status == 0) {
        line = take_line(&text, end);
        if (line == NULL)
            return refuse(why, 400, "a header line holds a control character or ends without CR LF");
        if (*line == '\0')
            break;
        status = parse_field(line, &head, why);
    }
    if (status == 0 && text != end)
        status = refuse(why, 400, "the head ends early");
    if (status == 0)
        status = check_host(&head, why);
    if (status == 0)
        status = check_authorization(&head, why);
    if (status == 0)
        status = check_framing(&head, why);
    if (status == 0)
        status = check_wishes(&head, why);
    if (status == 0)
        *ret_head = head;
    return status;
}
