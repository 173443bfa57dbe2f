#!/usr/bin/env python3
"""Asks a signaling service for all that §4.2 to §4.8 of Protocol.md promise, as two clients and as a stranger.

    service_check.py pinhole-signal://pinsrv1…@127.0.0.1:41414
"""

import os
import random
import socket
import struct
import sys
import time

import keys
import signaling
from signaling import (
    ABSENT, ANSWER, APPEARED, CONNECT, PEER, PING, PONG, REFRESH, REGISTERED, TAGS, UNREGISTER, VANISHED, tags_bytes)


class Socket:
    def __init__(self, service):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.service = service
        self.address = self.socket.getsockname()

    def send(self, datagram, port=None):
        self.socket.sendto(datagram, (self.service[0], port or self.service[1]))

    def receive(self, patience=5.0):
        """(datagram, source), or None where nothing comes."""
        self.socket.settimeout(patience)
        try:
            return self.socket.recvfrom(65535)
        except TimeoutError:
            return None

    def drain(self):
        while self.receive(0.01):
            pass


class Client:
    """A registration, with its datagrams in plain sight."""

    def __init__(self, key, service, tags):
        self.key, self.at, self.tags = key, Socket(service), tags
        self.keys = signaling.Keys(key)

    def register(self):
        self.at.send(self.keys.register(bytes(16), b"", []))
        challenge, _ = self.at.receive()
        expect(challenge[0] == 0xD2 and len(challenge) == 60, "a CHALLENGE of 60 bytes over IPv4")
        self.cookie, self.time, observed = self.keys.open_challenge(challenge)
        expect(observed == self.at.address, "the CHALLENGE says where the client is seen")
        self.datagram = self.keys.register(self.cookie, b"", self.tags)
        self.at.send(self.datagram)
        answer, _ = self.at.receive()
        self.begin(answer)
        return self.take(answer)

    def begin(self, answer):
        self.registration = answer[1:9]
        self.c2s, self.s2c = self.keys.registration(self.registration)
        self.number, self.received = 0, -1

    def take(self, datagram):
        number, plain = signaling.open_packet(datagram, self.s2c, self.received + 1)
        self.received = max(self.received, number)
        return signaling.read_replies(plain)

    def packet(self, content):
        self.number += 1
        return signaling.seal_packet(0xD3, self.registration, self.number - 1, self.c2s, content)

    def ask(self, content, patience=5.0):
        """What the service replies to these requests in one datagram."""
        packet = self.packet(content)
        self.at.send(packet)
        return self.replies(patience)

    def replies(self, patience=5.0):
        received = self.at.receive(patience)
        return self.take(received[0]) if received else []


def expect(holds, what):
    if not holds:
        sys.exit("not so: " + what)
    expect.count += 1


expect.count = 0


def introduce(kind, tag, side, blob):
    return bytes([kind]) + tag + bytes([side]) + struct.pack(">H", len(blob)) + blob


def check_registration(client):
    replies = client.register()
    expect([r[0] for r in replies] == [REGISTERED], "REGISTERED alone answers a REGISTER")
    _, registration, lifetime, stamp, observed, ports, second = replies[0]
    expect(registration == client.registration and lifetime == 90, "the registration and its 90 s")
    expect(abs(stamp / 1000 - time.time()) < 60 and observed == client.at.address, "time and observed address")
    expect(len(ports) == 3 and second is None, "three further ports, no second address")
    client.at.send(client.datagram)
    again, _ = client.at.receive()
    expect(again[1:9] == client.registration, "a repetition is answered with REGISTERED of that registration")
    expect([r[0] for r in client.take(again)] == [REGISTERED], "the repetition's answer opens")
    return ports


def check_requests(client):
    expect([r[0] for r in client.ask(bytes([REFRESH]))] == [REGISTERED], "REFRESH is answered by REGISTERED")
    pong = client.ask(bytes([0, 0, PING]) + b"12345678")
    expect(pong == [(PONG, b"12345678")], "zeros between requests are skipped; PONG has the data of PING")
    both = client.ask(bytes([PING]) + b"abcdefgh" + bytes([0x7E, PING]) + b"12345678")
    expect(both == [(PONG, b"abcdefgh")], "reading ends at an unknown request; what came before counts")
    packet = client.packet(bytes([PING]) + b"replayed")
    client.at.send(packet)
    expect(client.replies() == [(PONG, b"replayed")], "a packet is answered")
    client.at.send(packet)
    expect(client.at.receive(0.2) is None, "a replay is not")
    forged = bytearray(client.packet(bytes([REFRESH])))
    forged[-1] ^= 1
    client.at.send(bytes(forged))
    expect(client.at.receive(0.2) is None, "nor is a packet that does not open")
    tags = bytes([TAGS, 1]) + tags_bytes(client.tags) + bytes([PING]) + b"behind.."
    kinds = [r[0] for r in client.ask(tags)]
    expect(kinds == [REGISTERED, PONG], "TAGS is answered by REGISTERED, and the PING behind it")


def check_introduction(key, service, tag):
    caller = Client(key, service, [(tag, 0, True)])
    caller.register()
    blob = os.urandom(300)
    expect(caller.ask(introduce(CONNECT, tag, 0, blob)) == [(ABSENT, tag)], "ABSENT, where nobody is")

    callee = Client(key, service, [(tag, 1, True)])
    first = callee.register()
    appeared = first[1:] or callee.replies()
    expect(appeared == [(APPEARED, tag)], "who watches a tag whose other side is there hears APPEARED at once")
    expect(caller.replies() == [(APPEARED, tag)], "who watches it hears APPEARED when the other side comes")

    expect(caller.ask(introduce(CONNECT, tag, 0, blob)) == [(PEER, tag, [callee.at.address], b"")],
           "CONNECT is answered with the other's address and no blob")
    expect(callee.replies() == [(PEER, tag, [caller.at.address], blob)], "and forwarded with the caller's blob")
    answer = os.urandom(1024)
    callee.at.send(callee.packet(introduce(ANSWER, tag, 1, answer)))
    expect(caller.replies() == [(PEER, tag, [callee.at.address], answer)], "ANSWER brings the callee's")
    expect(callee.at.receive(0.2) is None, "and is itself not answered")
    callee.ask(introduce(ANSWER, tag, 1, os.urandom(1025)), 0.2)
    expect(caller.at.receive(0.2) is None, "a blob of more than 1024 bytes is not forwarded")

    old = callee.at
    callee.at = Socket(service)
    pong = callee.ask(bytes([PING]) + b"moved...")
    expect(pong == [(PONG, b"moved...")], "a registration moves with its client's address")
    peers = caller.ask(introduce(CONNECT, tag, 0, blob))
    expect(peers == [(PEER, tag, [callee.at.address], b"")], "and is found there")
    expect(callee.replies()[0][3] == blob and old.receive(0.2) is None, "and spoken to there")

    usurper = Client(key, service, [(tag, 1, False)])
    usurper.register()
    usurper.at.drain()
    expect(caller.replies() == [(APPEARED, tag)], "who takes a seat appears")
    peers = caller.ask(introduce(CONNECT, tag, 0, blob))
    expect(peers == [(PEER, tag, [usurper.at.address], b"")], "who registers later takes the seat")
    usurper.ask(bytes([UNREGISTER]), 0.2)
    usurper.at.send(usurper.packet(bytes([REFRESH])))
    expect(usurper.at.receive(0.2) is None, "after UNREGISTER there is no registration")
    usurper.at.send(usurper.datagram)
    expect(usurper.at.receive(0.2) is None, "nor does its REGISTER make another")


def check_presence(key, service, tag):
    watcher, other = (Client(key, service, [(tag, side, True)]) for side in (0, 1))
    watcher.register()
    other.register()
    expect(watcher.replies() == [(APPEARED, tag)], "APPEARED")
    other.at.send(other.packet(bytes([UNREGISTER])))
    expect(watcher.replies() == [(VANISHED, tag)], "who watches a tag hears VANISHED when the other side leaves")
    other = Client(key, service, [(tag, 1, False)])
    other.register()
    expect(watcher.replies() == [(APPEARED, tag)], "and APPEARED when it is back")
    other.at.send(other.packet(bytes([TAGS, 1]) + tags_bytes([])))
    other.replies()
    expect(watcher.at.receive(0.2) is None, "but nothing when TAGS leaves the tag out")


def check_strangers(key, service):
    """Bytes out against bytes in, before an address is proved."""
    stranger, said, heard = Socket(service), 0, 0
    chance = random.Random(1)
    keyring = signaling.Keys(key)
    good = keyring.register(bytes(16), b"", [])
    for i in range(2000):
        data = bytearray(good if i % 4 == 0 else chance.randbytes(chance.randrange(1, 1200)))
        if i % 4 == 0 and i % 8:
            data[chance.randrange(len(data))] ^= 1 + chance.randrange(255)
        else:
            data[0] = chance.choice((0, 0x40, 0xC1, 0xC3, 0xD1, 0xD2, 0xD3, 0xD4)) if i % 4 else data[0]
        said += len(data)
        stranger.send(bytes(data))
        while answer := stranger.receive(0.0001):
            expect(answer[0][0] == 0xD2, "nothing but CHALLENGE goes to strangers")
            heard += len(answer[0])
    expect(0 < heard <= said, "nobody is sent more than he sent")
    wrong = keyring.register(os.urandom(16), b"", [])
    stranger.drain()
    stranger.send(wrong)
    answer = stranger.receive(1)
    expect(answer is None or answer[0][0] == 0xD2, "a cookie of one's own makes no registration")


def stun(attributes=b"", transaction=None):
    return struct.pack(">HHI", 1, len(attributes), 0x2112A442) + (transaction or os.urandom(12)) + attributes


def check_stun(service, ports):
    client = Socket(service)
    for port in (service[1], *ports):
        request = stun()
        client.send(request, port)
        answer, source = client.receive()
        expect(source == (service[0], port) and len(answer) == 32, "a plain answer of 32 bytes, from that port")
        kind, length, cookie = struct.unpack(">HHI", answer[:8])
        expect((kind, length, cookie) == (0x0101, 12, 0x2112A442) and answer[8:20] == request[8:], "Binding success")
        kind, length, _, family, port_seen = struct.unpack(">HHBBH", answer[20:28])
        expect((kind, length, family) == (0x0020, 8, 1), "XOR-MAPPED-ADDRESS")
        ip = bytes(a ^ b for a, b in zip(answer[28:], answer[4:8]))
        expect((socket.inet_ntoa(ip), port_seen ^ 0x2112) == client.address, "where the request came from")
    client.send(stun(struct.pack(">HHI", 0x0003, 4, 2)))
    answer, source = client.receive()
    expect(source[1] == ports[0], "change port is answered from the next port")
    client.send(stun(struct.pack(">HHI", 0x0003, 4, 6)))
    answer, source = client.receive()
    expect(answer[:2] == b"\x01\x11" and b"\x00\x03" in answer[20:], "change IP is answered with 420")
    other = Socket(service)
    client.send(stun(struct.pack(">HHHH", 0x0027, 4, other.address[1], 0)))
    expect(other.receive()[0][:2] == b"\x01\x01" and client.receive(0.1) is None, "RESPONSE-PORT")
    client.send(stun(struct.pack(">HHI", 0x7777, 4, 0)))
    expect(client.receive()[0][:2] == b"\x01\x11", "an unknown attribute below 0x8000 is answered with 420")
    client.send(stun(struct.pack(">HHI", 0x8777, 4, 0)))
    expect(client.receive()[0][:2] == b"\x01\x01", "one above is not")
    client.send(b"\x00\x01\x00\x00" + bytes(16))
    expect(client.receive(0.2) is None, "without the magic cookie nothing is answered")


def main():
    key, host, port = keys.service_address(sys.argv[1])
    service = (host, port)
    client = Client(key, service, [(os.urandom(16), 0, False)])
    ports = check_registration(client)
    check_requests(client)
    check_introduction(key, service, os.urandom(16))
    check_presence(key, service, os.urandom(16))
    check_stun(service, ports)
    check_strangers(key, service)
    print(f"{expect.count} promises are kept")


if __name__ == "__main__":
    main()
