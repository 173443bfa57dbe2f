#define _GNU_SOURCE
#include "CEmulator.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: link-emulator ARM [ARM] [DIRECTION CONDITION...]... [--record FILE] [--seconds N]\n"
    "\n"
    "Carries frames between two network interfaces that it makes, under conditions that can change while it runs.\n"
    "\n"
    "ARM is [NAMESPACE/]INTERFACE; the number of a process in it names a namespace too. Two arms are the ends of an\n"
    "Ethernet cable (TAP devices): a is from the first to the second. A single one is a detour for routed packets (a TUN\n"
    "device): what goes in comes out of it again, by way of a. The interfaces have to be given addresses and set up;\n"
    "they go away with the program.\n"
    "\n"
    "DIRECTION is a, b or both. CONDITION is\n"
    "  delay=20ms                one way\n"
    "  jitter=5ms                up to this much more or less, in order; jitter=5ms+reorder: as it comes\n"
    "  loss=1%                   independent; loss=1%/4: in bursts of 4 on average;\n"
    "                            loss=P/R/BAD/GOOD: Gilbert-Elliott, e.g. 1%/25%/80%/0.1%\n"
    "  reorder=25%/5ms           this share is held back for 5 ms\n"
    "  duplicate=1%              this share arrives twice\n"
    "  corrupt=2%                in this share a bit of the payload flips; UDP checksums are made right again\n"
    "  rate=10Mbit queue=100ms   of IP packets; the queue (100ms, if not said) in time or bytes (64KiB) drops at its tail\n"
    "  mark=20ms                 ECN-capable packets that find more than this in the queue are marked\n"
    "  mtu=1280                  longer IP packets vanish\n"
    "  outage=5s/2s              5 s up, 2 s down, and so on from now; outage=on: down; outage=off\n"
    "  seed=7                    begins the random sequence anew\n"
    "and 0 in the place of a value takes the condition away. Units: s ms us, Gbit Mbit kbit, MiB KiB MB kB B.\n"
    "\n"
    "When the interfaces are there it prints \"ready\". Lines on standard input then are answered with one line each:\n"
    "  DIRECTION CONDITION...    \"ok\"\n"
    "  stats                     what both directions have done so far, as JSON\n"
    "  inject HEX                \"ok\"; lets a frame come out of the last arm at once\n"
    "It ends with its input, or after --seconds N, and then --record FILE holds what has come in: each frame behind its\n"
    "length in two bytes, big-endian.\n";

/// Passes are no closer than this, so that a fast link costs a pass for many frames and not one for each. A frame may be
/// read and sent this much late.
static const uint64_t grain = 50000;

enum { largest_frame = 65536 + 64, batch = 64, most_command = 2 * largest_frame + 64, queue_length = 10000 };

/// One of the program's interfaces, and the direction that what is read from it takes.
struct arm {
    char name[IFNAMSIZ];
    int device;
    struct link *link;
    struct arm *other;
    uint64_t unsent;
};

struct emulator {
    struct arm arms[2];
    int count, record;
    uint64_t end;
    char command[most_command];
    size_t command_length;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// MARK: Interfaces

int emulator_open_device(const char *name, bool is_tap) {
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) return -1;
    struct ifreq request = {.ifr_flags = (short)((is_tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI)};
    snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
    int result = ioctl(device, TUNSETIFF, &request);
    // What the kernel drops before we read it is in nobody's count, so there must be room for any burst.
    int configurer = result == 0 ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (configurer >= 0) {
        struct ifreq length = {.ifr_qlen = queue_length};
        snprintf(length.ifr_name, IFNAMSIZ, "%s", name);
        result = ioctl(configurer, SIOCSIFTXQLEN, &length);
        close(configurer);
    }
    if (result == 0 && configurer >= 0) return device;
    int error = errno;
    close(device);
    errno = error;
    return -1;
}

/// Opens `[NAMESPACE/]INTERFACE`, a namespace being a name or a process in it. Returns -1 and errno.
static int open_arm(struct arm *arm, const char *text, bool is_tap) {
    const char *slash = strrchr(text, '/');
    snprintf(arm->name, sizeof arm->name, "%s", slash ? slash + 1 : text);
    if (!slash) return arm->device = emulator_open_device(arm->name, is_tap);
    bool is_process = strspn(text, "0123456789") == (size_t)(slash - text);
    char path[256];
    snprintf(path, sizeof path, is_process ? "/proc/%.*s/ns/net" : "/run/netns/%.*s", (int)(slash - text), text);
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(path, O_RDONLY | O_CLOEXEC);
    arm->device = -1;
    int error = 0;
    if (home >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0) {
        arm->device = emulator_open_device(arm->name, is_tap);
        error = errno;
        if (setns(home, CLONE_NEWNET) != 0) abort();
    } else {
        error = errno;
    }
    if (home >= 0) close(home);
    if (there >= 0) close(there);
    errno = error;
    return arm->device;
}

// MARK: Frames

/// Returns -1 when the device is gone.
static int take_in(struct emulator *emulator, struct arm *arm) {
    static uint8_t buffer[2 + largest_frame];
    for (int i = 0; i < batch; i++) {
        ssize_t length = read(arm->device, buffer + 2, largest_frame);
        if (length < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
        buffer[0] = (uint8_t)(length >> 8), buffer[1] = (uint8_t)length;
        if (emulator->record >= 0 && write(emulator->record, buffer, (size_t)length + 2) < 0) emulator->record = -1;
        link_arrive(arm->link, buffer + 2, (size_t)length, now());
    }
    return 0;
}

static void put_out(struct arm *arm) {
    const uint8_t *frame;
    size_t length;
    uint64_t time = now();
    while ((frame = link_leave(arm->link, time, &length))) {
        if (write(arm->other->device, frame, length) < 0) arm->unsent++;
    }
}

// MARK: Commands

static void print_stats(struct emulator *emulator) {
    printf("{");
    for (int i = 0; i < emulator->count; i++) {
        const struct arm *arm = &emulator->arms[i];
        struct link_counters is = link_count(arm->link);
        printf(
            "%s\"%c\":{\"arrived\":%" PRIu64 ",\"arrivedBytes\":%" PRIu64 ",\"delivered\":%" PRIu64
            ",\"deliveredBytes\":%" PRIu64 ",\"outage\":%" PRIu64 ",\"tooLong\":%" PRIu64 ",\"queueFull\":%" PRIu64
            ",\"lost\":%" PRIu64 ",\"overflow\":%" PRIu64 ",\"unsent\":%" PRIu64 ",\"duplicated\":%" PRIu64
            ",\"heldBack\":%" PRIu64 ",\"corrupted\":%" PRIu64 ",\"marked\":%" PRIu64 ",\"longestWaitMs\":%.3f}",
            i ? "," : "", "ab"[i], is.arrived, is.arrived_bytes, is.delivered, is.delivered_bytes, is.outage,
            is.too_long, is.queue_full, is.lost, is.overflow, arm->unsent, is.duplicated, is.held_back, is.corrupted,
            is.marked, (double)is.longest_wait / 1e6);
    }
    printf("}\n");
}

/// Returns NULL, or the word that is wrong.
static const char *set(struct emulator *emulator, const char *direction, const char *words) {
    bool both = strcmp(direction, "both") == 0, known = false;
    for (int pass = 0; pass < 2; pass++) {  // first a trial, so that a mistake changes nothing
        for (int i = 0; i < emulator->count; i++) {
            if (!both && strcmp(direction, (const char *[]){"a", "b"}[i]) != 0) continue;
            known = true;
            struct link *link = emulator->arms[i].link;
            struct link_conditions conditions = link_get(link);
            uint64_t seed = UINT64_MAX;
            const char *wrong = link_parse(words, &conditions, &seed);
            if (wrong) return wrong;
            if (pass == 0) continue;
            link_set(link, &conditions, now());
            // The directions must not lose the same frames.
            if (seed != UINT64_MAX) link_seed(link, seed * 2 + (uint64_t)i);
        }
    }
    return known ? NULL : direction;
}

static bool inject(struct emulator *emulator, const char *hex) {
    static uint8_t frame[largest_frame];
    size_t length = 0;
    for (unsigned byte; length < sizeof frame && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        frame[length++] = (uint8_t)byte;
        if (hex[1] == '\0') return false;
    }
    return *hex == '\0' && write(emulator->arms[emulator->count - 1].device, frame, length) == (ssize_t)length;
}

static void obey(struct emulator *emulator, char *line) {
    size_t length = strcspn(line, " ");
    char *rest = line + length + (line[length] != '\0');
    line[length] = '\0';
    if (strcmp(line, "stats") == 0) {
        print_stats(emulator);
    } else if (strcmp(line, "inject") == 0) {
        puts(inject(emulator, rest) ? "ok" : "error: inject");
    } else {
        const char *wrong = set(emulator, line, rest);
        if (wrong) printf("error: %s\n", wrong);
        else puts("ok");
    }
    fflush(stdout);
}

/// Returns false at the end of the input.
static bool read_commands(struct emulator *emulator) {
    char *command = emulator->command;
    size_t *length = &emulator->command_length;
    ssize_t count = read(STDIN_FILENO, command + *length, most_command - 1 - *length);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    *length += (size_t)count;
    char *begin = command, *end;
    while ((end = memchr(begin, '\n', *length - (size_t)(begin - command)))) {
        *end = '\0';
        obey(emulator, begin);
        begin = end + 1;
    }
    *length -= (size_t)(begin - command);
    memmove(command, begin, *length);
    return *length < most_command - 1;
}

// MARK: The program

static int fail(const char *what) {
    fprintf(stderr, "link-emulator: %s: %s\n", what, strerror(errno));
    return 1;
}

/// Carries frames until the input or the time ends, or an interface is gone.
static int run(struct emulator *emulator) {
    for (uint64_t pass = 0;;) {
        uint64_t next_pass = pass + grain;
        struct timespec then = {(time_t)(next_pass / 1000000000u), (long)(next_pass % 1000000000u)};
        if (now() < next_pass) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
        pass = now();
        for (int i = 0; i < emulator->count; i++) put_out(&emulator->arms[i]);
        uint64_t due = emulator->end, time = now();
        for (int i = 0; i < emulator->count; i++) {
            uint64_t next = link_due(emulator->arms[i].link);
            if (next < due) due = next;
        }
        if (emulator->end <= time) return 0;
        uint64_t wait = due > time ? due - time : 0;
        struct timespec limit = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
        struct pollfd wanted[3] = {{.fd = emulator->end == UINT64_MAX ? STDIN_FILENO : -1, .events = POLLIN}};
        for (int i = 0; i < emulator->count; i++) {
            wanted[1 + i] = (struct pollfd){.fd = emulator->arms[i].device, .events = POLLIN};
        }
        int ready = ppoll(wanted, (nfds_t)(1 + emulator->count), due == UINT64_MAX ? NULL : &limit, NULL);
        if (ready < 0 && errno != EINTR) return fail("poll");
        if (ready <= 0) continue;
        for (int i = 0; i < emulator->count; i++) {
            if (wanted[1 + i].revents && take_in(emulator, &emulator->arms[i]) < 0) {
                return fail(emulator->arms[i].name);
            }
        }
        if (wanted[0].revents && !read_commands(emulator)) return 0;
    }
}

/// Reads the arguments behind the arms. Returns 0, or an exit status.
static int configure(struct emulator *emulator, int argc, char **argv) {
    const char *direction = NULL;
    for (int i = 0; i < argc; i++) {
        bool takes_value = strcmp(argv[i], "--record") == 0 || strcmp(argv[i], "--seconds") == 0;
        if (takes_value && i + 1 == argc) {
            fprintf(stderr, "link-emulator: %s needs a value\n", argv[i]);
            return 2;
        }
        if (strcmp(argv[i], "--record") == 0) {
            emulator->record = open(argv[++i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            if (emulator->record < 0) return fail(argv[i]);
        } else if (strcmp(argv[i], "--seconds") == 0) {
            emulator->end = now() + (uint64_t)(atof(argv[++i]) * 1e9);
        } else if (!strchr(argv[i], '=')) {
            direction = argv[i];
        } else {
            const char *wrong = direction ? set(emulator, direction, argv[i]) : argv[i];
            if (!wrong) continue;
            fprintf(stderr, "link-emulator: what is %s?\n", wrong);
            return 2;
        }
    }
    return 0;
}

int emulator_main(int argc, char **argv) {
    static struct emulator emulator = {.record = -1, .end = UINT64_MAX};
    while (emulator.count < 2 && 1 + emulator.count < argc) {
        const char *word = argv[1 + emulator.count];
        bool is_arm = *word != '-' && strcmp(word, "a") != 0 && strcmp(word, "b") != 0 && strcmp(word, "both") != 0;
        if (!is_arm) break;
        emulator.count++;
    }
    if (emulator.count == 0) {
        fputs(usage, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    bool is_tap = emulator.count == 2;
    for (int i = 0; i < emulator.count; i++) {
        struct arm *arm = &emulator.arms[i];
        if (open_arm(arm, argv[1 + i], is_tap) < 0) return fail(argv[1 + i]);
        arm->other = &emulator.arms[emulator.count - 1 - i];
        arm->link = link_make(is_tap ? 14 : 0, 2 + (uint64_t)i);
        if (!arm->link) return fail("memory");
        link_set(arm->link, &(struct link_conditions){.queue_time = 100000000}, now());
    }
    int status = configure(&emulator, argc - 1 - emulator.count, argv + 1 + emulator.count);
    if (status != 0) return status;
    // The emulator must not be late because others compute; where that is not allowed it does what it can.
    sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    puts("ready");
    fflush(stdout);
    status = run(&emulator);
    for (int i = 0; i < emulator.count; i++) {
        close(emulator.arms[i].device);
        link_free(emulator.arms[i].link);
    }
    return status;
}
