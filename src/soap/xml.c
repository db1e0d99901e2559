#include "soap/xml.h"

#include "base/text.h"

/* Bytes of the character at the front of `in` that XML 1.0 can carry; 0 when there is none (XML 1.0 section 2.2: no U+FFFE, no
 * U+FFFF, no controls but three). */
static size_t char_size(struct span in)
{
    const uint8_t *c = in.at;
    size_t n = text_char(in);
    if (n == 1)
        return c[0] >= 0x20 || c[0] == '\t' || c[0] == '\n' || c[0] == '\r' ? 1 : 0;
    bool no_character = n == 3 && c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe;
    return no_character ? 0 : n;
}

static const char *escape_of(uint8_t c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\r': return "&#13;"; /* a reader turns a plain one into a line feed */
    default: return NULL;
    }
}

/* How many bytes at the front can be copied as they are. */
static size_t plain_run(struct span text)
{
    size_t n = 0;
    while (n < text.n) {
        size_t size = escape_of(text.at[n]) != NULL ? 0 : char_size(span_of(text.at + n, text.n - n));
        if (size == 0)
            break;
        n += size;
    }
    return n;
}

static enum err put_text(struct buf *to, struct span text, bool any)
{
    enum err err = OK;
    while (err == OK && text.n != 0) {
        size_t n = plain_run(text);
        if (n != 0) {
            err = buf_put(to, text.at, n);
        } else {
            const char *escape = escape_of(*text.at);
            if (escape == NULL && !any)
                return ERR_BAD_INPUT;
            err = buf_put_text(to, escape != NULL ? escape : "?");
            n = 1;
        }
        text = span_of(text.at + n, text.n - n);
    }
    return err;
}

enum err xml_put_text(struct buf *to, struct span text) { return put_text(to, text, false); }
enum err xml_put_any_text(struct buf *to, const char *text) { return put_text(to, span_text(text), true); }

static enum err put_tag(struct buf *to, const char *open, size_t open_n, const char *name)
{
    size_t n = strlen(name);
    enum err err = buf_reserve(to, open_n + n + 1);
    if (err != OK)
        return err;
    uint8_t *at = to->data + to->len;
    memcpy(at, open, open_n);
    memcpy(at + open_n, name, n);
    at[open_n + n] = '>';
    to->len += open_n + n + 1;
    return OK;
}

enum err xml_put_start(struct buf *to, const char *name) { return put_tag(to, "<", 1, name); }
enum err xml_put_end(struct buf *to, const char *name) { return put_tag(to, "</", 2, name); }

enum err xml_put_element(struct buf *to, const char *name, struct span text)
{
    enum err err = xml_put_start(to, name);
    if (err == OK)
        err = xml_put_text(to, text);
    return err == OK ? xml_put_end(to, name) : err;
}
