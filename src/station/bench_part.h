/* Between the files of the bench session. */
#ifndef STATION_BENCH_PART_H
#define STATION_BENCH_PART_H

#include "station/bench.h"

struct bench_turn {
    struct bench *b;
    const struct bench_event *event;
    int64_t now_ms;
    struct bench_effects *effects;
};

void bench_do(struct bench_turn *t, enum bench_effect effect);
/* Enters a state whose deadline is timeout_ms away; 0: none. */
void bench_enter(struct bench_turn *t, enum bench_state state, int64_t timeout_ms);
/* Enters it with a request under way, under a new ticket. */
void bench_request(struct bench_turn *t, enum bench_state state, enum bench_effect effect, int64_t timeout_ms);
void bench_fail(struct bench_turn *t, enum err err, const char *advice, const char *fmt, ...) PRINTF_LIKE(4, 5);
void bench_pass(struct bench_turn *t, bool already);
bool bench_is_passing_error(enum err err); /* the same request may succeed by waiting */

/* The rows' functions, by partner. */
void bench_on_scan(struct bench_turn *t);
void bench_on_key(struct bench_turn *t);
void bench_on_key_again(struct bench_turn *t);
void bench_on_key_timer(struct bench_turn *t);
void bench_on_scan_while_busy(struct bench_turn *t);
void bench_on_misread(struct bench_turn *t);

void bench_ask_device(struct bench_turn *t);
void bench_on_status(struct bench_turn *t);
void bench_on_ask_fault(struct bench_turn *t);
void bench_send_pack(struct bench_turn *t);
void bench_on_received(struct bench_turn *t);
void bench_on_send_fault(struct bench_turn *t);
void bench_on_write_timer(struct bench_turn *t);
void bench_check_device(struct bench_turn *t);
void bench_on_check_status(struct bench_turn *t);
void bench_on_check_fault(struct bench_turn *t);
void bench_on_result_promised(struct bench_turn *t);
void bench_on_result(struct bench_turn *t);
void bench_on_result_again(struct bench_turn *t);
void bench_on_result_late(struct bench_turn *t);
void bench_on_result_unasked(struct bench_turn *t);
void bench_initialise(struct bench_turn *t);
void bench_on_initialised(struct bench_turn *t);
void bench_on_init_fault(struct bench_turn *t);

void bench_fetch(struct bench_turn *t);
void bench_on_pack(struct bench_turn *t);
void bench_on_fetch_fault(struct bench_turn *t);
void bench_report(struct bench_turn *t);
void bench_on_reported(struct bench_turn *t);
void bench_on_report_fault(struct bench_turn *t);

#endif
