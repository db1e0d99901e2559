/* A letter's place in the life of its sender: found, judged, kept. */
#include <string.h>

#include "center/job.h"

static const char *maker_of(const struct letter_place *p) { return p->maker == NULL ? "" : p->maker; }

enum err place_judge(struct job *job, const struct node *node, const struct letter_place_of *of, struct letter_outcome *ret,
                     struct why *why)
{
    struct db *db = job->center->db;
    const struct letter_place *p = &of->place;
    const char *number = of->number->text;
    struct center_letters known = { .top = 0 };
    enum err err = p->serial > 0 ? center_letters_find(db, number, maker_of(p), &known, why) : OK;
    if (err != OK)
        return err;
    decide_place(node, &known, p, ret);
    job->position = node->chain.position;
    job->letters_missing = p->serial > 0 && decide_letters_missing(&known, p->serial);
    const struct verdict *v = &ret->verdict;
    if (ret->quarantine)
        err = center_device_stand(db, number, CENTER_QUARANTINED, v->why.text, why);
    if (err == OK && v->incident[0] != '\0')
        err = job_incident(job, v->incident, number, of->evidence, &v->why, why);
    return err;
}

enum err place_keep(struct job *job, const struct letter_place_of *of, const struct letter_outcome *o, struct why *why)
{
    struct db *db = job->center->db;
    const char *number = of->number->text, *maker = maker_of(&of->place);
    enum err err = o->keep ? center_letters_put(db, number, maker, &o->letters, why) : OK;
    return err == OK && o->keep && maker[0] == '\0' ? center_session_letters(db, number, of->place.serial, why) : err;
}
