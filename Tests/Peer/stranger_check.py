#!/usr/bin/env python3
"""Tries to get a word out of a peer that one is no contact of: §2.1, §2.11 and §3.8 of Protocol.md.

    stranger_check.py pin1… 127.0.0.1:41000
"""

import os
import random
import socket
import struct
import sys
import time

import handshake
import keys

COUNT = 20000


def expect(holds, what):
    if not holds:
        sys.exit("not so: " + what)


def heard(stranger, patience=0.0):
    """All datagrams that came."""
    datagrams = []
    stranger.settimeout(patience or 1e-5)
    try:
        while True:
            datagrams.append(stranger.recv(65535))
    except (TimeoutError, BlockingIOError):
        return datagrams


def main():
    public = keys.unbech32m("pin", sys.argv[1])
    host, _, port = sys.argv[2].rpartition(":")
    peer, chance = (host, int(port)), random.Random(1)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.1", 0))

    answers = []
    lengths = (1, 29, 64, 65, 93, 256, 1200)
    for i in range(COUNT):
        data = bytearray(chance.randbytes(chance.choice(lengths) if i % 2 else chance.randrange(1, 1500)))
        data[0] = i & 0xFF
        if data[0] == 0xC1 and len(data) > 1:
            data[1] = 1
        stranger.sendto(data, peer)
        if i % 50 == 0:
            answers += heard(stranger)
    binding = struct.pack(">HHI", 1, 0, 0x2112A442) + os.urandom(12)
    stranger.sendto(binding, peer)
    answers += heard(stranger, 1)
    expect(not answers, f"{COUNT} random datagrams and a STUN request draw nothing, but here {answers[:3]}")

    # Who knows the key of the peer, which is public, can make a valid mac1, but no more.
    pair = keys.Pair(keys.Identity(os.urandom(32)), public)
    attempt = handshake.Attempt(int(1000 * time.time()), 0)
    for _ in range(5):
        stranger.sendto(attempt.hello(pair, True), peer)
    expect(not heard(stranger, 0.5), "a stranger's HELLO draws nothing")
    time.sleep(1)
    cookies, said = [], 0
    for _ in range(200):
        hello = attempt.hello(pair, True)
        said += len(hello)
        stranger.sendto(hello, peer)
    cookies = heard(stranger, 0.5)
    expect(all(len(datagram) == 65 and datagram[0] == 0xC2 for datagram in cookies), "nothing but COOKIE under load")
    expect(cookies and sum(map(len, cookies)) < said, "and less than was sent")
    cookie_fits = attempt.take_cookie(cookies[-1], pair) or any(attempt.take_cookie(c, pair) for c in cookies)
    if cookie_fits:
        stranger.sendto(attempt.hello(pair, True), peer)
        answers = [datagram for datagram in heard(stranger, 0.5) if datagram[0] != 0xC2]
        expect(not answers, "not even one with a valid cookie")
    print(f"{COUNT} random datagrams: 0 bytes; 200 HELLOs of a stranger: {len(cookies)} cookies, and no more")


if __name__ == "__main__":
    main()
