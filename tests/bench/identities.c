/* Many identities in one file, for loads: asks the CA in a factory server's name, confirms, reports all as written.
 * For tests alone: the keys lie in the file as they came.
 *
 *   identities FACTORY_DIR CA_URL FIRST_NUMBER COUNT FILE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "http/client.h"
#include "model/pack.h"
#include "pki/cert.h"
#include "soap/soap.h"
#include "tls/credentials.h"

enum { SLICE = 1000, PATH = 512, LONG_MS = 1200 * 1000 };

struct maker {
    const char *url;
    struct tls_context *tls;
    struct device_number first;
    size_t count, got;
    uint8_t (*fingerprints)[CERT_FINGERPRINT];
    struct soap_stream *stream;
    FILE *file;
    struct why why;
};

static _Noreturn void fail(const struct maker *m, enum err err)
{
    fprintf(stderr, "identities: %s\n", why_text(&m->why, err));
    exit(1);
}

static struct device_number number_at(struct maker *m, size_t i)
{
    struct device_number number;
    enum err err = number_add(&m->first, i, &number, &m->why);
    if (err != OK)
        fail(m, err);
    return number;
}

static enum err on_item(void *context, const void *record)
{
    struct maker *m = context;
    const struct issued_pack *item = record;
    struct device_number wanted = number_at(m, m->got);
    struct pack pack;
    enum err err = pack_decode(item->pack, &pack, &m->why);
    if (err == OK && !number_equal(&pack.number, &wanted))
        err = why_set(&m->why, ERR_CONFLICT, "%s came instead of %s", pack.number.text, wanted.text);
    if (err != OK)
        return err;
    cert_fingerprint_der(pack.certificate, m->fingerprints[m->got++]);
    return fwrite(item->pack.at, 1, item->pack.n, m->file) == item->pack.n ? OK : ERR_IO;
}

static enum err on_piece(void *context, struct span piece)
{
    struct maker *m = context;
    return soap_stream_push(m->stream, piece, false, &m->why);
}

static struct soap_header fresh_header(void)
{
    struct soap_header header = { .version = SOAP_1_2 };
    uint8_t bytes[16];
    char hex[33];
    if (rng_fill(bytes, sizeof bytes) != OK)
        abort();
    hex_encode(bytes, sizeof bytes, hex);
    snprintf(header.message_id, sizeof header.message_id, "urn:identities:%s", hex);
    return header;
}

static struct http_call call_with(const struct maker *m, const struct buf *xml)
{
    return (struct http_call){ .url = m->url, .method = "POST", .content_type = soap_content_type(SOAP_1_2), .body = buf_span(xml),
                               .tls = m->tls, .timeout_ms = LONG_MS };
}

static void expect_ok(struct maker *m, struct http_result *result)
{
    if (result->err == OK && result->status == 200)
        return;
    if (result->err == OK)
        (void)!why_set(&m->why, ERR_CONFLICT, "status %d: %s", result->status, buf_text(&result->body));
    else if (m->why.text[0] == '\0')
        m->why = result->why;
    fail(m, result->err == OK ? ERR_CONFLICT : result->err);
}

static void take_packs(struct maker *m, const struct soap_header *header)
{
    const struct soap_stream_events events = { .on_item = on_item, .context = m };
    struct wanted_number *numbers = calloc(m->count, sizeof *numbers);
    struct buf xml = { .max = LIMIT_BATCH_BODY };
    struct http_result result;
    for (size_t i = 0; i < m->count; i++)
        numbers[i].number = number_at(m, i);
    const struct certificate_transmission_request request = { .numbers = numbers, .numbers_n = m->count };
    enum err err = soap_write_request(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, header, &request, &xml);
    if (err == OK)
        err = soap_stream_new(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &events, &m->stream);
    if (err != OK)
        fail(m, err);
    struct http_call call = call_with(m, &xml);
    call.on_piece = on_piece;
    call.context = m;
    call.max_reply = (size_t)LIMIT_BATCH_BODY * 8;
    http_call_wait(&call, &result);
    expect_ok(m, &result);
    err = soap_stream_push(m->stream, span_of(NULL, 0), true, &m->why);
    if (err != OK || m->got != m->count || fflush(m->file) != 0)
        fail(m, err == OK ? ERR_CONFLICT : err);
    http_result_done(&result);
    soap_stream_free(m->stream);
    buf_done(&xml);
    free(numbers);
}

static void post(struct maker *m, enum soap_message message, const void *body)
{
    struct soap_header header = fresh_header();
    struct buf xml = { .max = 16 * LIMIT_MESSAGE };
    struct http_result result;
    enum err err = soap_write_request(SERVICE_CA, message, &header, body, &xml);
    if (err != OK)
        fail(m, err);
    struct http_call call = call_with(m, &xml);
    call.max_reply = 16 * LIMIT_MESSAGE;
    http_call_wait(&call, &result);
    expect_ok(m, &result);
    http_result_done(&result);
    buf_done(&xml);
}

static void report_written(struct maker *m)
{
    struct outcome outcomes[SLICE];
    for (size_t at = 0; at < m->count; at += SLICE) {
        struct outcome_report_request report = { .outcomes = outcomes };
        for (size_t i = at; i < m->count && i < at + SLICE; i++)
            outcomes[report.outcomes_n++] = (struct outcome){ .number = number_at(m, i), .outcome = "written", .reason = "",
                                                              .fingerprint = span_of(m->fingerprints[i], CERT_FINGERPRINT) };
        post(m, SOAP_OUTCOME_REPORT, &report);
    }
}

int main(int argc, char **argv)
{
    struct maker m = { .url = NULL };
    struct credentials credentials;
    char identity[PATH], passphrase[PATH];
    if (argc != 6) {
        fputs("identities FACTORY_DIR CA_URL FIRST_NUMBER COUNT FILE\n", stderr);
        return 2;
    }
    m.url = argv[2];
    m.count = strtoul(argv[4], NULL, 10);
    m.fingerprints = calloc(m.count + 1, sizeof *m.fingerprints);
    m.file = fopen(argv[5], "wb");
    snprintf(identity, sizeof identity, "%s/identity", argv[1]);
    snprintf(passphrase, sizeof passphrase, "%s/secret/server-passphrase", argv[1]);
    enum err err = m.fingerprints == NULL || m.file == NULL ? ERR_IO : number_parse(span_text(argv[3]), &m.first, &m.why);
    if (err == OK)
        err = credentials_load(identity, passphrase, ROLE_FACTORY, &credentials, &m.why);
    if (err == OK)
        err = credentials_context(&credentials, false, ROLE_BIT(ROLE_CA), false, &m.tls, &m.why);
    if (err != OK)
        fail(&m, err);
    struct soap_header header = fresh_header();
    take_packs(&m, &header);
    post(&m, SOAP_RECEIPT_CONFIRMATION, &(struct receipt_confirmation_request){ .request = header.message_id });
    report_written(&m);
    credentials_done(&credentials);
    tls_context_free(m.tls);
    free(m.fingerprints);
    return fclose(m.file) == 0 ? 0 : 1;
}
