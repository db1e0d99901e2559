/* DIR/nameplate.conf of a station. */
#ifndef STATION_SETTINGS_H
#define STATION_SETTINGS_H

#include "conf/command.h"
#include "conf/settings.h"
#include "station/bench.h"

struct station_settings {
    char factory[SETTING_TEXT_SIZE];   /* https://HOST:PORT */
    char identity[SETTING_TEXT_SIZE];  /* folder */
    char passphrase[SETTING_TEXT_SIZE]; /* file */
    char address[SETTING_TEXT_SIZE];   /* of this station on the bench link */
    int64_t port;
    char interface[SETTING_TEXT_SIZE]; /* "": whichever has the address */
    char device[SETTING_TEXT_SIZE];    /* ADDRESS:PORT that every device has at first */
    char sources[SETTING_TEXT_SIZE];   /* stdin tty:PATH hid:PATH tcp:ADDRESS:PORT, separated by spaces */
    char keyed_prefix[SETTING_TEXT_SIZE];
    bool keyed, keyed_at_factory;
    char screen[SETTING_TEXT_SIZE];    /* auto, full, plain */
    int64_t device_s, device_patience_s, write_s, factory_s, factory_patience_s, keyed_s, packs_most;
    char log_level[SETTING_TEXT_SIZE];
    bool log_json;
};

extern const struct setting_row station_setting_rows[];
extern const size_t station_setting_rows_n;

/* --config, or DIR/nameplate.conf of --dir. Errors: NOT_FOUND, CONFIG. */
enum err station_settings_load(const struct command_line *line, struct station_settings *ret_settings, struct why *why) MUST_CHECK;

/* The defaults of all rows. */
enum err station_settings_default(struct station_settings *ret_settings, struct why *why) MUST_CHECK;

struct bench_patience station_patience(const struct station_settings *s);

#endif
