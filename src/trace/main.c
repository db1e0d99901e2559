#include "trace/command.h"

int main(int argc, char **argv) { return command_main(&trace_area, argc, argv); }
