#include "gateway/commands.h"

#include <stdio.h>

#include "base/file.h"
#include "gateway/gateway.h"
#include "pki/provider.h"

#define DIR_FLAG { "dir", "DIR", "./device", "folder of the device that is the gateway" }

static const struct command_flag run_flags[] = {
    DIR_FLAG,
    { "config", "FILE", NULL, "settings (default: DIR/gateway.conf)" },
    { "check-config", NULL, NULL, "print the settings in force, look at the identity, and end" },
    { 0 },
};
static const struct command_flag status_flags[] = { DIR_FLAG, { 0 } };

#define TTY_FLAGS \
    { "tty", "PATH", NULL, "the serial line" }, { "speed", "BITS", "115200", "bits per second" }, \
        { "connect", "COMMAND", NULL, "makes the modem's connection, with the line as standard input and output (default: it stands)" }
static const struct command_flag dial_flags[] = {
    TTY_FLAGS,
    { "listen", "ADDRESS:PORT", "127.0.0.1:8453", "where the gateway beside it finds the centre; port 0 takes a free one" },
    { "idle", "SECONDS", "0", "make the connection when it is needed, end it when nothing passed for so long (0: hold it)" },
    { 0 },
};
static const struct command_flag answer_flags[] = {
    TTY_FLAGS,
    { "to", "ADDRESS:PORT", NULL, "the centre's listener for the field" },
    { 0 },
};

static const struct command commands[] = {
    { "run", "", 0, 0, "Carry calls between the devices of this LAN and the centre.", "nameplate gateway run --dir ./device", command_run,
      run_flags },
    { "status", "", 0, 0, "Show what waits, who is reached how, and how it stands with the one above.",
      "nameplate gateway status --dir ./device", command_status, status_flags },
    { "dial", "", 0, 0, "Carry the gateway's connections over a serial line, at the site.", "nameplate gateway dial --tty /dev/ttyS1 --idle 60 --connect 'chat -f /etc/nameplate/dial.chat'",
      command_dial, dial_flags },
    { "answer", "", 0, 0, "Carry the connections that come over a serial line to the centre.",
      "nameplate gateway answer --tty /dev/ttyS0 --to 127.0.0.1:8450", command_answer, answer_flags },
    { 0 },
};

const struct command_area gateway_area = {
    .name = "gateway",
    .help = "A device with gateway function: carries calls between a LAN and the centre, and keeps them meanwhile.",
    .commands = commands,
    .begin = provider_start,
};

static int check_config(const struct command_line *line, const char *dir, const struct gateway_settings *settings)
{
    struct gateway_identity *identity = NULL;
    struct why why = { "" };
    settings_print(stdout, gateway_setting_rows, gateway_setting_rows_n, settings);
    enum err err = http_check_address(settings->address, &why);
    err = err != OK ? why_prefix(&why, err, "[listen] address") : identity_new(dir, &identity, &why);
    identity_free(identity);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_run(const struct command_line *line)
{
    char config[GATEWAY_PATH];
    const char *dir = command_flag(line, "dir"), *given = command_flag(line, "config");
    struct gateway_settings settings;
    struct why why = { "" };
    if (given == NULL && file_join(dir, "gateway.conf", sizeof config, config) != OK)
        return command_fail(line, ERR_TOO_LARGE, NULL, NULL);
    if (given == NULL)
        given = config;
    enum err err = gateway_settings_read(given, &settings, &why);
    if (err != OK)
        return command_fail(line, err, &why, "nameplate gateway run --help");
    return command_switch(line, "check-config") ? check_config(line, dir, &settings) : gateway_serve(dir, given);
}
