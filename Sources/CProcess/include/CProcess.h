#ifndef CPROCESS_H
#define CPROCESS_H

#include <spawn.h>

/// Lets the child have no descriptor from `first` on. Returns an errno.
int cprocess_close_from(posix_spawn_file_actions_t *actions, int first);

/// Lets the child begin in `directory`. Returns an errno.
int cprocess_change_directory(posix_spawn_file_actions_t *actions, const char *directory);

/// Lets the child begin in a process group of its own, with the signals as a shell has them. Returns an errno.
int cprocess_begin_anew(posix_spawnattr_t *attributes);

#endif
