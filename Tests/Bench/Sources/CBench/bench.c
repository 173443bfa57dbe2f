#define _GNU_SOURCE
#include "CBench.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <time.h>

enum { batch = 64, room = 2048 };

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void bench_echo(int descriptor) {
    static _Thread_local uint8_t buffers[batch][room];
    struct sockaddr_in addresses[batch];
    struct iovec vectors[batch];
    struct mmsghdr messages[batch];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < batch; i++) {
        vectors[i].iov_base = buffers[i];
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &addresses[i];
    }
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
    while (poll(&waiting, 1, -1) > 0) {
        for (;;) {
            for (int i = 0; i < batch; i++) {
                vectors[i].iov_len = room;
                messages[i].msg_hdr.msg_namelen = sizeof addresses[i];
            }
            int count = recvmmsg(descriptor, messages, batch, MSG_DONTWAIT, NULL);
            if (count <= 0) break;
            for (int i = 0; i < count; i++) vectors[i].iov_len = messages[i].msg_len;
            for (int sent = 0; sent < count;) {
                int step = sendmmsg(descriptor, messages + sent, (unsigned)(count - sent), MSG_DONTWAIT);
                sent += step > 0 ? step : 1;
            }
            if (count < batch) break;
        }
    }
}

uint32_t bench_load(
    int descriptor, const uint8_t *datagrams, uint32_t size, uint32_t count, uint32_t window, uint64_t *nanoseconds) {
    static _Thread_local uint8_t buffers[batch][room];
    struct iovec outgoing[batch], incoming[batch];
    struct mmsghdr sends[batch], receives[batch];
    memset(sends, 0, sizeof sends);
    memset(receives, 0, sizeof receives);
    for (int i = 0; i < batch; i++) {
        incoming[i] = (struct iovec){.iov_base = buffers[i], .iov_len = room};
        receives[i].msg_hdr.msg_iov = &incoming[i];
        receives[i].msg_hdr.msg_iovlen = 1;
        sends[i].msg_hdr.msg_iov = &outgoing[i];
        sends[i].msg_hdr.msg_iovlen = 1;
    }
    uint32_t sent = 0, answered = 0, lost = 0;
    uint64_t start = now(), last = start;
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
    while (answered + lost < count) {
        while (sent < count && sent - answered - lost < window) {
            uint32_t step = window - (sent - answered - lost);
            if (step > batch) step = batch;
            if (step > count - sent) step = count - sent;
            for (uint32_t i = 0; i < step; i++) {
                outgoing[i].iov_base = (void *)(datagrams + (size_t)(sent + i) * size);
                outgoing[i].iov_len = size;
            }
            int done = sendmmsg(descriptor, sends, step, MSG_DONTWAIT);
            if (done <= 0) break;
            sent += (uint32_t)done;
        }
        if (poll(&waiting, 1, 200) <= 0) {
            // A side that is gone must not be waited for a window at a time.
            if (sent - answered - lost == window) break;
            lost = sent - answered;
            continue;
        }
        int got = recvmmsg(descriptor, receives, batch, MSG_DONTWAIT, NULL);
        if (got > 0) {
            answered += (uint32_t)got;
            last = now();
        }
    }
    *nanoseconds = last - start;
    return answered;
}

void bench_reply(int descriptor) {
    static uint8_t buffer[65536];
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
    struct sockaddr_in source;
    while (poll(&waiting, 1, -1) > 0) {
        socklen_t length = sizeof source;
        ssize_t size = recvfrom(descriptor, buffer, sizeof buffer, MSG_DONTWAIT, (struct sockaddr *)&source, &length);
        if (size >= 0) sendto(descriptor, buffer, (size_t)size, 0, (struct sockaddr *)&source, length);
    }
}

uint32_t bench_ping(int descriptor, uint32_t size, uint32_t count, uint64_t *nanoseconds) {
    static uint8_t buffer[65536];
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
    uint32_t answered = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = now();
        send(descriptor, buffer, size, 0);
        if (poll(&waiting, 1, 1000) > 0 && recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT) >= 0) answered++;
        nanoseconds[i] = now() - start;
    }
    return answered;
}
