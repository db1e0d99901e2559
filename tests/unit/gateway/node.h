/* Devices and gateways of a test: folders as a factory leaves them, a client that speaks as a device, and the real
 * gateway program in a process of its own, so that it can be killed. */
#ifndef TESTS_UNIT_GATEWAY_NODE_H
#define TESTS_UNIT_GATEWAY_NODE_H

#include "../pki/fixture.h"

#include <sys/types.h>

#include "device/board.h"
#include "http/client.h"
#include "soap/soap.h"

enum { NODE_PATH = 200 };

struct node {
    char dir[NODE_PATH];
    struct board board;
    struct tls_context *tls; /* client of whom it speaks to */
    pid_t pid;               /* of the gateway program; 0: does not run */
    uint16_t port;           /* where it listens */
};

/* DIR/NUMBER, with an identity by the profile ("idevid", "gateway"). Identity NULL: only a bootstrap certificate. */
void node_make(struct node *n, const struct fixture *pki, const char *dir, const char *number, const char *profile);
void node_done(struct node *n);

/* Starts `nameplate-gateway run` towards a URL and waits for its ready line. */
void node_start(struct node *n, const char *settings, ...) PRINTF_LIKE(2, 3);
void node_kill(struct node *n); /* SIGKILL */
int node_stop(struct node *n);  /* SIGTERM; what it exits with */

/* One exchange with the gateway at this port of loopback. */
enum err node_ask(const struct node *n, uint16_t port, enum soap_message message, const void *body, struct soap_parsed *ret_reply,
                  struct why *why) MUST_CHECK;

#endif
