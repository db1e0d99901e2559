/* What front and signer say to each other over their socket pair (doc/protocol/signer-ipc.md). Every frame's
 * first field is a tag, given by the front: the answer bears it, and the frames of one batch bear the same. */
#ifndef CA_PROTOCOL_H
#define CA_PROTOCOL_H

/* K(code, number, name) */
#define CA_REQUESTS(K) \
    K(OPEN, 1, "open")           /* tag, requester, message id */ \
    K(NUMBERS, 2, "numbers")     /* tag, count, count times: device number; no answer unless refused */ \
    K(CHECK, 3, "check")         /* tag; answer ACCEPTED: number of packs */ \
    K(NEXT, 4, "next")           /* tag; answer PACKS, once or several times */ \
    K(CLOSE, 5, "close")         /* tag; no answer */ \
    K(CONFIRM, 6, "confirm")     /* tag, requester, message id; answer DONE */ \
    K(OUTCOMES, 7, "outcomes")   /* tag, requester, count, count times: number, fingerprint, outcome, reason */ \
    K(ACCOUNTS, 8, "accounts")   /* tag, requester, order or "" */ \
    K(BOOTSTRAP, 9, "bootstrap") /* tag, requester, model; answer PACK */ \
    K(ENROL, 10, "enrol")        /* tag, token, PKCS #10, role or "" */ \
    K(LISTS, 11, "lists")        /* tag, SHA-256 of those that are known or ""; answer LISTS: the newest CRL of each CA, or none */ \
    K(WITNESS, 12, "witness")    /* tag, requester, entries, head or "", asked entry or 0 */ \
    K(IDENTITIES, 13, "identities") /* tag, cursor; answer IDENTITIES: what changed since */ \
    K(RENEW, 14, "renew")        /* tag, requester, number, reason, fingerprint or "", PKCS #10; answer RENEWED */ \
    K(SETTLE, 15, "settle")      /* tag, requester, number, fingerprint, outcome, reason; answer SETTLED */

enum ca_request {
#define K(code, number, name) CA_REQUEST_##code = number,
    CA_REQUESTS(K)
#undef K
    CA_REQUEST_END
};

enum ca_answer {
    CA_ANSWER_READY = 101, /* the signer has its keys and its register; tag 0, once */
    CA_ANSWER_ERROR,       /* tag, name of the error, reason */
    CA_ANSWER_ACCEPTED,    /* tag, count */
    CA_ANSWER_PACKS,       /* tag, enum ca_packs, count, count times: number, order, pack */
    CA_ANSWER_DONE,        /* tag */
    CA_ANSWER_OUTCOMES,    /* tag, count, count times: number, state, error or "", reason */
    CA_ANSWER_ACCOUNTS,    /* tag, count, count times: order, model, quantity, issued, written, on hand, voided, superseded */
    CA_ANSWER_PACK,        /* tag, pack */
    CA_ANSWER_ENROLLED,    /* tag, role, name, certificate, root, count, count times: issuer */
    CA_ANSWER_LISTS,       /* tag, count, count times: CRL */
    CA_ANSWER_WITNESSED,   /* tag, entries, head, asked head or "", kept entries, kept head or "" */
    CA_ANSWER_IDENTITIES,  /* tag, 1 there is more, count, count times: cursor, number, generation, state, certificate or "" */
    CA_ANSWER_RENEWED,     /* tag, certificate, count, count times: issuer */
    CA_ANSWER_SETTLED,     /* tag, state */
    CA_ANSWER_END
};

enum ca_packs { CA_PACKS_MORE, CA_PACKS_ASK_AGAIN, CA_PACKS_ALL };

enum { CA_TOKEN_TEXT = 48 }; /* characters of an enrolment token, at most */

#endif
