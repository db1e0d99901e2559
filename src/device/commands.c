#include "device/commands.h"
#include "pki/provider.h"

#define DIR_FLAG { "dir", "DIR", NULL, "folder of the device (default: that of --config, else ./device)" }
#define CONFIG_FLAG { "config", "FILE", NULL, "configuration (default: DIR/nameplate.conf)" }
#define TEST_ONLY_FLAGS \
    { "test-only-fail-write", NULL, NULL, "for tests: the next identity write leaves a wrong byte in the flash" }, \
    { "test-only-power-cut-at", "BYTES", NULL, "for tests: the process dies after so many bytes written to its memory" }

static const struct command_flag new_flags[] = {
    { "model", "CODE", NULL, "model code on the nameplate" },
    { "serial", "SERIAL", NULL, "serial number; without it the board stays bare until `device number`" },
    { "board", "ID", "", "the board's own id" },
    { "root", "FILE", NULL, "root certificate for its firmware (PEM or DER)" },
    { "bootstrap", "FILE", NULL, "bootstrap pack; without it the board is blank and a station writes it" },
    { "applications", "LIST", NULL, "what it is built as: copy,fax,print,scan,net file,web (default), or water, gas, electricity" },
    { "without-remote", NULL, NULL, "no memory for the remote functions: a device for the line, that no centre reaches" },
    { "store", "MODE", "plain", "how packs lie in the flash: plain, or sealed to the device key" },
    DIR_FLAG, CONFIG_FLAG, { 0 },
};

static const struct command_flag dir_flags[] = { DIR_FLAG, CONFIG_FLAG, { 0 } };
static const struct command_flag show_flags[] = { DIR_FLAG, CONFIG_FLAG, { "json", NULL, NULL, "as one JSON object" }, { 0 } };

static const struct command_flag run_flags[] = {
    { "listen", "ADDRESS:PORT", NULL, "address on the bench link (default: as configured); port 0 takes a free one" },
    { "check-config", NULL, NULL, "print the configuration in force, look at the board, and end" },
    { "test-only-claim", "NUMBER", NULL, "for tests: a device that speaks in another's name" },
    { "test-only-no-confirm", NULL, NULL, "for tests: a program on trial never says that it works" },
    { "test-only-die-at", "STEP", NULL, "for tests: the process is killed in a renewal: key, answer, installed, confirmed, dropped; in a program: part" },
    DIR_FLAG, CONFIG_FLAG, TEST_ONLY_FLAGS, { 0 },
};

static const struct command_flag scan_flags[] = {
    { "station", "URL", NULL, "the station's service (default: as configured)" }, DIR_FLAG, CONFIG_FLAG, { 0 },
};

static const struct command_flag swarm_flags[] = {
    { "listen", "ADDRESS:PORT", NULL, "the one bench address (default: as configured)" },
    { "root", "FILE", NULL, "root certificate for the firmware of new devices (PEM or DER)" },
    { "field", "ADDRESS:PORT", NULL, "instead: be devices in the field that poll the centre there" },
    { "identities", "FILE", NULL, "with --field: their packs, one behind the other" },
    { "count", "N", "100000", "with --field: so many of them at most" },
    { "interval", "SECONDS", "0", "with --field: between two polls; 0: as the centre says" },
    { "wait", "SECONDS", "0", "with --field: stay connected and wait so long for calls" },
    { "seconds", "N", "0", "with --field: end after so many seconds; 0: on SIGTERM" },
    DIR_FLAG, CONFIG_FLAG, { 0 },
};

static const struct command_flag remote_flags[] = {
    { "url", "URL", NULL, "gateway or centre, https://HOST:PORT; kept in the NVRAM" }, DIR_FLAG, CONFIG_FLAG, { 0 },
};

static const struct command_flag replace_flags[] = {
    { "url", "URL", NULL, "gateway or centre (default: as configured)" },
    { "once", NULL, NULL, "ask once; exit status 1 while an operator has not approved it" },
    DIR_FLAG, CONFIG_FLAG, { 0 },
};

static const struct command commands[] = {
    { "new", "", 0, 0, "Make a device: a blank board, with its number when --serial is given.",
      "nameplate device new --model 3012 --serial 123456 --root ca/root.crt --dir device", command_new, new_flags },
    { "number", "NUMBER", 1, 1, "Write the device number into the NVRAM, at assembly.",
      "nameplate device number 3012-123456 --dir device", command_number, dir_flags },
    { "run", "", 0, 0, "Be the device: answer the station, and send scanned lines from standard input to it.",
      "nameplate device run --dir device --listen 127.0.1.2:8444", command_run, run_flags },
    { "scan", "TEXT", 1, 1, "Send what the device's scanner read to the station.",
      "nameplate device scan 3012-123456 --station https://127.0.1.1:8443/soap/station", command_scan, scan_flags },
    { "show", "", 0, 0, "Show what lies in its memory.", "nameplate device show --dir device", command_show, show_flags },
    { "export", "", 0, 0, "Print its identity as one JSON line, without the key.", "nameplate device export --dir device", command_export, dir_flags },
    { "remote", "", 0, 0, "Add the remote functions' memory, and say where the gateway or the centre is.",
      "nameplate device remote --dir device --url https://192.0.2.1:8450", command_remote, remote_flags },
    { "count", "APPLICATION N", 2, 2, "Count for an application: pages of an office machine, units of a meter.",
      "nameplate device count copy 12 --dir device", command_count, dir_flags },
    { "job", "APPLICATION PAGES", 2, 2, "Run a job in the device that runs: its pages are counted as they come out.",
      "nameplate device job copy 3 --dir device", command_job, dir_flags },
    { "threshold", "APPLICATION N", 2, 2, "Report to the centre, once, when this counter passes N; 0: no more.",
      "nameplate device threshold copy 10000 --dir device", command_threshold, dir_flags },
    { "event", "KIND [DETAIL]", 1, 2, "Report an event to the centre: supply-low, fault.",
      "nameplate device event supply-low 'black toner' --dir device", command_event, dir_flags },
    { "replace", "NUMBER", 1, 1, "Be the new board of a device: ask for its identity until an operator has approved it.",
      "nameplate device replace 3012-123456 --dir board --url https://192.0.2.1:8450", command_replace, replace_flags },
    { "swarm", "", 0, 0, "Be thousands of devices in one process: on the bench by commands on standard input, or in the field.",
      "nameplate device swarm --dir devices --root ca/root.crt --listen 127.0.1.2:0", command_swarm, swarm_flags },
    { 0 },
};

const struct command_area device_area = {
    .name = "device",
    .help = "A device that gets its identity on the line and proves it.",
    .commands = commands,
    .begin = provider_start,
};
