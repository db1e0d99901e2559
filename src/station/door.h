/* The station's SOAP service on the bench link: WriteResult (S10) and ScanReport (S4). */
#ifndef STATION_DOOR_H
#define STATION_DOOR_H

#include "http/server.h"
#include "soap/soap.h"

enum { DOOR_WAITING = 8 };

struct station;

struct door {
    struct http_server *server;
    char address[64];
    uint64_t next_id;
    struct {
        uint64_t id; /* 0: free */
        struct http_exchange *exchange;
        struct soap_header header;
    } waiting[DOOR_WAITING]; /* results whose answer is S13 */
};

/* Listens, and sets the ReplyTo of the device link. */
enum err door_open(struct station *st, struct tls_context *tls, struct why *why) MUST_CHECK;
void door_answer(struct door *door, uint64_t id);
void door_refuse(struct door *door, uint64_t id, enum err err, const struct why *why);
void door_close(struct door *door);

#endif
