#include <stdlib.h>
#include <sys/epoll.h>

#include "http/call.h"

/* Calls with the same TLS context share connections; curl itself would reuse one made with another identity. */
struct lane {
    struct lane *next;
    struct http_client *client;
    struct tls_context *tls; /* a reference; NULL: plain */
    CURLM *multi;
    uint64_t timer;
    size_t calls_n;
    unsigned inside; /* its calls are being ended: a `done` that sends the next call must not find it freed */
};

struct sent_call {
    struct call call; /* first: curl's private pointer is this */
    struct sent_call *prev, *next;
    struct lane *lane;
    http_done_fn *done;
    void *context;
};

struct http_client {
    struct loop *loop;
    struct lane *lanes;
    struct sent_call *calls;
};

enum { IDLE_LANES = 2, KEPT_CONNECTIONS = 64 };

void http_result_done(struct http_result *result)
{
    if (result != NULL)
        buf_wipe(&result->body);
}

static void unlink_call(struct sent_call *sent)
{
    if (sent->prev != NULL)
        sent->prev->next = sent->next;
    else
        sent->lane->client->calls = sent->next;
    if (sent->next != NULL)
        sent->next->prev = sent->prev;
}

/* `done` may send the next call, or free nothing of ours: a client is never freed from inside. */
static void finish(struct sent_call *sent, CURLcode code)
{
    call_finish(&sent->call, code);
    curl_multi_remove_handle(sent->lane->multi, sent->call.curl);
    call_done(&sent->call);
    unlink_call(sent);
    sent->lane->calls_n--;
    struct http_result result = sent->call.result;
    http_done_fn *done = sent->done;
    void *context = sent->context;
    free(sent);
    done(context, &result);
    http_result_done(&result);
}

static void reap(struct lane *lane)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(lane->multi, &left)) != NULL) {
        struct sent_call *sent = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&sent) == CURLE_OK && sent != NULL)
            finish(sent, code);
    }
}

static void go_on(struct lane *lane, curl_socket_t fd, int what)
{
    int running;
    lane->inside++;
    curl_multi_socket_action(lane->multi, fd, what, &running);
    reap(lane);
    lane->inside--;
}

static void on_event(void *context, int fd, uint32_t events)
{
    int what = 0;
    if ((events & (EPOLLIN | EPOLLHUP)) != 0)
        what |= CURL_CSELECT_IN;
    if ((events & EPOLLOUT) != 0)
        what |= CURL_CSELECT_OUT;
    if ((events & EPOLLERR) != 0)
        what |= CURL_CSELECT_ERR;
    go_on(context, fd, what);
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *context, void *of_socket)
{
    (void)curl, (void)of_socket;
    struct lane *lane = context;
    uint32_t events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= EPOLLOUT;
    return loop_watch(lane->client->loop, fd, events, on_event, lane) == OK ? 0 : -1;
}

static void on_timeout(void *context)
{
    struct lane *lane = context;
    lane->timer = 0;
    go_on(lane, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct lane *lane = context;
    loop_cancel(lane->client->loop, lane->timer);
    lane->timer = 0;
    if (timeout_ms < 0)
        return 0;
    return loop_timer(lane->client->loop, timeout_ms, on_timeout, lane, &lane->timer) == OK ? 0 : -1;
}

static void lane_free(struct lane *lane)
{
    curl_multi_cleanup(lane->multi); /* closes its connections: on_socket unwatches them */
    loop_cancel(lane->client->loop, lane->timer);
    if (lane->tls != NULL)
        tls_context_free(lane->tls);
    free(lane);
}

static enum err lane_new(struct http_client *client, struct tls_context *tls, struct lane **ret_lane)
{
    struct lane *lane = calloc(1, sizeof *lane);
    CURLM *multi = lane == NULL ? NULL : curl_multi_init();
    if (multi == NULL) {
        free(lane);
        return ERR_NO_MEMORY;
    }
    *lane = (struct lane){ .client = client, .multi = multi, .tls = tls == NULL ? NULL : tls_context_ref(tls) };
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, lane);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, lane);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    lane->next = client->lanes;
    client->lanes = lane;
    *ret_lane = lane;
    return OK;
}

/* Lanes of contexts that were replaced (reload, new identity) go when nothing runs on them. */
static void drop_idle_lanes(struct http_client *client)
{
    size_t idle = 0;
    for (struct lane **at = &client->lanes; *at != NULL;) {
        struct lane *lane = *at;
        if (lane->calls_n == 0 && lane->inside == 0 && ++idle > IDLE_LANES) {
            *at = lane->next;
            lane_free(lane);
        } else {
            at = &lane->next;
        }
    }
}

static enum err find_lane(struct http_client *client, struct tls_context *tls, struct lane **ret_lane)
{
    for (struct lane *lane = client->lanes; lane != NULL; lane = lane->next)
        if (lane->tls == tls) {
            *ret_lane = lane;
            return OK;
        }
    drop_idle_lanes(client);
    return lane_new(client, tls, ret_lane);
}

enum err http_client_new(struct loop *loop, struct http_client **ret_client, struct why *why)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return why_set(why, ERR_NO_MEMORY, "libcurl does not start");
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return ERR_NO_MEMORY;
    client->loop = loop;
    *ret_client = client;
    return OK;
}

void http_client_free(struct http_client *client)
{
    if (client == NULL)
        return;
    while (client->calls != NULL) {
        struct sent_call *sent = client->calls;
        sent->call.stopped = ERR_PEER_GONE;
        finish(sent, CURLE_ABORTED_BY_CALLBACK);
    }
    while (client->lanes != NULL) {
        struct lane *next = client->lanes->next;
        lane_free(client->lanes);
        client->lanes = next;
    }
    free(client);
}

static void link_call(struct sent_call *sent)
{
    struct http_client *client = sent->lane->client;
    sent->next = client->calls;
    if (sent->next != NULL)
        sent->next->prev = sent;
    client->calls = sent;
    sent->lane->calls_n++;
}

enum err http_client_send(struct http_client *client, const struct http_call *spec, http_done_fn *done, struct why *why)
{
    struct lane *lane;
    struct sent_call *sent = calloc(1, sizeof *sent);
    enum err err = sent == NULL ? ERR_NO_MEMORY : find_lane(client, spec->tls, &lane);
    if (err == OK)
        err = call_start(&sent->call, spec, why);
    if (err != OK) {
        free(sent);
        return err;
    }
    sent->lane = lane;
    sent->done = done;
    sent->context = spec->context;
    link_call(sent);
    if (curl_multi_add_handle(lane->multi, sent->call.curl) == CURLM_OK)
        return OK;
    unlink_call(sent);
    lane->calls_n--;
    call_done(&sent->call);
    free(sent);
    return why_set(why, ERR_NO_MEMORY, "the call could not be started");
}

void http_call_wait(const struct http_call *spec, struct http_result *ret_result)
{
    struct call call;
    struct why why = { "" };
    enum err err = call_start(&call, spec, &why);
    if (err == OK) {
        call_finish(&call, curl_easy_perform(call.curl));
        call_done(&call);
        *ret_result = call.result;
    } else {
        *ret_result = (struct http_result){ .err = err, .why = why };
    }
}
