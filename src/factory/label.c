#include "factory/label.h"

#include <zint.h>

/* Millimetres. The plate is as large as one on the back of an office machine; a long number makes it wider. */
#define PLATE_WIDTH 90.0
#define PLATE_HEIGHT 56.0
#define MARGIN 5.0
#define BAR_WIDEST 0.5
#define BAR_NARROWEST 0.25
#define BAR_TOP 34.0
#define BAR_HEIGHT 13.0
#define VALUE_LEFT 46.0
#define NAME_SIZE 8.0
#define TEXT_SIZE 3.6               /* of the values */
#define WHAT_SIZE 2.9               /* of what they are */
#define GLYPH 0.62                  /* width of a character by its height, wide ones counted in */
enum { QUIET = 10, LINE_STEP = 5 }; /* modules at each side of a barcode; millimetres from line to line */

/* The modules of the barcode, one byte each. */
struct bars {
    unsigned char dark[1152];
    int n;
    double module; /* mm */
};

static enum err encode(const char *text, struct bars *ret_bars, struct why *why)
{
    struct zint_symbol *symbol = ZBarcode_Create();
    if (symbol == NULL)
        return ERR_NO_MEMORY;
    symbol->symbology = BARCODE_CODE128;
    int status = ZBarcode_Encode(symbol, (const unsigned char *)text, (int)strlen(text));
    enum err err = OK;
    if (status >= ZINT_ERROR)
        err = why_set(why, status == ZINT_ERROR_MEMORY ? ERR_NO_MEMORY : ERR_BAD_INPUT, "no barcode of %s: %s", text,
                      symbol->errtxt);
    else
        ret_bars->n = symbol->width;
    for (int i = 0; err == OK && i < symbol->width; i++)
        ret_bars->dark[i] = (symbol->encoded_data[0][i / 8] >> (i % 8)) & 1;
    ZBarcode_Delete(symbol);
    return err;
}

static void choose_module(struct bars *bars)
{
    bars->module = (PLATE_WIDTH - 2) / (bars->n + 2 * QUIET);
    bars->module = bars->module > BAR_WIDEST ? BAR_WIDEST : bars->module < BAR_NARROWEST ? BAR_NARROWEST : bars->module;
}

static double plate_width(const struct bars *bars)
{
    double needed = bars->module * (bars->n + 2 * QUIET) + 2;
    return needed > PLATE_WIDTH ? needed : PLATE_WIDTH;
}

static enum err draw_bars(const struct bars *bars, double width, struct buf *to)
{
    double left = (width - bars->module * bars->n) / 2;
    enum err err = buf_put_text(to, "<g id=\"barcode\" shape-rendering=\"crispEdges\">\n");
    for (int i = 0, run; err == OK && i < bars->n; i += run) {
        for (run = 1; i + run < bars->n && bars->dark[i + run] == bars->dark[i]; run++)
            ;
        if (bars->dark[i])
            err = buf_putf(to, "<rect x=\"%.3f\" y=\"%.1f\" width=\"%.3f\" height=\"%.1f\"/>\n", left + i * bars->module, BAR_TOP,
                           run * bars->module, BAR_HEIGHT);
    }
    return err != OK ? err : buf_put_text(to, "</g>\n");
}

static enum err put_escaped(struct buf *to, const char *text)
{
    enum err err = OK;
    for (; err == OK && *text != '\0'; text++)
        err = *text == '<'                 ? buf_put_text(to, "&lt;")
              : *text == '>'               ? buf_put_text(to, "&gt;")
              : *text == '&'               ? buf_put_text(to, "&amp;")
              : (unsigned char)*text < ' ' ? buf_put_text(to, " ")
                                           : buf_put(to, text, 1);
    return err;
}

struct words {
    double x, y, size, room; /* mm; text that needs more than `room` is set smaller */
    const char *style, *text;
};

static enum err draw_words(const struct words *w, struct buf *to)
{
    double wide = w->size * GLYPH * (double)strlen(w->text);
    enum err err = buf_putf(to, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.2f\"%s>", w->x, w->y,
                            wide > w->room ? w->size * w->room / wide : w->size, w->style);
    if (err == OK)
        err = put_escaped(to, w->text);
    return err != OK ? err : buf_put_text(to, "</text>\n");
}

static enum err draw_texts(const struct label *label, double width, struct buf *to)
{
    char model[LIMIT_MODEL_CODE + 1];
    number_model(&label->number, model);
    const struct {
        const char *what, *value;
    } lines[] = {
        { "Rated voltage", label->voltage },
        { "Rated power consumption", label->power },
        { "Rated current", label->current },
        { "Model code", model },
    };
    const double room = width - VALUE_LEFT - MARGIN;
    enum err err =
        draw_words(&(struct words){ MARGIN, 11, NAME_SIZE, width - 2 * MARGIN, " font-weight=\"bold\"", label->name }, to);
    for (size_t i = 0; err == OK && i < sizeof lines / sizeof *lines; i++) {
        double y = 17.0 + LINE_STEP * (double)i - 0.5;
        err = draw_words(&(struct words){ MARGIN, y, WHAT_SIZE, width, "", lines[i].what }, to);
        if (err == OK)
            err = draw_words(&(struct words){ VALUE_LEFT, y, TEXT_SIZE, room, " font-weight=\"bold\"", lines[i].value }, to);
    }
    if (err == OK)
        err = draw_words(
            &(struct words){ width / 2, 52.5, 4.6, width, " text-anchor=\"middle\" letter-spacing=\"0.4\"", label->number.text },
            to);
    return err;
}

static enum err check(const struct label *label, struct why *why)
{
    const char *missing = label->name[0] == '\0'      ? "name"
                          : label->voltage[0] == '\0' ? "voltage"
                          : label->power[0] == '\0'   ? "power"
                          : label->current[0] == '\0' ? "current"
                                                      : NULL;
    char model[LIMIT_MODEL_CODE + 1];
    number_model(&label->number, model);
    return missing == NULL
               ? OK
               : why_set(why, ERR_BAD_INPUT, "model %s has no %s for its nameplate: nameplate factory model add %s --%s", model,
                         missing, model, missing);
}

static enum err draw(const struct label *label, const struct bars *bars, struct buf *to)
{
    double width = plate_width(bars);
    enum err err =
        buf_putf(to,
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.2fmm\" height=\"%.0fmm\" viewBox=\"0 0 %.2f %.0f\""
                 " font-family=\"DejaVu Sans, Arial, Helvetica, sans-serif\">\n<title>%s</title>\n"
                 "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                 "<rect x=\"0.3\" y=\"0.3\" width=\"%.2f\" height=\"%.1f\" rx=\"2\" fill=\"none\" stroke=\"#000\""
                 " stroke-width=\"0.3\"/>\n",
                 width, PLATE_HEIGHT, width, PLATE_HEIGHT, label->number.text, width - 0.6, PLATE_HEIGHT - 0.6);
    if (err == OK)
        err = draw_texts(label, width, to);
    if (err == OK)
        err = draw_bars(bars, width, to);
    return err != OK ? err : buf_put_text(to, "</svg>\n");
}

enum err label_draw(const struct label *label, struct buf *to, struct why *why)
{
    struct bars bars = { .n = 0 };
    size_t before = to->len;
    enum err err = check(label, why);
    if (err == OK)
        err = encode(label->number.text, &bars, why);
    if (err != OK)
        return err;
    choose_module(&bars);
    err = draw(label, &bars, to);
    if (err != OK)
        to->len = before;
    return err;
}
