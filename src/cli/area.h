/* The areas of `nameplate AREA VERB` and the verbs that each of them has, for help and good errors. */
#ifndef CLI_AREA_H
#define CLI_AREA_H

#include <stddef.h>
#include <stdio.h>

struct area {
    const char *name; /* "factory": its program is nameplate-factory */
    const char *help; /* one line */
};

/* NULL when there is no such area. */
const struct area *area_find(const char *name);

/* The area whose name is nearest to a wrong one; NULL when none is near. */
const struct area *area_nearest(const char *wrong);

/* The area that has this verb (of one or two words; `second` may be NULL): `like` itself when it has it, else
 * the first other one. NULL when none has. *ret_verb is the verb as that area writes it. */
const struct area *area_with_verb(const struct area *like, const char *first, const char *second, const char **ret_verb);

void area_print_help(FILE *to);

#endif
