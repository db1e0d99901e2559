#include "device/commands.h"

int main(int argc, char **argv) { return command_main(&device_area, argc, argv); }
