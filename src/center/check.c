#include "center/check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool only(const char *text, const char *also)
{
    for (; *text != '\0'; text++)
        if (!isascii((unsigned char)*text) || (!isalnum((unsigned char)*text) && strchr(also, *text) == NULL))
            return false;
    return true;
}

enum err check_id(const char *text, struct why *why)
{
    return text[0] != '\0' && only(text, "._-")
               ? OK
               : why_set(why, ERR_BAD_INPUT, "\"%s\" is not a short name: letters, digits, '.', '_' and '-' are taken", text);
}

enum err check_version(const char *text, struct why *why)
{
    return text[0] != '.' && check_id(text, why) == OK
               ? OK
               : why_set(why, ERR_BAD_INPUT, "\"%s\" is not a version: letters, digits, '.', '_' and '-', no dot in front", text);
}

enum err check_telephone(const char *text, struct why *why)
{
    size_t digits = 0;
    for (const char *at = text; *at != '\0'; at++)
        digits += isdigit((unsigned char)*at) != 0;
    if (text[0] == '\0' ||
        (strspn(text, "+0123456789 -/().") == strlen(text) && digits >= 3 && digits <= 15 && strchr(text + 1, '+') == NULL))
        return OK;
    return why_set(why, ERR_BAD_INPUT, "\"%s\" is not a telephone number: write it as +81 3 1234-5678", text);
}

/* A numeric address or a host name, without a port. */
static bool is_host(const char *text, size_t n)
{
    char host[256];
    uint8_t bytes[16];
    if (n == 0 || n >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)n, text);
    if (inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1)
        return true;
    /* What has only digits and dots was meant as an address. */
    return only(host, ".-") && host[0] != '-' && host[0] != '.' && strstr(host, "..") == NULL &&
           strspn(host, "0123456789.") != strlen(host);
}

static bool is_port(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n > 0 && n <= 5 && text[n] == '\0';
}

/* HOST, HOST:PORT, [IPV6]:PORT */
static bool is_host_port(const char *text, size_t n)
{
    char place[256];
    if (n >= sizeof place)
        return false;
    snprintf(place, sizeof place, "%.*s", (int)n, text);
    char *end = place[0] == '[' ? strchr(place, ']') : strrchr(place, ':');
    if (is_host(place, strlen(place)))
        return true;
    if (end == NULL)
        return false;
    bool bracket = *end == ']';
    if (bracket && end[1] == '\0')
        return is_host(place + 1, (size_t)(end - place - 1));
    return is_host(place + bracket, (size_t)(end - place - bracket)) && (!bracket || end[1] == ':') && is_port(end + 1 + bracket);
}

enum err check_address(const char *text, struct why *why)
{
    const char *scheme = strstr(text, "://"), *host = scheme == NULL ? text : scheme + 3;
    if (text[0] == '\0' || ((scheme == NULL || (scheme != text && islower((unsigned char)text[0]))) &&
                            is_host_port(host, scheme == NULL ? strlen(host) : strcspn(host, "/"))))
        return OK;
    return why_set(why, ERR_BAD_INPUT,
                   "\"%s\" is not an address: write it as 192.0.2.7, 2001:db8::7, host.example or snmp://192.0.2.7", text);
}

enum err check_email(const char *text, struct why *why)
{
    const char *at = strchr(text, '@');
    if (text[0] == '\0' || (at != NULL && at != text && strpbrk(text, " ,;<>\"") == NULL && is_host(at + 1, strlen(at + 1))))
        return OK;
    return why_set(why, ERR_BAD_INPUT, "\"%s\" is not a mail address", text);
}

enum err check_text(const char *text, struct why *why)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return why_set(why, ERR_BAD_INPUT, "the text holds a control character");
    return OK;
}

enum err check_customer(const struct center_customer *c, struct why *why)
{
    enum err err = check_id(c->id, why);
    if (err == OK)
        err = check_text(c->name, why);
    if (err == OK)
        err = check_text(c->address, why);
    if (err == OK)
        err = check_telephone(c->telephone, why);
    return err != OK ? err : check_email(c->email, why);
}

enum err check_site(const struct center_site *s, struct why *why)
{
    enum err err = check_id(s->id, why);
    if (err == OK)
        err = check_id(s->customer, why);
    if (err == OK)
        err = check_text(s->name, why);
    return err != OK ? err : check_text(s->address, why);
}

enum err check_device(const struct center_device *d, struct why *why)
{
    if (d->interval_s != 0 && (d->interval_s < LIMIT_POLL_LEAST_S || d->interval_s > LIMIT_POLL_MOST_S))
        return why_set(why, ERR_BAD_INPUT, "an interval is from %d to %d seconds, or 0 for the usual one", LIMIT_POLL_LEAST_S,
                       LIMIT_POLL_MOST_S);
    if (d->kind == CENTER_AGENTLESS && (d->gateway.text[0] == '\0' || d->address[0] == '\0'))
        return why_set(why, ERR_BAD_INPUT, "a device without an agent needs the gateway that reads it, and its address");
    enum err err = check_telephone(d->telephone, why);
    return err != OK ? err : check_address(d->address, why);
}

enum err check_gateway(struct db *db, const char *number, struct why *why)
{
    struct center_device d;
    enum err err = center_device_find(db, number, &d, NULL);
    if (err == ERR_NOT_FOUND)
        return why_set(why, err, "there is no gateway %s", number);
    if (err == OK && d.kind != CENTER_GATEWAY)
        return why_set(why, ERR_CONFLICT, "%s is entered here as a%s %s, not as a gateway: nobody can stand behind it", number,
                       d.kind == CENTER_AGENTLESS ? "n" : "", center_kind_name(d.kind));
    return err;
}

enum err check_known(struct db *db, const char *customer, const char *site, struct why *why)
{
    enum err err = customer == NULL ? OK : center_customer_known(db, customer, why);
    return err == OK && site != NULL ? center_site_known(db, site, why) : err;
}
