/* The makers of identities: one for each model that was asked for, with the profile that its orders name, or that is
 * named as the model, or the usual one. */
#include <stdio.h>

#include "ca/signer.h"

void maker_done(struct signer *s, struct maker *maker)
{
    for (size_t i = 0; i < pool_workers(s->pool); i++)
        issuer_free(maker->issuers[i]);
    profile_free(maker->profile);
    *maker = (struct maker){ 0 };
}

enum err maker_profile(struct signer *s, const char *model, struct profile **ret_profile, struct why *why)
{
    char name[LIMIT_NAME + 1];
    enum err err = register_model_profile(s->db, model, name, why);
    if (err != OK)
        return err;
    if (name[0] != '\0')
        return profile_load(buf_span(&s->profiles), name, ret_profile, why);
    err = profile_load(buf_span(&s->profiles), model, ret_profile, why);
    if (err == ERR_NOT_FOUND)
        err = profile_load(buf_span(&s->profiles), s->settings->profile, ret_profile, why);
    return err;
}

static enum err make_maker(struct signer *s, const char *model, struct maker *ret_maker, struct why *why)
{
    struct maker maker = { 0 };
    const struct authority *ca = &s->ca.of[AUTHORITY_IDENTITY];
    snprintf(maker.model, sizeof maker.model, "%s", model);
    enum err err = maker_profile(s, model, &maker.profile, why);
    for (size_t i = 0; err == OK && i < pool_workers(s->pool); i++)
        err = issuer_new(maker.profile, ca->cert, ca->key, &maker.issuers[i], why);
    if (err == OK)
        *ret_maker = maker;
    else
        maker_done(s, &maker);
    return err;
}

enum err maker_get(struct signer *s, const struct device_number *number, struct maker **ret_maker, struct why *why)
{
    char model[LIMIT_MODEL_CODE + 1];
    number_model(number, model);
    for (size_t i = 0; i < s->makers_n; i++)
        if (strcmp(s->makers[i].model, model) == 0) {
            *ret_maker = &s->makers[i];
            return OK;
        }
    if (s->makers_n == SIGNER_MAKERS)
        return why_set(why, ERR_BUSY, "more than %d models since the CA was started: restart it", SIGNER_MAKERS);
    enum err err = make_maker(s, model, &s->makers[s->makers_n], why);
    if (err == OK)
        *ret_maker = &s->makers[s->makers_n++];
    return err;
}
