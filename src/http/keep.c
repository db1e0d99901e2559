/* Connections that outlive a blocking call. */
#include <stdlib.h>

#include "http/call.h"

enum err http_keep_new(struct http_keep **ret_keep)
{
    struct http_keep *keep = calloc(1, sizeof *keep);
    if (keep == NULL)
        return ERR_NO_MEMORY;
    *ret_keep = keep;
    return OK;
}

static void drop(struct http_keep *keep)
{
    curl_easy_cleanup(keep->curl);
    tls_context_free(keep->tls);
    *keep = (struct http_keep){ .curl = NULL };
}

void http_keep_free(struct http_keep *keep)
{
    if (keep == NULL)
        return;
    drop(keep);
    free(keep);
}

/* A connection made under one identity is not for calls under another. */
CURL *keep_take(struct http_keep *keep, struct tls_context *tls)
{
    if (keep == NULL)
        return curl_easy_init();
    if (keep->curl == NULL || keep->tls != tls) {
        drop(keep);
        keep->curl = curl_easy_init();
        keep->tls = tls == NULL ? NULL : tls_context_ref(tls);
    }
    CURL *curl = keep->curl;
    keep->curl = NULL;
    return curl;
}

void keep_return(struct http_keep *keep, CURL *curl)
{
    if (keep == NULL || keep->curl != NULL) {
        curl_easy_cleanup(curl);
        return;
    }
    curl_easy_reset(curl);
    keep->curl = curl;
}
