/* New credentials and revocation lists while the server runs. */
#ifndef FACTORY_RELOAD_H
#define FACTORY_RELOAD_H

/* On the loop; `context` is the struct factory. What cannot be loaded leaves the old ones in force. */
void reload_credentials(void *context);

#endif
