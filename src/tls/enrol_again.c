/* A new infrastructure identity in the place of one that is near its end, or over it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/issuer.h"
#include "tls/credentials.h"

static const char *const files[] = { "key.pem", "cert.pem", "chain.pem", "root.pem", "crl.pem" };

enum err credentials_root(const char *folder, uint8_t ret_fingerprint[CERT_FINGERPRINT], struct why *why)
{
    char path[CREDENTIALS_PATH];
    AUTO_BUF pem = BUF_INIT;
    AUTO_CERT root = NULL;
    enum err err = file_join(folder, "root.pem", sizeof path, path);
    if (err == OK)
        err = file_read(path, LIMIT_MESSAGE, &pem, why);
    if (err == OK)
        err = cert_from_pem(buf_span(&pem), &root, why);
    if (err == OK)
        cert_fingerprint(root, ret_fingerprint);
    return err;
}

enum err credentials_prepare_next(const char *folder, const char *passphrase_file, const char *common_name,
                                  char ret_next[CREDENTIALS_PATH], struct buf *csr_to, struct why *why)
{
    AUTO_SECRET passphrase = SECRET_INIT;
    int n = snprintf(ret_next, CREDENTIALS_PATH, "%s.next", folder);
    if (n >= CREDENTIALS_PATH)
        return why_set(why, ERR_TOO_LARGE, "the path %s is too long", folder);
    enum err err = file_read_secret(passphrase_file, LIMIT_MESSAGE, &passphrase, why);
    if (err == OK)
        err = file_make_dir(ret_next, why);
    return err != OK ? err : credentials_make_key(ret_next, &passphrase, common_name, csr_to, why);
}

static enum err check_same(const char *folder, const char *next, const char *passphrase_file, enum role role, struct why *why)
{
    AUTO_CREDENTIALS old = { 0 };
    AUTO_CREDENTIALS new = { 0 };
    enum err err = credentials_load(folder, passphrase_file, role, &old, why);
    if (err == OK)
        err = credentials_load(next, passphrase_file, role, &new, why);
    if (err == OK && strcmp(old.self.name, new.self.name) != 0)
        err = why_set(why, ERR_CONFLICT, "the token was for %s, this folder is %s's: nothing was changed", new.self.name,
                      old.self.name);
    return err;
}

/* Revocation lists that were fetched stay: without them whoever was revoked would be let in until the next ones came. */
static enum err take_lists(const char *folder, const char *next, struct why *why)
{
    char from[CREDENTIALS_PATH], to[CREDENTIALS_PATH];
    AUTO_BUF lists = BUF_INIT;
    enum err err = file_join(folder, "crl.pem", sizeof from, from);
    if (err == OK)
        err = file_join(next, "crl.pem", sizeof to, to);
    if (err != OK || !file_exists(from))
        return err;
    err = file_read(from, LIMIT_LISTS, &lists, why);
    return err != OK ? err : file_replace(to, buf_span(&lists), 0644, why);
}

static void remove_folder(const char *folder)
{
    char path[CREDENTIALS_PATH];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (file_join(folder, files[i], sizeof path, path) == OK)
            (void)!unlink(path);
    (void)!rmdir(folder);
}

enum err credentials_take_next(const char *folder, const char *next, const char *passphrase_file, enum role role, struct why *why)
{
    enum err err = check_same(folder, next, passphrase_file, role, why);
    if (err == OK)
        err = take_lists(folder, next, why);
    if (err != OK)
        return err;
    if (renameat2(AT_FDCWD, next, AT_FDCWD, folder, RENAME_EXCHANGE) != 0)
        return why_errno(why, errno, "cannot put %s in the place of %s", next, folder);
    err = file_sync_parent(folder, why);
    if (err == OK)
        remove_folder(next);
    return err;
}
