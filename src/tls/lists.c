#include "tls/lists.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/limit.h"

enum { PATH_MOST = 4096, PEM_LINE = 64 };

/* Size and time of the file; false when there is none. */
static bool look(const char *folder, struct lists_known *to)
{
    char path[PATH_MOST];
    struct stat st;
    if (file_join(folder, "crl.pem", sizeof path, path) != OK || stat(path, &st) != 0)
        return false;
    to->size = st.st_size;
    to->written_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return true;
}

struct span lists_known(const struct lists_known *known, const char *folder)
{
    struct lists_known now;
    bool same = known->written_ns != 0 && look(folder, &now) && now.size == known->size && now.written_ns == known->written_ns;
    return same ? span_of(known->sha256, sizeof known->sha256) : (struct span){ 0 };
}

enum err lists_add(struct lists *lists, struct span der)
{
    AUTO_BUF text = BUF_INIT;
    enum err err = buf_put_span(&lists->ders, der);
    if (err == OK)
        err = base64_encode(der.at, der.n, &text);
    if (err == OK)
        err = buf_put_text(&lists->pem, "-----BEGIN X509 CRL-----\n");
    for (size_t at = 0; err == OK && at < text.len; at += PEM_LINE)
        err = buf_putf(&lists->pem, "%.*s\n", (int)(text.len - at < PEM_LINE ? text.len - at : PEM_LINE), (const char *)text.data + at);
    return err != OK ? err : buf_put_text(&lists->pem, "-----END X509 CRL-----\n");
}

static enum err write_changed(const struct lists *lists, const char *folder, bool *ret_changed, struct why *why)
{
    char path[PATH_MOST];
    AUTO_BUF old = BUF_INIT;
    enum err err = file_join(folder, "crl.pem", sizeof path, path);
    if (err != OK)
        return err;
    bool changed = file_read(path, LIMIT_LISTS, &old, NULL) != OK || !span_equal(buf_span(&old), buf_span(&lists->pem));
    if (changed)
        err = file_replace(path, buf_span(&lists->pem), 0644, why);
    if (err == OK)
        *ret_changed = changed;
    return err;
}

enum err lists_keep(const struct lists *lists, const char *folder, struct lists_known *known, bool *ret_changed, struct why *why)
{
    if (lists->ders.len == 0) {
        *ret_changed = false;
        return OK;
    }
    memset(known, 0, sizeof *known);
    enum err err = write_changed(lists, folder, ret_changed, why);
    if (err == OK && look(folder, known))
        cert_fingerprint_der(buf_span(&lists->ders), known->sha256); /* a SHA-256 like any other */
    return err;
}

void lists_done(struct lists *lists)
{
    buf_done(&lists->ders);
    buf_done(&lists->pem);
}
