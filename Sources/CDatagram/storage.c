#define _GNU_SOURCE
#include "CDatagram.h"

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
