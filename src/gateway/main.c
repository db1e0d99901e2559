#include "gateway/commands.h"

int main(int argc, char **argv) { return command_main(&gateway_area, argc, argv); }
