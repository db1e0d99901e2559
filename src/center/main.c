/* nameplate center: the centre of the field and the commands of its operators. */
#include "api/flags.h"
#include "center/commands.h"
#include "pki/provider.h"

#define FLAG_DIR { "dir", "DIR", "./center", "folder of this centre" }
#define FLAG_CONFIG API_FLAG_CONFIG
#define FLAG_LOGIN API_FLAGS_LOGIN("center")
#define FLAG_END API_FLAG_END

static const struct command_flag flags_folder[] = { FLAG_DIR, FLAG_CONFIG, FLAG_END };
static const struct command_flag flags_login[] = { FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, FLAG_END };
static const struct command_flag flags_serve[] = { FLAG_DIR, FLAG_CONFIG, API_FLAG_CHECK, FLAG_END };
static const struct command_flag flags_enrol[] = { FLAG_DIR, FLAG_CONFIG, API_FLAG_ENROL("center"), FLAG_END };
static const struct command_flag flags_init[] = { FLAG_DIR, API_FLAGS_INIT("center", "devices and gateways", "8450", "operators", "8452"), FLAG_END };
static const struct command_flag flags_operator[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "role", "ROLE", NULL, "admin, manager or viewer" },
    { "new-password-file", "FILE", NULL, "file whose first line is the new password" },
    FLAG_END,
};

static const struct command_flag flags_customer[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "name", "NAME", NULL, "full name" },
    { "address", "TEXT", NULL, "postal address" },
    { "telephone", "NUMBER", NULL, "telephone number" },
    { "email", "ADDRESS", NULL, "mail address" },
    FLAG_END,
};
static const struct command_flag flags_site[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "customer", "ID", NULL, "whose site it is" },
    { "name", "NAME", NULL, "full name" },
    { "address", "TEXT", NULL, "postal address" },
    FLAG_END,
};
static const struct command_flag flags_device[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "kind", "KIND", NULL, "device, gateway, or agentless (read by its gateway)" },
    { "customer", "ID", NULL, "whose device it is" },
    { "site", "ID", NULL, "where it stands" },
    { "gateway", "NUMBER", NULL, "gateway that may speak for it" },
    { "address", "A", NULL, "IP address, host name or URL" },
    { "telephone", "NUMBER", NULL, "telephone number of its line" },
    { "interval", "SECONDS", NULL, "time between polls; 0 for the usual one" },
    FLAG_END,
};
static const struct command_flag flags_approve[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "board", "ID", NULL, "which board, when several ask for the number" },
    { "fingerprint", "HEX", NULL, "of the board's key, as the board shows it; 16 digits will do; without it a terminal is asked" },
    { "refuse", NULL, NULL, "refuse it instead" },
    FLAG_END,
};
static const struct command_flag flags_reason[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "reason", "TEXT", NULL, "why, in a sentence for the audit trail" }, FLAG_END,
};
static const struct command_flag flags_agreement[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "from", "DAY", NULL, "its begin, 2026-03-19 or 2026-03-19T12:00:00Z; without it now" },
    { "until", "DAY", NULL, "its end; without it none" },
    FLAG_END,
};
static const struct command_flag flags_call[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "wait", "SECONDS", NULL, "wait that long for the answer and show it" },
    { "limit", "SECONDS", NULL, "time that the call may take; without it the centre's usual one" },
    { "interval", "SECONDS", NULL, "for interval: time between polls" },
    { "version", "V", NULL, "for program: which one" },
    { "application", "NAME", NULL, "for threshold: whose counter, as copy or water" },
    { "at", "N", NULL, "for threshold: the device reports, once, when the counter passes it; 0 for none" },
    FLAG_END,
};
static const struct command_flag flags_json[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "json", NULL, NULL, "as JSON" }, FLAG_END
};
static const struct command_flag flags_sites[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "customer", "ID", NULL, "only this customer's" }, { "json", NULL, NULL, "as JSON" },
    FLAG_END,
};
#define FLAGS_PAGE \
    { "most", "N", NULL, "so many; without it 1000" }, { "after", "NUMBER", NULL, "only those behind this number, to go on" }
static const struct command_flag flags_devices[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "customer", "ID", NULL, "only this customer's" },
    { "site", "ID", NULL, "only those at this site" },
    { "gateway", "NUMBER", NULL, "only those bound to this gateway" },
    FLAGS_PAGE,
    { "json", NULL, NULL, "as JSON" },
    FLAG_END,
};
static const struct command_flag flags_unlicensed[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "customer", "ID", NULL, "only this customer's" },
    { "site", "ID", NULL, "only those at this site" },
    FLAGS_PAGE,
    { "json", NULL, NULL, "as JSON" },
    FLAG_END,
};
static const struct command_flag flags_silent[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "days", "N", "1", "not seen for so many days" },
    { "customer", "ID", NULL, "only this customer's" },
    { "site", "ID", NULL, "only those at this site" },
    FLAGS_PAGE,
    { "json", NULL, NULL, "as JSON" },
    FLAG_END,
};
static const struct command_flag flags_billing[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "from", "DAY", NULL, "first day of the period, 2026-03-01 or 2026-03-01T12:00:00Z" },
    { "until", "DAY", NULL, "the day behind the last one" },
    { "customer", "ID", NULL, "only this customer's" },
    { "site", "ID", NULL, "only those at this site" },
    { "json", NULL, NULL, "as JSON instead of CSV" },
    { "output", "FILE", NULL, "where to write it; without it to standard output" },
    FLAG_END,
};
#define FLAGS_PLACE { "customer", "ID", NULL, "only of this customer's devices" }, { "site", "ID", NULL, "only of devices at this site" }
#define FLAGS_NEWEST \
    FLAGS_PLACE, { "since", "DAY", NULL, "not what was before, 2026-03-01 or 2026-03-01T12:00:00Z" }, \
    { "until", "DAY", NULL, "only what was before that day or moment" }, \
    { "most", "N", NULL, "so many, the newest first; without it 1000" }, \
    { "after", "NEXT", NULL, "to go on: what the end of the list before said" }, { "json", NULL, NULL, "as JSON" }
static const struct command_flag flags_kind[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "kind", "KIND", NULL, "only of this kind, as the list calls it" }, FLAGS_NEWEST, FLAG_END,
};
static const struct command_flag flags_counters[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN,
    { "verdict", "WORD", NULL, "only those that were judged so: follows (they are billed), counter-back ..." },
    FLAGS_NEWEST, FLAG_END,
};
static const struct command_flag flags_calls[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "open", NULL, NULL, "only those that are not over" },
    { "state", "STATE", NULL, "only those that are waiting, taken, delayed, answered, refused or expired" },
    FLAGS_NEWEST,
    { "id", "ID", NULL, "one call with its answer, as JSON" },
    FLAG_END,
};
static const struct command_flag flags_agreements[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "state", "STATE", NULL, "only those that are active, suspended, ended, or none: not begun" },
    FLAGS_PLACE,
    { "since", "DAY", NULL, "not what ended before, 2026-03-01 or 2026-03-01T12:00:00Z" },
    { "until", "DAY", NULL, "only what began before that day or moment" },
    { "most", "N", NULL, "so many; without it 1000" },
    { "after", "NEXT", NULL, "to go on: what the end of the list before said" },
    { "json", NULL, NULL, "as JSON" },
    FLAG_END,
};
static const struct command_flag flags_tickets[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "all", NULL, NULL, "also those that were refused, or have their identity" },
    { "json", NULL, NULL, "as JSON" },
    FLAG_END,
};
static const struct command_flag flags_program[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "version", "V", NULL, "what this program is called from now on" }, FLAG_END,
};
static const struct command_flag flags_import[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "dry-run", NULL, NULL, "check the file, change nothing" }, FLAG_END,
};
static const struct command_flag flags_export[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "output", "FILE.csv", NULL, "where to write it; without it to standard output" },
    FLAG_END,
};

static const struct command commands[] = {
    { "init", "", 0, 0, "Enrol with the CA and set up the folder.",
      "nameplate center init --ca https://127.0.0.1:8440 --fingerprint F --token T --admin meier --password-file pw",
      api_command_init, flags_init },
    { "enrol", "", 0, 0, "Get a new certificate from the CA before the present one ends; the folder stays as it is.",
      "nameplate center enrol --token T", api_command_enrol, flags_enrol },
    { "serve", "", 0, 0, "Run the centre, until SIGTERM.", "nameplate center serve --dir ./center", api_command_serve, flags_serve },
    { "login", "", 0, 0, "Log in; later commands then need no --user.", "nameplate center login --user meier --password-file pw",
      api_command_login, flags_login },
    { "operator add", "NAME", 1, 1, "Add an operator, or change the role.",
      "nameplate center operator add huber --role manager --new-password-file pw2", api_command_operator_add, flags_operator },
    { "operator list", "", 0, 0, "Show the operators.", "nameplate center operator list", api_command_operator_list, flags_login },
    { "operator disable", "NAME", 1, 1, "Let an operator log in no longer.", "nameplate center operator disable huber",
      api_command_operator_disable, flags_login },
    { "operator password", "NAME", 1, 1, "Set a new password, and end a lock-out.",
      "nameplate center operator password huber --new-password-file pw2", api_command_operator_password, flags_operator },
    { "customer add", "ID", 1, 1, "Add a customer, or change what is said of one.",
      "nameplate center customer add acme --name 'ACME Ltd' --telephone '+81 3 1234 5678'", command_customer_add,
      flags_customer },
    { "customer list", "", 0, 0, "Show the customers.", "nameplate center customer list", command_customer_list, flags_json },
    { "site add", "ID", 1, 1, "Add a customer's site, or change what is said of one.",
      "nameplate center site add acme-1 --customer acme --address '1 Long Road'", command_site_add, flags_site },
    { "site list", "", 0, 0, "Show the sites.", "nameplate center site list --customer acme", command_site_list, flags_sites },
    { "device add", "NUMBER", 1, 1, "Enter a device or gateway, or change what is said of it.",
      "nameplate center device add 3012-000001 --customer acme --site acme-1", command_device_add, flags_device },
    { "device list", "", 0, 0, "Show devices and gateways.", "nameplate center device list --site acme-1", command_device_list,
      flags_devices },
    { "device show", "NUMBER", 1, 1, "Show one device: agreement, identities, last counters.",
      "nameplate center device show 3012-000001", command_device_show, flags_json },
    { "device bind", "NUMBER [GATEWAY]", 1, 2, "Let a gateway speak for a device; without one, none does any longer.",
      "nameplate center device bind 3012-000001 3100-000001", command_device_bind, flags_login },
    { "device approve", "NUMBER", 1, 1, "Let a replacement board have the number: it gets an identity, the old one is revoked.",
      "nameplate center device approve 3012-000001", command_device_approve, flags_approve },
    { "device scrap", "NUMBER", 1, 1, "End a device: its agreement ends, its identities are revoked.",
      "nameplate center device scrap 3012-000001 --reason 'sent back'", command_device_scrap, flags_reason },
    { "tickets", "", 0, 0, "Show the replacement boards that ask for a number.", "nameplate center tickets", command_tickets,
      flags_tickets },
    { "agreement add", "NUMBER", 1, 1, "Put a device under an agreement.",
      "nameplate center agreement add 3012-000001 --from 2026-03-19 --until 2031-03-19", command_agreement_add, flags_agreement },
    { "agreement end", "NUMBER", 1, 1, "End the agreement of a device now.", "nameplate center agreement end 3012-000001",
      command_agreement_end, flags_login },
    { "agreement suspend", "NUMBER", 1, 1, "Suspend the agreement of a device.", "nameplate center agreement suspend 3012-000001",
      command_agreement_suspend, flags_login },
    { "agreement resume", "NUMBER", 1, 1, "Let a suspended agreement count again.",
      "nameplate center agreement resume 3012-000001", command_agreement_resume, flags_login },
    { "agreement list", "[NUMBER]", 0, 1, "Show the agreements.", "nameplate center agreement list --customer acme --state active",
      command_agreement_list, flags_agreements },
    { "call", "NUMBER OPERATION", 2, 2, "Call a device: counters, information, interval, threshold, restart, renew or program.",
      "nameplate center call 3012-000001 counters --wait 60", command_call, flags_call },
    { "calls", "[NUMBER]", 0, 1, "Show the calls and how far they are.", "nameplate center calls --open", command_calls,
      flags_calls },
    { "counters", "[NUMBER]", 0, 1, "Show the charge counters as they were read.", "nameplate center counters 3012-000001",
      command_counters, flags_counters },
    { "billing", "", 0, 0, "Write what each device counted in a period, with opening and closing counters.",
      "nameplate center billing --from 2026-03-01 --until 2026-04-01 --customer acme --output march.csv", command_billing,
      flags_billing },
    { "incidents", "[NUMBER]", 0, 1, "Show what was refused or found, in words.", "nameplate center incidents", command_incidents,
      flags_kind },
    { "events", "[NUMBER]", 0, 1, "Show what devices reported: starts, thresholds passed, faults, low supplies.", "nameplate center events", command_events,
      flags_kind },
    { "unlicensed", "", 0, 0, "Show the devices that were seen without an active agreement.", "nameplate center unlicensed",
      command_unlicensed, flags_unlicensed },
    { "silent", "", 0, 0, "Show the devices under an agreement that were not seen for some time.", "nameplate center silent --days 7",
      command_silent, flags_silent },
    { "quarantine list", "", 0, 0, "Show the devices in quarantine, and why.", "nameplate center quarantine list",
      command_quarantine_list, flags_unlicensed },
    { "quarantine release", "NUMBER", 1, 1, "End the quarantine of a device that somebody has looked at.",
      "nameplate center quarantine release 3012-000001 --reason 'board was exchanged by our engineer'",
      command_quarantine_release, flags_reason },
    { "program add", "FILE", 1, 1, "Take in a program for devices, signed by the centre.",
      "nameplate center program add copier.img --version 2.1", command_program_add, flags_program },
    { "program list", "", 0, 0, "Show the programs that devices can fetch.", "nameplate center program list",
      command_program_list, flags_login },
    { "import", "FILE", 1, 1, "Take over customers, sites, devices and agreements: all of the file or nothing.",
      "nameplate center import customers.csv --dry-run", command_import, flags_import },
    { "export", "", 0, 0, "Write customers, sites, devices and agreements as CSV.",
      "nameplate center export --output customers.csv", command_export, flags_export },
    { "audit list", "[SUBJECT]", 0, 1, "Print the audit trail.", "nameplate center audit list 3012-000001", command_audit_list,
      flags_folder },
    { "audit verify", "", 0, 0, "Check the chain of the audit trail.", "nameplate center audit verify", command_audit_verify,
      flags_folder },
    { "database move", "URL", 1, 1, "Move the database from the file in the folder into PostgreSQL, while the server is stopped.",
      "nameplate center database move postgresql://nameplate@db1.example/nameplate", api_command_database_move, flags_folder },
    { "status", "", 0, 0, "Show the centre in numbers.", "nameplate center status", command_status, flags_json },
    { 0 },
};

int main(int argc, char **argv)
{
    static const struct command_area area = {
        .name = "center",
        .help = "The centre: knows each device in the field, and every node can call it.",
        .commands = commands,
        .begin = provider_start,
        .context = &center_api,
    };
    return command_main(&area, argc, argv);
}
