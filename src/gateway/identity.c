#include "gateway/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "soap/soap.h"

static int64_t flash_changed(const struct board *b)
{
    struct stat st;
    if (fstat(b->flash_file.fd, &st) != 0)
        return 0;
    return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static enum err check(struct gateway_identity *i, struct why *why)
{
    struct peer peer;
    const struct board *b = &i->board;
    if (b->root == NULL || b->identity.key == NULL)
        return why_set(why, ERR_NOT_FOUND, "%s: the device has no identity of its own yet", b->dir);
    enum err err = cert_peer(b->identity.chain[0], &peer, why);
    if (err == OK && peer.role != ROLE_GATEWAY)
        err = why_set(why, ERR_NOT_ALLOWED, "%s is no gateway: its model's profile must be gateway, its certificate says %s",
                      peer.name, role_name(peer.role));
    return err == OK ? cert_device_number(b->identity.chain[0], &i->number, why) : err;
}

static enum err make_context(const struct board *b, bool server, unsigned peers, struct tls_context **ret_context, struct why *why)
{
    const struct cert *chain[1 + LIMIT_CHAIN];
    for (size_t i = 0; i < b->identity.chain_n; i++)
        chain[i] = b->identity.chain[i];
    const struct tls_options options = { .server = server,
                                         .key = b->identity.key,
                                         .chain = chain,
                                         .chain_n = b->identity.chain_n,
                                         .trust = b->trust,
                                         .peers = peers,
                                         .clock_behind = true };
    enum err err = tls_context_new(&options, ret_context, why);
    if (err == OK) /* so that who has expired can ask to be renewed: what is taken from it, the centre says */
        tls_context_set_grace(*ret_context, (int64_t)LIMIT_GRACE_DAYS * 86400);
    return err;
}

enum err identity_new(const char *dir, struct gateway_identity **ret_identity, struct why *why)
{
    struct gateway_identity *i = calloc(1, sizeof *i);
    if (i == NULL)
        return ERR_NO_MEMORY;
    enum err err = board_open(dir, BOARD_LOOK, &i->board, why);
    if (err != OK) {
        free(i);
        return err;
    }
    i->changed_ns = flash_changed(&i->board);
    err = check(i, why);
    if (err == OK)
        err = make_context(&i->board, true, soap_service_peers(SERVICE_FIELD), &i->down, why);
    if (err == OK)
        err = make_context(&i->board, false, ROLE_BIT(ROLE_GATEWAY) | ROLE_BIT(ROLE_CENTER), &i->up, why);
    if (err == OK)
        *ret_identity = i;
    else
        identity_free(i);
    return err;
}

void identity_free(struct gateway_identity *i)
{
    if (i == NULL)
        return;
    tls_context_free(i->down);
    tls_context_free(i->up);
    board_close(&i->board);
    free(i);
}

bool identity_is_old(const struct gateway_identity *i) { return flash_changed(&i->board) != i->changed_ns; }
