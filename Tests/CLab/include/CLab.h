/// The few system calls of the laboratory that Swift's Glibc module does not show.
#pragma once

/// Moves the calling thread into the network namespace behind `fd`. Returns 0, or -1 and errno.
int lab_enter_namespace(int fd);

/// pipe2(2) with O_CLOEXEC, so that no child holds another child's end.
int lab_pipe(int ends[2]);
