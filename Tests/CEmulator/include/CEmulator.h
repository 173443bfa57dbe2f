/// A link between two hosts that is as slow, long and unreliable as one says, and the same on each run.
///
/// ```
///             ┌─────────────────────────────── one direction ───────────────────────────────┐
///   frame ──▶ │ outage? ─ longer than the MTU? ─▶ queue ▷ rate ─▶ lost? flipped? doubled? ─▶ │ ──▶ frame
///             │                 dropped           full: dropped,       delay ± jitter,       │
///             │                                   long: marked          held back?           │
///             └──────────────────────────────────────────────────────────────────────────────┘
/// ```
/// The bottleneck comes first and the wire behind it, so that a frame that is lost has taken its time at the rate: what a
/// link of 50 Mbit/s that loses 5 % can deliver is 47.5 Mbit/s. Sizes are those of IP packets: an Ethernet header costs
/// nothing. Frames that are not IP (ARP) and IPv6's search for neighbours (RFC 4861) are never lost, flipped, doubled or
/// held back: an emulated line must not make a host wait a second for its neighbour.
///
/// On a virtual machine of two cores the program carried 1.6 Gbit/s of TCP, took half a core for 0.9 Gbit/s through
/// `rate=1Gbit`, and added 0.15 ms to a round trip.
///
/// ``link_make`` and what follows it is the model, which knows no clock: time comes in. `emulator_main` is the program
/// around it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What one direction of a link does to frames. Times are in nanoseconds, shares between 0 and 1; all zero is a wire.
struct link_conditions {
    /// From the end of a frame's transmission to its arrival; `jitter` is uniform, up to this much more or less.
    uint64_t delay, jitter;
    /// Whether frames may overtake each other where the jitter lets them; otherwise the later waits for the earlier.
    bool jitter_reorders;
    /// Gilbert–Elliott: the shares of frames with which the good state turns bad and the bad one good, and what each
    /// loses.
    double good_to_bad, bad_to_good, good_loss, bad_loss;
    /// The share of frames that are held back by `reorder_gap` while others overtake them.
    double reorder;
    uint64_t reorder_gap;
    /// The share of frames that arrive twice.
    double duplicate;
    /// The share of frames in which one bit of the payload flips. A UDP datagram's checksum is made right again: the
    /// kernel would drop it otherwise, which is loss, and what must be seen is how the application takes it. In what is
    /// not UDP the checksum is left wrong.
    double corrupt;
    /// Bits per second; 0 is no limit, and then there is no queue.
    uint64_t rate;
    /// What may wait, the frame under transmission included: in bytes, or in nanoseconds of the rate where bytes are 0.
    /// An empty queue takes a frame of any size.
    uint64_t queue_bytes, queue_time;
    /// Above this, ECN-capable packets are marked as having met congestion (RFC 3168); in bytes or in time; 0 is never.
    uint64_t mark_bytes, mark_time;
    /// Longer IP packets vanish, and nobody is told: a path-MTU black hole. 0 is no limit.
    uint32_t mtu;
    /// Passes frames for `up`, then nothing for `down`, and so on, from when it was set. `down` of 0 is no outage; `up` of
    /// 0 with it is one without end.
    uint64_t up, down;
};

/// What one direction has done so far, in frames unless said otherwise.
struct link_counters {
    uint64_t arrived, arrived_bytes, delivered, delivered_bytes;
    /// Dropped: by an outage, above the MTU, at the full queue, on the wire, for want of memory.
    uint64_t outage, too_long, queue_full, lost, overflow;
    uint64_t duplicated, held_back, corrupted, marked;
    /// The longest wait for the rate that a frame has met, in nanoseconds.
    uint64_t longest_wait;
};

struct link;

/// Makes a direction that is a wire. `header` is what lies before the IP header: 14 for Ethernet frames, 0 for packets.
struct link *link_make(size_t header, uint64_t seed);
void link_free(struct link *link);

/// Changes the conditions from now on; what is on its way stays as it is, and what waits meets the new rate.
void link_set(struct link *link, const struct link_conditions *conditions, uint64_t now);
struct link_conditions link_get(const struct link *link);
/// Begins the random sequence anew: what happens to the n-th frame from here on is the seed's and n's affair alone.
void link_seed(struct link *link, uint64_t seed);

/// A frame enters; it is copied.
void link_arrive(struct link *link, const uint8_t *frame, size_t length, uint64_t now);
/// When to ask ``link_leave`` next; UINT64_MAX where nothing is on its way.
uint64_t link_due(const struct link *link);
/// The next frame that has come out by `now`, or NULL. The bytes are valid until the next call.
const uint8_t *link_leave(struct link *link, uint64_t now, size_t *length);
struct link_counters link_count(const struct link *link);

/// Reads words such as `delay=20ms loss=1% rate=10Mbit queue=100ms` into `conditions`, leaving what they do not name, and
/// `seed=7` into `seed`. Returns NULL, or the word that is wrong with nothing changed.
const char *link_parse(const char *words, struct link_conditions *conditions, uint64_t *seed);

/// Opens a TAP device (or a TUN device) of the calling thread's namespace. Returns its descriptor (non-blocking, closed on
/// exec), or -1 and errno.
int emulator_open_device(const char *name, bool is_tap);

/// The program `link-emulator`: see its usage. Returns the exit status.
int emulator_main(int argc, char **argv);
