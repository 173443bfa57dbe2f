#include "packet.h"

enum { ipv4 = 0x0800, ipv6 = 0x86dd, udp = 17, icmpv6 = 58, ethernet_header = 14, udp_header = 8 };

static uint16_t word(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

struct packet packet_read(uint8_t *frame, size_t length, size_t header) {
    struct packet packet = {0};
    if (length < header + 20) return packet;
    uint8_t *ip = frame + header;
    size_t rest = length - header, size = 0;
    int version = ip[0] >> 4, protocol = -1;
    int type = header == ethernet_header ? word(frame + 12) : version == 4 ? ipv4 : version == 6 ? ipv6 : 0;
    if (type == ipv4 && version == 4) {
        size = (size_t)(ip[0] & 15) * 4;
        bool is_fragment = (word(ip + 6) & 0x3fff) != 0;
        if (!is_fragment) protocol = ip[9];
    } else if (type == ipv6 && version == 6) {
        size = 40;
        protocol = ip[6];
    } else {
        return packet;
    }
    if (size < 20 || size > rest) return packet;
    packet.ip = ip;
    packet.length = rest;
    packet.payload = ip + size;
    packet.payload_length = rest - size;
    if (protocol == udp && packet.payload_length >= udp_header) {
        packet.udp = packet.payload;
        packet.payload += udp_header;
        packet.payload_length -= udp_header;
    }
    packet.is_discovery =
        type == ipv6 && protocol == icmpv6 && packet.payload_length > 0 && *packet.payload >= 133
        && *packet.payload <= 137;
    return packet;
}

/// RFC 1624, equation 3: the checksum at `sum` after a word that it covers has changed.
static void amend(uint8_t *sum, uint16_t before, uint16_t after) {
    uint32_t total = (uint16_t)~word(sum) + (uint32_t)(uint16_t)~before + after;
    total = (total & 0xffff) + (total >> 16);
    total = (total & 0xffff) + (total >> 16);
    uint16_t value = (uint16_t)~total;
    sum[0] = (uint8_t)(value >> 8), sum[1] = (uint8_t)value;
}

bool packet_mark(struct packet *packet) {
    uint8_t *ip = packet->ip;
    uint8_t *field = ip[0] >> 4 == 4 ? ip + 1 : ip;
    // IPv6 has the traffic class between the version and the flow label: its last bits are in the middle of byte 1.
    uint8_t codepoint = ip[0] >> 4 == 4 ? ip[1] & 3 : ip[1] >> 4 & 3;
    if (codepoint == 0) return false;
    uint16_t before = word(ip);
    if (field == ip + 1) {
        ip[1] |= 3;
        amend(ip + 10, before, word(ip));
    } else {
        ip[1] |= 0x30;
    }
    return true;
}

void packet_flip(struct packet *packet, size_t bit) {
    if (packet->payload_length == 0) return;
    size_t at = bit / 8 % packet->payload_length;
    uint8_t before = packet->payload[at];
    packet->payload[at] ^= (uint8_t)(1 << bit % 8);
    // A sum of 0 says that there is none (RFC 768); one that comes out as 0 is sent as its equal.
    if (!packet->udp || word(packet->udp + 6) == 0) return;
    int shift = at % 2 == 0 ? 8 : 0;
    amend(packet->udp + 6, (uint16_t)(before << shift), (uint16_t)(packet->payload[at] << shift));
    if (word(packet->udp + 6) == 0) packet->udp[6] = packet->udp[7] = 0xff;
}
