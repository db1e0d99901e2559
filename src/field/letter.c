#include "field/letter.h"

#include <inttypes.h>
#include <stdio.h>

enum { PARTS = 8, DECIMALS = 2, DECIMAL = 24 };

/* What is signed of a letter: its kind and its parts, in the order of letter.h. */
struct letter {
    const char *kind; /* and the version of its parts */
    struct span parts[PARTS];
    size_t parts_n, decimals_n;
    char decimals[DECIMALS][DECIMAL]; /* the parts that are numbers, as text */
};

static void add(struct letter *l, struct span part) { l->parts[l->parts_n++] = part; }

static void add_text(struct letter *l, const char *text) { add(l, text == NULL ? span_of(NULL, 0) : span_text(text)); }

static void add_int(struct letter *l, int64_t value)
{
    char *decimal = l->decimals[l->decimals_n++];
    snprintf(decimal, DECIMAL, "%" PRId64, value);
    add(l, span_text(decimal));
}

static void presence_parts(const struct field_presence *p, struct letter *l)
{
    l->kind = "presence 2";
    add(l, span_text(p->number.text));
    add(l, span_text(p->token));
    add(l, span_text(p->nonce));
    add(l, p->fingerprint);
    add(l, span_text(p->version));
    add_int(l, p->letters);
    add_text(l, p->challenge);
}

static void session_parts(const struct field_session *s, struct letter *l)
{
    l->kind = "session 3";
    add(l, span_text(s->number.text));
    add(l, span_text(s->nonce));
    add(l, span_text(s->state));
    add(l, span_text(s->error));
    add(l, span_text(s->token));
    add_int(l, s->interval);
    add_text(l, s->challenge);
    add_int(l, s->readings);
}

static void place_parts(const char *token, int64_t serial, const char *maker, struct letter *l)
{
    add_text(l, token);
    add_int(l, serial);
    add_text(l, maker);
}

static void call_parts(const struct field_call *c, struct letter *l)
{
    l->kind = "call 2";
    add(l, span_text(c->id));
    add(l, span_text(c->number.text));
    add_int(l, c->limit);
    add(l, c->envelope);
    place_parts(c->token, c->serial, c->maker, l);
}

static void answer_parts(const struct field_answer *a, struct letter *l)
{
    l->kind = "answer 2";
    add(l, span_text(a->id));
    add(l, span_text(a->number.text));
    add(l, span_text(a->kind));
    add_int(l, a->after);
    add(l, a->envelope);
    place_parts(a->token, a->serial, a->maker, l);
}

static void program_parts(const struct fetch_program_request *p, struct letter *l)
{
    l->kind = "program 1";
    add(l, span_text(p->version));
    add_int(l, p->size);
    add(l, p->sha256);
}

static enum err put_part(struct span part, struct buf *to)
{
    uint8_t length[4];
    if (part.n > UINT32_MAX)
        return ERR_TOO_LARGE;
    for (int i = 0; i < 4; i++)
        length[i] = (uint8_t)(part.n >> (24 - 8 * i));
    enum err err = buf_put(to, length, sizeof length);
    return err == OK ? buf_put(to, part.at, part.n) : err;
}

static enum err put_message(const struct letter *l, struct buf *to)
{
    char label[32];
    int n = snprintf(label, sizeof label, "nameplate %s", l->kind);
    enum err err = buf_put(to, label, (size_t)n + 1); /* its NUL too */
    for (size_t i = 0; err == OK && i < l->parts_n; i++)
        err = put_part(l->parts[i], to);
    return err;
}

static enum err sign(const struct key *key, const struct letter *l, struct buf *to, struct why *why)
{
    AUTO_BUF message = BUF_INIT;
    enum err err = put_message(l, &message);
    return err != OK ? why_set(why, err, "no memory to sign (%s)", l->kind) : key_sign(key, buf_span(&message), to, why);
}

static enum err check(const struct cert *cert, const struct letter *l, struct span signature, struct why *why)
{
    AUTO_BUF message = BUF_INIT;
    if (signature.n == 0)
        return why_set(why, ERR_BAD_SIGNATURE, "the letter (%s) is not signed", l->kind);
    enum err err = put_message(l, &message);
    if (err != OK)
        return why_set(why, err, "no memory to check (%s)", l->kind);
    err = cert_check_signature(cert, buf_span(&message), signature, why);
    return err == OK ? OK : why_prefix(why, err, "the letter (%s)", l->kind);
}

/* Each kind of letter: signing and checking differ in nothing but the parts. */
#define LETTER(stem, type) \
    enum err letter_sign_##stem(const struct key *key, const struct type *letter, struct buf *to, struct why *why) \
    { \
        struct letter l = { .parts_n = 0 }; \
        stem##_parts(letter, &l); \
        return sign(key, &l, to, why); \
    } \
    enum err letter_check_##stem(const struct cert *cert, const struct type *letter, struct why *why) \
    { \
        struct letter l = { .parts_n = 0 }; \
        stem##_parts(letter, &l); \
        return check(cert, &l, letter->signature, why); \
    }
LETTER(presence, field_presence)
LETTER(session, field_session)
LETTER(call, field_call)
LETTER(answer, field_answer)
LETTER(program, fetch_program_request)

enum err letter_center(const struct trust *trust, const struct certificate *signers, size_t signers_n, int64_t now_s,
                       struct cert **ret_cert, struct why *why)
{
    struct span issuers[LIMIT_CHAIN];
    struct peer peer;
    AUTO_CERT cert = NULL;
    if (signers_n == 0)
        return why_set(why, ERR_BAD_INPUT, "the letter says not who signed it");
    if (signers_n > 1 + LIMIT_CHAIN)
        return why_set(why, ERR_BAD_INPUT, "the letter's chain has more than %d certificates", 1 + LIMIT_CHAIN);
    for (size_t i = 1; i < signers_n; i++)
        issuers[i - 1] = signers[i].der;
    enum err err = cert_from_der(signers[0].der, &cert, why);
    if (err == OK)
        err = verify_peer(trust, cert, issuers, signers_n - 1, cert_moment(cert, now_s), ROLE_BIT(ROLE_CENTER), &peer, why);
    if (err == OK)
        *ret_cert = cert_ref(cert);
    return err;
}
