/* The nameplate of a planned device (F-24). */
#include "factory/admin.h"
#include "factory/label.h"

static bool in_range(const struct plan_range *r, const char *model, const char *serial)
{
    char last[LIMIT_SERIAL + 1];
    return strcmp(r->model, model) == 0 && strlen(r->first_serial) == strlen(serial) && strcmp(r->first_serial, serial) <= 0 &&
           plan_last_serial(r->first_serial, r->quantity, last, NULL) == OK && strcmp(serial, last) <= 0;
}

/* Devices without an identity have a nameplate too, so it is the plan that counts, not the identity store. */
static enum err check_planned(struct db *db, const struct device_number *number, const char *model, struct why *why)
{
    struct stock_known known;
    bool planned = false;
    enum err err = stock_plan_known(db, &known, why);
    if (err != OK)
        return err;
    for (size_t i = 0; i < known.known.ranges_n && !planned; i++)
        planned = in_range(&known.known.ranges[i], model, number_serial(number));
    stock_known_done(&known);
    return planned ? OK : why_set(why, ERR_NOT_PLANNED, "%s is not in the plan", number->text);
}

static enum err answer(struct api_call *call, const struct stock_model *m, const struct label *label, struct why *why)
{
    AUTO_BUF svg = BUF_INIT;
    enum err err = label_draw(label, &svg, why);
    const char *text = err == OK ? buf_text(&svg) : NULL;
    if (err != OK)
        return err;
    if (text == NULL)
        return ERR_NO_MEMORY;
    call->answer = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "number", label->number.text, "model", m->code, "name", m->name,
                             "voltage", m->voltage, "power", m->power, "current", m->current, "svg", text);
    return call->answer == NULL ? ERR_NO_MEMORY : OK;
}

enum err api_label(struct api_call *call, struct why *why)
{
    struct stock_model m;
    struct label label = { .name = m.name, .voltage = m.voltage, .power = m.power, .current = m.current };
    char code[LIMIT_MODEL_CODE + 1];
    enum err err = number_parse(span_text(call->rest), &label.number, why);
    if (err != OK)
        return err;
    number_model(&label.number, code);
    err = stock_model_get(admin_factory(call)->db, code, &m, NULL);
    if (err != OK)
        return why_set(why, err, "model %s is not in the model list", code);
    err = check_planned(admin_factory(call)->db, &label.number, code, why);
    return err != OK ? err : answer(call, &m, &label, why);
}
