#define _GNU_SOURCE
#include "CDatagram.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { control_size = CMSG_SPACE(sizeof(struct in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int)) };

// RFC 3168 §5: the low two bits of the octet that was called "type of service", or "traffic class".
enum { ecn_mask = 3 };

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} socket_address;

typedef union {
    struct cmsghdr alignment;
    char bytes[control_size];
} control_buffer;

// Received at once: more does not stay in the cache until it is opened, and what came first waits for what came last.
enum { batch_bytes = 512 * 1024, batch_least = 8 };

struct datagram_batch {
    uint32_t capacity;
    // How many slots the next receiving call may fill, and how many the calls before have changed.
    uint32_t wanted;
    uint32_t used;
    uint32_t slot_size;
    datagram_slot *slots;
    struct mmsghdr *headers;
    struct iovec *vectors;
    socket_address *addresses;
    control_buffer *controls;
    uint8_t *buffers;
    size_t buffers_size;
};

static datagram_ip ip_from_v4(const struct in_addr *address) {
    return (datagram_ip){.high = 0, .low = ntohl(address->s_addr), .family = 4};
}

static bool is_link_local(const datagram_ip *ip) { return ip->family == 6 && ip->high >> 54 == 0xfe80 >> 6; }

static uint32_t zone_of(const datagram_ip *ip) { return is_link_local(ip) ? (uint32_t)ip->high : 0; }

static datagram_ip ip_from_v6(const struct in6_addr *address, uint32_t zone) {
    datagram_ip ip = {.family = 6};
    for (int i = 0; i < 8; i++) {
        ip.high = ip.high << 8 | address->s6_addr[i];
        ip.low = ip.low << 8 | address->s6_addr[8 + i];
    }
    if (is_link_local(&ip)) ip.high = (ip.high & ~(uint64_t)UINT32_MAX) | zone;
    return ip;
}

static struct in_addr v4_from_ip(const datagram_ip *ip) {
    return (struct in_addr){.s_addr = htonl((uint32_t)ip->low)};
}

static struct in6_addr v6_from_ip(const datagram_ip *ip) {
    struct in6_addr address;
    uint64_t high = ip->high & ~(uint64_t)zone_of(ip);
    for (int i = 0; i < 8; i++) {
        address.s6_addr[i] = (uint8_t)(high >> (56 - 8 * i));
        address.s6_addr[8 + i] = (uint8_t)(ip->low >> (56 - 8 * i));
    }
    return address;
}

static socklen_t socket_address_set(socket_address *address, const datagram_ip *ip, uint16_t port) {
    memset(address, 0, sizeof *address);
    if (ip->family == 4) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        address->v4.sin_addr = v4_from_ip(ip);
        return sizeof address->v4;
    }
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(port);
    address->v6.sin6_addr = v6_from_ip(ip);
    address->v6.sin6_scope_id = zone_of(ip);
    return sizeof address->v6;
}

datagram_batch *datagram_batch_create(uint32_t capacity, uint32_t slot_size) {
    datagram_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) return NULL;
    batch->capacity = batch->wanted = batch->used = capacity;
    batch->slot_size = slot_size;
    batch->slots = calloc(capacity, sizeof *batch->slots);
    batch->headers = calloc(capacity, sizeof *batch->headers);
    batch->vectors = calloc(capacity, sizeof *batch->vectors);
    batch->addresses = calloc(capacity, sizeof *batch->addresses);
    batch->controls = calloc(capacity, sizeof *batch->controls);
    // Mapped, so that slots which never fill up never cost memory.
    batch->buffers_size = (size_t)capacity * slot_size;
    void *buffers = mmap(NULL, batch->buffers_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    batch->buffers = buffers == MAP_FAILED ? NULL : buffers;
    if (!batch->slots || !batch->headers || !batch->vectors || !batch->addresses || !batch->controls || !batch->buffers) {
        datagram_batch_destroy(batch);
        return NULL;
    }
    for (uint32_t i = 0; i < capacity; i++) {
        batch->slots[i].bytes = batch->buffers + (size_t)i * slot_size;
        batch->vectors[i].iov_base = batch->slots[i].bytes;
        batch->headers[i].msg_hdr.msg_iov = &batch->vectors[i];
        batch->headers[i].msg_hdr.msg_iovlen = 1;
        batch->headers[i].msg_hdr.msg_name = &batch->addresses[i];
    }
    return batch;
}

void datagram_batch_destroy(datagram_batch *batch) {
    if (batch == NULL) return;
    if (batch->buffers) munmap(batch->buffers, batch->buffers_size);
    free(batch->controls);
    free(batch->addresses);
    free(batch->vectors);
    free(batch->headers);
    free(batch->slots);
    free(batch);
}

datagram_slot *datagram_batch_slots(datagram_batch *batch) { return batch->slots; }

static void slot_read_control(datagram_slot *slot, struct msghdr *header) {
    slot->segment = 0;
    slot->local.family = 0;
    slot->ecn = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int segment;
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
            if (segment > 0 && (uint32_t)segment < slot->length) slot->segment = (uint16_t)segment;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
            slot->ecn = *(uint8_t *)CMSG_DATA(c) & ecn_mask;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
            int class;
            memcpy(&class, CMSG_DATA(c), sizeof class);
            slot->ecn = (uint8_t)class & ecn_mask;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            slot->local = ip_from_v4(&info.ipi_addr);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            slot->local = ip_from_v6(&info.ipi6_addr, info.ipi6_ifindex);
        }
    }
}

// What the kernel changed is set again.
static void reset_used(datagram_batch *batch) {
    for (uint32_t i = 0; i < batch->used; i++) {
        struct msghdr *header = &batch->headers[i].msg_hdr;
        header->msg_namelen = sizeof batch->addresses[i];
        header->msg_control = batch->controls[i].bytes;
        header->msg_controllen = control_size;
        header->msg_flags = 0;
        batch->vectors[i].iov_len = batch->slot_size;
    }
    batch->used = 0;
}

static void follow_size(datagram_batch *batch, uint64_t bytes) {
    uint64_t fitting = bytes == 0 ? batch->capacity : (uint64_t)batch_bytes * batch->used / bytes;
    if (fitting < batch_least) fitting = batch_least;
    batch->wanted = fitting < batch->capacity ? (uint32_t)fitting : batch->capacity;
}

int datagram_batch_receive(datagram_batch *batch, int descriptor) {
    reset_used(batch);
    int count;
    do {
        count = recvmmsg(descriptor, batch->headers, batch->wanted, MSG_DONTWAIT, NULL);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    batch->used = (uint32_t)count;
    uint64_t bytes = 0;
    for (int i = 0; i < count; i++) {
        datagram_slot *slot = &batch->slots[i];
        struct msghdr *header = &batch->headers[i].msg_hdr;
        slot->length = batch->headers[i].msg_len;
        bytes += slot->length;
        slot->truncated = (header->msg_flags & MSG_TRUNC) != 0;
        if (batch->addresses[i].any.sa_family == AF_INET) {
            slot->remote = ip_from_v4(&batch->addresses[i].v4.sin_addr);
            slot->port = ntohs(batch->addresses[i].v4.sin_port);
        } else {
            slot->remote = ip_from_v6(&batch->addresses[i].v6.sin6_addr, batch->addresses[i].v6.sin6_scope_id);
            slot->port = ntohs(batch->addresses[i].v6.sin6_port);
        }
        slot_read_control(slot, header);
    }
    follow_size(batch, bytes);
    return count;
}

static void control_add(struct msghdr *header, control_buffer *control, int level, int type, const void *data, size_t size) {
    struct cmsghdr *c = (struct cmsghdr *)(control->bytes + header->msg_controllen);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(c), data, size);
    header->msg_control = control->bytes;
    header->msg_controllen += CMSG_SPACE(size);
}

static void slot_write_control(const datagram_slot *slot, struct msghdr *header, control_buffer *control) {
    header->msg_control = NULL;
    header->msg_controllen = 0;
    if (slot->segment != 0) {
        control_add(header, control, SOL_UDP, UDP_SEGMENT, &slot->segment, sizeof slot->segment);
    }
    if (slot->ecn != 0) {
        int class = slot->ecn & ecn_mask;
        if (slot->remote.family == 4) control_add(header, control, IPPROTO_IP, IP_TOS, &class, sizeof class);
        else control_add(header, control, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof class);
    }
    if (slot->local.family == 4) {
        struct in_pktinfo info = {.ipi_spec_dst = v4_from_ip(&slot->local), .ipi_ifindex = (int)slot->interface};
        control_add(header, control, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else if (slot->local.family == 6) {
        uint32_t interface = slot->interface != 0 ? slot->interface : zone_of(&slot->local);
        struct in6_pktinfo info = {.ipi6_addr = v6_from_ip(&slot->local), .ipi6_ifindex = interface};
        control_add(header, control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

int datagram_batch_send(datagram_batch *batch, int descriptor, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        const datagram_slot *slot = &batch->slots[i];
        struct msghdr *header = &batch->headers[i].msg_hdr;
        header->msg_namelen = socket_address_set(&batch->addresses[i], &slot->remote, slot->port);
        header->msg_flags = 0;
        batch->vectors[i].iov_len = slot->length;
        slot_write_control(slot, header, &batch->controls[i]);
    }
    if (batch->used < first + count) batch->used = first + count;
    int sent;
    do {
        sent = sendmmsg(descriptor, batch->headers + first, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

int datagram_send_part(const datagram_slot *slot, int descriptor, uint32_t offset, uint32_t length) {
    datagram_slot part = *slot;
    part.segment = 0;
    part.bytes += offset;
    part.length = length;
    return datagram_send_slot(&part, descriptor);
}

int datagram_send_slot(const datagram_slot *slot, int descriptor) {
    socket_address address;
    control_buffer control;
    struct iovec vector = {.iov_base = slot->bytes, .iov_len = slot->length};
    struct msghdr header = {.msg_name = &address, .msg_iov = &vector, .msg_iovlen = 1};
    header.msg_namelen = socket_address_set(&address, &slot->remote, slot->port);
    slot_write_control(slot, &header, &control);
    ssize_t sent;
    do {
        sent = sendmsg(descriptor, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

static void set_option(int descriptor, int level, int name, int value) {
    // What asks through here is an improvement: the socket works without it.
    (void)setsockopt(descriptor, level, name, &value, sizeof value);
}

static void set_buffer(int descriptor, int name, int force_name, int size) {
    if (setsockopt(descriptor, SOL_SOCKET, force_name, &size, sizeof size) != 0) {
        set_option(descriptor, SOL_SOCKET, name, size);
    }
}

void datagram_set_buffers(int descriptor, int buffer_size) {
    set_buffer(descriptor, SO_RCVBUF, SO_RCVBUFFORCE, buffer_size);
    set_buffer(descriptor, SO_SNDBUF, SO_SNDBUFFORCE, buffer_size);
}

static void set_fragmenting(int descriptor, uint8_t family, bool fragments) {
    // PROBE: never in fragments, and whatever ICMP says of the path; the interface alone decides what is too long.
    if (family == 4) set_option(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, fragments ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE);
    else set_option(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, fragments ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_PROBE);
}

int datagram_send_in_fragments(const datagram_slot *slot, int descriptor, uint32_t offset, uint32_t length) {
    set_fragmenting(descriptor, slot->remote.family, true);
    int status = datagram_send_part(slot, descriptor, offset, length);
    set_fragmenting(descriptor, slot->remote.family, false);
    return status;
}

int interface_mtu(const char *name) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    int status = ioctl(descriptor, SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : -errno;
    close(descriptor);
    return status;
}

int datagram_open(datagram_ip address, uint16_t port, int buffer_size, int flags) {
    int family = address.family == 4 ? AF_INET : AF_INET6;
    int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    if (descriptor < 0) return -errno;
    int on = 1;
    if (family == AF_INET6 && setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) goto fail;
    if (flags & DATAGRAM_SHARE_GROUP && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) goto fail;
    if (flags & DATAGRAM_COALESCE) set_option(descriptor, SOL_UDP, UDP_GRO, 1);
    if (flags & DATAGRAM_LOCAL_ADDRESS) {
        if (family == AF_INET) set_option(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
        else set_option(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    }
    if (flags & DATAGRAM_WHOLE) set_fragmenting(descriptor, address.family, false);
    if (flags & DATAGRAM_CODEPOINT) {
        if (family == AF_INET) set_option(descriptor, IPPROTO_IP, IP_RECVTOS, 1);
        else set_option(descriptor, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    }
    if (buffer_size > 0) datagram_set_buffers(descriptor, buffer_size);
    socket_address local;
    socklen_t length = socket_address_set(&local, &address, port);
    if (bind(descriptor, &local.any, length) != 0) goto fail;
    return descriptor;
fail:;
    int error = errno;
    close(descriptor);
    return -error;
}

bool datagram_can_segment(int descriptor) {
    int segment;
    socklen_t length = sizeof segment;
    return getsockopt(descriptor, SOL_UDP, UDP_SEGMENT, &segment, &length) == 0;
}

int datagram_local_port(int descriptor) {
    socket_address local;
    socklen_t length = sizeof local;
    if (getsockname(descriptor, &local.any, &length) != 0) return -errno;
    return ntohs(local.any.sa_family == AF_INET ? local.v4.sin_port : local.v6.sin6_port);
}

typedef union {
    struct ip_mreqn v4;
    struct ipv6_mreq v6;
} membership;

static socklen_t membership_set(membership *member, const datagram_ip *group, uint32_t interface) {
    memset(member, 0, sizeof *member);
    if (group->family == 4) {
        member->v4.imr_multiaddr = v4_from_ip(group);
        member->v4.imr_ifindex = (int)interface;
        return sizeof member->v4;
    }
    member->v6.ipv6mr_multiaddr = v6_from_ip(group);
    member->v6.ipv6mr_interface = interface;
    return sizeof member->v6;
}

int datagram_join(int descriptor, datagram_ip group, uint32_t interface) {
    membership member;
    socklen_t size = membership_set(&member, &group, interface);
    int status = group.family == 4 ? setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, size)
                                   : setsockopt(descriptor, IPPROTO_IPV6, IPV6_JOIN_GROUP, &member, size);
    return status == 0 || errno == EADDRINUSE ? 0 : -errno;
}

void datagram_leave(int descriptor, datagram_ip group, uint32_t interface) {
    membership member;
    socklen_t size = membership_set(&member, &group, interface);
    if (group.family == 4) (void)setsockopt(descriptor, IPPROTO_IP, IP_DROP_MEMBERSHIP, &member, size);
    else (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &member, size);
}
