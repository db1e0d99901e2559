/* Bytes into the reader. A long value in base64 goes past Expat, which would look at each of its bytes to find that there is
 * no markup in it: half of what reading a batch of packs costs.
 *
 * What is read is the same. The text begins behind the '>' that opened the field, and ends at the next '<' or '&', which is
 * Expat's again; what else XML forbids in a text is no base64 either. Where that '>' was inside something that Expat has
 * yet to see the end of (a comment, a tag, CDATA), there is a comment, an element or a '>' in the value, and each is refused. */
#include "soap/reader.h"

enum { LONG = 256 }; /* fewer bytes are Expat's: each turn to it costs a call */

unsigned long soap_reader_line(const struct soap_reader *r)
{
    return (unsigned long)XML_GetCurrentLineNumber(r->parser) + r->lines_past;
}

static enum err expat_error(struct soap_reader *r)
{
    enum XML_Error code = XML_GetErrorCode(r->parser);
    if (code == XML_ERROR_NO_MEMORY)
        return r->err = why_set(r->why, ERR_NO_MEMORY, "out of memory while reading XML");
    return r->err = why_set(r->why, ERR_BAD_INPUT, "line %lu: not well-formed XML: %s", soap_reader_line(r), XML_ErrorString(code));
}

/* Expat takes an int. */
static size_t at_most(size_t n)
{
    enum { STEP = 16 * 1024 * 1024 };
    return n < STEP ? n : (size_t)STEP;
}

static size_t find(struct span in, size_t from, char what)
{
    const uint8_t *at = in.n == from ? NULL : memchr(in.at + from, what, in.n - from);
    return at == NULL ? in.n : (size_t)(at - in.at);
}

/* Behind the first '>' that a long text follows, or one that goes on behind the piece; the piece's end without any. */
static size_t find_long_text(struct span piece)
{
    size_t text = 0, end = 0;
    while (end < piece.n) {
        text = find(piece, end, '>');
        if (text == piece.n)
            return text;
        end = find(piece, ++text, '<');
        if (end == piece.n || end - text >= LONG)
            return text;
    }
    return piece.n;
}

static size_t pass_text(struct soap_reader *r, struct span piece)
{
    struct span text = span_of(piece.at, find(piece, 0, '<'));
    text.n = find(text, 0, '&');
    for (size_t i = 0; (i = find(text, i, '\n')) < text.n; i++)
        r->lines_past++;
    soap_text(r, (const char *)text.at, text.n);
    r->past = text.n == piece.n;
    return text.n;
}

/* Expat has seen all until here, and what comes is a value in base64. */
static bool begins_base64(const struct soap_reader *r, uint8_t before)
{
    return before == '>' && r->place == PLACE_FIELD && r->field->kind == SOAP_BYTES && r->text.len == 0;
}

/* A search that was in vain is a piece's last one: a token that is cut into pieces Expat begins anew with each of them. */
static enum err feed(struct soap_reader *r, struct span piece)
{
    bool search = true;
    while (piece.n != 0 && r->err == OK) {
        size_t n;
        if (r->past) {
            n = pass_text(r, piece);
        } else {
            n = at_most(search ? find_long_text(piece) : piece.n);
            if (XML_Parse(r->parser, (const char *)piece.at, (int)n, XML_FALSE) != XML_STATUS_OK)
                return r->err != OK ? r->err : expat_error(r);
            search = r->past = begins_base64(r, piece.at[n - 1]);
        }
        piece = span_of(piece.at + n, piece.n - n);
    }
    return r->err;
}

static enum err finish(struct soap_reader *r)
{
    r->done = true;
    if (XML_Parse(r->parser, NULL, 0, XML_TRUE) != XML_STATUS_OK && r->err == OK)
        return expat_error(r);
    if (r->err == OK && r->fault.found)
        r->err = soap_fault_error(&r->fault, r->why);
    return r->err;
}

/* Whatever encoding it was told, Expat takes a text for UTF-16 when its first two bytes look so. */
static bool begins_as_utf16(const struct soap_reader *r, struct span piece)
{
    for (size_t i = 0; r->bytes + i < 2 && i < piece.n; i++)
        if (piece.at[i] == 0 || piece.at[i] >= 0xfe)
            return true;
    return false;
}

enum err soap_reader_push(struct soap_reader *r, struct span piece, bool last, struct why *why)
{
    if (r->err != OK)
        return r->err;
    if (r->done)
        return r->err = why_set(why, ERR_BUG, "bytes behind the last piece");
    r->why = why;
    if (piece.n > r->max_bytes - r->bytes)
        return r->err = why_set(why, ERR_TOO_LARGE, "the message is larger than %zu bytes", r->max_bytes);
    if (begins_as_utf16(r, piece))
        return r->err = why_set(why, ERR_BAD_INPUT, "line 1: only UTF-8 is read here, not UTF-16");
    r->bytes += piece.n;
    enum err err = feed(r, piece);
    if (err == OK && last)
        err = finish(r);
    r->why = NULL;
    return err;
}
