/* The office: the thread that speaks with the CA and the MES while the loop serves the stations. It has a
 * database handle of its own; all that it does is durable and repeatable, so it may be killed at any moment. */
#ifndef FACTORY_OFFICE_H
#define FACTORY_OFFICE_H

#include "factory/factory.h"

/* Under the factory's policy of now. */
enum err office_start(struct factory *factory, struct office **ret_office, struct why *why) MUST_CHECK;
void office_wake(struct office *office); /* there is something to do; from any thread */
void office_use_policy(struct office *office, const struct decide_policy *policy); /* from its next round on; NULL is fine */
void office_stop(struct office *office); /* waits until its present step is over; NULL is fine */

#endif
