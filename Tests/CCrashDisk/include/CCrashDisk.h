#ifndef CCRASHDISK_H
#define CCRASHDISK_H

#include <stdint.h>

/// From now on SQLite's default file system notes in the file `trace` all that it writes below `directory`, and when it
/// makes that durable. Files elsewhere are left alone. Returns 0, or an SQLite error code.
int crash_disk_record(const char *directory, const char *trace);

/// Notes that something was promised to somebody.
void crash_disk_mark(uint64_t number);

/// Ends the recording. Connections that were opened while it ran stay usable.
void crash_disk_stop(void);

#endif
