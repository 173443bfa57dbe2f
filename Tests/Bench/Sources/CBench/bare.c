#define _GNU_SOURCE
#include "CBench.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { header_size = 13, tag_size = 16, overhead = header_size + tag_size, run_size = 65536, max_payload = 65507 };
/// UDP_MAX_SEGMENTS before Linux 6.9, and messages that are taken from the kernel at once.
enum { max_run = 64, batch = 64 };

struct bench_bare {
    int descriptor;
    uint32_t size;
    bool segments;
    bool seals;
    uint64_t number;
    uint8_t key[crypto_aead_chacha20poly1305_ietf_KEYBYTES];
    _Atomic uint64_t bytes;
    _Atomic uint64_t datagrams;
};

bench_bare *bench_bare_create(int descriptor, uint32_t size, bool segments, bool seals) {
    if (sodium_init() < 0 || size <= overhead || size > max_payload) return NULL;
    bench_bare *bare = calloc(1, sizeof *bare);
    if (bare == NULL) return NULL;
    bare->descriptor = descriptor;
    bare->size = size;
    bare->segments = segments;
    bare->seals = seals;
    memset(bare->key, 7, sizeof bare->key);
    return bare;
}

uint64_t bench_bare_bytes(const bench_bare *bare) { return atomic_load(&bare->bytes); }

uint64_t bench_bare_datagrams(const bench_bare *bare) { return atomic_load(&bare->datagrams); }

/// Like a session's packet: a type, a connection id, a packet number, sealed bytes.
static void seal(bench_bare *bare, const uint8_t *plaintext, uint8_t *datagram) {
    memset(datagram, 0x40, 9);
    for (int i = 0; i < 4; i++) datagram[9 + i] = (uint8_t)(bare->number >> (24 - 8 * i));
    uint8_t nonce[12] = {0};
    memcpy(nonce + 8, datagram + 9, 4);
    bare->number++;
    if (!bare->seals) {
        memcpy(datagram + header_size, plaintext, bare->size - overhead);
        return;
    }
    crypto_aead_chacha20poly1305_ietf_encrypt(
        datagram + header_size, NULL, plaintext, bare->size - overhead, datagram, header_size, NULL, nonce, bare->key);
}

void bench_bare_send(bench_bare *bare) {
    uint8_t *plaintext = calloc(1, run_size), *run = calloc(1, run_size);
    if (plaintext == NULL || run == NULL) return;
    uint32_t count = bare->segments ? max_payload / bare->size : 1;
    if (count > max_run) count = max_run;
    union {
        struct cmsghdr alignment;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {0};
    struct iovec vector = {.iov_base = run, .iov_len = (size_t)count * bare->size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > 1) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        uint16_t size = (uint16_t)bare->size;
        memcpy(CMSG_DATA(c), &size, sizeof size);
    }
    for (;;) {
        for (uint32_t i = 0; i < count; i++) seal(bare, plaintext, run + (size_t)i * bare->size);
        if (sendmsg(bare->descriptor, &message, MSG_NOSIGNAL) < 0) continue;
        atomic_fetch_add_explicit(&bare->bytes, (uint64_t)count * (bare->size - overhead), memory_order_relaxed);
        atomic_fetch_add_explicit(&bare->datagrams, count, memory_order_relaxed);
    }
}

static uint32_t segment_of(struct msghdr *message, uint32_t length) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
        int segment;
        memcpy(&segment, CMSG_DATA(c), sizeof segment);
        if (segment > 0) return (uint32_t)segment;
    }
    return length;
}

static void open_run(bench_bare *bare, const uint8_t *run, uint32_t length, uint32_t segment, uint8_t *plaintext) {
    uint64_t bytes = 0, datagrams = 0;
    for (uint32_t offset = 0; offset < length; offset += segment) {
        uint32_t size = length - offset < segment ? length - offset : segment;
        if (size < overhead) continue;
        const uint8_t *datagram = run + offset;
        uint8_t nonce[12] = {0};
        memcpy(nonce + 8, datagram + 9, 4);
        if (bare->seals
            && crypto_aead_chacha20poly1305_ietf_decrypt(
                   plaintext, NULL, NULL, datagram + header_size, size - header_size, datagram, header_size, nonce,
                   bare->key)
                != 0)
            continue;
        bytes += size - overhead;
        datagrams++;
    }
    atomic_fetch_add_explicit(&bare->bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&bare->datagrams, datagrams, memory_order_relaxed);
}

void bench_bare_receive(bench_bare *bare) {
    int on = bare->segments;
    setsockopt(bare->descriptor, SOL_UDP, UDP_GRO, &on, sizeof on);
    uint8_t *runs = calloc(batch, run_size), *plaintext = calloc(1, run_size);
    struct mmsghdr messages[batch];
    struct iovec vectors[batch];
    union {
        struct cmsghdr alignment;
        char bytes[CMSG_SPACE(sizeof(int))];
    } controls[batch];
    memset(messages, 0, sizeof messages);
    if (runs == NULL || plaintext == NULL) return;
    struct pollfd waiting = {.fd = bare->descriptor, .events = POLLIN};
    while (poll(&waiting, 1, -1) > 0) {
        for (int i = 0; i < batch; i++) {
            vectors[i] = (struct iovec){.iov_base = runs + (size_t)i * run_size, .iov_len = run_size};
            messages[i].msg_hdr.msg_iov = &vectors[i];
            messages[i].msg_hdr.msg_iovlen = 1;
            messages[i].msg_hdr.msg_control = controls[i].bytes;
            messages[i].msg_hdr.msg_controllen = sizeof controls[i].bytes;
        }
        int count = recvmmsg(bare->descriptor, messages, batch, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            uint32_t length = messages[i].msg_len;
            open_run(bare, vectors[i].iov_base, length, segment_of(&messages[i].msg_hdr, length), plaintext);
        }
    }
}

uint32_t bench_key_exchanges(uint32_t count) {
    if (sodium_init() < 0) return 0;
    uint8_t public_keys[2][32], secret_keys[2][64], message[256] = {0};
    for (int side = 0; side < 2; side++) crypto_sign_ed25519_keypair(public_keys[side], secret_keys[side]);
    uint32_t right = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t scalars[2][32], points[2][32], shared[2][32], signatures[2][64];
        for (int side = 0; side < 2; side++) {
            randombytes_buf(scalars[side], 32);
            crypto_scalarmult_curve25519_base(points[side], scalars[side]);
        }
        bool is_right = true;
        for (int side = 0; side < 2; side++) {
            is_right &= crypto_scalarmult_curve25519(shared[side], scalars[side], points[1 - side]) == 0;
            memcpy(message, points[side], 32);
            crypto_sign_ed25519_detached(signatures[side], NULL, message, sizeof message, secret_keys[side]);
            is_right
                &= crypto_sign_ed25519_verify_detached(signatures[side], message, sizeof message, public_keys[side]) == 0;
        }
        right += is_right && memcmp(shared[0], shared[1], 32) == 0;
    }
    return right;
}
