/* The row "soap": a batch of 10,000 packs written and read item by item, against Expat alone over the same bytes
 * (the least that any reading of XML costs). Prints one JSON object. */
#include <expat.h>
#include <stdio.h>

#include "base/clock.h"
#include "soap/soap.h"

enum { PACKS = 10000, PACK_BYTES = 2400, PIECE = 16 * 1024, ROUNDS = 5 };

static enum err count_pack(void *context, const void *record)
{
    const struct issued_pack *pack = record;
    size_t *bytes = context;
    *bytes += pack->pack.n;
    return OK;
}

/* As the CA sends it: the buffer is emptied whenever a piece is full; here each piece is kept in `whole` once. */
static enum err write_batch(struct buf *whole)
{
    static uint8_t bytes[PACK_BYTES];
    const struct soap_header header = { .relates_to = "urn:uuid:bench" };
    struct issued_pack pack = { .order = "bench", .pack = span_of(bytes, sizeof bytes) };
    buf_clear(whole);
    enum err err = soap_write_open(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &header, whole);
    for (unsigned i = 0; err == OK && i < PACKS; i++) {
        bytes[i % PACK_BYTES] = (uint8_t)(i * 7);
        snprintf(pack.number.text, sizeof pack.number.text, "3012-%06u", i);
        err = soap_write_item(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &pack, whole);
    }
    return err == OK ? soap_write_close(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &header, whole) : err;
}

static enum err read_batch(struct span xml, size_t *ret_bytes)
{
    size_t bytes = 0;
    const struct soap_stream_events events = { .on_item = count_pack, .context = &bytes };
    struct soap_stream *stream;
    enum err err = soap_stream_new(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &events, &stream);
    if (err != OK)
        return err;
    while (err == OK && xml.n != 0) {
        size_t n = xml.n < PIECE ? xml.n : (size_t)PIECE;
        err = soap_stream_push(stream, span_of(xml.at, n), n == xml.n, NULL);
        xml = span_of(xml.at + n, xml.n - n);
    }
    soap_stream_free(stream);
    *ret_bytes = bytes;
    return err;
}

static void on_start(void *data, const char *name, const char **attributes) { (void)data, (void)name, (void)attributes; }
static void on_end(void *data, const char *name) { (void)data, (void)name; }
static void on_text(void *data, const char *text, int n) { (void)text, *(size_t *)data += (size_t)n; }

static enum err parse_bare(struct span xml, size_t *ret_text)
{
    size_t text = 0;
    XML_Parser parser = XML_ParserCreateNS("UTF-8", '\f');
    if (parser == NULL)
        return ERR_NO_MEMORY;
    XML_SetUserData(parser, &text);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    enum XML_Status status = XML_STATUS_OK;
    while (status == XML_STATUS_OK && xml.n != 0) {
        size_t n = xml.n < PIECE ? xml.n : (size_t)PIECE;
        status = XML_Parse(parser, (const char *)xml.at, (int)n, n == xml.n);
        xml = span_of(xml.at + n, xml.n - n);
    }
    XML_ParserFree(parser);
    *ret_text = text;
    return status == XML_STATUS_OK ? OK : ERR_BAD_INPUT;
}

struct best {
    int64_t write_us, read_us, bare_us;
};

static void keep_best(int64_t since, int64_t *best)
{
    int64_t took = clock_mono_us() - since;
    if (*best == 0 || took < *best)
        *best = took;
}

static enum err run_round(struct buf *xml, struct best *best)
{
    size_t bytes = 0, text = 0;
    int64_t start = clock_mono_us();
    enum err err = write_batch(xml);
    keep_best(start, &best->write_us);
    start = clock_mono_us();
    if (err == OK)
        err = read_batch(buf_span(xml), &bytes);
    keep_best(start, &best->read_us);
    start = clock_mono_us();
    if (err == OK)
        err = parse_bare(buf_span(xml), &text);
    keep_best(start, &best->bare_us);
    return err == OK && (bytes != (size_t)PACKS * PACK_BYTES || text < bytes) ? ERR_BUG : err;
}

int main(void)
{
    AUTO_WIPED_BUF xml = BUF_INIT;
    struct best best = { 0 };
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < ROUNDS; i++)
        err = run_round(&xml, &best);
    if (err != OK) {
        fprintf(stderr, "%s\n", err_row(err)->text);
        return 1;
    }
    printf("{\"soap\": {\"ratio\": %.2f, \"unit\": \"times Expat alone over the same bytes, %d packs written and read\", "
           "\"write_ms\": %.1f, \"read_ms\": %.1f, \"expat_ms\": %.1f, \"bytes\": %zu}}\n",
           (double)(best.write_us + best.read_us) / (double)best.bare_us, PACKS, (double)best.write_us / 1000,
           (double)best.read_us / 1000, (double)best.bare_us / 1000, xml.len);
    return 0;
}
