#define _GNU_SOURCE
#include "CPortMapping.h"

#include <errno.h>
#include <fcntl.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/miniwget.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    answer_descriptor = 3,
    /// What the libraries may allocate, in bytes: a gateway's description has some 10 kB.
    memory_limit = 16 << 20,
    /// Seconds: a second lock on the time, should the parent be stopped.
    time_limit = 5,
};

/// UPnP WANIPConnection:1, 2.4.16: "The NAT implementation only supports permanent lease times on port mappings".
enum { only_permanent_leases = 725 };

typedef struct {
    igd_operation operation;
    const char *gateway;
    const char *client;
    const char *control_url;
    const char *service_type;
    igd_mapping mapping;
} igd_request;

typedef struct {
    char bytes[IGD_ANSWER_SIZE];
    size_t length;
} igd_answer;

// What follows runs in the child, which ends by _exit: nothing needs to be freed.

static void append(igd_answer *answer, const char *field) {
    size_t length = strlen(field) + 1;
    if (answer->length + length > IGD_ANSWER_SIZE) _exit(1);
    memcpy(answer->bytes + answer->length, field, length);
    answer->length += length;
}

static void append_number(igd_answer *answer, long number) {
    char text[24];
    snprintf(text, sizeof text, "%ld", number);
    append(answer, text);
}

/// Whether a URL's host is the gateway: descriptions may name any URL, and their authors are not to choose whom we visit.
static int leads_to(const char *url, const char *gateway) {
    static const char scheme[] = "http://";
    size_t length = strlen(gateway);
    if (url == NULL || strncmp(url, scheme, sizeof scheme - 1) != 0) return 0;
    url += sizeof scheme - 1;
    return strncmp(url, gateway, length) == 0 && (url[length] == ':' || url[length] == '/');
}

/// The description at a URL, or 0. Redirections are not followed.
static int describe(const char *url, struct IGDdatas *data) {
    int length = 0, status = 0;
    char *description = miniwget(url, &length, 0, &status);
    if (description == NULL || status != 200) return 0;
    memset(data, 0, sizeof *data);
    parserootdesc(description, length, data);
    return 1;
}

/// Where the first service of the description at `url` is asked; 0 if that is anywhere but the gateway.
static int resolve(struct IGDdatas *data, const char *url, const char *gateway, struct UPNPUrls *urls) {
    if (data->first.servicetype[0] == 0) return 0;
    memset(urls, 0, sizeof *urls);
    GetUPNPUrls(urls, data, url, 0);
    return leads_to(urls->controlURL, gateway) && leads_to(urls->controlURL_CIF, gateway);
}

/// The WAN connection service of the description at `url`. UPNP_GetValidIGD would ask the services before anybody
/// could see where they are.
static int find_service(const char *url, const char *gateway, struct UPNPUrls *urls, struct IGDdatas *data) {
    if (!describe(url, data) || !resolve(data, url, gateway, urls)) return 0;
    // A gateway that says that it is not connected, or has a private address outside, may still map: this is verified
    // from outside anyway. It matters only where there is a choice.
    if (data->second.servicetype[0] == 0 || UPNPIGD_IsConnected(urls, data)) return 1;
    struct IGDdatas other = *data;
    struct UPNPUrls other_urls;
    other.first = data->second;
    if (resolve(&other, url, gateway, &other_urls) && UPNPIGD_IsConnected(&other_urls, &other)) {
        *data = other;
        *urls = other_urls;
    }
    return 1;
}

static long find(const igd_request *request, igd_answer *fields) {
    static const char *const types[] = {
        "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
        "urn:schemas-upnp-org:service:WANIPConnection:1",
        "urn:schemas-upnp-org:service:WANPPPConnection:1",
        NULL,
    };
    // Most gateways answer at once; the others may take the second that the request offers them.
    static const int delays[] = {250, 1000};
    for (size_t round = 0; round < sizeof delays / sizeof *delays; round++) {
        int error = 0;
        struct UPNPDev *found =
            upnpDiscoverDevices(types, delays[round], request->client, "", UPNP_LOCAL_PORT_ANY, 0, 2, &error, 1);
        for (struct UPNPDev *device = found; device != NULL; device = device->pNext) {
            if (!leads_to(device->descURL, request->gateway)) continue;
            struct UPNPUrls urls;
            struct IGDdatas data;
            if (!find_service(device->descURL, request->gateway, &urls, &data)) return UPNPCOMMAND_INVALID_RESPONSE;
            append(fields, urls.controlURL);
            append(fields, data.first.servicetype);
            return 0;
        }
    }
    return UPNPCOMMAND_HTTP_ERROR;
}

static long add(const igd_request *request, igd_answer *fields) {
    char external[8], internal[8], lease[12];
    snprintf(external, sizeof external, "%u", request->mapping.external_port);
    snprintf(internal, sizeof internal, "%u", request->mapping.internal_port);
    snprintf(lease, sizeof lease, "%u", request->mapping.lease);
    int status = UPNP_AddPortMapping(
        request->control_url, request->service_type, external, internal, request->client, "Pinhole", "UDP", NULL,
        lease);
    if (status == only_permanent_leases) {
        strcpy(lease, "0");
        status = UPNP_AddPortMapping(
            request->control_url, request->service_type, external, internal, request->client, "Pinhole", "UDP", NULL,
            lease);
    }
    if (status != UPNPCOMMAND_SUCCESS) return status;
    char client[16] = "", port[6] = "", description[80] = "", enabled[4] = "", left[16] = "";
    int listed = UPNP_GetSpecificPortMappingEntry(
        request->control_url, request->service_type, external, "UDP", NULL, client, port, description, enabled, left);
    append(fields, lease);
    append(fields, listed == UPNPCOMMAND_SUCCESS ? client : "");
    append(fields, listed == UPNPCOMMAND_SUCCESS ? port : "");
    return 0;
}

static long remove_mapping(const igd_request *request) {
    char external[8];
    snprintf(external, sizeof external, "%u", request->mapping.external_port);
    return UPNP_DeletePortMapping(request->control_url, request->service_type, external, "UDP", NULL);
}

static void limit_memory(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu", &pages) != 1) _exit(1);
    fclose(file);
    rlim_t bytes = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + memory_limit;
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
    setrlimit(RLIMIT_AS, &limit);
}

/// Lets go of everything that the child was born with.
static void isolate(int descriptor, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGALRM, &standard, NULL);
    sigaction(SIGTERM, &standard, NULL);
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignored, NULL);
    // Ctrl-C in a terminal reaches every process in it: the parent ends this one when it is time.
    sigaction(SIGINT, &ignored, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    alarm(time_limit);
    if (descriptor != answer_descriptor && dup2(descriptor, answer_descriptor) < 0) _exit(1);
    syscall(SYS_close_range, answer_descriptor + 1, ~0U, 0);
    // The library writes complaints to standard error.
    int null = open("/dev/null", O_RDWR);
    for (int stream = 0; stream < 3; stream++) dup2(null, stream);
    limit_memory();
}

static _Noreturn void run(const igd_request *request) {
    igd_answer fields = {.length = 0}, answer = {.length = 0};
    long status = UPNPCOMMAND_INVALID_ARGS;
    int is_addressed = request->operation == IGD_FIND || leads_to(request->control_url, request->gateway);
    if (is_addressed) {
        switch (request->operation) {
        case IGD_FIND: status = find(request, &fields); break;
        case IGD_ADD: status = add(request, &fields); break;
        case IGD_REMOVE: status = remove_mapping(request); break;
        }
    }
    append_number(&answer, status);
    if (answer.length + fields.length > IGD_ANSWER_SIZE) _exit(1);
    memcpy(answer.bytes + answer.length, fields.bytes, fields.length);
    // A pipe takes this much in one piece.
    ssize_t written = write(answer_descriptor, answer.bytes, answer.length + fields.length);
    _exit(written < 0);
}

// And this in the parent.

int igd_begin(
    igd_operation operation, const char *gateway, const char *client, const char *control_url, const char *service_type,
    igd_mapping mapping, igd_task *task) {
    igd_request request = {
        .operation = operation,
        .gateway = gateway,
        .client = client,
        .control_url = control_url,
        .service_type = service_type,
        .mapping = mapping,
    };
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -errno;
    pid_t parent = getpid();
    pid_t process = fork();
    if (process == 0) {
        isolate(ends[1], parent);
        run(&request);
    }
    int error = errno;
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        return -error;
    }
    *task = (igd_task){.descriptor = ends[0], .process = process};
    return 0;
}

void igd_end(igd_task task) {
    kill(task.process, SIGKILL);
    while (waitpid(task.process, NULL, 0) < 0 && errno == EINTR) {
    }
    close(task.descriptor);
}
