#define _GNU_SOURCE
#include "CDatagram.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int netlink_open(void) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return -errno;
    struct sockaddr_nl local = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
    };
    if (bind(descriptor, (struct sockaddr *)&local, sizeof local) != 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

static int matters(const struct nlmsghdr *message) {
    switch (message->nlmsg_type) {
    case RTM_NEWADDR:
    case RTM_DELADDR:
    case RTM_NEWLINK:
    case RTM_DELLINK:
        return 1;
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
        if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg))) return 0;
        const struct rtmsg *route = NLMSG_DATA(message);
        // The kernel's local and broadcast routes follow an address, which is told of by itself.
        return route->rtm_type == RTN_UNICAST && !(route->rtm_flags & RTM_F_CLONED);
    }
    default:
        return 0;
    }
}

int netlink_drain(int descriptor) {
    _Alignas(struct nlmsghdr) char buffer[32768];
    int result = 0;
    // A storm of notifications must not hold the caller: what is left wakes it again.
    for (int round = 0; round < 64; round++) {
        ssize_t length = recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
        if (length < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) return result;
            if (errno == ENOBUFS) {
                result = 1;
                continue;
            }
            return -errno;
        }
        unsigned left = (unsigned)length;
        for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            if (matters(m)) result = 1;
        }
    }
    return result;
}
