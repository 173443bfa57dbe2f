// A layer over SQLite's file system that notes each change of a file, so that a test can play them up to any moment and
// lose what was not synced by then: a power cut.
//
//     record: kind:u8 | name length:u16 | name | offset:u64 | length:u32 | bytes                    numbers little-endian
//     kinds: 1 created, 2 written, 3 cut to `offset` bytes, 4 synced, 5 deleted, 6 promised `offset`

#include "CCrashDisk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *trace;
static char directory[512];
static sqlite3_vfs *real;
static sqlite3_vfs layer;

struct file {
    sqlite3_file base;
    char name[128];
    sqlite3_file *real;
};

static void note(uint8_t kind, const char *name, uint64_t offset, const void *bytes, uint32_t length) {
    pthread_mutex_lock(&lock);
    if (trace) {
        uint16_t name_length = (uint16_t)strlen(name);
        fwrite(&kind, 1, 1, trace);
        fwrite(&name_length, 2, 1, trace);
        fwrite(name, 1, name_length, trace);
        fwrite(&offset, 8, 1, trace);
        fwrite(&length, 4, 1, trace);
        if (length > 0) fwrite(bytes, 1, length, trace);
    }
    pthread_mutex_unlock(&lock);
}

// What follows the directory, when the path is below it and is a file that survives the process.
static const char *recorded(const char *path, int flags) {
    size_t length = strlen(directory);
    int kinds = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    if (!path || !(flags & kinds) || length == 0 || strncmp(path, directory, length) != 0) return NULL;
    const char *name = path + length;
    while (*name == '/') name++;
    return strlen(name) < sizeof(((struct file *)0)->name) ? name : NULL;
}

static struct file *self(sqlite3_file *file) { return (struct file *)file; }

static int close_file(sqlite3_file *file) { return self(file)->real->pMethods->xClose(self(file)->real); }
static int read_file(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    return self(file)->real->pMethods->xRead(self(file)->real, bytes, count, offset);
}
static int write_file(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    int code = self(file)->real->pMethods->xWrite(self(file)->real, bytes, count, offset);
    if (code == SQLITE_OK && self(file)->name[0]) note(2, self(file)->name, (uint64_t)offset, bytes, (uint32_t)count);
    return code;
}
static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
    int code = self(file)->real->pMethods->xTruncate(self(file)->real, size);
    if (code == SQLITE_OK && self(file)->name[0]) note(3, self(file)->name, (uint64_t)size, NULL, 0);
    return code;
}
static int sync_file(sqlite3_file *file, int flags) {
    int code = self(file)->real->pMethods->xSync(self(file)->real, flags);
    if (code == SQLITE_OK && self(file)->name[0]) note(4, self(file)->name, 0, NULL, 0);
    return code;
}
static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    return self(file)->real->pMethods->xFileSize(self(file)->real, size);
}
static int lock_file(sqlite3_file *file, int level) {
    return self(file)->real->pMethods->xLock(self(file)->real, level);
}
static int unlock_file(sqlite3_file *file, int level) {
    return self(file)->real->pMethods->xUnlock(self(file)->real, level);
}
static int check_lock(sqlite3_file *file, int *is_reserved) {
    return self(file)->real->pMethods->xCheckReservedLock(self(file)->real, is_reserved);
}
static int control(sqlite3_file *file, int operation, void *argument) {
    return self(file)->real->pMethods->xFileControl(self(file)->real, operation, argument);
}
static int sector_size(sqlite3_file *file) { return self(file)->real->pMethods->xSectorSize(self(file)->real); }
// No promise of the device is passed on: none of its own survives a power cut here.
static int characteristics(sqlite3_file *file) {
    (void)file;
    return 0;
}
static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
    return self(file)->real->pMethods->xShmMap(self(file)->real, page, size, extend, memory);
}
static int shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return self(file)->real->pMethods->xShmLock(self(file)->real, offset, count, flags);
}
static void shm_barrier(sqlite3_file *file) { self(file)->real->pMethods->xShmBarrier(self(file)->real); }
static int shm_unmap(sqlite3_file *file, int remove) {
    return self(file)->real->pMethods->xShmUnmap(self(file)->real, remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *actual) {
    (void)vfs;
    struct file *wrapper = self(file);
    wrapper->real = (sqlite3_file *)(wrapper + 1);
    wrapper->name[0] = 0;
    wrapper->base.pMethods = NULL;
    int existed = 0;
    if (path) real->xAccess(real, path, SQLITE_ACCESS_EXISTS, &existed);
    int code = real->xOpen(real, path, wrapper->real, flags, actual);
    if (code != SQLITE_OK) return code;
    const char *name = recorded(path, flags);
    if (name) {
        strcpy(wrapper->name, name);
        if (!existed) note(1, name, 0, NULL, 0);
    }
    wrapper->base.pMethods = &methods;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync) {
    (void)vfs;
    int code = real->xDelete(real, path, sync);
    const char *name = recorded(path, SQLITE_OPEN_MAIN_DB);
    if (code == SQLITE_OK && name) note(5, name, (uint64_t)sync, NULL, 0);
    return code;
}

int crash_disk_record(const char *path, const char *trace_path) {
    if (!real) {
        real = sqlite3_vfs_find(NULL);
        if (!real) return SQLITE_ERROR;
        layer = *real;
        layer.zName = "crash-disk";
        layer.pNext = NULL;
        layer.szOsFile = (int)sizeof(struct file) + real->szOsFile;
        layer.xOpen = open_file;
        layer.xDelete = delete_file;
        int code = sqlite3_vfs_register(&layer, 1);
        if (code != SQLITE_OK) return code;
    }
    FILE *opened = fopen(trace_path, "wb");
    if (!opened) return SQLITE_CANTOPEN;
    pthread_mutex_lock(&lock);
    snprintf(directory, sizeof(directory), "%s", path);
    trace = opened;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

void crash_disk_mark(uint64_t number) { note(6, "", number, NULL, 0); }

void crash_disk_stop(void) {
    pthread_mutex_lock(&lock);
    if (trace) fclose(trace);
    trace = NULL;
    directory[0] = 0;
    pthread_mutex_unlock(&lock);
}
