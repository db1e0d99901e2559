/* Tries every message with every role's certificate against running programs and compares with soap/messages.h.
 *
 *   matrix forbidden|allowed CA-FOLDER ROLE=NAME... SERVICE=ADDRESS:PORT...
 *
 * forbidden: what the table does not allow: a typed fault that says so, or TLS is refused, and nothing else. The caller
 *            compares the servers' state before and after.
 * allowed:   what the table allows: whatever the answer is, it is not that this role may not.
 * Each cell that is otherwise is printed; the exit status is 1 then. `ROLE=NAME` is whom a role's certificate names
 * (station=line-1); a device's number (device=3012-000001) stands in the messages too. Roles and messages come from
 * their tables: a new one is tried without a change here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/client.h"
#include "matrix.h"

struct matrix {
    struct cast cast;
    const char *names[ROLE_COUNT];
    const char *addresses[SERVICE_COUNT];
    bool allowed; /* which cells are tried */
    unsigned tried, wrong;
};

enum verdict { REFUSED_BY_TLS, REFUSED_BY_FAULT, OTHER_FAULT, SERVED, NO_SERVER };

static const char *const verdict_names[] = {
    [REFUSED_BY_TLS] = "refused by TLS", [REFUSED_BY_FAULT] = "refused by a typed fault", [OTHER_FAULT] = "another fault",
    [SERVED] = "served", [NO_SERVER] = "no server there",
};

static bool may(enum soap_service service, enum soap_message message, enum role role)
{
    const struct soap_message_row *row = soap_message_row(message);
    return (row->services & (1u << (unsigned)service)) != 0 && (row->roles & ROLE_BIT(role)) != 0;
}

/* A message that the service does not have is written for one that has it. */
static enum soap_service home_of(enum soap_service service, enum soap_message message)
{
    const unsigned services = soap_message_row(message)->services;
    enum soap_service home = service;
    if ((services & (1u << (unsigned)service)) == 0)
        for (home = 0; (services & (1u << (unsigned)home)) == 0;)
            home++;
    return home;
}

static enum verdict of_reply(enum soap_service service, enum soap_message message, const struct http_result *result,
                             struct why *ret_why)
{
    AUTO_PARSED parsed = { 0 };
    enum err err = soap_read_response(service, message, buf_span(&result->body), &parsed, ret_why);
    if (err == OK)
        return SERVED;
    bool permission = (err == ERR_NOT_ALLOWED || err == ERR_NOT_AUTHENTICATED) &&
                      strstr(ret_why->text, soap_message_row(message)->operation) != NULL;
    return permission ? REFUSED_BY_FAULT : OTHER_FAULT;
}

static enum verdict try_cell(struct matrix *m, enum soap_service service, enum soap_message message, enum role role,
                             struct why *ret_why)
{
    AUTO_WIPED_BUF request = BUF_INIT;
    char url[300];
    struct http_result result;
    const enum soap_service home = home_of(service, message);
    if (fill_request(home, message, m->names[ROLE_DEVICE], &request) != OK)
        abort();
    snprintf(url, sizeof url, "https://%s%s", m->addresses[service], soap_service_row(service)->path);
    const struct http_call call = { .url = url, .method = "POST", .content_type = soap_content_type(SOAP_1_1),
                                    .body = buf_span(&request), .tls = m->cast.as[role], .max_reply = LIMIT_LISTS,
                                    .timeout_ms = 20000 };
    http_call_wait(&call, &result);
    enum verdict verdict = NO_SERVER;
    if (result.err == OK)
        verdict = of_reply(service, message, &result, ret_why);
    else if (result.err == ERR_PEER_GONE || result.err == ERR_BAD_CERTIFICATE || result.err == ERR_NOT_ALLOWED)
        verdict = REFUSED_BY_TLS;
    if (result.err != OK)
        *ret_why = result.why;
    http_result_done(&result);
    return verdict;
}

/* A service that does not have the message says so to everybody whom TLS lets in. */
static bool is_right(const struct matrix *m, enum soap_service service, enum soap_message message, enum verdict verdict)
{
    const bool strange = (soap_message_row(message)->services & (1u << (unsigned)service)) == 0;
    if (m->allowed)
        return verdict == SERVED || verdict == OTHER_FAULT;
    return verdict == REFUSED_BY_TLS || verdict == REFUSED_BY_FAULT || (strange && verdict == OTHER_FAULT);
}

static void run(struct matrix *m, enum soap_service service)
{
    for (enum soap_message message = 0; message < SOAP_MESSAGE_COUNT; message++)
        for (enum role role = 0; role < ROLE_COUNT; role++) {
            struct why why = { "" };
            if (may(service, message, role) != m->allowed)
                continue;
            enum verdict verdict = try_cell(m, service, message, role, &why);
            bool right = is_right(m, service, message, verdict);
            m->tried++;
            m->wrong += !right;
            if (!right || getenv("MATRIX_VERBOSE") != NULL)
                printf("%s: %s sends %s to %s: %s (%s)\n", right ? "ok" : "WRONG", role_name(role),
                       soap_message_row(message)->operation, soap_service_row(service)->name, verdict_names[verdict], why.text);
        }
}

/* "station=line-1" or "ca=127.0.0.1:8440"; a name with a colon is an address. */
static bool take_argument(struct matrix *m, char *text)
{
    enum role role;
    char *value = strchr(text, '=');
    if (value == NULL)
        return false;
    *value++ = '\0';
    for (enum soap_service s = 0; strchr(value, ':') != NULL && s < SERVICE_COUNT; s++)
        if (strcmp(soap_service_row(s)->name, text) == 0) {
            m->addresses[s] = value;
            return true;
        }
    if (role_parse(text, &role) != OK)
        return false;
    m->names[role] = value;
    return true;
}

int main(int argc, char **argv)
{
    struct why why = { "" };
    struct matrix m = { .names = { [ROLE_DEVICE] = "3012-000001", [ROLE_GATEWAY] = "3014-000001", [ROLE_BOOTSTRAP] = "3012" } };
    bool good = argc > 3;
    m.allowed = good && strcmp(argv[1], "allowed") == 0;
    for (int i = 3; good && i < argc; i++)
        good = take_argument(&m, argv[i]);
    if (!good) {
        fprintf(stderr, "usage: matrix forbidden|allowed CA-FOLDER ROLE=NAME... SERVICE=ADDRESS:PORT...\n");
        return 2;
    }
    enum err err = cast_make(argv[2], m.names, &m.cast, &why);
    if (err != OK) {
        fprintf(stderr, "matrix: %s\n", why_text(&why, err));
        return 1;
    }
    for (enum soap_service service = 0; service < SERVICE_COUNT; service++)
        if (m.addresses[service] != NULL)
            run(&m, service);
    cast_done(&m.cast);
    printf("%s: %u cells tried, %u wrong\n", m.allowed ? "allowed" : "forbidden", m.tried, m.wrong);
    return m.wrong == 0 && m.tried > 0 ? 0 : 1;
}
