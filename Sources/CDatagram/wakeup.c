#define _GNU_SOURCE
#include "CDatagram.h"

#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>

int wakeup_open(void) {
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

void wakeup_ring(int descriptor) {
    // It only fails when the counter is at its limit, and then the descriptor is readable anyway.
    (void)eventfd_write(descriptor, 1);
}

void wakeup_clear(int descriptor) {
    eventfd_t count;
    (void)eventfd_read(descriptor, &count);
}

int wait_ready(struct pollfd *descriptors, unsigned count, int64_t nanoseconds) {
    struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int ready = ppoll(descriptors, count, nanoseconds < 0 ? NULL : &timeout, NULL);
    return ready < 0 ? -errno : ready;
}
