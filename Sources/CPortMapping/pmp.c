#define _GNU_SOURCE
#include "CPortMapping.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <natpmp.h>
#include <stdlib.h>
#include <sys/socket.h>

_Static_assert(PMP_TRY_AGAIN == NATPMP_TRYAGAIN, "the library's number is told as it is");

struct pmp_client {
    natpmp_t library;
};

pmp_client *pmp_open(uint32_t gateway) {
    pmp_client *client = calloc(1, sizeof *client);
    if (client == NULL) return NULL;
    if (initnatpmp(&client->library, 1, htonl(gateway)) != 0) {
        free(client);
        return NULL;
    }
    // The library opens its socket without this flag.
    (void)fcntl(client->library.s, F_SETFD, FD_CLOEXEC);
    return client;
}

void pmp_close(pmp_client *client) {
    closenatpmp(&client->library);
    free(client);
}

int pmp_descriptor(const pmp_client *client) {
    return client->library.s;
}

/// What came too late for an earlier request must not answer the next one.
static void drain(pmp_client *client) {
    char datagram[16];
    for (int count = 0; count < 64; count++) {
        if (recv(client->library.s, datagram, sizeof datagram, MSG_DONTWAIT) < 0 && errno != ECONNREFUSED) return;
    }
}

int pmp_ask_address(pmp_client *client) {
    drain(client);
    int result = sendpublicaddressrequest(&client->library);
    return result < 0 ? result : 0;
}

int pmp_ask_mapping(pmp_client *client, uint16_t internal_port, uint16_t external_port, uint32_t lifetime) {
    drain(client);
    int result =
        sendnewportmappingrequest(&client->library, NATPMP_PROTOCOL_UDP, internal_port, external_port, lifetime);
    return result < 0 ? result : 0;
}

int64_t pmp_wait(const pmp_client *client) {
    struct timeval left;
    // It only reads, and does not say so.
    if (getnatpmprequesttimeout((natpmp_t *)&client->library, &left) != 0) return -1;
    int64_t nanoseconds = (int64_t)left.tv_sec * 1000000000 + (int64_t)left.tv_usec * 1000;
    return nanoseconds < 0 ? 0 : nanoseconds;
}

int pmp_read(pmp_client *client, pmp_answer *answer) {
    natpmpresp_t response;
    int status = readnatpmpresponseorretry(&client->library, &response);
    if (status != 0) return status;
    *answer = (pmp_answer){.is_mapping = response.type == NATPMP_RESPTYPE_UDPPORTMAPPING, .epoch = response.epoch};
    if (answer->is_mapping) {
        answer->internal_port = response.pnu.newportmapping.privateport;
        answer->external_port = response.pnu.newportmapping.mappedpublicport;
        answer->lifetime = response.pnu.newportmapping.lifetime;
    }
    return 0;
}
