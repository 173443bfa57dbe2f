#define _GNU_SOURCE
#include "CBench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int bench_die_with_parent(void) {
    pid_t parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return -1;
    return getppid() == parent ? 0 : -1;
}

void bench_outlive_parent(void) {
    prctl(PR_SET_PDEATHSIG, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

void bench_kill_network(void) {
    struct stat own, other;
    DIR *processes = opendir("/proc");
    if (processes == NULL || stat("/proc/self/ns/net", &own) != 0) return;
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        int pid = atoi(entry->d_name);
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
        if (pid > 1 && pid != getpid() && stat(path, &other) == 0 && other.st_ino == own.st_ino) kill(pid, SIGKILL);
    }
    closedir(processes);
}

int bench_stay_on_core(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    return sched_setaffinity(0, sizeof cores, &cores);
}

int bench_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int bench_new_network(void) { return unshare(CLONE_NEWNET) == 0 ? 0 : -errno; }

int bench_enter_network(int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -errno;
    int status = setns(descriptor, CLONE_NEWNET) == 0 ? 0 : -errno;
    close(descriptor);
    return status;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind, (void)place;
    return remove(path);
}

void bench_remove(const char *path) { nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS); }
