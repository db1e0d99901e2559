#include "tls/ssl.h"

enum err tls_apply_to_curl(struct tls_context *context, void *ssl_ctx, struct why *why)
{
    if (context->server)
        return why_set(why, ERR_BUG, "a server's TLS context cannot make calls");
    enum err err = judge_prepare();
    if (err == OK)
        err = judge_install(context, ssl_ctx, why);
    return err == OK ? context_apply(context, ssl_ctx, why) : err;
}

bool tls_curl_peer(void *ssl, struct peer *ret_peer)
{
    const struct judgement *j = judge_prepare() == OK ? judge_of(ssl) : NULL;
    if (j == NULL || !j->judged)
        return false;
    *ret_peer = j->peer;
    return true;
}
