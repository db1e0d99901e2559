#include "pki/key_id.h"

#include <string.h>

#include "model/der.h"
#include "pki/ski.h"

enum err spki_split(struct span spki, struct span *ret_head, struct span *ret_point)
{
    struct span in = spki, fields, algorithm, bits;
    if (der_take(&in, DER_SEQUENCE, &fields) != OK || in.n != 0 || der_take_whole(&fields, DER_SEQUENCE, &algorithm) != OK ||
        der_take(&fields, DER_BIT_STRING, &bits) != OK || fields.n != 0 || bits.n < 2 || bits.at[0] != 0)
        return ERR_BAD_KEY;
    *ret_point = span_of(bits.at + 1, bits.n - 1);
    *ret_head = span_of(spki.at, (size_t)(ret_point->at - spki.at));
    return OK;
}

enum err key_id_of_spki(struct span spki, uint8_t ret_id[KEY_ID])
{
    struct span head, point;
    uint8_t ski[SKI_BYTES];
    if (spki_split(spki, &head, &point) != OK)
        return ERR_BAD_KEY;
    ski_of_point(point, ski);
    memcpy(ret_id, ski, KEY_ID);
    return OK;
}

enum err key_id_of_certificate(struct span der, uint8_t ret_id[KEY_ID])
{
    enum { VERSION = 0xa0 };
    /* in front of the key: version, serial number, signature algorithm, issuer, validity, subject */
    static const uint8_t before[] = { VERSION, DER_INTEGER, DER_SEQUENCE, DER_SEQUENCE, DER_SEQUENCE, DER_SEQUENCE };
    struct span certificate, body, passed, spki;
    bool good = der_take(&der, DER_SEQUENCE, &certificate) == OK && der_take(&certificate, DER_SEQUENCE, &body) == OK;
    for (size_t i = 0; good && i < sizeof before; i++)
        good = der_take(&body, before[i], &passed) == OK;
    good = good && der_take_whole(&body, DER_SEQUENCE, &spki) == OK;
    return good && key_id_of_spki(spki, ret_id) == OK ? OK : ERR_BAD_CERTIFICATE;
}
