#include "device/agent.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "log/log.h"

void agent_init(struct loop *loop, const char *address, uint16_t port, const char *station, struct agent *ret_agent)
{
    *ret_agent = (struct agent){ .loop = loop, .port = port };
    snprintf(ret_agent->address, sizeof ret_agent->address, "%s", address);
    snprintf(ret_agent->station, sizeof ret_agent->station, "%s", station);
}

struct device_view agent_view(const struct agent *a)
{
    const struct board *b = a->board;
    int64_t issued_s = 0, until_s = 0;
    if (b->identity.key != NULL)
        cert_times(b->identity.chain[0], &issued_s, &until_s);
    return (struct device_view){
        .state = b->boot.state,
        .number = b->values.number,
        .board = b->values.board,
        .fingerprint = b->identity.key == NULL ? NULL : b->identity.fingerprint,
        .bootstrap = b->bootstrap.key == NULL ? NULL : b->bootstrap.fingerprint,
        .issued_s = issued_s,
    };
}

/* On the bench a device is the bootstrap certificate's holder; the individual one is for its own calls. */
static enum err make_server_tls(struct agent *a, struct tls_context **ret_tls, struct why *why)
{
    const struct credential *c = &a->board->bootstrap;
    enum err err = OK;
    if (c->key == NULL) {
        credential_done(&a->ephemeral);
        err = credential_ephemeral(clock_wall_s(), &a->ephemeral, why);
        c = &a->ephemeral;
    }
    if (err != OK)
        return err;
    const struct tls_options options = {
        .server = true,
        .clock_behind = true,
        .key = c->key,
        .chain = (const struct cert *const *)c->chain,
        .chain_n = c->chain_n,
        .trust = a->trust,
        .peers = soap_service_peers(SERVICE_DEVICE) | (a->board->option.there ? soap_service_peers(SERVICE_REMOTE) : 0),
    };
    err = tls_context_new(&options, ret_tls, why);
    if (err == OK)
        tls_context_keep_sessions(*ret_tls, 0); /* one station, a few calls */
    return err;
}

enum err agent_show_credential(struct agent *a, struct why *why)
{
    struct tls_context *tls = NULL;
    enum err err = make_server_tls(a, &tls, why);
    if (err == OK)
        http_server_set_tls(a->server, tls);
    tls_context_free(tls);
    return err;
}

static enum err listen_for_station(struct agent *a, struct why *why)
{
    struct tls_context *tls = NULL;
    enum err err = make_server_tls(a, &tls, why);
    const struct http_server_options options = {
        .address = a->address, .port = a->port, .tls = tls, .handler = &device_service, .context = a,
    };
    if (err == OK)
        err = http_server_new(a->loop, &options, &a->server, why);
    tls_context_free(tls);
    if (err == OK)
        a->port = http_server_port(a->server);
    return err;
}

enum err agent_plug(struct agent *a, struct board *board, struct why *why)
{
    agent_unplug(a);
    if (board->root == NULL)
        return why_set(why, ERR_CONFIG, "the firmware has no root certificate: make the device with --root FILE");
    a->board = board;
    a->trust = trust_ref(board->trust);
    enum err err = listen_for_station(a, why);
    if (err != OK)
        agent_unplug(a);
    return err;
}

void agent_unplug(struct agent *a)
{
    loop_cancel(a->loop, a->write_timer);
    a->write_timer = 0;
    report_stop(&a->result);
    report_stop(&a->scan);
    secret_done(&a->pack);
    if (a->server != NULL)
        http_server_free(a->server);
    a->server = NULL;
    credential_done(&a->ephemeral);
    trust_free(a->trust);
    a->trust = NULL;
    a->board = NULL;
}

static void write_pack(struct agent *a)
{
    struct why failure = { "" }, why = { "" };
    enum err wrote = board_install_identity(a->board, secret_span(&a->pack), &failure);
    secret_done(&a->pack);
    if (a->board->faults.off) {
        a->power_lost(a->context);
        return;
    }
    if (wrote != OK)
        log_failure(LOG_WARN, "write", wrote, &failure, "number", a->board->values.number, NULL);
    enum err err = report_result(a, wrote, wrote == OK ? NULL : &failure, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "report", err, &why, "number", a->board->values.number, NULL);
}

/* Timer: the acknowledgement is on its way. */
static void write_or_report(void *context)
{
    struct agent *a = context;
    struct why why = { "" };
    a->write_timer = 0;
    if (a->pack.data != NULL) {
        write_pack(a);
        return;
    }
    enum err err = report_result(a, OK, NULL, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "report", err, &why, "number", a->board->values.number, NULL);
}

static enum err take(struct agent *a, const uint8_t nonce[PROOF_NONCE])
{
    loop_cancel(a->loop, a->write_timer);
    a->write_timer = 0;
    report_stop(&a->result);
    memcpy(a->nonce, nonce, PROOF_NONCE);
    return loop_timer(a->loop, 0, write_or_report, a, &a->write_timer);
}

enum err agent_take_pack(struct agent *a, struct span pack, const uint8_t nonce[PROOF_NONCE],
                         const uint8_t fingerprint[CERT_FINGERPRINT], struct why *why)
{
    secret_done(&a->pack);
    enum err err = secret_copy(pack.at, pack.n, &a->pack);
    if (err != OK)
        return why_set(why, err, "no memory for the pack");
    memcpy(a->pack_fingerprint, fingerprint, CERT_FINGERPRINT);
    return take(a, nonce);
}

/* A pack that waits to be written is written first; its result is the one that was asked for. */
enum err agent_take_result_request(struct agent *a, const uint8_t nonce[PROOF_NONCE], struct why *why)
{
    (void)why;
    return take(a, nonce);
}
