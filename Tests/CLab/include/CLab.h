/// The few system calls of the laboratory that Swift's Glibc module does not show.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Moves the calling thread into the network namespace behind `fd`. Returns 0, or -1 and errno.
int lab_enter_namespace(int fd);

/// pipe2(2) with O_CLOEXEC, so that no child holds another child's end.
int lab_pipe(int ends[2]);

/// From now on the calling thread is told when `pid`'s first thread ends, and the process waits there with all of its
/// memory. Returns 0, or -1 and errno.
int lab_trace_exit(pid_t pid);

/// Waits until a traced process has come to its end; other signals reach it. Returns 0, or -1 if it ended without
/// stopping, or did not within `milliseconds`.
int lab_wait_exit(pid_t pid, int milliseconds);

/// Lets a process end that stopped there.
int lab_release(pid_t pid);

/// Looks for `needle` in the bytes from `start` to `end` of the memory behind `fd`, a /proc/PID/mem. Returns how many
/// places there are, and the first `limit` of them.
int lab_find(int fd, uint64_t start, uint64_t end, const uint8_t *needle, size_t size, uint64_t *places, int limit);
