/* The front's end of the socket pair to the signer: requests go out in order, each answer comes to who asked. */
#ifndef CA_LINK_H
#define CA_LINK_H

#include "http/loop.h"
#include "ipc/frame.h"

struct signer_link;

/* An answer (enum ca_answer), its fields behind the tag. */
typedef void link_answer_fn(void *context, unsigned kind, struct frame_reader *fields);

/* `fd` becomes the link's and non-blocking. `lost` runs when the signer is gone. */
enum err link_new(struct loop *loop, int fd, loop_fn *lost, void *context, struct signer_link **ret_link) MUST_CHECK;
void link_free(struct signer_link *link); /* closes the socket: the signer ends; NULL is fine */

/* A tag under which answers come to `fn`, until link_drop. Errors: BUSY (too many at once). */
enum err link_take_tag(struct signer_link *link, link_answer_fn *fn, void *context, int64_t *ret_tag) MUST_CHECK;
void link_drop(struct signer_link *link, int64_t tag); /* answers still to come are thrown away; 0 is fine */

/* Starts a request: fields are appended to *ret_to, link_end sends. */
enum err link_begin(struct signer_link *link, unsigned kind, int64_t tag, struct buf **ret_to) MUST_CHECK;
enum err link_end(struct signer_link *link) MUST_CHECK;
size_t link_waiting(const struct signer_link *link); /* bytes not yet taken by the socket */

#endif
