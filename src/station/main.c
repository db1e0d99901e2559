#include "station/commands.h"

int main(int argc, char **argv) { return command_main(&station_area, argc, argv); }
