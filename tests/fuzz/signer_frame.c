/* What the signer takes from the front: any bytes as a run of frames, judged by permit.c, decoded and handled by a
 * real signer over a CA in a folder of its own. Answers stay whole frames that bear the request's tag. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ca/commands.h"
#include "ca/signer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/nameplate-fuzz-XXXXXX";
static struct ca_settings settings;
static struct signer *signer;

static const struct command_flag flags[] = {
    { "dir", "DIR", dir, "" },        { "name", "N", "Fuzz", "" },       { "organization", "N", NULL, "" },
    { "key-type", "T", "p256", "" },  { "root-years", "Y", "30", "" },   { "ca-years", "Y", "20", "" },
    { "listen", "A", "127.0.0.1:0", "" }, { "hosts", "H", NULL, "" },    { "config", "F", NULL, "" }, { NULL, NULL, NULL, NULL },
};
static int load(const struct command_line *line) { return ca_settings_load(line, &settings, NULL) == OK ? 0 : 1; }
static const struct command commands[] = {
    { .verb = "init", .operands = "", .run = command_init, .flags = flags, .help = "" },
    { .verb = "load", .operands = "", .run = load, .flags = flags, .help = "" },
    { .verb = NULL },
};

static int run(const char *verb)
{
    static const struct command_area area = { .name = "ca", .help = "", .commands = commands };
    char program[] = "ca", word[8];
    snprintf(word, sizeof word, "%s", verb);
    char *argv[] = { program, word, NULL };
    return command_main(&area, 2, argv);
}

static void remove_folder(void)
{
    char command[128];
    ca_signer_free(signer);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command) != 0)
        fprintf(stderr, "fuzz: %s stays\n", dir);
}

static void start(void)
{
    const struct register_order order = { .name = "order", .factory = "f", .model = "3012", .quantity = 1000000, .created_s = 1 };
    if (mkdtemp(dir) == NULL || run("init") != 0 || run("load") != 0)
        abort();
    settings.workers = 1;
    if (ca_signer_new(&settings, &signer, NULL) != OK || register_order_add(signer->db, &order, NULL) != OK)
        abort();
    (void)atexit(remove_folder);
}

/* Every answer is a whole frame of a known kind with the tag asked for. */
static void check_answers(int64_t tag)
{
    for (struct span rest = buf_span(&signer->out); rest.n != 0;) {
        uint16_t kind;
        struct frame_reader fields;
        size_t used;
        if (frame_next(rest, &kind, &fields, &used) != OK || used == 0 || kind <= CA_ANSWER_READY || kind >= CA_ANSWER_END ||
            frame_int(&fields) != tag || fields.bad)
            abort();
        rest = span_of(rest.at + used, rest.n - used);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (signer == NULL)
        start();
    for (struct span in = span_of(data, size); in.n != 0;) {
        uint16_t kind;
        struct frame_reader fields, peek;
        size_t used;
        if (frame_next(in, &kind, &fields, &used) != OK || used == 0)
            break;
        peek = fields;
        int64_t tag = frame_int(&peek);
        ca_signer_handle(signer, kind, fields);
        check_answers(tag);
        buf_clear(&signer->out);
        in = span_of(in.at + used, in.n - used);
    }
    for (size_t i = 0; i < SIGNER_BATCHES; i++)
        batch_done(signer, &signer->batches[i]);
    signer->meter = (struct permit_meter){ 0 };
    return 0;
}
