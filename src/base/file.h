/* Whole files, read with a ceiling and replaced so that a crash leaves the old or the new one. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/secret.h"

/* Appends the whole file. Errors: NOT_FOUND, NOT_ALLOWED, IO, TOO_LARGE (over max_bytes), NO_MEMORY. */
enum err file_read(const char *path, size_t max_bytes, struct buf *to, struct why *why) MUST_CHECK;

/* The same into locked memory; refuses a file that group or others may read (OPERATOR: chmod 600). */
enum err file_read_secret(const char *path, size_t max_bytes, struct secret *ret_secret, struct why *why) MUST_CHECK;

/* The first line, without its end; the bytes read are wiped. Errors: those of file_read, TOO_LARGE. */
enum err file_read_line(const char *path, size_t size, char *ret_text, struct why *why) MUST_CHECK;

/* Writes a new file beside `path`, syncs it, renames it over `path`, syncs the directory. `mode` as in
 * chmod(2). Each rung has its own message. On any error the old file stands and the new one is removed. */
enum err file_replace(const char *path, struct span content, mode_t mode, struct why *why) MUST_CHECK;

/* As file_replace, but refuses with EXISTS when `path` is there already (even against a racing writer). */
enum err file_create(const char *path, struct span content, mode_t mode, struct why *why) MUST_CHECK;

/* mkdir(2) with its parents, 0700 for those it makes; an existing directory is fine. */
enum err file_make_dir(const char *path, struct why *why) MUST_CHECK;

bool file_exists(const char *path);
bool file_is_dir(const char *path);

/* Whether this user may write an existing file, and make others beside it. Nothing is changed. Errors: as the system tells them. */
enum err file_check_writable(const char *path, struct why *why) MUST_CHECK;

/* fsync of the directory that holds `path`. */
enum err file_sync_parent(const char *path, struct why *why) MUST_CHECK;

/* "dir/name"; `name` alone when it is absolute. Errors: TOO_LARGE. */
enum err file_join(const char *dir, const char *name, size_t size, char *ret_path) MUST_CHECK;

#endif
