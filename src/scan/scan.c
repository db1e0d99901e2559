#include "scan/scan.h"

#include <stdlib.h>

#include "scan/part.h"

/* What stands behind an AIM symbology identifier (ISO/IEC 15424). */
enum content { CONTENT_ANY, CONTENT_GS1, CONTENT_ARTICLE };

static const struct aim_row {
    const char *prefix;
    enum content content;
} aim_rows[] = {
    { "]C0", CONTENT_ANY },     /* Code 128 */
    { "]C1", CONTENT_GS1 },     /* GS1-128 */
    { "]A0", CONTENT_ANY },     /* Code 39 */
    { "]A1", CONTENT_ANY },     /* Code 39, check character verified and sent */
    { "]A3", CONTENT_ANY },     /* Code 39, check character verified and stripped */
    { "]G0", CONTENT_ANY },     /* Code 93 */
    { "]d1", CONTENT_ANY },     /* Data Matrix */
    { "]d2", CONTENT_GS1 },     /* GS1 DataMatrix */
    { "]Q0", CONTENT_ANY },     /* QR Code */
    { "]Q1", CONTENT_ANY },     /* QR Code, model 2 */
    { "]Q3", CONTENT_GS1 },     /* GS1 QR Code */
    { "]e0", CONTENT_GS1 },     /* GS1 DataBar */
    { "]J1", CONTENT_GS1 },     /* GS1 DotCode */
    { "]z0", CONTENT_ANY },     /* Aztec Code */
    { "]E0", CONTENT_ARTICLE }, /* EAN-13, UPC */
    { "]E4", CONTENT_ARTICLE }, /* EAN-8 */
};

enum err scan_rules_add(struct scan_rules *rules, const char *model, const char *pattern, struct why *why)
{
    if (!number_is_model(span_text(model)))
        return why_set(why, ERR_BAD_INPUT, "\"%.32s\" is no model code", model);
    if (rules->n == SCAN_MODELS_MAX)
        return why_set(why, ERR_TOO_LARGE, "more than %d models", SCAN_MODELS_MAX);
    for (size_t i = 0; i < rules->n; i++)
        if (strcmp(rules->rows[i].model, model) == 0)
            return why_set(why, ERR_EXISTS, "model %s is listed twice", model);
    enum err err = scan_pattern_check(model, pattern, why);
    if (err != OK)
        return err;
    struct scan_rule *rows = realloc(rules->rows, (rules->n + 1) * sizeof *rows);
    if (rows == NULL)
        return ERR_NO_MEMORY;
    rules->rows = rows;
    struct scan_rule *row = &rows[rules->n++];
    memcpy(row->model, model, strlen(model) + 1);
    memcpy(row->pattern, pattern, strlen(pattern) + 1);
    return OK;
}

void scan_rules_done(struct scan_rules *rules)
{
    if (rules == NULL)
        return;
    free(rules->rows);
    *rules = (struct scan_rules){ .rows = NULL };
}

static struct span trim(struct span raw)
{
    while (raw.n > 0 && strchr("\r\n\t", raw.at[raw.n - 1]) != NULL && raw.at[raw.n - 1] != '\0')
        raw.n--;
    return raw;
}

static enum err check_characters(struct span text, struct why *why)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.at[i];
        if (c == '\r' || c == '\n' || c == '\t')
            return why_set(why, ERR_BAD_INPUT, "two scans came as one: scan the nameplate again, once");
        if (c >= 0x7f)
            return why_set(why, ERR_BAD_INPUT, "character %zu is not of a label: is the scanner set to another keyboard?", i + 1);
        if (c < 0x20 && c != SCAN_GS)
            return why_set(why, ERR_BAD_INPUT, "character %zu (code %u) cannot be in a device number: scan again", i + 1, c);
    }
    return OK;
}

/* The same text twice without anything between: some scanners send a second trigger into the first. */
static bool is_doubled(struct span text)
{
    return text.n >= 6 && text.n % 2 == 0 && memcmp(text.at, text.at + text.n / 2, text.n / 2) == 0;
}

static enum err strip_prefix(struct span *text, enum content *ret_content, struct why *why)
{
    *ret_content = CONTENT_ANY;
    if (text->at[0] != ']')
        return OK;
    for (size_t i = 0; i < sizeof aim_rows / sizeof *aim_rows; i++) {
        if (text->n < 3 || memcmp(text->at, aim_rows[i].prefix, 3) != 0)
            continue;
        *ret_content = aim_rows[i].content;
        *text = span_of(text->at + 3, text->n - 3);
        return text->n > 0 ? OK : why_set(why, ERR_BAD_INPUT, "the scanner read an empty label: scan again");
    }
    return why_set(why, ERR_BAD_INPUT, "this kind of barcode (%.*s) is not used on nameplates", (int)(text->n < 3 ? text->n : 3),
                   (const char *)text->at);
}

static enum err check_shape(const struct scan_rules *rules, const struct device_number *number, struct why *why)
{
    char model[LIMIT_MODEL_CODE + 1];
    number_model(number, model);
    for (size_t i = 0; i < rules->n; i++)
        if (strcmp(rules->rows[i].model, model) == 0 && !scan_pattern_takes_serial(rules->rows[i].pattern, number_serial(number)))
            return why_set(why, ERR_BAD_NUMBER, "%s does not have the form of a serial number of model %s (%s): scan again",
                           number->text, model, rules->rows[i].pattern);
    return OK;
}

/* GTIN -> model. A GTIN that two models claim is an error of the model list, and refused. */
static enum err resolve(const struct scan_rules *rules, const struct scan_instance *instance, struct device_number *ret_number,
                        struct why *why)
{
    const char *model = NULL;
    for (size_t i = 0; i < rules->n; i++) {
        if (!scan_pattern_has_gtin(rules->rows[i].pattern, instance->gtin))
            continue;
        if (model != NULL)
            return why_set(why, ERR_CONFLICT, "article number %s stands for model %s and for %s: the model list must be corrected",
                           instance->gtin, model, rules->rows[i].model);
        model = rules->rows[i].model;
    }
    if (model == NULL)
        return why_set(why, ERR_NOT_FOUND, "article number %s is no model of this line: is it the nameplate's label?", instance->gtin);
    return number_make(model, instance->serial, ret_number, why);
}

typedef enum err read_fn(struct span text, struct scan_instance *ret_instance, struct why *why);

static enum err read_gs1(const struct scan_rules *rules, struct span text, read_fn *fn, struct device_number *ret_number, struct why *why)
{
    struct scan_instance instance;
    enum err err = fn(text, &instance, why);
    return err != OK ? err : resolve(rules, &instance, ret_number, why);
}

static bool is_link(struct span text)
{
    static const char *const schemes[] = { "https://", "http://", "HTTPS://", "HTTP://" };
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (text.n > strlen(schemes[i]) && memcmp(text.at, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

/* What a text of no marked kind can mean, gathered so that two different meanings show. */
struct meanings {
    struct device_number number;
    size_t n;
    enum err err; /* of the likeliest reading, when there is none */
    struct why why;
};

static enum err add_meaning(struct meanings *m, const struct device_number *number, struct why *why)
{
    if (m->n > 0 && !number_equal(&m->number, number))
        return why_set(why, ERR_CONFLICT, "this label can mean %s or %s: key the number in instead", m->number.text, number->text);
    m->number = *number;
    m->n++;
    return OK;
}

static enum err add_labels(const struct scan_rules *rules, struct span text, struct meanings *m, struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < rules->n; i++) {
        char serial[LIMIT_SERIAL + 1];
        struct device_number number;
        if (scan_pattern_label(rules->rows[i].pattern, text, serial) && number_make(rules->rows[i].model, serial, &number, NULL) == OK)
            err = add_meaning(m, &number, why);
    }
    return err;
}

/* A GS1 string whose scanner sends no symbology identifier: has FNC1, or begins with (01), which has its check digit or (21)
 * behind it: then what is wrong with it is said in the words of GS1. */
static bool looks_like_elements(struct span text)
{
    enum { SERIAL_AT = 2 + SCAN_GTIN };
    if (memchr(text.at, SCAN_GS, text.n) != NULL)
        return true;
    if (text.n < SERIAL_AT || memcmp(text.at, "01", 2) != 0 || memchr(text.at, '-', text.n) != NULL)
        return false;
    struct scan_instance instance = { .gtin = "" };
    return scan_put_gtin(span_of(text.at + 2, SCAN_GTIN), &instance, NULL) == OK ||
           (text.n >= SERIAL_AT + 2 && memcmp(text.at + SERIAL_AT, "21", 2) == 0);
}

static enum err read_any(const struct scan_rules *rules, struct span text, struct device_number *ret_number, struct why *why)
{
    struct meanings m = { .n = 0 };
    struct device_number number;
    if (is_link(text))
        return read_gs1(rules, text, scan_read_link, ret_number, why);
    if (text.at[0] == '(')
        return read_gs1(rules, text, scan_read_bracketed, ret_number, why);
    m.err = number_parse(text, &number, &m.why);
    enum err err = m.err == OK ? add_meaning(&m, &number, why) : OK;
    if (err == OK)
        err = add_labels(rules, text, &m, why);
    if (err == OK && looks_like_elements(text)) {
        m.err = read_gs1(rules, text, scan_read_elements, &number, &m.why);
        err = m.err == OK ? add_meaning(&m, &number, why) : OK;
    }
    if (err != OK)
        return err;
    if (m.n == 0)
        return why_set(why, m.err, "%s", m.why.text);
    *ret_number = m.number;
    return OK;
}

static enum err read_content(const struct scan_rules *rules, struct span text, enum content content, struct device_number *ret_number,
                             struct why *why)
{
    switch (content) {
    case CONTENT_GS1: return read_gs1(rules, text, scan_read_elements, ret_number, why);
    case CONTENT_ARTICLE:
        return why_set(why, ERR_BAD_INPUT, "this is the article's barcode, it says no serial number: scan the nameplate");
    case CONTENT_ANY: return read_any(rules, text, ret_number, why);
    default: return ERR_BUG;
    }
}

static enum err read_one(const struct scan_rules *rules, struct span text, struct device_number *ret_number, struct why *why)
{
    enum content content = CONTENT_ANY;
    enum err err = strip_prefix(&text, &content, why);
    if (err == OK)
        err = read_content(rules, text, content, ret_number, why);
    return err != OK ? err : check_shape(rules, ret_number, why);
}

enum err scan_read(const struct scan_rules *rules, struct span raw, struct device_number *ret_number, struct why *why)
{
    struct device_number number, half;
    if (raw.n > LIMIT_SCAN)
        return why_set(why, ERR_TOO_LARGE, "the label has more than %d characters: it is not a nameplate's", LIMIT_SCAN);
    struct span text = trim(raw);
    if (text.n == 0)
        return why_set(why, ERR_BAD_INPUT, "the scanner read nothing: scan again");
    enum err err = check_characters(text, why);
    if (err == OK && is_doubled(text) && read_one(rules, span_of(text.at, text.n / 2), &half, NULL) == OK)
        err = why_set(why, ERR_CONFLICT, "the label came twice in one scan: scan again, once");
    if (err == OK)
        err = read_one(rules, text, &number, why);
    if (err == OK)
        *ret_number = number;
    return err;
}
