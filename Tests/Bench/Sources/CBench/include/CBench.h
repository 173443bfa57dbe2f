/// What a measurement needs in C, so that it is not itself what is measured.
#ifndef CBENCH_H
#define CBENCH_H

#include <stdbool.h>
#include <stdint.h>

// MARK: Datagrams back and forth

/// Sends back every datagram that arrives at the IPv4 socket `descriptor`, 64 at a time, for ever: what a service can reach
/// at most.
void bench_echo(int descriptor);

/// Sends `count` datagrams of `size` bytes, one behind the other in `datagrams`, from the connected socket `descriptor`,
/// at most `window` of them unanswered at a time. An answer that does not come within 200 ms is given up, and so is the
/// rest when a whole window stays unanswered.
/// Returns the number of answers, and the time from the first datagram to the last answer in `*nanoseconds`.
uint32_t bench_load(
    int descriptor, const uint8_t *datagrams, uint32_t size, uint32_t count, uint32_t window, uint64_t *nanoseconds);

/// Waits for a datagram by poll(2) and sends it back, for ever: the other side of `bench_ping`.
void bench_reply(int descriptor);

/// Sends a datagram of `size` bytes from the connected socket and waits by poll(2) for one back, `count` times; the time of
/// each in `nanoseconds`. One that does not come back within a second counts as that second. Returns how many came back.
uint32_t bench_ping(int descriptor, uint32_t size, uint32_t count, uint64_t *nanoseconds);

// MARK: The bare loop

/// One direction of datagrams, sealed by the sender and opened by the receiver with libsodium's ChaCha20-Poly1305, and
/// nothing else: no acknowledgement, no repetition, no streams. The bound of what a session can reach.
typedef struct bench_bare bench_bare;

/// `size` is that of the datagrams; 13 bytes of it are a header, 16 the tag. With `segments` they are handed to the kernel
/// up to 64 at a time (UDP_SEGMENT), without one by one. Without `seals` the bytes are sent as they are.
bench_bare *bench_bare_create(int descriptor, uint32_t size, bool segments, bool seals);

/// Sends until the process ends. The socket is connected.
void bench_bare_send(bench_bare *bare);

/// Receives until the process ends, coalesced by the kernel where it can (UDP_GRO).
void bench_bare_receive(bench_bare *bare);

/// Bytes of plaintext that were sent or opened so far. From any thread.
uint64_t bench_bare_bytes(const bench_bare *bare);

/// Datagrams that were sent, or that were received and could be opened. From any thread.
uint64_t bench_bare_datagrams(const bench_bare *bare);

// MARK: Key agreement and signatures

/// What the cryptography of one handshake costs both sides together, `count` times: each makes an X25519 key pair,
/// agrees, signs once and verifies once. Returns the number that came out right.
uint32_t bench_key_exchanges(uint32_t count);

// MARK: Memory

/// Calls of malloc, calloc, realloc and their aligned relatives since the start, while they are counted, and the bytes
/// that they asked for. This program's own versions count and hand on to the C library's.
void bench_count_allocations(bool counts);
uint64_t bench_allocations(void);
uint64_t bench_allocated_bytes(void);

/// Bytes that the C library has given out and not got back.
uint64_t bench_heap_in_use(void);

// MARK: Processes

/// This process dies when its parent does. Returns 0, or -1 where the parent is gone already.
int bench_die_with_parent(void);

/// This process ends neither with its parent nor by what a terminal says.
void bench_outlive_parent(void);

/// Kills all other processes in this one's network namespace. Only for a namespace of our own.
void bench_kill_network(void);

/// Runs on one core from now on. Returns 0, or -1.
int bench_stay_on_core(int core);

/// A pipe that programs which are started later do not inherit. Returns 0 or -1.
int bench_pipe(int ends[2]);

/// Moves this process to a network namespace of its own, or to that of another process. Returns 0, or a negative errno.
int bench_new_network(void);
int bench_enter_network(int pid);

/// Removes a directory with everything in it.
void bench_remove(const char *path);

#endif
