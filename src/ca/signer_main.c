/* The signer's process from its start to its end. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "ca/harden.h"
#include "ca/signer.h"
#include "log/log.h"

/* The first frame: READY, or ERROR with what is missing. */
static enum err say_hello(int fd, enum err outcome, const struct why *reason, struct why *why)
{
    AUTO_BUF out = BUF_INIT;
    size_t mark;
    enum err err = frame_begin(&out, outcome == OK ? CA_ANSWER_READY : CA_ANSWER_ERROR, &mark);
    if (err == OK)
        err = frame_put_int(&out, 0);
    if (err == OK && outcome != OK)
        err = frame_put_text(&out, err_row(outcome)->name);
    if (err == OK && outcome != OK)
        err = frame_put_text(&out, why_text(reason, outcome));
    if (err == OK)
        err = frame_end(&out, mark);
    return err != OK ? err : frame_send(fd, buf_span(&out), why);
}

static enum err start(const struct ca_settings *settings, int fd, struct signer **ret_signer, struct why *why)
{
    harden_close_others(fd);
    enum err err = harden_process(why);
    if (err == OK)
        err = harden_no_network(why);
    return err != OK ? err : ca_signer_new(settings, ret_signer, why);
}

enum err ca_lint_profiles(const struct signer *s, struct why *why)
{
    if (s->profiles.len == 0)
        return why_set(why, ERR_BAD_PROFILE, "%s is empty: the built-in profiles are used instead, write into it what is meant",
                       s->settings->profiles);
    return profiles_lint(buf_span(&s->profiles), s->settings->profile, why);
}

/* One model's mistake does not stop the others: it is told now, and nothing is issued by that profile. */
static void look_at_profiles(const struct signer *s)
{
    struct why why = { 0 };
    enum err err = ca_lint_profiles(s, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "profile", err, &why, "file", s->settings->profiles, NULL);
}

static void ignore_signals(void)
{
    static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        (void)sigaction(ignored[i], &ignore, NULL);
}

int ca_signer_main(const struct ca_settings *settings, int fd)
{
    /* A signal to the whole group must not break the signer off in front of the front: it ends when that does. */
    ignore_signals();
    struct why why = { 0 };
    struct signer *s = NULL;
    enum err started = start(settings, fd, &s, &why);
    enum err err = say_hello(fd, started, &why, &why);
    if (started == OK)
        look_at_profiles(s);
    if (started == OK && err == OK)
        err = ca_signer_serve(s, fd, &why);
    if (started == OK && err != OK)
        log_failure(LOG_ERROR, "signer", err, &why, NULL);
    ca_signer_free(s);
    return started != OK || err != OK ? 1 : 0;
}
