/* What the person in front of it sees: one line that is written over on a terminal, a line for each tenth elsewhere. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "demo/child.h"
#include "demo/demo.h"
#include "demo/field.h"

enum { BAR = 24 };

static size_t all_steps(const struct demo *d) { return 2 * d->devices; } /* a board, then a device */

static const char *ca_text(const struct demo *d)
{
    return d->ca_phase == CA_GOING_OFF || d->ca_phase == CA_OFF ? "   CA: off" : "";
}

static void draw(const struct demo *d)
{
    size_t filled = all_steps(d) == 0 ? 0 : d->progress * BAR / all_steps(d);
    printf("\r\033[K[%.*s%.*s]", (int)filled, "########################", (int)(BAR - filled), "........................");
    for (unsigned i = 0; i < DEMO_LINES; i++)
        printf("  line-%u %zu/%zu", i + 1, d->lines[i].written, d->lines[i].units_n);
    printf("%s  %.1f s", ca_text(d), (double)(clock_mono_ms() - d->began_ms) / 1000);
    fflush(stdout);
}

void progress_step(struct demo *d)
{
    d->progress += d->progress < all_steps(d);
    d->stepped_ms = clock_mono_ms();
    if (d->terminal) {
        draw(d);
        return;
    }
    size_t tenth = d->progress * 10 / all_steps(d);
    if (tenth == d->shown)
        return;
    d->shown = tenth;
    printf("%3zu %%  ", tenth * 10);
    for (unsigned i = 0; i < DEMO_LINES; i++)
        printf("  line-%u: %zu of %zu", i + 1, d->lines[i].written, d->lines[i].units_n);
    printf("%s\n", ca_text(d));
    fflush(stdout);
}

void progress_say(struct demo *d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs(d->terminal ? "\r\033[K" : "", stdout);
    printf("%6.1f s  ", (double)(clock_mono_ms() - d->began_ms) / 1000);
    vprintf(fmt, args);
    putchar('\n');
    fflush(stdout);
    va_end(args);
}

static void count_line(const struct line *l, size_t *ret_proved, size_t *ret_again)
{
    *ret_proved = *ret_again = 0;
    for (size_t i = 0; i < l->units_n; i++) {
        const struct unit *u = &l->units[i];
        *ret_proved += u->flash[0] != '\0' && strcmp(u->flash, u->register_) == 0;
        *ret_again += u->generation > 1 ? u->generation - 1 : 0;
    }
}

/* A build folder is on nobody's PATH: says where the command is that the next lines name. */
static void print_where(void)
{
    char path[CHILD_DIR + sizeof "/nameplate"];
    snprintf(path, sizeof path, "%s/nameplate", child_places.bin);
    if (file_exists(path))
        printf(" (nameplate is %s)", path);
    puts(":");
}

void progress_table(struct demo *d, const struct demo_totals *totals, const struct field_totals *field)
{
    fputs(d->terminal ? "\r\033[K" : "", stdout);
    printf("\n%-8s %-6s %-30s %8s %8s %8s %8s\n", "line", "model", "what is made", "planned", "written", "proved", "again");
    for (unsigned i = 0; i < DEMO_LINES; i++) {
        const struct line *l = &d->lines[i];
        size_t proved, again, written = 0;
        count_line(l, &proved, &again);
        for (size_t j = 0; j < l->units_n; j++)
            written += l->units[j].written;
        printf("line-%-3u %-6s %-30s %8zu %8zu %8zu %8zu\n", i + 1, l->model, l->title, l->units_n, written, proved, again);
    }
    for (size_t i = 0; i < DEMO_MODELS; i++)
        if (!demo_models[i].identity)
            printf("%-8s %-6s %-30s %8zu %8s %8s %8s\n", "-", demo_models[i].code, "needs no identity", demo_models[i].quantity(d), "-", "-", "-");
    printf("\nIn %.1f s. Everything lies in %s. Worth trying next", (double)(clock_mono_ms() - d->began_ms) / 1000, d->dir);
    print_where();
    printf("  nameplate trace %s --dir %s\n", d->lines[1].units[1].number.text, d->dir);
    printf("  nameplate ca list --dir %s\n", d->ca_dir);
    printf("  nameplate factory fsck --dir %s\n\n", d->factory_dir);
    printf("demo: %zu planned, %zu written, %zu proved, %zu refused, %zu re-issued; field: %zu devices, %zu counters, %zu refused\n",
           totals->planned, totals->written, totals->proved, totals->refused, totals->reissued, field->devices, field->counters,
           field->refused);
    fflush(stdout);
}
