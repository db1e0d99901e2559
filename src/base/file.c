#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define AUTO_FD __attribute__((cleanup(close_fd))) int

static enum err open_for_read(const char *path, size_t max_bytes, int *ret_fd, struct stat *ret_st, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, errno, "cannot open %s", path);
    if (fstat(fd, ret_st) != 0 || !S_ISREG(ret_st->st_mode)) {
        close(fd);
        return why_set(why, ERR_IO, "%s is not a plain file", path);
    }
    if ((uintmax_t)ret_st->st_size > max_bytes) {
        close(fd);
        return why_set(why, ERR_TOO_LARGE, "%s has %jd bytes, more than %zu", path, (intmax_t)ret_st->st_size, max_bytes);
    }
    *ret_fd = fd;
    return OK;
}

static enum err read_all(int fd, const char *path, uint8_t *data, size_t n, struct why *why)
{
    while (n != 0) {
        ssize_t got = read(fd, data, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_errno(why, errno, "cannot read %s", path);
        if (got == 0)
            return why_set(why, ERR_IO, "%s became shorter while it was read", path);
        data += got;
        n -= (size_t)got;
    }
    return OK;
}

enum err file_read(const char *path, size_t max_bytes, struct buf *to, struct why *why)
{
    AUTO_FD fd = -1;
    struct stat st;
    enum err err = open_for_read(path, max_bytes, &fd, &st, why);
    if (err == OK)
        err = buf_reserve(to, (size_t)st.st_size);
    if (err == OK)
        err = read_all(fd, path, to->data + to->len, (size_t)st.st_size, why);
    if (err == OK)
        to->len += (size_t)st.st_size;
    return err;
}

enum err file_read_line(const char *path, size_t size, char *ret_text, struct why *why)
{
    AUTO_WIPED_BUF text = { .max = 4096 };
    enum err err = file_read(path, 4096, &text, why);
    if (err != OK)
        return err;
    size_t n = 0;
    while (n < text.len && text.data[n] != '\n' && text.data[n] != '\r')
        n++;
    if (n >= size)
        return why_set(why, ERR_TOO_LARGE, "the first line of %s is too long", path);
    memcpy(ret_text, text.data, n);
    ret_text[n] = '\0';
    return OK;
}

enum err file_read_secret(const char *path, size_t max_bytes, struct secret *ret_secret, struct why *why)
{
    AUTO_FD fd = -1;
    struct stat st;
    enum err err = open_for_read(path, max_bytes, &fd, &st, why);
    if (err != OK)
        return err;
    if ((st.st_mode & 077) != 0)
        return why_set(why, ERR_NOT_ALLOWED, "%s can be read by others: chmod 600 %s", path, path);
    AUTO_SECRET content = SECRET_INIT;
    err = secret_new((size_t)st.st_size, &content);
    if (err == OK)
        err = read_all(fd, path, content.data, content.len, why);
    if (err == OK) {
        *ret_secret = content;
        content = (struct secret){ 0 };
    }
    return err;
}

static enum err write_all(int fd, const char *path, struct span content, struct why *why)
{
    while (content.n != 0) {
        ssize_t put = write(fd, content.at, content.n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return why_errno(why, errno, "cannot write %s", path);
        content = span_of(content.at + put, content.n - (size_t)put);
    }
    return OK;
}

/* A new, synced file beside `path` whose name goes to ret_name. */
static enum err write_beside(const char *path, struct span content, mode_t mode, char ret_name[PATH_MAX], struct why *why)
{
    if (snprintf(ret_name, PATH_MAX, "%s.XXXXXX", path) >= PATH_MAX)
        return why_set(why, ERR_TOO_LARGE, "the path %s is too long", path);
    AUTO_FD fd = mkostemp(ret_name, O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, errno, "cannot make a file beside %s", path);
    enum err err = write_all(fd, ret_name, content, why);
    if (err == OK && fchmod(fd, mode) != 0)
        err = why_errno(why, errno, "cannot set the mode of %s", ret_name);
    if (err == OK && fsync(fd) != 0)
        err = why_errno(why, errno, "cannot sync %s", ret_name);
    if (err != OK)
        unlink(ret_name);
    return err;
}

static void parent_of(const char *path, char ret_dir[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    snprintf(ret_dir, PATH_MAX, "%.*s", n, slash == NULL ? "." : path);
}

enum err file_sync_parent(const char *path, struct why *why)
{
    char dir[PATH_MAX];
    parent_of(path, dir);
    AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return why_errno(why, errno, "cannot sync the directory %s", dir);
    return OK;
}

enum err file_replace(const char *path, struct span content, mode_t mode, struct why *why)
{
    char name[PATH_MAX];
    enum err err = write_beside(path, content, mode, name, why);
    if (err != OK)
        return err;
    if (rename(name, path) != 0) {
        err = why_errno(why, errno, "cannot rename %s to %s", name, path);
        unlink(name);
        return err;
    }
    return file_sync_parent(path, why);
}

enum err file_create(const char *path, struct span content, mode_t mode, struct why *why)
{
    char name[PATH_MAX];
    enum err err = write_beside(path, content, mode, name, why);
    if (err != OK)
        return err;
    if (link(name, path) != 0)
        err = why_errno(why, errno, "cannot create %s", path);
    unlink(name);
    return err != OK ? err : file_sync_parent(path, why);
}

bool file_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err file_make_dir(const char *path, struct why *why)
{
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return why_set(why, ERR_TOO_LARGE, "the path %s is empty or too long", path);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return why_errno(why, errno, "cannot make the directory %s", part);
    }
    if (!file_is_dir(path))
        return why_set(why, ERR_EXISTS, "%s is not a directory", path);
    return OK;
}

enum err file_check_writable(const char *path, struct why *why)
{
    char dir[PATH_MAX];
    parent_of(path, dir);
    if (access(path, W_OK) != 0)
        return why_errno(why, errno, "cannot write %s", path);
    if (access(dir, W_OK | X_OK) != 0)
        return why_errno(why, errno, "cannot make files in %s", dir);
    return OK;
}

bool file_exists(const char *path) { return access(path, F_OK) == 0; }

enum err file_join(const char *dir, const char *name, size_t size, char *ret_path)
{
    int n = name[0] == '/' ? snprintf(ret_path, size, "%s", name) : snprintf(ret_path, size, "%s/%s", dir, name);
    return n >= 0 && (size_t)n < size ? OK : ERR_TOO_LARGE;
}
