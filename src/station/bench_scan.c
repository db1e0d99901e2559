/* S3, S4 and F-9: a number comes. */
#include <stdio.h>

#include "station/bench_part.h"

static void begin(struct bench_turn *t)
{
    struct bench *b = t->b;
    const struct bench fresh = { .patience = b->patience, .ticket = b->ticket, .number = t->event->number, .started_ms = t->now_ms,
                                 .silent_ms = t->now_ms };
    *b = fresh;
    bench_ask_device(t);
}

void bench_on_scan(struct bench_turn *t) { begin(t); }

/* A person's number counts when it came twice and was the same both times. */
void bench_on_key(struct bench_turn *t)
{
    t->b->keyed = t->event->number;
    bench_enter(t, BENCH_KEYED, t->b->patience.keyed_ms);
}

void bench_on_key_again(struct bench_turn *t)
{
    struct bench *b = t->b;
    if (number_equal(&b->keyed, &t->event->number)) {
        begin(t);
        return;
    }
    b->number = t->event->number;
    bench_fail(t, ERR_CONFLICT, "Key the number in from the start.", "%s was keyed in first and %s then", b->keyed.text,
               t->event->number.text);
}

void bench_on_key_timer(struct bench_turn *t) { bench_enter(t, BENCH_IDLE, 0); }

/* A scanner that fires twice says the same number: that is no matter. Another number is not started, and told. */
void bench_on_scan_while_busy(struct bench_turn *t)
{
    struct bench *b = t->b;
    if (number_equal(&b->number, &t->event->number))
        return;
    why_set(&b->note, ERR_BUSY, "%s was not taken: %s is still being worked on", t->event->number.text, b->number.text);
    bench_do(t, BENCH_DO_NOTE);
}

void bench_on_misread(struct bench_turn *t)
{
    t->b->note = t->event->why;
    if (t->b->note.text[0] == '\0')
        why_set(&t->b->note, t->event->err, "%s", err_row(t->event->err)->text);
    bench_do(t, BENCH_DO_NOTE);
}
