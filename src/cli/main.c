/* nameplate AREA VERB ...: runs nameplate-AREA, which lies beside this program (build folder) or in the
 * libexec folder (installed). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/area.h"

static int fail_area(const char *first, const char *second)
{
    const char *verb = NULL;
    const struct area *area = area_nearest(first);
    fprintf(stderr, "nameplate: there is no \"%s\"", first);
    if (area != NULL)
        fprintf(stderr, "; did you mean \"nameplate %s\"?\n", area->name);
    else if ((area = area_with_verb(NULL, first, second, &verb)) != NULL)
        fprintf(stderr, "; did you mean \"nameplate %s %s\"?\n", area->name, verb);
    else
        fprintf(stderr, "\ntry: nameplate --help\n");
    return 2;
}

/* Looks where this program lies: <dir>/nameplate-AREA, <dir>/../libexec/nameplate/..., the configured folder. */
static void try_each_place(const char *area, char **argv)
{
    char self[PATH_MAX], path[PATH_MAX * 2];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = n < 0 ? NULL : memrchr(self, '/', (size_t)n);
    if (slash != NULL) {
        int dir_n = (int)(slash - self);
        snprintf(path, sizeof path, "%.*s/nameplate-%s", dir_n, self, area);
        execv(path, argv);
        snprintf(path, sizeof path, "%.*s/../libexec/nameplate/nameplate-%s", dir_n, self, area);
        execv(path, argv);
    }
    snprintf(path, sizeof path, LIBEXECDIR "/nameplate-%s", area);
    execv(path, argv);
}

static int run(const struct area *area, char **argv)
{
    char name[64];
    snprintf(name, sizeof name, "nameplate-%s", area->name);
    argv[1] = name;
    try_each_place(area->name, argv + 1);
    fprintf(stderr, "nameplate: nameplate-%s cannot be run: %s\ntry: make build, or make install\n", area->name, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : NULL, *second = argc > 2 ? argv[2] : NULL;
    if (first == NULL || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0) {
        area_print_help(first == NULL ? stderr : stdout);
        return first == NULL ? 2 : 0;
    }
    if (strcmp(first, "--version") == 0) {
        puts("nameplate " VERSION);
        return 0;
    }
    const struct area *area = area_find(first);
    if (area == NULL)
        return fail_area(first, second);
    const char *verb = NULL;
    const struct area *other = second == NULL ? NULL : area_with_verb(area, second, argc > 3 ? argv[3] : NULL, &verb);
    if (other != NULL && other != area) {
        fprintf(stderr, "nameplate: %s: there is no \"%s\"; did you mean \"nameplate %s %s\"?\n", area->name, second, other->name, verb);
        return 2;
    }
    return run(area, argv);
}
