#define _GNU_SOURCE
#include "CDatagram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
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

datagram_ip route_source(datagram_ip destination) {
    datagram_ip source = {.family = 0};
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t length;
    if (destination.family == 4) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(9);
        address.v4.sin_addr.s_addr = htonl((uint32_t)destination.low);
        length = sizeof address.v4;
    } else {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(9);
        for (int i = 0; i < 8; i++) {
            address.v6.sin6_addr.s6_addr[i] = (uint8_t)(destination.high >> (56 - 8 * i));
            address.v6.sin6_addr.s6_addr[8 + i] = (uint8_t)(destination.low >> (56 - 8 * i));
        }
        length = sizeof address.v6;
    }
    int descriptor = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return source;
    // Connecting a UDP socket looks the route up and sends nothing.
    if (connect(descriptor, &address.any, length) == 0 && getsockname(descriptor, &address.any, &length) == 0) {
        source.family = destination.family;
        if (destination.family == 4) {
            source.low = ntohl(address.v4.sin_addr.s_addr);
        } else {
            for (int i = 0; i < 8; i++) {
                source.high = source.high << 8 | address.v6.sin6_addr.s6_addr[i];
                source.low = source.low << 8 | address.v6.sin6_addr.s6_addr[8 + i];
            }
        }
    }
    close(descriptor);
    return source;
}
