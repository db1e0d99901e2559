/* Who may come to the field listener, and with what: without a connection, the desk behind it is the test's. */
#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "center/desk.h"

static struct center center;
static struct peer peer;
static int taken, incidents, status;
static char fault[4096];

struct http_exchange {
    int nothing;
};
static struct http_exchange exchange;

const struct peer *__wrap_http_peer(const struct http_exchange *x);
const char *__wrap_http_peer_address(const struct http_exchange *x);
const char *__wrap_http_method(const struct http_exchange *x);
const char *__wrap_http_path(const struct http_exchange *x);
const char *__wrap_http_query(const struct http_exchange *x);
void __wrap_http_reply(struct http_exchange *x, int code, const char *content_type, struct span body, const char *extra);
enum err __wrap_desk_take(struct center *c, struct http_exchange *x, const struct soap_parsed *request, struct why *why);
enum err __wrap_replacement_take(struct center *c, struct http_exchange *x, const struct soap_parsed *request, struct why *why);
void __wrap_desk_incident(struct desk *desk, const struct center_incident *incident);

const struct peer *__wrap_http_peer(const struct http_exchange *x) { return x == &exchange ? &peer : NULL; }
const char *__wrap_http_peer_address(const struct http_exchange *x) { return x == &exchange ? "10.0.0.7" : ""; }
const char *__wrap_http_method(const struct http_exchange *x) { return x == &exchange ? "POST" : ""; }
const char *__wrap_http_path(const struct http_exchange *x) { return x == &exchange ? soap_service_row(SERVICE_FIELD)->path : ""; }
const char *__wrap_http_query(const struct http_exchange *x) { return x == &exchange ? "" : "?"; }

void __wrap_http_reply(struct http_exchange *x, int code, const char *content_type, struct span body, const char *extra)
{
    (void)x, (void)content_type, (void)extra;
    status = code;
    snprintf(fault, sizeof fault, "%.*s", (int)body.n, (const char *)body.at);
}

enum err __wrap_desk_take(struct center *c, struct http_exchange *x, const struct soap_parsed *request, struct why *why)
{
    (void)c, (void)x, (void)request, (void)why;
    taken++;
    return OK;
}

enum err __wrap_replacement_take(struct center *c, struct http_exchange *x, const struct soap_parsed *request, struct why *why)
{
    (void)c, (void)x, (void)request, (void)why;
    taken++;
    return OK;
}

void __wrap_desk_incident(struct desk *desk, const struct center_incident *incident)
{
    (void)desk;
    incidents += strcmp(incident->kind, "wrong-role") == 0;
}

static void come(enum role role, enum soap_message message, const void *body)
{
    AUTO_BUF xml = BUF_INIT;
    const struct soap_header header = { .version = SOAP_1_2, .message_id = "urn:uuid:1" };
    peer = (struct peer){ .role = role, .name = "somebody" };
    taken = incidents = status = 0;
    assert_ok(soap_write_request(SERVICE_FIELD, message, &header, body, &xml));
    center_field_handler.complete(&center, &exchange, buf_span(&xml));
}

/* M-6: said here once more, so that a change of the table is seen. */
static void each_role_brings_what_is_its_own_and_the_rest_is_an_incident(void **state)
{
    static const struct exchange_request poll = { .wait = 0 };
    static const struct replacement_request board = { .number = { "3012-000001" } };
    (void)state;
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        bool node = role == ROLE_DEVICE || role == ROLE_GATEWAY;
        come(role, SOAP_EXCHANGE, &poll);
        assert_int_equal(taken, node);
        assert_int_equal(incidents, !node);
        assert_true(node || strstr(fault, "NOT_ALLOWED") != NULL);
        bool boards = role == ROLE_BOOTSTRAP || role == ROLE_GATEWAY;
        come(role, SOAP_REPLACEMENT, &board);
        assert_int_equal(taken, boards);
        assert_int_equal(incidents, !boards);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_role_brings_what_is_its_own_and_the_rest_is_an_incident) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
