#ifndef TEST_CA_FOLDER_H
#define TEST_CA_FOLDER_H

#include "../test.h"
#include "ca/signer.h"

extern struct ca_settings settings;
extern struct signer *signer;
extern struct buf question; /* the frame being put together */
extern int64_t last_tag;

/* Group setup and teardown: the CA has orders "big" (3012, 3000 pieces) and "small" (3014, 3) of factory-1. */
int folder_begin(void **state);
int folder_end(void **state);
void folder_restart(void); /* the signer */

/* Runs `ca VERB --dir FOLDER [OPERAND]`: init, load, revoke. Its exit status. */
int folder_run(const char *verb, const char *operand);

int64_t folder_ask(unsigned kind, int64_t tag); /* begins a request; its tag */
void folder_text(const char *value);
void folder_send(void);

/* The first answer's kind; its fields behind the tag. */
unsigned folder_answer(int64_t tag, struct frame_reader *ret_fields);
void folder_assert_refused(int64_t tag, enum err err, const char *says);

/* Sends a batch of n numbers MODEL-000001... under a message id, up to CHECK; the tag. */
int64_t folder_ask_batch(const char *requester, const char *id, const char *model, int first, int n);
void folder_assert_accepted(int64_t tag, int n);
void folder_close_batch(int64_t tag);
/* The next slice's packs, one behind the other; all packs of an accepted batch. How many. */
int folder_next(int64_t tag, struct buf *packs, bool *ret_all);
int folder_collect(int64_t tag, struct buf *packs);

#endif
