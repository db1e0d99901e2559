/* Writes an identity into a device's flash, as the end of the line would: flash_identity DEVICE-FOLDER NUMBER CERT.PEM
 * KEY.PEM ROOT.PEM. CERT.PEM has the issuers behind the certificate. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "device/board.h"

static struct cert *chain[1 + LIMIT_CHAIN];
static size_t chain_n;

static enum err read_chain(const char *path, struct why *why)
{
    AUTO_BUF pem = BUF_INIT;
    enum err err = file_read(path, 65536, &pem, why);
    if (err != OK || buf_text(&pem) == NULL)
        return err != OK ? err : ERR_NO_MEMORY;
    const char *at = buf_text(&pem);
    while (err == OK && chain_n < 1 + LIMIT_CHAIN && (at = strstr(at, "-----BEGIN")) != NULL) {
        err = cert_from_pem(span_text(at), &chain[chain_n], why);
        chain_n += err == OK;
        at++;
    }
    return err;
}

static enum err make_pack(char **argv, struct buf *to, struct why *why)
{
    AUTO_BUF pem = BUF_INIT, root_pem = BUF_INIT;
    AUTO_KEY key = NULL;
    AUTO_CERT root = NULL;
    AUTO_SECRET pkcs8 = SECRET_INIT;
    struct pack pack = { 0 };
    enum err err = number_parse(span_text(argv[2]), &pack.number, why);
    if (err == OK)
        err = read_chain(argv[3], why);
    if (err == OK)
        err = file_read(argv[4], 65536, &pem, why);
    if (err == OK)
        err = key_from_pem(buf_span(&pem), NULL, &key, why);
    if (err == OK)
        err = key_to_pkcs8(key, &pkcs8, why);
    if (err == OK)
        err = file_read(argv[5], 65536, &root_pem, why);
    if (err == OK)
        err = cert_from_pem(buf_span(&root_pem), &root, why);
    if (err != OK)
        return err;
    pack.root = cert_der(root);
    pack.certificate = cert_der(chain[0]);
    for (size_t i = 1; i < chain_n; i++)
        pack.intermediates[pack.intermediates_n++] = cert_der(chain[i]);
    pack.private_key = secret_span(&pkcs8);
    return pack_encode(&pack, to);
}

int main(int argc, char **argv)
{
    AUTO_WIPED_BUF pack = BUF_INIT;
    struct board board;
    struct why why = { "" };
    if (argc != 6)
        return 2;
    enum err err = make_pack(argv, &pack, &why);
    if (err == OK)
        err = board_open(argv[1], BOARD_USE, &board, &why);
    if (err == OK) {
        err = board_install_identity(&board, buf_span(&pack), &why);
        board_close(&board);
    }
    while (chain_n > 0)
        cert_free(chain[--chain_n]);
    if (err != OK)
        fprintf(stderr, "flash_identity: %s\n", why_text(&why, err));
    return err != OK;
}
