#include "CEmulator.h"

#include <stdlib.h>
#include <string.h>

#include "packet.h"

/// A frame in the queue or on the wire, and what will happen to it: decided when it arrived, so that it depends on
/// nothing else.
struct frame {
    struct frame *next;
    uint64_t due, number;
    /// From the end of its transmission.
    uint64_t latency;
    bool is_lost, is_held_back, is_doubled;
    size_t length;
    uint8_t bytes[];
};

struct link {
    size_t header;
    struct link_conditions conditions;
    struct link_counters counters;
    uint64_t random;
    /// Gilbert–Elliott's state.
    bool is_bad;
    uint64_t set_at;

    /// The frames that wait for the rate; the first is under transmission until `first_done`.
    struct frame *first, *last;
    uint64_t first_done, waiting_bytes;
    /// The shortest latency of those that wait: nothing of the queue comes out earlier.
    uint64_t least_latency;

    /// The frames on the wire, by the time at which they come out: a binary heap.
    struct frame **wire;
    size_t wire_count, wire_room;
    uint64_t latest_due, next_number, held_bytes;

    /// What `link_leave` gave away last.
    struct frame *given;
};

/// What may be on its way in one direction: 1 Gbit/s for two seconds.
static const uint64_t most_bytes = 256 << 20;

struct link *link_make(size_t header, uint64_t seed) {
    struct link *link = calloc(1, sizeof *link);
    if (!link) return NULL;
    link->header = header;
    link_seed(link, seed);
    return link;
}

void link_free(struct link *link) {
    while (link->first) {
        struct frame *frame = link->first;
        link->first = frame->next;
        free(frame);
    }
    for (size_t i = 0; i < link->wire_count; i++) free(link->wire[i]);
    free(link->wire);
    free(link->given);
    free(link);
}

struct link_conditions link_get(const struct link *link) { return link->conditions; }
struct link_counters link_count(const struct link *link) { return link->counters; }

/// SplitMix64.
static uint64_t draw(struct link *link) {
    uint64_t z = link->random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/// Uniform in [0, 1).
static double chance(struct link *link) { return (double)(draw(link) >> 11) * 0x1p-53; }

void link_seed(struct link *link, uint64_t seed) {
    link->random = seed * 0xd1342543de82ef95 + 1;
    link->is_bad = false;
}

// MARK: The wire

static bool is_before(const struct frame *a, const struct frame *b) {
    return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static void put_on_wire(struct link *link, struct frame *frame) {
    if (link->wire_count == link->wire_room) {
        size_t room = link->wire_room ? link->wire_room * 2 : 256;
        struct frame **wire = realloc(link->wire, room * sizeof *wire);
        if (!wire) {
            link->counters.overflow++;
            link->held_bytes -= frame->length;
            free(frame);
            return;
        }
        link->wire = wire, link->wire_room = room;
    }
    frame->number = link->next_number++;
    size_t at = link->wire_count++;
    for (; at > 0 && is_before(frame, link->wire[(at - 1) / 2]); at = (at - 1) / 2) {
        link->wire[at] = link->wire[(at - 1) / 2];
    }
    link->wire[at] = frame;
}

static struct frame *take_off_wire(struct link *link) {
    struct frame *first = link->wire[0], *last = link->wire[--link->wire_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < link->wire_count; at = child) {
        if (child + 1 < link->wire_count && is_before(link->wire[child + 1], link->wire[child])) child++;
        if (!is_before(link->wire[child], last)) break;
        link->wire[at] = link->wire[child];
    }
    link->wire[at] = last;
    return first;
}

/// A frame's transmission is complete.
static void launch(struct link *link, struct frame *frame, uint64_t now) {
    if (frame->is_lost) {
        link->counters.lost++;
        link->held_bytes -= frame->length;
        free(frame);
        return;
    }
    frame->due = now + frame->latency;
    if (frame->is_held_back) {
        link->counters.held_back++;
    } else if (!link->conditions.jitter_reorders) {
        if (frame->due < link->latest_due) frame->due = link->latest_due;
        link->latest_due = frame->due;
    }
    struct frame *twin = frame->is_doubled ? malloc(sizeof *twin + frame->length) : NULL;
    if (twin) {
        memcpy(twin, frame, sizeof *twin + frame->length);
        link->held_bytes += twin->length;
        link->counters.duplicated++;
    }
    put_on_wire(link, frame);
    if (twin) put_on_wire(link, twin);
}

// MARK: The queue

static uint64_t size_of(const struct link *link, const struct frame *frame) { return frame->length - link->header; }

static uint64_t transmission(const struct link *link, const struct frame *frame) {
    uint64_t rate = link->conditions.rate;
    return rate == 0 ? 0 : (uint64_t)((double)size_of(link, frame) * 8e9 / (double)rate);
}

/// Bytes that pass in a time at the rate.
static uint64_t bytes_in(const struct link *link, uint64_t time) {
    return (uint64_t)((double)link->conditions.rate * (double)time / 8e9);
}

/// Completes the transmissions that are complete by `now`.
static void serve(struct link *link, uint64_t now) {
    while (link->first && link->first_done <= now) {
        struct frame *frame = link->first;
        uint64_t done = link->first_done;
        link->waiting_bytes -= size_of(link, frame);
        link->first = frame->next;
        if (link->first) link->first_done = done + transmission(link, link->first);
        launch(link, frame, done);
    }
}

static void enqueue(struct link *link, struct frame *frame, struct packet *packet, uint64_t now) {
    const struct link_conditions *is = &link->conditions;
    if (is->rate == 0 && !link->first) return launch(link, frame, now);
    uint64_t size = size_of(link, frame);
    // What waits where the rate has just been lifted goes out by itself.
    uint64_t most = is->rate == 0 ? UINT64_MAX : is->queue_bytes ? is->queue_bytes : bytes_in(link, is->queue_time);
    if (link->first && link->waiting_bytes + size > most) {
        link->counters.queue_full++;
        link->held_bytes -= frame->length;
        free(frame);
        return;
    }
    uint64_t mark = is->mark_bytes ? is->mark_bytes : bytes_in(link, is->mark_time);
    if (mark > 0 && link->waiting_bytes > mark && packet->ip && packet_mark(packet)) link->counters.marked++;
    if (link->first) {
        uint64_t wait = is->rate == 0 ? 0 : (uint64_t)((double)link->waiting_bytes * 8e9 / (double)is->rate);
        if (wait > link->counters.longest_wait) link->counters.longest_wait = wait;
        link->last->next = frame;
        if (frame->latency < link->least_latency) link->least_latency = frame->latency;
    } else {
        link->first = frame;
        link->first_done = now + transmission(link, frame);
        link->least_latency = frame->latency;
    }
    link->last = frame;
    link->waiting_bytes += size;
}

// MARK: In and out

void link_set(struct link *link, const struct link_conditions *conditions, uint64_t now) {
    serve(link, now);
    link->conditions = *conditions;
    link->set_at = now;
}

static bool is_out(const struct link *link, uint64_t now) {
    uint64_t up = link->conditions.up, down = link->conditions.down;
    return down > 0 && (up == 0 || (now - link->set_at) % (up + down) >= up);
}

void link_arrive(struct link *link, const uint8_t *bytes, size_t length, uint64_t now) {
    const struct link_conditions *is = &link->conditions;
    struct link_counters *counters = &link->counters;
    serve(link, now);
    // Each frame draws the same count of numbers, whatever becomes of it.
    double loss = chance(link), turn = chance(link), jitter = chance(link), hold = chance(link), twin = chance(link);
    double flip = chance(link);
    uint64_t bit = draw(link);
    link->is_bad = link->is_bad ? turn >= is->bad_to_good : turn < is->good_to_bad;

    size_t size = length > link->header ? length - link->header : 0;
    counters->arrived++, counters->arrived_bytes += size;
    if (is_out(link, now)) {
        counters->outage++;
        return;
    }
    if (size == 0 || link->held_bytes + length > most_bytes) {
        counters->overflow++;
        return;
    }
    struct frame *frame = malloc(sizeof *frame + length);
    if (!frame) {
        counters->overflow++;
        return;
    }
    *frame = (struct frame){.length = length, .latency = is->delay};
    memcpy(frame->bytes, bytes, length);
    struct packet packet = packet_read(frame->bytes, length, link->header);
    if (packet.ip && !packet.is_discovery) {
        if (is->mtu > 0 && size > is->mtu) {
            counters->too_long++;
            free(frame);
            return;
        }
        double change = (2 * jitter - 1) * (double)is->jitter + (double)is->delay;
        frame->latency = change > 0 ? (uint64_t)change : 0;
        frame->is_lost = loss < (link->is_bad ? is->bad_loss : is->good_loss);
        frame->is_held_back = hold < is->reorder;
        if (frame->is_held_back) frame->latency += is->reorder_gap;
        frame->is_doubled = twin < is->duplicate;
        if (flip < is->corrupt && packet.payload_length > 0) {
            packet_flip(&packet, bit % (packet.payload_length * 8));
            counters->corrupted++;
        }
    }
    link->held_bytes += length;
    enqueue(link, frame, &packet, now);
}

uint64_t link_due(const struct link *link) {
    uint64_t due = link->wire_count ? link->wire[0]->due : UINT64_MAX;
    if (!link->first) return due;
    uint64_t queue = link->first_done + link->least_latency;
    return queue < due ? queue : due;
}

const uint8_t *link_leave(struct link *link, uint64_t now, size_t *length) {
    free(link->given);
    link->given = NULL;
    serve(link, now);
    if (link->wire_count == 0 || link->wire[0]->due > now) return NULL;
    struct frame *frame = link->given = take_off_wire(link);
    link->held_bytes -= frame->length;
    link->counters.delivered++, link->counters.delivered_bytes += size_of(link, frame);
    *length = frame->length;
    return frame->bytes;
}
