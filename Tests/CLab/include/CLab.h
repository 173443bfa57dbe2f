/// The few system calls of the laboratory that Swift's Glibc module does not show.
#pragma once

#include <stdint.h>
#include <sys/types.h>

/// Moves the calling thread into the network namespace behind `fd`. Returns 0, or -1 and errno.
int lab_enter_namespace(int fd);

/// Opens a TUN device of the calling thread's namespace. Returns its descriptor (non-blocking), or -1 and errno.
int lab_open_tun(const char *name);

/// pipe2(2) with O_CLOEXEC, so that no child holds another child's end.
int lab_pipe(int ends[2]);

/// Reads packets from `tun` and writes each back `delay` nanoseconds later, in order, until `stop` becomes readable.
/// Each packet is also written to `record`, after its length in two bytes (big-endian), unless `record` is -1.
/// Returns how many packets found the queue full and were dropped.
uint64_t lab_run_lag(int tun, int stop, uint64_t delay, int record);
