/* To-be-signed bodies of device identities: what differs is put between what was encoded once. */
#include <stdio.h>
#include <time.h>

#include "model/der.h"
#include "pki/issuer_parts.h"
#include "pki/name.h"
#include "pki/ski.h"

const uint8_t issuer_version[ISSUER_VERSION] = { 0xa0, 0x03, 0x02, 0x01, 0x02 };

/* UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
static enum err put_time(int64_t moment, struct buf *to)
{
    struct tm tm = { 0 };
    time_t t = (time_t)moment;
    if (moment == INT64_MAX)
        return buf_putf(to, "%c%c%s", 0x18, 15, "99991231235959Z");
    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 50 || tm.tm_year > 8099)
        return ERR_BAD_INPUT;
    bool utc = tm.tm_year < 150;
    char year[24];
    snprintf(year, sizeof year, "%04d", tm.tm_year + 1900);
    return buf_putf(to, "%c%c%s%02d%02d%02d%02d%02dZ", utc ? 0x17 : 0x18, utc ? 13 : 15, utc ? year + 2 : year, tm.tm_mon + 1,
                    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Batches have one moment: its encoding is kept. */
static enum err set_validity(struct issuer *i, int64_t not_before, struct why *why)
{
    if (i->time_of == not_before && i->validity.len != 0)
        return OK;
    int64_t end = i->validity_s == 0 ? INT64_MAX : not_before + i->validity_s;
    AUTO_BUF times = BUF_INIT;
    enum err err = put_time(not_before, &times);
    if (err == OK)
        err = put_time(end, &times);
    if (err != OK)
        return why_set(why, ERR_BAD_INPUT, "the certificate cannot begin at that moment");
    buf_clear(&i->validity);
    err = der_put_header(&i->validity, DER_SEQUENCE, times.len);
    if (err == OK)
        err = buf_put_span(&i->validity, buf_span(&times));
    i->time_of = not_before;
    return err;
}

static bool hash_point(struct issuer *i, struct span point, uint8_t ski[SKI_BYTES])
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    bool done = EVP_DigestInit_ex2(i->hash, i->sha256, NULL) == 1 && EVP_DigestUpdate(i->hash, point.at, point.n) == 1 &&
                EVP_DigestFinal_ex(i->hash, hash, NULL) == 1;
    memcpy(ski, hash, SKI_BYTES);
    return done;
}

/* subjectAltName: one otherName with the hardwareModuleName (RFC 4108 5). */
static void back_module(struct back *b, const struct issuer *i, struct span number)
{
    static const uint8_t san[] = { 0x06, 0x03, 0x55, 0x1d, 0x11 };
    uint8_t *end = b->at;
    back_put_span(b, number);
    back_wrap(b, DER_OCTETS, end);
    back_put_span(b, buf_span(&i->module_type));
    back_wrap(b, DER_SEQUENCE, end);
    back_wrap(b, 0xa0, end); /* value [0] EXPLICIT */
    back_put(b, name_module_oid, sizeof name_module_oid);
    back_put(b, (const uint8_t[]){ DER_OID, sizeof name_module_oid }, 2);
    back_wrap(b, 0xa0, end); /* otherName [0] */
    back_wrap(b, DER_SEQUENCE, end);
    back_wrap(b, DER_OCTETS, end);
    back_put(b, san, sizeof san);
    back_wrap(b, DER_SEQUENCE, end);
}

static void back_subject_key(struct back *b, const uint8_t ski[SKI_BYTES])
{
    static const uint8_t head[] = { 0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14 };
    back_put(b, ski, SKI_BYTES);
    back_put(b, head, sizeof head);
}

/* One RDN of one attribute; `oid` is the last arc of 2.5.4. */
static void back_attribute(struct back *b, uint8_t oid, uint8_t string_type, struct span text)
{
    uint8_t *end = b->at;
    back_put_span(b, text);
    back_wrap(b, string_type, end);
    back_put(b, (const uint8_t[]){ DER_OID, 3, 0x55, 0x04, oid }, 5);
    back_wrap(b, DER_SEQUENCE, end);
    back_wrap(b, 0x31, end); /* SET */
}

static void back_subject(struct back *b, const struct issuer *i, struct span number)
{
    enum { COMMON_NAME = 3, SERIAL_NUMBER = 5, PRINTABLE = 0x13 };
    uint8_t *end = b->at;
    back_attribute(b, SERIAL_NUMBER, PRINTABLE, number);
    if (i->common_name)
        back_attribute(b, COMMON_NAME, DER_UTF8, number);
    back_put_span(b, buf_span(&i->subject_head));
    back_wrap(b, DER_SEQUENCE, end);
}

static void back_serial(struct back *b, const struct issuer *i, const uint8_t serial[ISSUER_SERIAL])
{
    uint8_t positive[ISSUER_SERIAL];
    uint8_t *end = b->at;
    memcpy(positive, serial, sizeof positive);
    issuer_make_serial(positive);
    back_put(b, positive, i->serial_bytes);
    back_wrap(b, DER_INTEGER, end);
}

/* From the last field to the first. */
enum err issuer_put_body(struct issuer *i, const struct issue_order *order, struct span spki_head, struct span point,
                         struct buf *tbs_to, struct why *why)
{
    uint8_t ski[SKI_BYTES];
    struct back *b = &i->back;
    struct span number = span_text(order->number.text);
    enum err err = set_validity(i, order->not_before, why);
    if (err != OK)
        return err;
    if (!hash_point(i, point, ski))
        return openssl_fail(why, ERR_BUG, "hashing failed");
    back_start(b);
    back_module(b, i, number);
    back_subject_key(b, ski);
    back_put_span(b, buf_span(&i->fixed_extensions));
    back_wrap(b, DER_SEQUENCE, back_end(b));
    back_wrap(b, 0xa3, back_end(b)); /* extensions [3] */
    back_put_span(b, point);
    back_put_span(b, spki_head);
    back_subject(b, i, number);
    back_put_span(b, buf_span(&i->validity));
    back_put_span(b, buf_span(&i->algorithm_issuer));
    back_serial(b, i, order->serial);
    back_put(b, issuer_version, sizeof issuer_version);
    back_wrap(b, DER_SEQUENCE, back_end(b));
    if (b->overflowed)
        return why_set(why, ERR_TOO_LARGE, "the certificate would have more than %d bytes", LIMIT_CERTIFICATE);
    return buf_put_span(tbs_to, back_span(b));
}
