#include "station/commands.h"
#include "pki/provider.h"

static const struct command_flag init_flags[] = {
    { "dir", "DIR", "./station", "folder of the station, made here" },
    { "factory", "URL", NULL, "the factory server, https://HOST:PORT" },
    { "fingerprint", "SHA256", NULL, "fingerprint of the root certificate, as `ca init` printed it" },
    { "token", "TOKEN", NULL, "one-time token of `ca token add --role station`" },
    { "bench-address", "ADDRESS", NULL, "address of this station on the bench link" },
    { "bench-port", "PORT", NULL, "port there" },
    { "interface", "NAME", NULL, "network interface of the bench link" },
    { "device", "ADDRESS:PORT", NULL, "initial address of every device" },
    { "sources", "LIST", NULL, "scanners: stdin, tty:PATH, hid:PATH, tcp:ADDRESS:PORT, device" },
    { NULL, NULL, NULL, NULL },
};

static const struct command_flag enrol_flags[] = {
    { "dir", "DIR", "./station", "folder of the station" },
    { "config", "FILE", NULL, "settings (default: DIR/nameplate.conf)" },
    { "token", "TOKEN", NULL, "one-time token of `ca token add --role station`, for the same name" },
    { NULL, NULL, NULL, NULL },
};

static const struct command_flag run_flags[] = {
    { "dir", "DIR", "./station", "folder of the station" },
    { "config", "FILE", NULL, "settings (default: DIR/nameplate.conf)" },
    { "check-config", NULL, NULL, "print the settings in force, look at the identity, and end" },
    { "sources", "LIST", NULL, "scanners, instead of the settings'" },
    { "keyed", NULL, NULL, "lines of stdin are keyed in: each is asked for twice" },
    { "screen", "MODE", NULL, "auto, full or plain, instead of the settings'" },
    { NULL, NULL, NULL, NULL },
};

static const struct command_flag board_flags[] = {
    { "dir", "DIR", "./station", "folder of the station" },
    { "config", "FILE", NULL, "settings (default: DIR/nameplate.conf)" },
    { "model", "CODE", NULL, "model code of the boards; without, device numbers are scanned and say it" },
    { "generate", NULL, NULL, "make an id for one board instead of reading ids" },
    { "device", "ADDRESS:PORT", NULL, "where the board is, instead of the settings'" },
    { NULL, NULL, NULL, NULL },
};

static const struct command commands[] = {
    { "init", "", 0, 0, "Enrol the station with a one-time token and write its configuration.",
      "nameplate station init --factory https://127.0.0.1:8441 --fingerprint F --token T", command_init, init_flags },
    { "enrol", "", 0, 0, "Get a new certificate before the present one ends; the folder stays as it is.", "nameplate station enrol --token T",
      command_enrol, enrol_flags },
    { "run", "", 0, 0, "Write identities: scan, fetch, write, prove, PASS or FAIL.", "nameplate station run --dir ./station", command_run, run_flags },
    { "board", "[BOARD-ID...]", 0, COMMAND_ARGS_MAX, "Write bootstrap certificates to boards, whose ids (or device numbers) are given or scanned.",
      "nameplate station board --model 3012 --generate", command_board, board_flags },
    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL },
};

const struct command_area station_area = {
    .name = "station",
    .help = "A station at a production line: scans device numbers and writes identities to devices.",
    .commands = commands,
    .begin = provider_start,
};
