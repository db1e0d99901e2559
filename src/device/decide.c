#include "device/decide.h"

#include <string.h>

enum err decide_start(enum boot_state state, const char *nvram_number, const char *certificate_number, struct why *why)
{
    if (state != BOOT_INDIVIDUAL || strcmp(nvram_number, certificate_number) == 0)
        return OK;
    return why_set(why, ERR_NUMBER_MISMATCH,
                   "the NVRAM says %s, the certificate in the flash %s: the board was swapped or its memory changed",
                   *nvram_number == '\0' ? "nothing" : nvram_number,
                   *certificate_number == '\0' ? "nothing" : certificate_number);
}

static enum err check_number(const struct device_view *v, const char *number, struct why *why)
{
    if (*v->number == '\0')
        return why_set(why, ERR_NUMBER_MISMATCH, "the board has no device number yet; %s was asked for", number);
    if (strcmp(v->number, number) != 0)
        return why_set(why, ERR_NUMBER_MISMATCH, "this device is %s, not %s", v->number, number);
    return OK;
}

static enum err check_board(const struct device_view *v, const char *board, struct why *why)
{
    if (strcmp(v->board, board) == 0)
        return OK;
    return why_set(why, ERR_CONFLICT, "this is board %s, the pack is for board %s", *v->board == '\0' ? "(unknown)" : v->board,
                   *board == '\0' ? "(unknown)" : board);
}

enum err decide_pack(const struct device_view *v, const struct pack_offer *offer, enum pack_step *ret_step, struct why *why)
{
    enum err err = check_number(v, offer->number, why);
    if (err == OK)
        err = check_board(v, offer->board, why);
    if (err != OK)
        return err;
    if (v->state == BOOT_BLANK || v->bootstrap == NULL)
        return why_set(why, ERR_BAD_TRANSITION, "the board has no bootstrap certificate yet; the board step comes first");
    bool has_it = v->state == BOOT_INDIVIDUAL && memcmp(v->fingerprint, offer->fingerprint, CERT_FINGERPRINT) == 0;
    if (v->state == BOOT_INDIVIDUAL && !has_it && offer->issued_s < v->issued_s)
        return why_set(why, ERR_BAD_TRANSITION, "%s has a newer identity than this one", v->number);
    *ret_step = has_it ? PACK_REPORT_AGAIN : PACK_WRITE;
    return OK;
}

enum err decide_result_request(const struct device_view *v, const char *number, struct why *why)
{
    enum err err = check_number(v, number, why);
    if (err == OK && v->state != BOOT_INDIVIDUAL)
        err = why_set(why, ERR_NOT_FOUND, "%s has no identity yet", v->number);
    return err;
}

enum err decide_bootstrap(const struct device_view *v, const char *board, const uint8_t fingerprint[CERT_FINGERPRINT],
                          enum bootstrap_step *ret_step, struct why *why)
{
    if (*v->board != '\0' && strcmp(v->board, board) != 0)
        return why_set(why, ERR_CONFLICT, "this is board %s, not %s", v->board, board);
    if (v->bootstrap != NULL && memcmp(v->bootstrap, fingerprint, CERT_FINGERPRINT) == 0) {
        *ret_step = BOOTSTRAP_HAS_IT;
        return OK;
    }
    if (v->state == BOOT_INDIVIDUAL)
        return why_set(why, ERR_BAD_TRANSITION, "%s has its identity; its bootstrap certificate stays", v->number);
    *ret_step = BOOTSTRAP_WRITE;
    return OK;
}

enum err decide_parameters(const struct device_view *v, struct why *why)
{
    if (v->state != BOOT_INDIVIDUAL)
        return why_set(why, ERR_BAD_TRANSITION, "parameters are initialised after the identity was written");
    return OK;
}

/* Only what may pass by itself is tried again; a minute of the station's absence costs a few seconds more. */
enum report_step decide_report(enum err err, unsigned attempt, int64_t *ret_delay_ms)
{
    enum { FIRST_MS = 100, DOUBLINGS = 5 };
    if (err == OK)
        return REPORT_DONE;
    if (err_row(err)->action != ERR_ACTION_RETRY && err_row(err)->fault != ERR_FAULT_RECEIVER)
        return REPORT_GIVE_UP;
    unsigned doublings = attempt > DOUBLINGS ? DOUBLINGS : attempt - 1;
    *ret_delay_ms = (int64_t)FIRST_MS << doublings;
    return REPORT_AGAIN;
}
