/* The version of the program that was built in at the factory. */
#ifndef DEVICE_VERSION_H
#define DEVICE_VERSION_H

#ifndef NAMEPLATE_VERSION
#define NAMEPLATE_VERSION "0.1.0"
#endif

#endif
