/* What is signed in the field, and by whom (doc/protocol/field.md): presences, sessions, calls, answers, programs.
 * What lies between two ends can carry a letter, and not change, redirect or invent one.
 *
 * Signed bytes: "nameplate " KIND " 2" NUL (1 for a program), then each part in order as 4 bytes of length (big-endian) and its bytes.
 *   presence   number, token, nonce, fingerprint, version, letters (decimal), challenge
 *   session    number, nonce, state, error, token, interval (decimal), challenge
 *   call       id, number, limit (decimal), envelope, token, serial (decimal), maker
 *   answer     id, number, kind, after (decimal), envelope, token, serial (decimal), maker
 *   program    version, size (decimal), sha256
 * The signature is the key's usual one: pki/key.h. */
#ifndef FIELD_LETTER_H
#define FIELD_LETTER_H

#include "base/buf.h"
#include "pki/cert.h"
#include "pki/verify.h"
#include "soap/messages.h"

/* Each appends the signature to `to`; the letter's own `signature` is not looked at. Errors: those of key_sign. */
enum err letter_sign_presence(const struct key *key, const struct field_presence *p, struct buf *to, struct why *why) MUST_CHECK;
enum err letter_sign_session(const struct key *key, const struct field_session *s, struct buf *to, struct why *why) MUST_CHECK;
enum err letter_sign_call(const struct key *key, const struct field_call *c, struct buf *to, struct why *why) MUST_CHECK;
enum err letter_sign_answer(const struct key *key, const struct field_answer *a, struct buf *to, struct why *why) MUST_CHECK;
enum err letter_sign_program(const struct key *key, const struct fetch_program_request *p, struct buf *to, struct why *why) MUST_CHECK;

/* By the certificate of the one who should have signed. Errors: BAD_SIGNATURE. */
enum err letter_check_presence(const struct cert *cert, const struct field_presence *p, struct why *why) MUST_CHECK;
enum err letter_check_session(const struct cert *cert, const struct field_session *s, struct why *why) MUST_CHECK;
enum err letter_check_call(const struct cert *cert, const struct field_call *c, struct why *why) MUST_CHECK;
enum err letter_check_answer(const struct cert *cert, const struct field_answer *a, struct why *why) MUST_CHECK;
enum err letter_check_program(const struct cert *cert, const struct fetch_program_request *p, struct why *why) MUST_CHECK;

/* The centre's certificate out of the letter's signers, judged by verify_peer (only ROLE_CENTER passes).
 * Errors: BAD_CERTIFICATE, NOT_ALLOWED, BAD_INPUT when there is none. */
enum err letter_center(const struct trust *trust, const struct certificate *signers, size_t signers_n, int64_t now_s,
                       struct cert **ret_cert, struct why *why) MUST_CHECK;

#endif
