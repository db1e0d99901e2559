#include "api/settings.h"

#include "log/log.h"
#include "store/db.h"

enum err api_settings_check(const struct api_settings *s, struct why *why)
{
    enum log_level level;
    enum err err = s->store_url[0] == '\0' ? OK : db_check_url(s->store_url, why);
    if (err == OK && log_level_parse(s->log_level, &level) != OK)
        err = why_set(why, ERR_CONFIG, "[log] level = %s: debug, info, warn or error", s->log_level);
    return err;
}

const char *api_settings_store(const struct api_settings *s) { return s->store_url[0] == '\0' ? s->store : s->store_url; }

void api_settings_use_log(const struct api_settings *s, const char *area)
{
    enum log_level level = LOG_INFO;
    if (log_level_parse(s->log_level, &level) == OK)
        log_setup(area, level, s->log_json);
}
