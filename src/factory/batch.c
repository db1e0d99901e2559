#include "factory/batch.h"

#include <stdio.h>

enum { PAGE = 1000, ANSWER_TIMEOUT_MS = 30 * 60 * 1000 };

/* S1 and S2 while they are under way. */
struct run {
    struct batch *batch;
    struct soap_header header;
    /* going out */
    struct buf out;
    size_t sent; /* of `out` */
    int64_t row; /* the last number's row in the database */
    bool closed; /* the end of the envelope is in `out` */
    size_t page; /* numbers in the present page */
    /* coming in */
    struct soap_stream *stream;
    struct writer *writer;
    struct why why; /* of the stream */
};

static enum err put_number(void *context, int64_t row, const char *number)
{
    struct run *r = context;
    struct wanted_number wanted;
    enum err err = number_parse(span_text(number), &wanted.number, &r->why);
    if (err == OK)
        err = soap_write_item(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &wanted, &r->out);
    r->row = row;
    r->page++;
    return err;
}

/* The next page of numbers, or the end of the envelope behind the last one. */
static enum err fill(struct run *r)
{
    buf_clear(&r->out);
    r->sent = r->page = 0;
    enum err err = stock_request_numbers(r->batch->db, r->batch->id, r->row, PAGE, put_number, r, &r->why);
    if (err == OK && r->page < PAGE) {
        r->closed = true;
        err = soap_write_close(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &r->header, &r->out);
    }
    return err;
}

static enum err read_body(void *context, void *to, size_t max, size_t *ret_n)
{
    struct run *r = context;
    enum err err = r->sent == r->out.len && !r->closed ? fill(r) : OK;
    if (err != OK)
        return err;
    size_t left = r->out.len - r->sent, n = left < max ? left : max;
    if (n > 0)
        memcpy(to, r->out.data + r->sent, n);
    r->sent += n;
    *ret_n = n;
    return OK;
}

static enum err on_item(void *context, const void *record)
{
    struct run *r = context;
    return writer_put(r->writer, record);
}

static enum err on_piece(void *context, struct span piece)
{
    struct run *r = context;
    return soap_stream_push(r->stream, piece, false, &r->why);
}

static enum err judge(struct run *r, struct http_result *result, bool *ret_told, struct why *why)
{
    AUTO_PARSED fault = { 0 };
    if (result->err != OK && r->why.text[0] != '\0')
        return why_set(why, result->err, "%s", r->why.text);
    if (result->err != OK)
        return why_set(why, result->err, "CA: %s", why_text(&result->why, result->err));
    if (result->status == 200)
        return soap_stream_push(r->stream, span_of(NULL, 0), true, why);
    if (result->body.len == 0)
        return why_set(why, ERR_UNREACHABLE, "the CA answered with HTTP status %d", result->status);
    enum err err = soap_read_response(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, buf_span(&result->body), &fault, why);
    *ret_told = err != OK;
    return err != OK ? err : why_set(why, ERR_BAD_INPUT, "the CA answered with HTTP status %d and no fault", result->status);
}

static enum err call_ca(struct run *r, bool *ret_told, struct why *why)
{
    struct http_call call = {
        .url = r->batch->url,
        .method = "POST",
        .content_type = soap_content_type(SOAP_1_2),
        .tls = r->batch->tls,
        .timeout_ms = ANSWER_TIMEOUT_MS,
        .read_body = read_body,
        .on_piece = on_piece,
        .context = r,
    };
    struct http_result result;
    http_call_wait(&call, &result);
    enum err err = judge(r, &result, ret_told, why);
    http_result_done(&result);
    return err;
}

static enum err open_run(struct run *r, struct why *why)
{
    struct soap_stream_events events = { on_item, r };
    snprintf(r->header.message_id, sizeof r->header.message_id, "%s", r->batch->id);
    r->header.version = SOAP_1_2;
    enum err err = soap_write_open(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &r->header, &r->out);
    if (err == OK)
        err = soap_stream_new(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &events, &r->stream);
    return err != OK ? err : writer_start(r->batch->factory, r->batch->id, &r->writer, why);
}

enum err batch_run(struct batch *batch, bool *ret_told, struct why *why)
{
    struct run r = { .batch = batch };
    struct why writer_why = { "" };
    *ret_told = false;
    enum err err = open_run(&r, why);
    if (err == OK)
        err = call_ca(&r, ret_told, why);
    enum err written = r.writer == NULL ? OK : writer_finish(r.writer, &writer_why);
    if (written != OK)
        err = why_set(why, written, "%s", why_text(&writer_why, written));
    soap_stream_free(r.stream);
    buf_done(&r.out);
    if (err == OK)
        err = stock_request_missing(batch->db, batch->id, &batch->left_out, why);
    return err;
}
