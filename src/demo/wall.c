#include "demo/wall.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IP_ARGS = 20 };

extern char **environ;

/* Runs `ip WORDS...`, the words of `fmt` separated by spaces; its output goes nowhere. */
__attribute__((format(printf, 1, 2))) static bool ip(const char *fmt, ...)
{
    char text[256], *argv[IP_ARGS + 1] = { NULL }, *rest = text, name[] = "ip";
    size_t n = 0;
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    int status = -1;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    argv[n++] = name;
    while (n < IP_ARGS && (argv[n] = strsep(&rest, " ")) != NULL)
        n++;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    bool ran = posix_spawnp(&pid, "ip", &quiet, NULL, argv, environ) == 0 && waitpid(pid, &status, 0) == pid;
    posix_spawn_file_actions_destroy(&quiet);
    return ran && status == 0;
}

static void name_cable(unsigned index, char ret_name[16]) { snprintf(ret_name, 16, "np%u-%d", index, (int)getpid() % 1000000); }

/* One cable: our end NET.4k+1, the site's NET.4k+2, out of the range for tests of networks (RFC 2544). */
static bool build(const char *name, const char *net, unsigned index)
{
    char cable[16];
    unsigned ours = 4 * index + 1, theirs = ours + 1;
    name_cable(index, cable);
    return ip("netns add %s", name) && ip("link add %s type veth peer name uplink netns %s", cable, name) &&
           ip("addr add %s.%u/30 dev %s", net, ours, cable) && ip("link set %s up", cable) && ip("-n %s link set lo up", name) &&
           ip("-n %s addr add %s.%u/30 dev uplink", name, net, theirs) && ip("-n %s link set uplink up", name) &&
           ip("-n %s route add default via %s.%u", name, net, ours);
}

bool walls_make(const char *const sites[WALLS], struct walls *ret_walls)
{
    char net[WALL_ADDRESS - 4];
    struct walls w = { .address = "127.0.0.1" };
    bool fine = geteuid() == 0;
    snprintf(net, sizeof net, "198.18.%d", (int)getpid() % 256);
    for (unsigned i = 0; fine && i < WALLS; i++) {
        snprintf(w.names[i], sizeof w.names[i], "nameplate-%d-%s", (int)getpid(), sites[i]);
        fine = build(w.names[i], net, i);
    }
    if (fine)
        snprintf(w.address, sizeof w.address, "%s.1", net);
    else
        walls_remove(&w);
    *ret_walls = w;
    return fine;
}

void walls_remove(struct walls *walls)
{
    for (unsigned i = 0; i < WALLS; i++) {
        char cable[16];
        name_cable(i, cable);
        if (walls->names[i][0] != '\0') {
            (void)ip("link del %s", cable);
            (void)ip("netns del %s", walls->names[i]);
        }
    }
    memset(walls->names, 0, sizeof walls->names);
}
