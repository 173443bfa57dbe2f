#define _GNU_SOURCE
#include "CDatagram.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

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

int boot_timer_open(void) {
    int descriptor = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

void boot_timer_set(int descriptor, int64_t nanoseconds) {
    // A time of 0 would be none.
    if (nanoseconds < 1) nanoseconds = 1;
    struct itimerspec time = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    (void)timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &time, NULL);
}

void boot_timer_clear(int descriptor) {
    struct itimerspec never = {.it_value = {.tv_sec = 0}};
    (void)timerfd_settime(descriptor, 0, &never, NULL);
}

int wait_ready(struct pollfd *descriptors, unsigned count, int64_t nanoseconds) {
    struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int ready = ppoll(descriptors, count, nanoseconds < 0 ? NULL : &timeout, NULL);
    return ready < 0 ? -errno : ready;
}

int ready_set_open(void) {
    int set = epoll_create1(EPOLL_CLOEXEC);
    return set < 0 ? -errno : set;
}

int ready_set_watch(int set, int descriptor, uint32_t token, int events) {
    // The events of poll(2) and of epoll(7) that are asked for here have the same values.
    _Static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT, "poll and epoll differ");
    struct epoll_event event = {.events = (uint32_t)events, .data.u32 = token};
    if (epoll_ctl(set, EPOLL_CTL_MOD, descriptor, &event) == 0) return 0;
    if (errno != ENOENT) return -errno;
    return epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

int ready_set_take(int set, ready_entry *entries, unsigned capacity) {
    struct epoll_event events[64];
    int count;
    if (capacity > 64) capacity = 64;
    do {
        count = epoll_wait(set, events, (int)capacity, 0);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        entries[i] = (ready_entry){.token = events[i].data.u32, .events = events[i].events};
    }
    return count;
}
