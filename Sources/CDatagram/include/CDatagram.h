/// The system calls for UDP that Swift's Glibc module lacks: recvmmsg(2) and sendmmsg(2) over slots of fixed size,
/// UDP_SEGMENT and UDP_GRO (udp(7)), IP_PKTINFO, ECN, fragments and multicast (ip(7)), rtnetlink(7), eventfd(2),
/// timerfd_create(2), ppoll(2), epoll(7); and those for files, of which it has no part. No policy lives here.
#ifndef CDATAGRAM_H
#define CDATAGRAM_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/// An IPv4 (family 4) or IPv6 (family 6) address in host order; IPv4 occupies the low 32 bits of `low`. A link-local IPv6
/// address has the index of the interface that it belongs to (its zone, RFC 4007) in the low 32 bits of `high`.
typedef struct {
    uint64_t high;
    uint64_t low;
    uint8_t family;
} datagram_ip;

/// One datagram, or a run of datagrams of one size (the last may be shorter) between the same two addresses.
typedef struct {
    /// The slot's own buffer, `slot_size` bytes.
    uint8_t *bytes;
    uint32_t length;
    /// The size of each datagram of a run; 0 when the slot holds a single datagram.
    uint16_t segment;
    /// The remote port.
    uint16_t port;
    /// The remote address.
    datagram_ip remote;
    /// The local address; family 0 when unknown (receiving) or left to the routing table (sending).
    datagram_ip local;
    /// The interface to send through, by its index; 0 leaves it to the routing table. Not set when receiving.
    uint32_t interface;
    /// The ECN field of the IP header, that of all datagrams of a run (RFC 3168 §5).
    uint8_t ecn;
    /// Whether the datagram was longer than the slot.
    bool truncated;
} datagram_slot;

/// Slots with the kernel's descriptors of them. Confined to one thread.
typedef struct datagram_batch datagram_batch;

/// NULL when there is no memory.
datagram_batch *datagram_batch_create(uint32_t capacity, uint32_t slot_size);
void datagram_batch_destroy(datagram_batch *batch);
datagram_slot *datagram_batch_slots(datagram_batch *batch);

/// Fills slots from the first on, without waiting: all of them, or, where datagrams come in long runs, as many as stay in
/// the cache. Returns their number, or a negative errno.
int datagram_batch_receive(datagram_batch *batch, int descriptor);

/// Sends `count` slots from `first` on, without waiting. Returns how many were sent, at least one; or, when the first of
/// them could not be sent, its negative errno.
int datagram_batch_send(datagram_batch *batch, int descriptor, uint32_t first, uint32_t count);

/// Sends a slot that need not be of a batch: what its `bytes` point to is only read. Returns 0, or a negative errno.
int datagram_send_slot(const datagram_slot *slot, int descriptor);

/// Sends `length` bytes of a slot from `offset` on as one datagram. Returns 0, or a negative errno.
int datagram_send_part(const datagram_slot *slot, int descriptor, uint32_t offset, uint32_t length);

/// The same on a socket opened with DATAGRAM_WHOLE, in fragments if need be.
int datagram_send_in_fragments(const datagram_slot *slot, int descriptor, uint32_t offset, uint32_t length);

enum {
    /// Receive runs of datagrams in one slot, where the kernel can (UDP_GRO).
    DATAGRAM_COALESCE = 1,
    /// Report the local address of each received datagram (IP_PKTINFO, IPV6_RECVPKTINFO).
    DATAGRAM_LOCAL_ADDRESS = 2,
    /// Sockets of several programs may have the address, and each hears what comes to a group there (SO_REUSEADDR).
    DATAGRAM_SHARE_GROUP = 4,
    /// Send no datagram in fragments, whatever is known of its path: one that is longer than the interface carries is
    /// refused with EMSGSIZE (IP_PMTUDISC_PROBE).
    DATAGRAM_WHOLE = 8,
    /// Report the ECN field of each received datagram (IP_RECVTOS, IPV6_RECVTCLASS).
    DATAGRAM_CODEPOINT = 16,
};

/// Opens a non-blocking UDP socket bound to `address` and `port` (0: any) that asks for `buffer_size` bytes of receive
/// and send buffer (0: as many as the system gives by itself). An IPv6 socket carries IPv6 only. Returns the descriptor,
/// or a negative errno.
int datagram_open(datagram_ip address, uint16_t port, int buffer_size, int flags);

/// Asks for that many bytes of receive and send buffer.
void datagram_set_buffers(int descriptor, int buffer_size);

/// Hears what comes to the group through the interface with that index. Returns 0, also when it did before, or a negative
/// errno.
int datagram_join(int descriptor, datagram_ip group, uint32_t interface);

/// Hears it no more. An interface that is gone counts.
void datagram_leave(int descriptor, datagram_ip group, uint32_t interface);

/// Whether the kernel cuts runs of datagrams itself (UDP_SEGMENT). One that does not would send a run as one datagram.
bool datagram_can_segment(int descriptor);

/// What an interface carries in one packet, its IP header included, in bytes; or a negative errno.
int interface_mtu(const char *name);

/// The local port of a bound socket, or a negative errno.
int datagram_local_port(int descriptor);

/// Opens a non-blocking route netlink socket that hears of links, addresses and routes. Returns it, or a negative errno.
int netlink_open(void);

/// The local address from which this machine would send to `destination`; family 0 if it has no route there. Nothing is
/// sent.
datagram_ip route_source(datagram_ip destination);

/// Reads all waiting notifications. Returns 1 when one of them can matter to a UDP socket, 0 when none, or a negative
/// errno; lost notifications (ENOBUFS) matter.
int netlink_drain(int descriptor);

/// Opens a descriptor that is readable from a ring until it is cleared. Returns it, or a negative errno.
int wakeup_open(void);
/// Safe from any thread.
void wakeup_ring(int descriptor);
void wakeup_clear(int descriptor);

/// Opens a timer that counts the time in which the machine sleeps, too. Returns its descriptor, or a negative errno.
int boot_timer_open(void);
/// Makes it readable from a moment on, which may be over: nanoseconds of CLOCK_BOOTTIME. Until then it is not.
void boot_timer_set(int descriptor, int64_t nanoseconds);
/// Makes it not readable until it is set.
void boot_timer_clear(int descriptor);

/// poll(2) with a timeout in nanoseconds, which does not count the time in which the machine sleeps; a negative one
/// waits for ever. Returns what poll returns, or a negative errno.
int wait_ready(struct pollfd *descriptors, unsigned count, int64_t nanoseconds);

/// One of many descriptors that something happened to.
typedef struct {
    uint32_t token;
    /// As in poll(2).
    uint32_t events;
} ready_entry;

/// Opens a set of descriptors that is itself readable while one of them is ready, at a cost that does not depend on how
/// many there are. Returns its descriptor, or a negative errno.
int ready_set_open(void);

/// Watches a descriptor for `events` (POLLIN, POLLOUT) under `token`, or changes what it is watched for. A descriptor that
/// is closed leaves the set. Returns 0, or a negative errno.
int ready_set_watch(int set, int descriptor, uint32_t token, int events);

/// Fills up to `capacity` entries, at most 64, with what is ready now. Returns their number, or a negative errno.
int ready_set_take(int set, ready_entry *entries, unsigned capacity);

/// syncfs(2): brings everything in the file system of an open file to the disk. 0, or -1 with errno.
int storage_synchronize(int descriptor);

/// lseek(2) with SEEK_DATA and SEEK_HOLE: where the next data or hole begins, or -1 with errno.
int64_t storage_next_data(int descriptor, int64_t offset);
int64_t storage_next_hole(int descriptor, int64_t offset);

/// renameat2(2) with RENAME_NOREPLACE: 0, or -1 with errno; EEXIST where the name is taken, EINVAL or ENOSYS where the
/// file system cannot tell.
int storage_rename_new(const char *path, const char *destination);

#endif
