/* The program around the bench session: it does what bench.h decides, and brings it what happens. */
#ifndef STATION_STATION_H
#define STATION_STATION_H

#include "base/arena.h"
#include "scan/scan.h"
#include "station/bench.h"
#include "station/door.h"
#include "tls/credentials.h"
#include "station/link.h"
#include "station/screen.h"
#include "station/settings.h"
#include "station/source.h"

enum { STATION_EVENTS = 8 };

struct station {
    struct loop *loop;
    struct station_settings settings;
    struct credentials identity;
    struct link factory, device;
    struct door door;
    struct sources sources;
    struct screen screen;
    struct bench bench;
    struct bench_event events[STATION_EVENTS]; /* waiting, oldest first */
    size_t events_n;
    bool stepping, ready, stopping;
    enum err misread; /* of the scan that the next NOTE is about */
    struct scan_rules rules;     /* of StationHello */
    struct arena *hello;         /* holds the parameters' texts */
    struct parameter *parameters; /* initial values of the line, for S1709 */
    size_t parameters_n;
    struct secret pack;          /* S6 to FORGET_PACK */
    char keyed_taken[LIMIT_NUMBER_TEXT + 1]; /* begun with, and the factory server does not know yet */
    bool keyed_asking;
    uint64_t keyed_timer;
    uint64_t deadline_timer, tick_timer, pump_timer, hello_timer;
};

/* line.c: an event for the bench session; effects run before it returns, or soon when called from an effect. */
void station_feed(struct station *st, const struct bench_event *event);

/* What a source delivered: one scan or one typed line. */
void station_take_text(struct station *st, struct span text, bool keyed);

/* Whether a queued scan may begin now. */
bool station_is_free(const struct station *st);

/* calls.c: the effects that go out. */
void station_ask_status(struct station *st);
void station_request_pack(struct station *st);
void station_send_pack(struct station *st);
void station_forward_reception(struct station *st);
void station_ask_result(struct station *st);
void station_forward_result(struct station *st);
void station_initialise(struct station *st);

/* hello.c: asks the factory server for line, models and parameters until it answers. */
void station_hello(struct station *st);

/* keyed.c: from now on asks for numbers that were keyed in at the factory server. */
void station_ask_keyed(struct station *st);

/* A session begins: connections of the former device are not used again. Errors: those of http_client_new. */
enum err station_fresh_device_client(struct station *st, struct why *why) MUST_CHECK;

#endif
