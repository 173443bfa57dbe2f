/// libnatpmp and libminiupnpc, as the asking of one gateway for one UDP port needs them. UPnP runs in a process that can
/// be ended. No policy lives here.
#ifndef CPORTMAPPING_H
#define CPORTMAPPING_H

#include <stdint.h>

/// A socket of libnatpmp towards one gateway. Confined to one thread.
typedef struct pmp_client pmp_client;

/// NULL when there is no way to the gateway, an IPv4 address in host order, or no memory.
pmp_client *pmp_open(uint32_t gateway);
void pmp_close(pmp_client *client);
int pmp_descriptor(const pmp_client *client);

/// Asks for the external address. Returns 0, or libnatpmp's negative error. A request takes the place of the one before.
int pmp_ask_address(pmp_client *client);
/// Asks for a UDP mapping of so many seconds; 0 ends it.
int pmp_ask_mapping(pmp_client *client, uint16_t internal_port, uint16_t external_port, uint32_t lifetime);

/// Nanoseconds until the request is due again, at least 0; negative when there is none.
int64_t pmp_wait(const pmp_client *client);

typedef struct {
    /// Whether a mapping was answered, and not the external address.
    _Bool is_mapping;
    uint16_t internal_port;
    uint16_t external_port;
    /// Seconds.
    uint32_t lifetime;
    /// Seconds since the gateway began with an empty table.
    uint32_t epoch;
} pmp_answer;

enum { PMP_TRY_AGAIN = -100 };

/// Reads an answer, or repeats the request if it is due. Returns 0 with an answer, PMP_TRY_AGAIN without one, or
/// libnatpmp's negative error.
int pmp_read(pmp_client *client, pmp_answer *answer);

typedef enum {
    /// Looks for the gateway's WAN connection service. Answers: control URL, service type.
    IGD_FIND = 0,
    /// Adds a UDP mapping, or renews it, and looks it up in the gateway's table. Answers: lease in seconds, client,
    /// internal port; the last two are empty where the gateway does not show its table.
    IGD_ADD = 1,
    /// Removes a UDP mapping. Answers nothing.
    IGD_REMOVE = 2,
} igd_operation;

/// The mapping that is meant; nothing for IGD_FIND.
typedef struct {
    uint16_t external_port;
    uint16_t internal_port;
    /// Seconds.
    uint32_t lease;
} igd_mapping;

enum {
    /// Bytes of an answer, at most.
    IGD_ANSWER_SIZE = 1024
};

/// A process that carries out one operation. Its answer can be read from `descriptor`, which ends when it ends: a status
/// in decimal digits (0, or a UPnP error code, or a negative error of the library) and the operation's fields, each
/// followed by a zero byte.
typedef struct {
    int descriptor;
    int process;
} igd_task;

/// Starts an operation. libminiupnpc waits for whom it talks to, and holds what it is sent in memory, without bounds, and
/// it reads XML from whoever answers on the local network; so it runs in a process that owns nothing, sees no descriptor
/// of this one, has little memory to take, and is killed when its time is over. It speaks to no host but `gateway`.
///
/// Addresses are IPv4 in text; `control_url` and `service_type` may be empty for IGD_FIND. Returns 0, or a negative errno.
int igd_begin(
    igd_operation operation, const char *gateway, const char *client, const char *control_url, const char *service_type,
    igd_mapping mapping, igd_task *task);

/// Kills the process if it still runs, and closes the descriptor.
void igd_end(igd_task task);

#endif
