/* What curl's errors mean, in our codes and in sentences that say who and what. The only place that knows. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "http/call.h"

static enum err unreachable(struct call *call)
{
    long os_error = 0;
    curl_easy_getinfo(call->curl, CURLINFO_OS_ERRNO, &os_error);
    char reason[CURL_ERROR_SIZE];
    snprintf(reason, sizeof reason, "%s", os_error != 0 ? strerror((int)os_error) : call->error);
    reason[0] = (char)tolower((unsigned char)reason[0]);
    return why_set(&call->result.why, ERR_UNREACHABLE, "cannot reach %s: %s", call->origin, reason);
}

static enum err late(struct call *call)
{
    curl_off_t connected = 0, shook_hands = 0;
    curl_easy_getinfo(call->curl, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(call->curl, CURLINFO_APPCONNECT_TIME_T, &shook_hands);
    bool reused = call->peer_known;
    if (connected == 0 && !reused && strstr(call->error, "onnect") != NULL)
        return why_set(&call->result.why, ERR_TIMEOUT, "cannot reach %s: no connection within %ld ms", call->origin,
                       call->connect_timeout_ms);
    if (call->spec.tls != NULL && shook_hands == 0 && connected != 0)
        return why_set(&call->result.why, ERR_TIMEOUT, "%s did not finish the TLS handshake in time", call->origin);
    return why_set(&call->result.why, ERR_TIMEOUT, "%s did not answer within %ld ms", call->origin, call->timeout_ms);
}

/* Our certificate check speaks first; then the peer's alert, which OpenSSL's text carries. */
static enum err tls_trouble(struct call *call, enum err fallback, const char *what)
{
    if (call->result.why.text[0] != '\0')
        return why_prefix(&call->result.why, ERR_BAD_CERTIFICATE, "the certificate of %s was refused", call->origin);
    const char *alert = strstr(call->error, "alert ");
    if (alert != NULL) {
        size_t n = strcspn(alert + 6, ",");
        return why_set(&call->result.why, ERR_BAD_CERTIFICATE, "%s refused our certificate or TLS: %.*s", call->origin, (int)n,
                       alert + 6);
    }
    return why_set(&call->result.why, fallback, "%s %s%s%s", call->origin, what, call->error[0] != '\0' ? ": " : "", call->error);
}

static enum err stopped(struct call *call)
{
    return why_prefix(&call->result.why, call->stopped, "the call to %s was given up", call->origin);
}

static enum err translate(struct call *call, CURLcode code)
{
    struct why *why = &call->result.why;
    if (call->stopped != OK)
        return stopped(call);
    if (call->spec.proxy != NULL && code != CURLE_OK && strstr(call->error, "CONNECT") != NULL)
        return why_set(why, ERR_UNREACHABLE, "the proxy does not let us through to %s: %s", call->origin, call->error);
    switch ((int)code) { /* curl has a hundred codes; the rest are ours to investigate */
    case CURLE_OK: return OK;
    case CURLE_COULDNT_CONNECT: return unreachable(call);
    case CURLE_COULDNT_RESOLVE_HOST:
        return why_set(why, ERR_UNREACHABLE, "cannot reach %s: there is no host of this name", call->origin);
    case CURLE_INTERFACE_FAILED:
        return why_set(why, ERR_UNREACHABLE, "cannot reach %s: cannot bind to the interface or address given", call->origin);
    case CURLE_OPERATION_TIMEDOUT: return late(call);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR: return tls_trouble(call, ERR_PEER_GONE, "broke off the TLS handshake");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE: return tls_trouble(call, ERR_PEER_GONE, "closed the connection before its reply was whole");
    case CURLE_URL_MALFORMAT: return why_set(why, ERR_USAGE, "\"%s\" is not a URL that can be called", call->origin);
    case CURLE_OUT_OF_MEMORY: return ERR_NO_MEMORY;
    case CURLE_UNSUPPORTED_PROTOCOL: /* call_start saw to the scheme: this is a reply taken for HTTP/0.9 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2: return why_set(why, ERR_BAD_INPUT, "%s does not answer as an HTTP server does", call->origin);
    default: return why_set(why, ERR_PEER_GONE, "the call to %s failed: %s", call->origin, curl_easy_strerror(code));
    }
}

void call_finish(struct call *call, CURLcode code)
{
    long status = 0;
    call->result.err = translate(call, code);
    if (call->result.err == OK && curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
        call->result.status = (int)status;
}
