/* nameplate-ca: the certificate authority. */
#include "ca/commands.h"
#include "pki/provider.h"

#define DIR { "dir", "DIR", "./ca", "the CA's folder" }
#define CONFIG { "config", "FILE", NULL, "configuration file, instead of DIR/nameplate.conf" }
#define END { NULL, NULL, NULL, NULL }

static const struct command_flag init_flags[] = {
    DIR,
    { "name", "NAME", "Nameplate", "name of the CA in its certificates" },
    { "organization", "NAME", NULL, "organization, in front of the name" },
    { "key-type", "TYPE", "p256", "p256, p384, ed25519, rsa2048 or rsa3072, for the CA's own keys" },
    { "root-years", "YEARS", "30", "validity of the root" },
    { "ca-years", "YEARS", "20", "validity of the issuing CAs and the server" },
    { "listen", "ADDRESS:PORT", "127.0.0.1:8440", "where the server will listen" },
    { "hosts", "NAMES", NULL, "further DNS names and addresses of the server, separated by commas" },
    END,
};
static const struct command_flag serve_flags[] = {
    DIR, CONFIG, { "check-config", NULL, NULL, "check configuration, keys and register, print what is in force, and end" }, END,
};
static const struct command_flag order_flags[] = {
    DIR,
    CONFIG,
    { "factory", "NAME", NULL, "factory server that may ask under this order" },
    { "model", "CODE", NULL, "model code of the devices" },
    { "quantity", "N", NULL, "how many identities may be made" },
    { "first-serial", "SERIAL", NULL, "only serial numbers from this one on, QUANTITY of them" },
    { "until", "DATE", NULL, "no issuing from this day on (2027-01-31)" },
    { "profile", "NAME", NULL, "certificate profile of the model's devices, \"gateway\" for gateways; without it as configured (idevid)" },
    END,
};
static const struct command_flag token_flags[] = {
    DIR,
    CONFIG,
    { "role", "ROLE", "factory", "factory, station, center or console" },
    { "name", "NAME", NULL, "name of the factory server or station" },
    { "hosts", "NAMES", "localhost,127.0.0.1", "DNS names and addresses for its certificate, separated by commas" },
    { "hours", "HOURS", "24", "how long the token may be used" },
    END,
};
static const struct command_flag list_flags[] = {
    DIR, CONFIG, { "state", "STATE", NULL, "only identities in this state" }, { "order", "ORDER", NULL, "only those of this order" }, END,
};
static const struct command_flag revoke_flags[] = {
    DIR, CONFIG, { "reason", "REASON", "unspecified", "unspecified, key-compromise, superseded, cessation-of-operation ..." }, END,
};
static const struct command_flag crl_flags[] = {
    DIR, CONFIG, { "out", "DIR", NULL, "folder for the lists; without it DIR/crl" }, END,
};
static const struct command_flag export_flags[] = {
    DIR, CONFIG, { "certificates", NULL, NULL, "with each certificate in PEM" }, END,
};
static const struct command_flag account_flags[] = { DIR, CONFIG, { "json", NULL, NULL, "one JSON object per order" }, END };
static const struct command_flag verify_flags[] = {
    DIR, CONFIG, { "kept", "N:HASH", NULL, "the number of an entry and its hash, as they were kept elsewhere" }, END,
};
static const struct command_flag audit_flags[] = {
    DIR, CONFIG, { "about", "SUBJECT", NULL, "only entries about this device number, order or name" }, END,
};
static const struct command_flag plain_flags[] = { DIR, CONFIG, END };

static const struct command commands[] = {
    { .verb = "init", .operands = "", .run = command_init, .flags = init_flags,
      .help = "Make a CA in a new folder: root, identity, bootstrap and infrastructure CA, configuration, server certificate.",
      .example = "nameplate ca init --dir ca --name Example" },
    { .verb = "serve", .operands = "", .run = command_serve, .flags = serve_flags,
      .help = "Serve factory servers over mutual TLS, until SIGTERM.", .example = "nameplate ca serve --dir ca" },
    { .verb = "order add", .operands = "ORDER", .least_args = 1, .most_args = 1, .run = command_order_add, .flags = order_flags,
      .help = "Add a production order: what a factory server may ask for.",
      .example = "nameplate ca order add 4711 --factory factory-1 --model 3012 --quantity 500" },
    { .verb = "order list", .operands = "", .run = command_order_list, .flags = plain_flags, .help = "List the production orders.",
      .example = "nameplate ca order list --dir ca" },
    { .verb = "order import", .operands = "FILE", .least_args = 1, .most_args = 1, .run = command_order_import, .flags = plain_flags,
      .help = "Add the orders of a CSV file (order,factory,model,quantity[,first_serial[,until[,profile]]]), all or none.",
      .example = "nameplate ca order import orders.csv" },
    { .verb = "token add", .operands = "", .run = command_token_add, .flags = token_flags,
      .help = "Print a one-time token with which a factory server or station enrols.",
      .example = "nameplate ca token add --role factory --name factory-1" },
    { .verb = "token list", .operands = "", .run = command_token_list, .flags = plain_flags, .help = "List the tokens given out.",
      .example = "nameplate ca token list --dir ca" },
    { .verb = "list", .operands = "", .run = command_list, .flags = list_flags, .help = "List the certificates of the register.",
      .example = "nameplate ca list --dir ca" },
    { .verb = "show", .operands = "NUMBER", .least_args = 1, .most_args = 1, .run = command_show, .flags = plain_flags,
      .help = "Show all identities that a device number ever had.", .example = "nameplate ca show 3012-123456" },
    { .verb = "revoke", .operands = "NUMBER", .least_args = 1, .most_args = 1, .run = command_revoke, .flags = revoke_flags,
      .help = "Revoke the live identity of a device number, or the certificate of a factory server or station (factory:NAME).",
      .example = "nameplate ca revoke 3012-123456 --reason key-compromise" },
    { .verb = "crl", .operands = "", .run = command_crl, .flags = crl_flags,
      .help = "Write a new certificate revocation list of each CA, as PEM and DER.", .example = "nameplate ca crl --out /srv/crl" },
    { .verb = "export", .operands = "", .run = command_export, .flags = export_flags,
      .help = "Print the register, one JSON object per certificate.", .example = "nameplate ca export --certificates --dir ca" },
    { .verb = "account", .operands = "", .run = command_account, .flags = account_flags,
      .help = "Print for each order: issued = written + on hand + voided + superseded.", .example = "nameplate ca account --dir ca" },
    { .verb = "audit list", .operands = "", .run = command_audit_list, .flags = audit_flags, .help = "Print the audit trail.",
      .example = "nameplate ca audit list --about 3012-123456" },
    { .verb = "audit verify", .operands = "", .run = command_audit_verify, .flags = verify_flags,
      .help = "Check the audit trail's chain; names the first bad entry.", .example = "nameplate ca audit verify --dir ca" },
    { .verb = "fsck", .operands = "", .run = command_fsck, .flags = plain_flags,
      .help = "Check the register: database, certificates, signatures, states, accounts and audit trail.",
      .example = "nameplate ca fsck --dir ca" },
    { .verb = NULL },
};

int main(int argc, char **argv)
{
    static const struct command_area area = { .name = "ca", .help = "The certificate authority: issues device identities.",
                                              .commands = commands, .begin = provider_start };
    return command_main(&area, argc, argv);
}
