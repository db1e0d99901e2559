/* nameplate factory: the factory server and the commands around it. */
#include "api/flags.h"
#include "factory/commands.h"
#include "pki/provider.h"

#define FLAG_DIR { "dir", "DIR", "./factory", "folder of this factory server" }
#define FLAG_CONFIG API_FLAG_CONFIG
#define FLAG_LOGIN API_FLAGS_LOGIN("factory")
#define FLAG_END API_FLAG_END

static const struct command_flag flags_folder[] = { FLAG_DIR, FLAG_CONFIG, FLAG_END };
static const struct command_flag flags_verify[] = {
    FLAG_DIR, FLAG_CONFIG, { "kept", "N:HASH", NULL, "the number of an entry and its hash, as they were kept elsewhere" }, FLAG_END,
};
static const struct command_flag flags_login[] = { FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, FLAG_END };
static const struct command_flag flags_serve[] = { FLAG_DIR, FLAG_CONFIG, API_FLAG_CHECK, FLAG_END };
static const struct command_flag flags_enrol[] = { FLAG_DIR, FLAG_CONFIG, API_FLAG_ENROL("factory"), FLAG_END };
static const struct command_flag flags_init[] = { FLAG_DIR, API_FLAGS_INIT("factory", "the stations", "8441", "administrators", "8442"), FLAG_END };
static const struct command_flag flags_import[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "dry-run", NULL, NULL, "check the plan, change nothing" },
    { "leave-out-past", NULL, NULL, "leave out new rows for days that are over, instead of refusing the plan" }, FLAG_END,
};
static const struct command_flag flags_counts[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "json", NULL, NULL, "as JSON" }, { "watch", NULL, NULL, "again every two seconds" },
    FLAG_END,
};
static const struct command_flag flags_model[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "name", "TYPE", NULL, "name on the nameplate" },
    { "voltage", "V", NULL, "rated voltage on the nameplate" },
    { "power", "W", NULL, "rated power consumption on the nameplate" },
    { "current", "A", NULL, "rated current on the nameplate" },
    { "profile", "P", NULL, "certificate profile at the CA" },
    { "pattern", "P", NULL, "pattern of the serial numbers on labels" },
    { "digits", "N", NULL, "digits of the serial numbers that the factory gives out; 6 for a new model" },
    { "line", "L", NULL, "line on which it is made; without it any" },
    { "no-identity", NULL, NULL, "devices of this model get no identity" },
    FLAG_END,
};
static const struct command_flag flags_station[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "line", "L", NULL, "line at which it stands" }, FLAG_END
};
static const struct command_flag flags_key[] = {
    FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, { "line", "L", NULL, "line whose station shall work on the device" }, FLAG_END
};
static const struct command_flag flags_request[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "date", "D", NULL, "day of the plan, 2026-03-19 (default: today)" },
    { "wait", NULL, NULL, "return when the identities are on hand" },
    FLAG_END,
};
static const struct command_flag flags_operator[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "role", "ROLE", NULL, "admin, planner or viewer" },
    { "new-password-file", "FILE", NULL, "file whose first line is the new password" },
    FLAG_END,
};
static const struct command_flag flags_label[] = { FLAG_DIR,
                                                   FLAG_CONFIG,
                                                   FLAG_LOGIN,
                                                   { "output", "FILE.svg", NULL,
                                                     "where to write it; without it to standard output" },
                                                   FLAG_END };
static const struct command_flag flags_forget[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "confirm-user", "NAME", NULL, "second administrator" },
    { "confirm-password-file", "FILE", NULL, "file whose first line is the second administrator's password" },
    FLAG_END,
};

static const struct command commands[] = {
    { "init", "", 0, 0, "Enrol with the CA and set up the folder.",
      "nameplate factory init --ca https://127.0.0.1:8440 --fingerprint F --token T --admin meier --password-file pw",
      api_command_init, flags_init },
    { "enrol", "", 0, 0, "Get a new certificate from the CA before the present one ends; the folder stays as it is.",
      "nameplate factory enrol --token T", api_command_enrol, flags_enrol },
    { "serve", "", 0, 0, "Run the factory server, until SIGTERM.", "nameplate factory serve --dir ./factory", api_command_serve,
      flags_serve },
    { "login", "", 0, 0, "Log in; later commands then need no --user.", "nameplate factory login --user meier --password-file pw",
      api_command_login, flags_login },
    { "plan import", "FILE", 1, 1, "Take over a production plan: date,model,quantity[,first_serial].",
      "nameplate factory plan import plan.csv", command_plan_import, flags_import },
    { "plan remove", "DATE MODEL", 2, 2, "Take back what was planned of a model for a day, before it was asked for.",
      "nameplate factory plan remove 2026-03-19 3012", command_plan_remove, flags_login },
    { "plan list", "", 0, 0, "Show the whole plan.", "nameplate factory plan list --json", command_plan_list, flags_counts },
    { "model add", "CODE", 1, 1, "Add a model to the model list, or change what is said of it.",
      "nameplate factory model add 3012 --name TYPE-1 --line A", command_model_add, flags_model },
    { "model list", "", 0, 0, "Show the model list.", "nameplate factory model list", command_model_list, flags_login },
    { "station add", "NAME", 1, 1, "Admit a station at a line, or move it.", "nameplate factory station add line-a --line A",
      command_station_add, flags_station },
    { "station list", "", 0, 0, "Show the stations.", "nameplate factory station list", command_station_list, flags_login },
    { "station remove", "NAME", 1, 1, "Admit a station no longer.", "nameplate factory station remove line-a",
      command_station_remove, flags_login },
    { "station release", "NAME", 1, 1, "Let a station fetch packs again that fetched too many without a proven write.",
      "nameplate factory station release line-a", command_station_release, flags_login },
    { "request", "", 0, 0, "Ask the CA for the identities of a day now.", "nameplate factory request --date 2026-03-19",
      command_request, flags_request },
    { "status", "", 0, 0, "Show the identities per model and day: on hand, claimed, used today, left.",
      "nameplate factory status --watch", command_status, flags_counts },
    { "key", "[NUMBER NUMBER]", 0, 2, "Key a device number in for a line, as if it were scanned there; twice, or asked for twice.",
      "nameplate factory key 3012-000001 3012-000001 --line A", command_key, flags_key },
    { "number", "NUMBER", 1, 1, "Show what is known of one device number.", "nameplate factory number 3012-000001",
      command_number, flags_login },
    { "label", "NUMBER", 1, 1, "Draw the nameplate of a device: ratings and barcode, as SVG.",
      "nameplate factory label 3012-000001 --output nameplate.svg", command_label, flags_label },
    { "reissue", "NUMBER", 1, 1, "Order the next pack of a number whose writes failed too often in a day.",
      "nameplate factory reissue 3012-000001 --confirm-user huber --confirm-password-file pw2", command_reissue, flags_forget },
    { "forget", "MODEL", 1, 1, "Discontinue a model: revoke and erase its left-over packs.",
      "nameplate factory forget 3012 --confirm-user huber --confirm-password-file pw2", command_forget, flags_forget },
    { "operator add", "NAME", 1, 1, "Add an operator, or change the role.",
      "nameplate factory operator add huber --role admin --new-password-file pw2", api_command_operator_add, flags_operator },
    { "operator list", "", 0, 0, "Show the operators.", "nameplate factory operator list", api_command_operator_list, flags_login },
    { "operator disable", "NAME", 1, 1, "Let an operator log in no longer.", "nameplate factory operator disable huber",
      api_command_operator_disable, flags_login },
    { "operator password", "NAME", 1, 1, "Set a new password, and end a lock-out.",
      "nameplate factory operator password huber --new-password-file pw2", api_command_operator_password, flags_operator },
    { "export", "", 0, 0, "Print each identity as a line of JSON.", "nameplate factory export --dir ./factory", command_export,
      flags_folder },
    { "fsck", "", 0, 0, "Check the folder: rows, packs, audit trail.", "nameplate factory fsck --dir ./factory", command_fsck,
      flags_folder },
    { "reconcile", "", 0, 0, "Compare the accounts of each order with the CA's, and both audit trails with what each side kept of the other's.", "nameplate factory reconcile --dir ./factory",
      command_reconcile, flags_folder },
    { "audit list", "[SUBJECT]", 0, 1, "Print the audit trail.", "nameplate factory audit list 3012-000001", command_audit_list,
      flags_folder },
    { "audit verify", "", 0, 0, "Check the chain of the audit trail.", "nameplate factory audit verify --dir ./factory",
      command_audit_verify, flags_verify },
    { "database move", "URL", 1, 1, "Move the database from the file in the folder into PostgreSQL, while the server is stopped.",
      "nameplate factory database move postgresql://nameplate@db1.example/nameplate", api_command_database_move, flags_folder },
    { 0 },
};

int main(int argc, char **argv)
{
    static const struct command_area area = {
        .name = "factory",
        .help = "The factory server: holds the plan and the identities that wait to be written.",
        .commands = commands,
        .begin = provider_start,
        .context = &factory_api,
    };
    return command_main(&area, argc, argv);
}
