/// The two sides of a measurement of datagrams on loopback, in C, so that neither is what is measured.
#ifndef CBENCH_H
#define CBENCH_H

#include <stdint.h>

/// Sends back every datagram that arrives at the IPv4 socket `descriptor`, 64 at a time, for ever: what a service can reach
/// at most.
void bench_echo(int descriptor);

/// Sends `count` datagrams of `size` bytes, one behind the other in `datagrams`, from the connected socket `descriptor`,
/// at most `window` of them unanswered at a time. An answer that does not come within 200 ms is given up, and so is the
/// rest when a whole window stays unanswered.
/// Returns the number of answers, and the time from the first datagram to the last answer in `*nanoseconds`.
uint32_t bench_load(
    int descriptor, const uint8_t *datagrams, uint32_t size, uint32_t count, uint32_t window, uint64_t *nanoseconds);

#endif
