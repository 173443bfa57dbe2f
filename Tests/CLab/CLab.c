#define _GNU_SOURCE
#include "CLab.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int lab_enter_namespace(int fd) { return setns(fd, CLONE_NEWNET); }

int lab_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int lab_open_tun(const char *name) {
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return -1;
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

enum { slots = 32768, slot_size = 2048, batch = 64 };

struct slot {
    uint64_t due;
    ssize_t length;
    unsigned char size[2]; /* together with the bytes: what is recorded */
    unsigned char bytes[slot_size];
};

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/// The delay is the same for every packet, so a ring in order of arrival is a timer queue.
uint64_t lab_run_lag(int tun, int stop, uint64_t delay, int record) {
    struct slot *ring = calloc(slots, sizeof *ring);
    if (!ring) return 0;
    uint64_t head = 0, tail = 0, dropped = 0;
    for (;;) {
        struct pollfd wanted[] = {{.fd = tun, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
        struct timespec wait = {0};
        if (head != tail) {
            uint64_t due = ring[head % slots].due, t = now();
            if (due > t) wait = (struct timespec){(time_t)((due - t) / 1000000000u), (long)((due - t) % 1000000000u)};
        }
        int ready = ppoll(wanted, 2, head == tail ? NULL : &wait, NULL);
        if (ready < 0 && errno != EINTR) break;
        if (ready > 0 && wanted[1].revents) break;
        for (int n = 0; ready > 0 && n < batch; n++) {
            unsigned char spare[slot_size];
            int full = tail - head == slots;
            struct slot *slot = &ring[tail % slots];
            ssize_t length = read(tun, full ? spare : slot->bytes, slot_size);
            if (length <= 0) break;
            if (full) {
                dropped++;
                continue;
            }
            slot->length = length;
            slot->size[0] = (unsigned char)(length >> 8), slot->size[1] = (unsigned char)length;
            if (record >= 0 && write(record, slot->size, (size_t)length + 2) < 0) record = -1;
            slot->due = now() + delay;
            tail++;
        }
        for (uint64_t t = now(); head != tail && ring[head % slots].due <= t; head++) {
            struct slot *slot = &ring[head % slots];
            if (write(tun, slot->bytes, (size_t)slot->length) < 0) dropped++;
        }
    }
    free(ring);
    return dropped;
}
