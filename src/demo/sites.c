/* Who stands where: the table of the field's nodes, their folders and settings, and the table of customers, sites,
 * devices and agreements that an operator would import. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "demo/field.h"

const struct node_row node_rows[FIELD_NODES] = {
    [NODE_HONEST] = { 1, 0, "A", -1, false, true },
    [NODE_CHEAT] = { 1, 1, "A", -1, false, false }, /* the same customer's, without an agreement */
    { 0, 0, "B", -1, true, true },
    [NODE_LIAR] = { 0, 1, "B", 2, true, true },
    [NODE_RESTORED] = { 1, 2, "B", NODE_LIAR, false, true },
    { 2, 0, "C", -1, true, true },
    { 1, 3, "C", 5, false, true },
};

static enum err put_device(const struct field *f, size_t i, struct buf *csv)
{
    const struct node_row *row = &node_rows[i];
    const char *number = f->nodes[i].unit->number.text;
    const char *above = row->above < 0 ? "" : f->nodes[row->above].unit->number.text;
    enum err err = buf_putf(csv, "device,%s,%s,acme,%s,%s,,,2\n", number, row->gateway ? "gateway" : "device", row->site, above);
    return err == OK && row->agreement ? buf_putf(csv, "agreement,%s,active,2026-01-01\n", number) : err;
}

static enum err write_table(const struct field *f, const char *path, struct why *why)
{
    AUTO_BUF csv = BUF_INIT;
    enum err err = buf_put_text(&csv, "customer,acme,Acme Ltd,1 Main Street,+1 555 0100,office@acme.example\n"
                                      "site,A,acme,head office\nsite,B,acme,warehouse\nsite,C,acme,shop\n");
    for (size_t i = 0; err == OK && i < FIELD_NODES; i++)
        if (f->nodes[i].unit != NULL)
            err = put_device(f, i, &csv);
    return err == OK ? file_replace(path, buf_span(&csv), 0644, why) : why_set(why, err, "%s", "no memory for the table of devices");
}

static enum err write_gateway_settings(const struct field *f, const struct node *n, const char *above, struct why *why)
{
    AUTO_BUF text = BUF_INIT;
    char path[CHILD_DIR];
    enum err err = file_join(n->dir, "gateway.conf", sizeof path, path);
    if (err == OK)
        err = buf_putf(&text, "[listen]\naddress = 127.0.0.1\nport = %s\n\n[uplink]\nurl = %s\ninterval = 2\nwait = 5\n", strrchr(n->url, ':') + 1, above);
    (void)f;
    return err == OK ? file_replace(path, buf_span(&text), 0644, why) : err;
}

static const char *url_above(const struct field *f, size_t i)
{
    int above = node_rows[i].above;
    return above < 0 ? f->center_url : f->nodes[above].url;
}

/* Its gateway's address, or that of the one above; a gateway's own agent speaks to the gateway beside it. */
static enum err open_node(struct field *f, size_t i, struct why *why)
{
    struct node *n = &f->nodes[i];
    unsigned port = 0;
    enum err err = OK;
    if (node_rows[i].gateway) {
        err = port_free("127.0.0.1", &port, why);
        snprintf(n->url, sizeof n->url, "https://127.0.0.1:%u", port);
        if (err == OK)
            err = write_gateway_settings(f, n, url_above(f, i), why);
    }
    return err != OK ? err : child_run(NULL, why, "device", "remote", "--dir", n->dir, "--url", n->url[0] != '\0' ? n->url : url_above(f, i), NULL);
}

enum err sites_open(struct field *f, struct why *why)
{
    char path[CHILD_DIR];
    enum err err = OK;
    snprintf(path, sizeof path, "%s/sites.csv", f->d->dir);
    for (size_t i = 0; err == OK && i < FIELD_NODES; i++)
        if (f->nodes[i].unit != NULL)
            err = open_node(f, i, why);
    if (err == OK)
        err = write_table(f, path, why);
    return err == OK ? child_run(NULL, why, "center", "import", path, "--dir", f->dir, NULL) : err;
}

enum err sites_start_agent(struct field *f, struct node *n, struct why *why)
{
    enum err err = child_start(&n->agent, why);
    return err == OK ? demo_wait_ready(f->d, &n->agent, why) : err;
}

enum err sites_stop_agent(struct field *f, struct node *n, struct why *why)
{
    struct child *agent = &n->agent;
    (void)f, (void)why;
    child_end_all(&agent, 1);
    return OK;
}

enum err sites_start(struct field *f, struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < FIELD_NODES; i++) {
        struct node *n = &f->nodes[i];
        if (n->unit == NULL || !node_rows[i].gateway)
            continue;
        err = child_start(&n->gateway, why);
        if (err == OK)
            err = demo_wait_ready(f->d, &n->gateway, why);
    }
    for (size_t i = 0; err == OK && i < FIELD_NODES; i++)
        if (f->nodes[i].unit != NULL && node_rows[i].agreement)
            err = sites_start_agent(f, &f->nodes[i], why);
    return err;
}
