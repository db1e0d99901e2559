#include "cli/area.h"

#include <stdbool.h>
#include <string.h>

/* In the order in which a newcomer meets them. */
static const struct area areas[] = {
    { .name = "demo", .help = "A whole factory on this machine: CA, factory server, three lines, devices." },
    { .name = "ca", .help = "The certificate authority: issues device identities under production orders." },
    { .name = "factory", .help = "The factory server: production plan, identity store, operators." },
    { .name = "station", .help = "A station at the line: scans a nameplate, writes the identity to the device." },
    { .name = "device", .help = "A device: flash, NVRAM, its agent; thousands of them for load." },
    { .name = "center", .help = "The centre of the field: devices, agreements, calls, charge counters." },
    { .name = "gateway", .help = "A device with gateway function: carries calls between a LAN and the centre." },
    { .name = "verify", .help = "Judges a certificate exactly as the servers do." },
    { .name = "trace", .help = "The whole life of one device number across all programs." },
};
enum { AREAS_N = sizeof areas / sizeof areas[0] };

/* Made at build time from each program's own --help (tools/verbs). */
static const struct verb {
    const char *area, *verb;
} verbs[] = {
#include "verbs.inc"
};
enum { VERBS_N = sizeof verbs / sizeof verbs[0] };

const struct area *area_find(const char *name)
{
    for (size_t i = 0; i < AREAS_N; i++)
        if (strcmp(areas[i].name, name) == 0)
            return &areas[i];
    return NULL;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Levenshtein distance of two short words; words over 31 letters are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[32], n = strlen(b);
    if (n >= 32 || strlen(a) >= 32)
        return 32;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0]++;
        for (size_t j = 1; j <= n; j++) {
            size_t next = least(least(row[j], row[j - 1]) + 1, diagonal + (a[i] != b[j - 1]));
            diagonal = row[j];
            row[j] = next;
        }
    }
    return row[n];
}

const struct area *area_nearest(const char *wrong)
{
    const struct area *nearest = NULL;
    size_t near = 3; /* two letters wrong at most */
    for (size_t i = 0; i < AREAS_N; i++) {
        size_t d = distance(areas[i].name, wrong);
        if (strlen(wrong) >= 3 && strncmp(areas[i].name, wrong, strlen(wrong)) == 0)
            d = 1;
        if (d < near) {
            near = d;
            nearest = &areas[i];
        }
    }
    return nearest;
}

static bool is_verb(const char *verb, const char *first, const char *second)
{
    size_t n = strcspn(verb, " ");
    if (strlen(first) != n || strncmp(verb, first, n) != 0)
        return false;
    return verb[n] == '\0' || (second != NULL && strcmp(verb + n + 1, second) == 0);
}

const struct area *area_with_verb(const struct area *like, const char *first, const char *second, const char **ret_verb)
{
    const struct area *found = NULL;
    for (size_t i = 0; i < VERBS_N; i++) {
        if (!is_verb(verbs[i].verb, first, second))
            continue;
        bool same = like != NULL && strcmp(verbs[i].area, like->name) == 0;
        if (found != NULL && !same)
            continue;
        found = area_find(verbs[i].area);
        *ret_verb = verbs[i].verb;
        if (same)
            break;
    }
    return found;
}

void area_print_help(FILE *to)
{
    fprintf(to, "nameplate: gives every device that leaves a factory its own identity.\n\n");
    for (size_t i = 0; i < AREAS_N; i++)
        fprintf(to, "  nameplate %-8s %s\n", areas[i].name, areas[i].help);
    fprintf(to, "\nnameplate AREA --help lists the verbs of one of them. Start with: nameplate demo\n");
}
