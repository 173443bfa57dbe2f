/// What the emulator must know of the packets that it carries.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// An IP packet in a frame, as far as it was understood.
struct packet {
    /// NULL where the frame is not IP.
    uint8_t *ip;
    size_t length;
    /// UDP: its header; otherwise NULL. A fragment has none.
    uint8_t *udp;
    /// What lies behind the last header that was understood.
    uint8_t *payload;
    size_t payload_length;
    /// Whether it is a part of neighbour discovery (RFC 4861).
    bool is_discovery;
};

struct packet packet_read(uint8_t *frame, size_t length, size_t header);

/// Sets "congestion experienced" on an ECN-capable packet. Returns whether it is marked now.
bool packet_mark(struct packet *packet);

/// Flips the payload's bit number `bit` and repairs a UDP checksum.
void packet_flip(struct packet *packet, size_t bit);
