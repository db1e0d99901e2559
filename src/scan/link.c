/* GS1 Digital Link URIs (GS1 Digital Link Standard: URI Syntax 1.4, section 4): the path ends in /01/GTIN, key
 * qualifiers (22, 10, 21) behind it. The host is not looked at: the label names the article, not a server. */
#include "scan/part.h"

struct segment_walk {
    struct span rest; /* behind the last '/' */
    bool done;
};

static struct span next_segment(struct segment_walk *walk)
{
    const uint8_t *slash = walk->rest.n == 0 ? NULL : memchr(walk->rest.at, '/', walk->rest.n);
    size_t n = slash == NULL ? walk->rest.n : (size_t)(slash - walk->rest.at);
    struct span segment = span_of(walk->rest.at, n);
    walk->done = slash == NULL;
    if (slash != NULL)
        walk->rest = span_of(slash + 1, walk->rest.n - n - 1);
    return segment;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 section 2.1. */
static enum err percent_decode(struct span in, size_t max, uint8_t *ret_text, size_t *ret_n, struct why *why)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++, n++) {
        if (n == max)
            return why_set(why, ERR_BAD_INPUT, "a part of the link on the label is too long");
        ret_text[n] = in.at[i];
        if (in.at[i] != '%')
            continue;
        int high = i + 2 < in.n ? hex_value(in.at[i + 1]) : -1, low = i + 2 < in.n ? hex_value(in.at[i + 2]) : -1;
        if (high < 0 || low < 0)
            return why_set(why, ERR_BAD_INPUT, "the link on the label has a broken %%-escape: scan again");
        ret_text[n] = (uint8_t)(high * 16 + low);
        i += 2;
    }
    *ret_n = n;
    return OK;
}

static enum err put_qualifier(struct span key, struct span raw, struct scan_instance *to, struct why *why)
{
    uint8_t value[64];
    size_t n = 0;
    enum err err = percent_decode(raw, sizeof value, value, &n, why);
    if (err != OK)
        return err;
    if (span_equal(key, span_text("21")))
        return scan_put_serial(span_of(value, n), to, why);
    if (span_equal(key, span_text("10")) || span_equal(key, span_text("22")))
        return OK;
    return why_set(why, ERR_BAD_INPUT, "the link on the label has a part that is not known here: /%.*s/", (int)(key.n < 8 ? key.n : 8),
                   (const char *)key.at);
}

/* "?01=" or "&21=": the same thing said a second time, or where a GS1 Digital Link does not say it. */
static bool query_says(struct span query)
{
    for (size_t i = 0; i + 3 < query.n; i++) {
        bool start = query.at[i] == '?' || query.at[i] == '&' || query.at[i] == ';';
        if (start && query.at[i + 3] == '=' && (memcmp(query.at + i + 1, "01", 2) == 0 || memcmp(query.at + i + 1, "21", 2) == 0))
            return true;
    }
    return false;
}

static enum err read_path(struct span path, struct scan_instance *to, struct why *why)
{
    struct segment_walk walk = { .rest = path };
    (void)next_segment(&walk); /* the host */
    while (!walk.done) {
        if (!span_equal(next_segment(&walk), span_text("01")) || walk.done)
            continue;
        enum err err = scan_put_gtin(next_segment(&walk), to, why);
        while (err == OK && !walk.done) {
            struct span key = next_segment(&walk);
            if (walk.done)
                return why_set(why, ERR_BAD_INPUT, "the link on the label ends too early: scan again");
            err = put_qualifier(key, next_segment(&walk), to, why);
        }
        return err;
    }
    return why_set(why, ERR_BAD_INPUT, "the link on the label is no GS1 Digital Link with /01/ and /21/");
}

enum err scan_read_link(struct span text, struct scan_instance *ret_instance, struct why *why)
{
    struct scan_instance instance = { .gtin = "" };
    const uint8_t *start = memchr(text.at, ':', text.n); /* the caller saw "http://" or "https://" */
    if (start == NULL || (size_t)(start - text.at) + 3 > text.n)
        return why_set(why, ERR_BAD_INPUT, "the link on the label ends too early: scan again");
    struct span path = span_of(start + 3, text.n - (size_t)(start - text.at) - 3);
    size_t end = 0;
    while (end < path.n && path.at[end] != '?' && path.at[end] != '#')
        end++;
    if (query_says(span_of(path.at + end, path.n - end)))
        return why_set(why, ERR_BAD_INPUT, "the link on the label says its article or serial number behind the \"?\": it belongs in front, once");
    path.n = end;
    enum err err = read_path(path, &instance, why);
    if (err == OK)
        err = scan_check_instance(&instance, why);
    if (err == OK)
        *ret_instance = instance;
    return err;
}
