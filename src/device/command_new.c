#include <stdio.h>

#include "base/file.h"
#include "device/board.h"
#include "device/commands.h"
#include "device/machine.h"
#include "device/settings.h"

enum err read_root(const char *path, struct buf *to, struct why *why)
{
    AUTO_BUF file = BUF_INIT;
    AUTO_CERT cert = NULL;
    enum err err = file_read(path, 4 * LIMIT_CERTIFICATE, &file, why);
    if (err == OK)
        err = file.len > 0 && file.data[0] == 0x30 ? cert_from_der(buf_span(&file), &cert, why)
                                                   : cert_from_pem(buf_span(&file), &cert, why);
    if (err != OK)
        return why_prefix(why, err, "%s", path);
    return buf_put_span(to, cert_der(cert));
}

static enum err order_from(const struct command_line *line, struct device_number *number, struct board_order *order,
                           struct why *why)
{
    const char *model = command_flag(line, "model"), *serial = command_flag(line, "serial");
    if (model == NULL || !number_is_model(span_text(model)))
        return why_set(why, ERR_USAGE, "--model: a model code of digits and capital letters is needed");
    *order = (struct board_order){ .model = model, .number = "", .board = command_flag(line, "board"),
                                    .applications = command_flag(line, "applications") };
    uint32_t ignored;
    enum err listed = order->applications == NULL ? OK : machine_parse_applications(order->applications, &ignored, why);
    if (listed != OK)
        return listed;
    if (serial == NULL)
        return OK;
    enum err err = number_make(model, serial, number, why);
    order->number = number->text;
    return err;
}

static enum err write_bootstrap(const char *dir, const char *path, const char *store, struct why *why)
{
    struct board b;
    AUTO_SECRET pack = SECRET_INIT;
    enum err err = file_read_secret(path, LIMIT_PACK, &pack, why);
    if (err == OK)
        err = board_open(dir, BOARD_USE, &b, why);
    if (err != OK)
        return err;
    b.store_sealed = store[0] == 's';
    err = board_install_bootstrap(&b, secret_span(&pack), why);
    board_close(&b);
    return err;
}

static enum err make(const struct command_line *line, const char *dir, struct why *why)
{
    struct device_number number;
    struct board_order order;
    AUTO_BUF root = BUF_INIT;
    enum err err = order_from(line, &number, &order, why);
    if (err == OK && command_flag(line, "root") != NULL)
        err = read_root(command_flag(line, "root"), &root, why);
    order.root = buf_span(&root);
    if (err == OK)
        err = board_create(dir, &order, why);
    if (err == OK)
        err = device_settings_create(dir, command_flag(line, "store"), why);
    if (err == OK && !command_switch(line, "without-remote"))
        err = option_create(dir, why);
    if (err == OK && command_flag(line, "bootstrap") != NULL)
        err = write_bootstrap(dir, command_flag(line, "bootstrap"), command_flag(line, "store"), why);
    if (err == OK)
        printf("device %s made in %s\n", *order.number == '\0' ? "without a number" : order.number, dir);
    return err;
}

int command_new(const struct command_line *line)
{
    struct why why = { "" };
    char dir[BOARD_PATH];
    enum err err = device_dir(line, sizeof dir, dir, &why);
    if (err == OK)
        err = make(line, dir, &why);
    if (err != OK)
        return command_fail(line, err, &why, err == ERR_EXISTS ? "nameplate device show --dir DIR" : NULL);
    if (command_flag(line, "root") == NULL)
        printf("no root certificate in its firmware (--root FILE): it can be shown, but not run\nnext: nameplate device show --dir %s\n", dir);
    else
        printf("next: nameplate device run --dir %s\n", dir);
    return 0;
}

int command_number(const struct command_line *line)
{
    struct why why = { "" };
    struct device_number number;
    struct board b;
    char dir[BOARD_PATH];
    enum err err = device_dir(line, sizeof dir, dir, &why);
    if (err == OK)
        err = number_parse(span_text(line->args[0]), &number, &why);
    if (err == OK)
        err = board_open(dir, BOARD_USE, &b, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    err = board_set_number(&b, &number, &why);
    if (err == OK)
        board_history(&b, "numbered", "");
    board_close(&b);
    return err == OK ? 0 : command_fail(line, err, &why, "nameplate device show --dir DIR");
}
