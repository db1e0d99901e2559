#include "node.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static void encode(const struct fixture *pki, const char *number, const struct cert *cert, const struct key *key,
                   const struct cert *issuer, struct buf *ret_pack)
{
    AUTO_SECRET pkcs8 = SECRET_INIT;
    struct pack pack = { .root = cert_der(pki->root.cert), .intermediates = { cert_der(issuer) }, .intermediates_n = 1,
                         .certificate = cert_der(cert) };
    assert_ok(key_to_pkcs8(key, &pkcs8, NULL));
    pack.private_key = secret_span(&pkcs8);
    assert_ok(number_parse(span_text(number), &pack.number, NULL));
    assert_ok(pack_encode(&pack, ret_pack));
}

static void install_bootstrap(struct node *n, const struct fixture *pki, const char *model)
{
    AUTO_WIPED_BUF pack = BUF_INIT;
    char urn[64], number[64];
    struct why why = { "" };
    snprintf(urn, sizeof urn, "urn:nameplate:bootstrap:%s", model);
    snprintf(number, sizeof number, "%s-BOOTSTRAP", model);
    struct authority a = fixture_issue("bootstrap", model, urn, &pki->bootstrap);
    encode(pki, number, a.cert, a.key, pki->bootstrap.cert, &pack);
    enum err err = board_install_bootstrap(&n->board, buf_span(&pack), &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    authority_done(&a);
}

static void install_identity(struct node *n, const struct fixture *pki, const char *number, const char *profile)
{
    AUTO_WIPED_BUF pack = BUF_INIT;
    struct key *key;
    struct why why = { "" };
    struct cert *cert = fixture_identity(&pki->identity, profile, number, NOW, &key);
    encode(pki, number, cert, key, pki->identity.cert, &pack);
    enum err err = board_install_identity(&n->board, buf_span(&pack), &why);
    if (err == OK)
        err = board_boot(&n->board, &why);
    if (err != OK)
        fail_msg("%s: %s", number, why_text(&why, err));
    key_free(key);
    cert_free(cert);
}

static void make_client(struct node *n, const struct fixture *pki, const struct credential *c)
{
    const struct cert *chain[1 + LIMIT_CHAIN];
    for (size_t i = 0; i < c->chain_n; i++)
        chain[i] = c->chain[i];
    const struct tls_options options = { .key = c->key, .chain = chain, .chain_n = c->chain_n, .trust = pki->trust,
                                         .peers = ROLE_BIT(ROLE_GATEWAY) | ROLE_BIT(ROLE_CENTER) };
    assert_ok(tls_context_new(&options, &n->tls, NULL));
}

void node_make(struct node *n, const struct fixture *pki, const char *dir, const char *number, const char *profile)
{
    struct why why = { "" };
    *n = (struct node){ 0 };
    snprintf(n->dir, sizeof n->dir, "%s/%s", dir, number);
    const struct board_order order = { .number = number, .model = "4001", .board = "", .root = cert_der(pki->root.cert) };
    enum err err = board_create(n->dir, &order, &why);
    if (err == OK)
        err = board_open(n->dir, BOARD_USE, &n->board, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    install_bootstrap(n, pki, "4001");
    if (profile != NULL)
        install_identity(n, pki, number, profile);
    else
        assert_ok(board_boot(&n->board, &why));
    make_client(n, pki, profile != NULL ? &n->board.identity : &n->board.bootstrap);
}

void node_done(struct node *n)
{
    if (n->pid != 0)
        node_kill(n);
    tls_context_free(n->tls);
    board_close(&n->board);
}

/* --- The program --- */

static uint16_t read_ready(int fd)
{
    char line[200] = "";
    unsigned port = 0;
    FILE *f = fdopen(fd, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_int_equal(sscanf(line, "ready gateway 127.0.0.1:%u", &port), 1);
    fclose(f);
    return (uint16_t)port;
}

static void spawn(struct node *n)
{
    int pipe_fds[2];
    const char *program = getenv("GATEWAY");
    assert_non_null(program);
    assert_int_equal(pipe(pipe_fds), 0);
    n->pid = fork();
    assert_true(n->pid >= 0);
    if (n->pid == 0) {
        dup2(pipe_fds[1], STDOUT_FILENO);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        execl(program, program, "run", "--dir", n->dir, (char *)NULL);
        _exit(127);
    }
    close(pipe_fds[1]);
    n->port = read_ready(pipe_fds[0]);
}

void node_start(struct node *n, const char *settings, ...)
{
    char path[NODE_PATH + 20], text[1024];
    va_list args;
    va_start(args, settings);
    int n_text = snprintf(text, sizeof text, "[listen]\nport = %u\n", (unsigned)n->port); /* the same again after a kill */
    vsnprintf(text + n_text, sizeof text - (size_t)n_text, settings, args);
    va_end(args);
    snprintf(path, sizeof path, "%s/gateway.conf", n->dir);
    assert_ok(file_replace(path, span_text(text), 0600, NULL));
    spawn(n);
}

void node_kill(struct node *n)
{
    kill(n->pid, SIGKILL);
    waitpid(n->pid, NULL, 0);
    n->pid = 0;
}

int node_stop(struct node *n)
{
    int status = -1;
    kill(n->pid, SIGTERM);
    waitpid(n->pid, &status, 0);
    n->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

enum err node_ask(const struct node *n, uint16_t port, enum soap_message message, const void *body, struct soap_parsed *ret_reply,
                  struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    char url[80];
    const struct soap_header header = { .version = SOAP_1_2, .message_id = "urn:uuid:ask" };
    struct http_result result;
    snprintf(url, sizeof url, "https://127.0.0.1:%u/soap/field", (unsigned)port);
    assert_ok(soap_write_request(SERVICE_FIELD, message, &header, body, &xml));
    const struct http_call call = { .url = url, .method = "POST", .content_type = soap_content_type(SOAP_1_2), .body = buf_span(&xml),
                                    .tls = n->tls, .timeout_ms = 60000, .max_reply = LIMIT_EXCHANGE };
    http_call_wait(&call, &result);
    enum err err = result.err;
    if (err != OK)
        *why = result.why;
    else
        err = soap_read_response(SERVICE_FIELD, message, buf_span(&result.body), ret_reply, why);
    http_result_done(&result);
    return err;
}
