/* What the centre decides about a node and its letters: pure, without a system call (doc/protocol/field.md). */
#ifndef CENTER_DECIDE_H
#define CENTER_DECIDE_H

#include "model/role.h"
#include "soap/messages.h"
#include "store/center.h"

/* The outcome of a judgement: OK, or an error with a sentence for the peer, and the kind of incident that it is. */
struct verdict {
    enum err err;
    const char *incident; /* "" when it is none: a condition that passes, or one of ours */
    struct why why;
};

/* An identity by what the CA told of it: `state` of the lifecycle, NULL when the CA never told. `told`: the CA was heard
 * lately, so that an unknown one is not just new. `expires_s`: end of its validity.
 * `predecessor`: another identity of the number is in force, as beside one that was renewed and not confirmed yet.
 * OK, BUSY (known soon), UNKNOWN_IDENTITY; EXPIRED (over, but within the grace time) and UNCONFIRMED: it may do what the
 * table of decide_reach allows, and nothing else. */
struct identity_facts {
    const char *state;
    bool told;
    int64_t expires_s, grace_s;
    bool predecessor;
    int64_t over_s; /* when the centre was told that it is over; 0: it is not, or nobody knows */
    bool another;   /* identity of the number counts; of one that is void */
};
struct verdict decide_identity(const struct identity_facts *facts, int64_t now_s);

/* How a letter about `number` came: by the number's own connection, by a gateway, signed or not.
 * OK, NUMBER_MISMATCH (a device speaks for another), NOT_BOUND, BAD_SIGNATURE. */
struct way_facts {
    const struct peer *peer; /* of the connection */
    const struct device_number *number;
    bool bound;                                       /* to this gateway, or to one below it */
    bool lately;                                      /* it was until a few days ago */
    bool presence;                                    /* it is one, and no call or answer */
    enum { UNSIGNED, SIGNED_WELL, SIGNED_BADLY } signature; /* by a live identity of the number */
};
struct verdict decide_way(const struct way_facts *facts);

/* What the centre knows of a number. */
struct node {
    struct center_device device;
    bool has_chain;
    struct center_session chain;
    struct center_doubt doubt; /* what a presence needs that the chain does not explain */
};

/* A reading may have been on its way when the agreement ended, or lain in a gateway that gave its receipt: the device has
 * forgotten it, and without it the next one would seem to skip it. So a known device's is taken under no agreement too. */
enum letter_content { LETTER_ANYTHING, LETTER_READING };

/* Whether a letter of this number is taken: OK, QUARANTINED, UNKNOWN_IDENTITY (scrapped), NO_AGREEMENT, BUSY (it has not
 * shown its presence yet). */
struct verdict decide_letter(const struct node *node, enum letter_content content, int64_t now_s);

/* How far an identity reaches: what is taken from whoever shows it. */
enum reach {
    REACH_ALL,          /* what its role may send */
    REACH_CONFIRMATION, /* renewed, and the one before is still in force: its presence, and that it is there */
    REACH_RENEWAL,      /* expired: its presence, and the request to be renewed */
    REACH_COUNT
};

/* By what decide_identity said; false when it is none that counts at all. */
bool decide_reach(enum err err, enum reach *ret_reach);

/* Whether a call of it is taken, and an answer or the notification of a delay. OK, UNCONFIRMED, UNKNOWN_IDENTITY (expired). */
struct verdict decide_call(enum reach reach, enum soap_message message);
struct verdict decide_answer(enum reach reach);

/* Whether a gateway with such an identity may bring letters of others. OK, BUSY: they wait at it. */
struct verdict decide_carrying(enum reach reach);

/* Why a presence gets a session that is refused, with the next token of its chain. OK, UNCONFIRMED, EXPIRED. */
struct verdict decide_presence(enum reach reach);

/* A presence. Gateways keep them and bring them when they can, and networks are slow, so that one may be older than what the
 * centre has seen since; it is of now when it shows the challenge that its sender was asked with. */
struct presence_facts {
    const char *token, *nonce, *challenge; /* "" when absent */
    int64_t letters;                       /* that the device says it has made */
};

/* The chain of tokens: which of the table's rows a presence is. */
enum session_row {
    SESSION_FIRST,   /* nothing was known */
    SESSION_NEXT,    /* the token handed out last */
    SESSION_AGAIN,   /* the one before, with its nonce: the reply was lost */
    SESSION_FORKED,  /* a token that was shown with another nonce: two devices have this memory */
    SESSION_COPIED,  /* the next one, of a device that has made fewer letters than came in its name */
    SESSION_LATE,    /* an older one, and nobody knows when it was sent: its sender is asked */
    SESSION_RESTORED /* an older one, sent now: an older memory */
};
enum session_row decide_session_row(const struct node *node, const struct presence_facts *p);
/* Whether node->doubt counts for it: the chain alone does not explain the presence. */
bool decide_needs_doubt(const struct node *node, const char *token);

struct session_outcome {
    struct verdict verdict; /* OK: admitted */
    bool quarantine;        /* put it there, for verdict.why */
    bool new_chain;         /* `chain` is to be kept */
    bool new_doubt;         /* `doubt` is */
    struct center_session chain;
    struct center_doubt doubt;
    const char *token;     /* to be handed out: in `chain`; NULL with a refusal */
    const char *challenge; /* to be handed out: in `doubt`; NULL: it is not asked. Then verdict is OK, and nobody admitted */
};
/* `fresh`: a new random token, shorter than CENTER_TOKEN; for a token its first digits become its position. */
void decide_session(const struct node *node, const struct presence_facts *p, const char *fresh, int64_t now_s,
                    struct session_outcome *ret_outcome);

/* Where a letter stands in its sender's life: under which presence it was sent, and which of its letters it is. */
struct letter_place {
    const char *id, *token, *maker; /* NULL: "" */
    int64_t serial;                 /* 0: it counts only under the presence that was shown last */
};
struct letter_outcome {
    struct verdict verdict; /* OK, BUSY (its presence did not come yet), EXPIRED, FORKED, QUARANTINED */
    bool quarantine;
    bool again; /* the same letter was taken before */
    bool keep;  /* once the letter was taken, `letters` is to be kept; of the agent's, chain.letters is at least `serial` then */
    struct center_letters letters;
};
/* `known`: of its number and maker. The node has a chain. */
void decide_place(const struct node *node, const struct center_letters *known, const struct letter_place *p,
                  struct letter_outcome *ret_outcome);

/* A reading against those that were believed. It may be ahead of one that lies in a gateway, or in its device still: then it
 * waits, and what cannot be explained so is found at once. */
struct reading_facts {
    const struct reading *last, *earlier; /* believed: the last; that of the same sequence number. NULL: none */
    bool letters_missing;                 /* its device made letters before this one that did not come */
    struct center_gap gap;                /* since when readings are missing, as far as it is known */
    int64_t position;                     /* of its device's chain */
};
struct reading_outcome {
    enum reading_verdict verdict;
    bool keep, billable, quarantine;
    bool wait;             /* it is to come again, and `gap` is to be kept */
    struct center_gap gap;
};
struct reading_outcome decide_reading(const struct reading_facts *facts, const struct reading *now, int64_t now_s);

/* Whether a letter that was made before this one did not come, as far as that is known. */
bool decide_letters_missing(const struct center_letters *known, int64_t serial);

/* Seconds until the next presence is due. */
int64_t decide_interval(const struct center_device *device, int64_t fallback_s);

#endif
