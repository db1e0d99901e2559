/* `nameplate ca serve`: the signer is split off first, then the front serves until it is told to end. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/commands.h"
#include "ca/front.h"
#include "ca/harden.h"
#include "ca/signer.h"
#include "log/log.h"

static enum err start_signer(const struct ca_settings *settings, int *ret_fd, pid_t *ret_pid, struct why *why)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return why_errno(why, errno, "cannot make a socket pair");
    pid_t pid = fork();
    if (pid == 0)
        _exit(ca_signer_main(settings, pair[1]));
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return why_errno(why, errno, "cannot start the signer");
    }
    *ret_fd = pair[0];
    *ret_pid = pid;
    return OK;
}

/* Waits for READY. */
static enum err await_signer(int fd, struct why *why)
{
    AUTO_BUF in = BUF_INIT;
    uint16_t kind = 0;
    struct frame_reader fields;
    char name[32];
    enum err err = frame_receive(fd, &in, &kind, &fields, why);
    if (err != OK)
        return why_set(why, err, "the signer did not start");
    if (kind == CA_ANSWER_READY)
        return OK;
    struct why said = { 0 };
    (void)frame_int(&fields);
    frame_text(&fields, sizeof name, name);
    frame_text(&fields, sizeof said.text, said.text);
    return why_set(why, err_from_name(name), "%s", said.text);
}

static void on_lost(void *context)
{
    struct front *f = context;
    f->lost = true;
    if (f->draining)
        return;
    log_event(LOG_ERROR, "signer lost", "why", "the signer process has ended: the front ends too, start it again", NULL);
    f->exit_status = 1;
    loop_stop(f->loop);
}

static void on_drained(void *context)
{
    struct front *f = context;
    loop_stop(f->loop);
}

static void on_stop(void *context)
{
    struct front *f = context;
    if (f->draining)
        return;
    f->draining = true;
    log_event(LOG_INFO, "drain", NULL);
    http_server_drain(f->server, on_drained, f);
}

static enum err use_log(const struct ca_settings *s, struct why *why)
{
    enum log_level level = LOG_INFO;
    if (log_level_parse(s->log_level, &level) != OK)
        return why_set(why, ERR_CONFIG, "[log] level = %s: debug, info, warn or error", s->log_level);
    log_setup("ca", level, s->log_json);
    return OK;
}

/* SIGHUP: certificate, key and what else is in files are read again, with the next revocation lists; of the settings the
 * log's. A configuration that is wrong changes nothing. */
static void on_reload(void *context)
{
    struct front *f = context;
    struct ca_settings fresh;
    struct why why = { 0 };
    enum err err = ca_settings_load(f->line, &fresh, &why);
    if (err == OK)
        err = use_log(&fresh, &why);
    if (err != OK) {
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
        return;
    }
    log_event(LOG_INFO, "reload", NULL);
    if (f->lists_tag == 0 && !f->draining)
        front_reload(f);
}

static void on_refused(void *context, const char *peer_address, enum err err, const struct why *why)
{
    (void)context;
    log_failure(LOG_INFO, "refused", err, why, "address", peer_address, NULL);
}

static void say_ready(void *context)
{
    struct front *f = context;
    const char *open = strchr(f->settings->address, ':') != NULL ? "[" : "", *close = open[0] != '\0' ? "]" : "";
    printf("ready ca %s%s%s:%u\n", open, f->settings->address, close, http_server_port(f->server));
    fflush(stdout);
}

static enum err start_server(struct front *f, struct why *why)
{
    struct tls_context *tls = NULL;
    enum err err = front_tls(f->settings, NULL, &tls, why);
    const struct http_server_options options = { .address = f->settings->address, .port = (uint16_t)f->settings->port, .tls = tls,
                                                 .handler = &front_handler, .context = f, .refused = on_refused };
    if (err == OK)
        err = http_server_new(f->loop, &options, &f->server, why);
    tls_context_free(tls);
    return err;
}

static enum err run_front(struct front *f, int fd, struct why *why)
{
    enum err err = harden_process(why);
    if (err == OK)
        err = loop_new(&f->loop, why);
    if (err == OK)
        err = loop_on_signals(f->loop, on_stop, on_reload, f, why);
    if (err == OK)
        err = link_new(f->loop, fd, on_lost, f, &f->link);
    if (err == OK)
        err = start_server(f, why);
    if (err == OK) {
        front_watch_lists(f, say_ready);
        err = loop_run(f->loop, why);
    }
    http_server_free(f->server);
    if (f->link != NULL)
        link_free(f->link);
    else
        close(fd);
    loop_free(f->loop);
    return err;
}

static enum err serve(const struct command_line *line, const struct ca_settings *settings, int *ret_status, struct why *why)
{
    struct front f = { .line = line, .settings = settings };
    int fd = -1;
    pid_t pid = -1;
    enum err err = start_signer(settings, &fd, &pid, why);
    if (err != OK)
        return err;
    err = await_signer(fd, why);
    if (err == OK)
        err = run_front(&f, fd, why);
    else
        close(fd);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *ret_status = f.exit_status;
    return err;
}

static enum err check_config(const struct ca_settings *s, struct why *why)
{
    struct signer *signer = NULL;
    struct tls_context *tls = NULL;
    enum err err = ca_signer_new(s, &signer, why);
    if (err == OK)
        err = ca_lint_profiles(signer, why);
    if (err == OK)
        err = front_tls(s, NULL, &tls, why);
    tls_context_free(tls);
    ca_signer_free(signer);
    if (err == OK)
        settings_print(stdout, ca_setting_rows, ca_setting_rows_n, s);
    return err;
}

int command_serve(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    int status = 0;
    enum err err = ca_settings_load(line, &s, &why);
    if (err == OK)
        err = use_log(&s, &why);
    if (err == OK)
        err = command_switch(line, "check-config") ? check_config(&s, &why) : serve(line, &s, &status, &why);
    if (err != OK)
        return command_fail(line, err, &why, err == ERR_NOT_FOUND ? "nameplate ca init --dir DIR" : NULL);
    return status;
}
