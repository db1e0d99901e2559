/* DIR/control.sock: by it the commands reach the device that runs. One line goes in, one comes back: "ok ..." or
 * "error NAME sentence". Whoever may write into the folder may ask; nothing of it comes from a network. */
#ifndef DEVICE_CONTROL_H
#define DEVICE_CONTROL_H

#include "http/loop.h"

struct control;       /* the listening side */
struct control_reply; /* one that waits for its answer */

/* Answers now or later by control_answer, once. The words are the line's, NULL behind the last. */
typedef void control_fn(void *context, char **words, struct control_reply *reply);

enum { CONTROL_LINE = 512, CONTROL_WORDS = 8 };

enum err control_new(struct loop *loop, const char *dir, control_fn *fn, void *context, struct control **ret_control,
                     struct why *why) MUST_CHECK;
void control_free(struct control *c); /* waiting ones get no answer; NULL is fine */
void control_answer(struct control_reply *reply, enum err err, const struct why *why, const char *text);

/* The other side, blocking: the text behind "ok ", or the error that came back. NOT_FOUND: nobody runs there. */
enum err control_ask(const char *dir, const char *line, char ret_text[CONTROL_LINE], struct why *why) MUST_CHECK;

#endif
