#define _GNU_SOURCE
#include "CDatagram.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int storage_synchronize(int descriptor) {
    return syncfs(descriptor);
}

int64_t storage_next_data(int descriptor, int64_t offset) {
    return lseek(descriptor, offset, SEEK_DATA);
}

int64_t storage_next_hole(int descriptor, int64_t offset) {
    return lseek(descriptor, offset, SEEK_HOLE);
}

int storage_rename_new(const char *path, const char *destination) {
    return renameat2(AT_FDCWD, path, AT_FDCWD, destination, RENAME_NOREPLACE);
}
