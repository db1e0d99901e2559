/* GS1 element strings (GS1 General Specifications, section 7.8) and the check digit (7.9). */
#include "scan/part.h"

/* Application identifiers that may stand beside (01) and (21). An identifier that is not here has no known
 * length, so that nothing behind it could be read safely. */
struct ai_row {
    const char *ai;      /* its digits; 'n' any digit */
    size_t least, most;  /* of the value, in characters */
    bool predefined;     /* length known from the identifier: no FNC1 behind it (figure 7.8.5-2) */
};
static const struct ai_row ai_rows[] = {
    { "00", 18, 18, true },  { "01", 14, 14, true },   { "02", 14, 14, true },  { "10", 1, 20, false },
    { "11", 6, 6, true },    { "12", 6, 6, true },     { "13", 6, 6, true },    { "15", 6, 6, true },
    { "16", 6, 6, true },    { "17", 6, 6, true },     { "20", 2, 2, true },    { "21", 1, 20, false },
    { "22", 1, 20, false },  { "235", 1, 28, false },  { "240", 1, 30, false }, { "241", 1, 30, false },
    { "242", 1, 6, false },  { "243", 1, 20, false },  { "250", 1, 30, false }, { "251", 1, 30, false },
    { "30", 1, 8, false },   { "37", 1, 8, false },    { "31nn", 6, 6, true },  { "32nn", 6, 6, true },
    { "33nn", 6, 6, true },  { "34nn", 6, 6, true },   { "35nn", 6, 6, true },  { "36nn", 6, 6, true },
    { "400", 1, 30, false }, { "41n", 13, 13, true },  { "422", 3, 3, false },  { "8006", 18, 18, false },
    { "8008", 8, 12, false },{ "8012", 1, 20, false }, { "90", 1, 30, false },  { "91", 1, 90, false },
};

static bool ai_matches(const char *ai, struct span text)
{
    size_t n = strlen(ai);
    if (text.n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool digit = text.at[i] >= '0' && text.at[i] <= '9';
        if (!digit || (ai[i] != 'n' && ai[i] != (char)text.at[i]))
            return false;
    }
    return true;
}

static const struct ai_row *find_ai(struct span text)
{
    for (size_t i = 0; i < sizeof ai_rows / sizeof *ai_rows; i++)
        if (ai_matches(ai_rows[i].ai, text))
            return &ai_rows[i];
    return NULL;
}

static bool check_digit_holds(const char gtin[SCAN_GTIN + 1])
{
    int sum = 0;
    for (int i = 0; i < SCAN_GTIN; i++)
        sum += (gtin[i] - '0') * (i % 2 == 0 ? 3 : 1);
    return sum % 10 == 0;
}

enum err scan_put_gtin(struct span digits, struct scan_instance *to, struct why *why)
{
    if (to->gtin[0] != '\0')
        return why_set(why, ERR_BAD_INPUT, "the label says two article numbers (01): scan one label only");
    if (digits.n != 8 && digits.n != 12 && digits.n != 13 && digits.n != SCAN_GTIN)
        return why_set(why, ERR_BAD_INPUT, "the article number (01) has %zu digits instead of %d: scan again", digits.n, SCAN_GTIN);
    char gtin[SCAN_GTIN + 1] = "00000000000000";
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return why_set(why, ERR_BAD_INPUT, "the article number (01) is not all digits: scan again");
        gtin[SCAN_GTIN - digits.n + i] = (char)digits.at[i];
    }
    if (!check_digit_holds(gtin))
        return why_set(why, ERR_BAD_INPUT, "the check digit of article number %s is wrong: scan again, or the label is misprinted", gtin);
    memcpy(to->gtin, gtin, sizeof gtin);
    return OK;
}

enum err scan_put_serial(struct span serial, struct scan_instance *to, struct why *why)
{
    if (to->serial[0] != '\0')
        return why_set(why, ERR_BAD_INPUT, "the label says two serial numbers (21): scan one label only");
    if (!number_is_serial(serial))
        return why_set(why, ERR_BAD_INPUT, "the serial number (21) is not 1 to %d digits or capital letters", LIMIT_SERIAL);
    memcpy(to->serial, serial.at, serial.n);
    to->serial[serial.n] = '\0';
    return OK;
}

enum err scan_check_instance(const struct scan_instance *instance, struct why *why)
{
    if (instance->gtin[0] == '\0')
        return why_set(why, ERR_BAD_INPUT, "the label has no article number (01)");
    if (instance->serial[0] == '\0')
        return why_set(why, ERR_BAD_INPUT, "the label has an article number but no serial number (21): it is not the nameplate's");
    return OK;
}

static enum err put_element(const struct ai_row *row, struct span value, struct scan_instance *to, struct why *why)
{
    if (value.n < row->least || value.n > row->most)
        return why_set(why, ERR_BAD_INPUT, "the label's part (%s) has a wrong length: scan again", row->ai);
    if (strcmp(row->ai, "01") == 0)
        return scan_put_gtin(value, to, why);
    if (strcmp(row->ai, "21") == 0)
        return scan_put_serial(value, to, why);
    return OK;
}

/* The value behind an identifier: up to the next GS; of predefined length, at most that much. */
static struct span element_value(const struct ai_row *row, struct span rest)
{
    const uint8_t *gs = memchr(rest.at, SCAN_GS, rest.n);
    size_t n = gs == NULL ? rest.n : (size_t)(gs - rest.at);
    return span_of(rest.at, row->predefined && n > row->most ? row->most : n);
}

static struct span skip(struct span text, size_t n) { return span_of(text.at + n, text.n - n); }

enum err scan_read_elements(struct span text, struct scan_instance *ret_instance, struct why *why)
{
    struct scan_instance instance = { .gtin = "" };
    if (text.n > 0 && text.at[0] == SCAN_GS) /* FNC1 in first position, as some scanners send it */
        text = skip(text, 1);
    while (text.n > 0) {
        const struct ai_row *row = find_ai(text);
        if (row == NULL)
            return why_set(why, ERR_BAD_INPUT, "the label has a GS1 part that is not known here: \"%.*s\"",
                           (int)(text.n < 4 ? text.n : 4), (const char *)text.at);
        text = skip(text, strlen(row->ai));
        struct span value = element_value(row, text);
        enum err err = put_element(row, value, &instance, why);
        if (err != OK)
            return err;
        text = skip(text, value.n);
        if (text.n > 0 && text.at[0] == SCAN_GS)
            text = skip(text, 1);
    }
    enum err err = scan_check_instance(&instance, why);
    if (err == OK)
        *ret_instance = instance;
    return err;
}

/* "(21)" at the front: its row, and how long it is with its brackets. */
static const struct ai_row *take_bracket(struct span text, size_t *ret_n)
{
    const uint8_t *close = text.n > 0 && text.at[0] == '(' ? memchr(text.at, ')', text.n) : NULL;
    if (close == NULL)
        return NULL;
    size_t n = (size_t)(close - text.at) - 1;
    const struct ai_row *row = find_ai(span_of(text.at + 1, n));
    if (row == NULL || strlen(row->ai) != n)
        return NULL;
    *ret_n = n + 2;
    return row;
}

enum err scan_read_bracketed(struct span text, struct scan_instance *ret_instance, struct why *why)
{
    struct scan_instance instance = { .gtin = "" };
    while (text.n > 0) {
        size_t n = 0;
        const struct ai_row *row = take_bracket(text, &n);
        if (row == NULL)
            return why_set(why, ERR_BAD_INPUT, "the label has a part in brackets that is not known here");
        text = skip(text, n);
        const uint8_t *next = text.n == 0 ? NULL : memchr(text.at, '(', text.n);
        struct span value = span_of(text.at, next == NULL ? text.n : (size_t)(next - text.at));
        enum err err = put_element(row, value, &instance, why);
        if (err != OK)
            return err;
        text = skip(text, value.n);
    }
    enum err err = scan_check_instance(&instance, why);
    if (err == OK)
        *ret_instance = instance;
    return err;
}
