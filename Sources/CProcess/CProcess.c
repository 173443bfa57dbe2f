// The two file actions of posix_spawn that glibc declares for GNU sources only.
#define _GNU_SOURCE
#include "CProcess.h"

int cprocess_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int cprocess_change_directory(posix_spawn_file_actions_t *actions, const char *directory) {
    return posix_spawn_file_actions_addchdir_np(actions, directory);
}
