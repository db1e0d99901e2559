/* The main of a fuzz target when it is not built with libFuzzer: hands each file of the folders and each file
 * named on the command line to the target, so that what fuzzing once found stays a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static int replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size + (size == 0)); /* exactly as large as the input, so that ASan sees an overrun */
    int bad = file == NULL || data == NULL || fread(data, 1, size, file) != size;
    if (!bad) {
        (void)LLVMFuzzerTestOneInput(data, size);
        replayed++;
    } else {
        fprintf(stderr, "replay: cannot read %s\n", path);
    }
    free(data);
    if (file != NULL)
        fclose(file);
    return bad;
}

static int replay_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        fprintf(stderr, "replay: there is no %s\n", path);
        return 1;
    }
    if (!S_ISDIR(st.st_mode))
        return replay_file(path, (size_t)st.st_size);
    DIR *dir = opendir(path);
    int bad = dir == NULL;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char inner[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        bad |= replay_path(inner);
    }
    if (dir != NULL)
        closedir(dir);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0;
    for (int i = 1; i < argc; i++)
        bad |= replay_path(argv[i]);
    printf("%zu inputs replayed\n", replayed);
    return bad || replayed == 0; /* a corpus that is gone is a failure too */
}
