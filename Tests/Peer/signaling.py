"""A client of a signaling service: §4 of Protocol.md."""

import os
import random
import struct

from keys import Refused, be32, concat_kdf, nonce_of, seal, unseal, x25519, x25519_public
from packets import nearest
from wire import Reader

REGISTER, CHALLENGE, CLIENT, SERVER = 0xD1, 0xD2, 0xD3, 0xD4
REFRESH, TAGS, CONNECT, ANSWER, UNREGISTER, PING = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
REGISTERED, PEER, ABSENT, NOTICE, DRAINING, PONG, APPEARED, VANISHED = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88
WATCH = 0x80
REPEATS = (0.35, 0.7, 1.4, 2.8)  # after the last of which a try is given up


def about(seconds):
    return seconds * random.uniform(0.75, 1.25)


class Keys:
    """The keys of one try to register (§4.2)."""

    def __init__(self, service, secret=None):
        self.service, self._secret = service, secret or os.urandom(32)
        self.public = x25519_public(self._secret)
        self.z = x25519(self._secret, service)
        keys = concat_kdf(self.z, b"signal", self.public, service, b"", b"", 96)
        self.k_register, self.k_challenge, self.rs = keys[:32], keys[32:64], keys[64:]

    def registration(self, number):
        """(key, iv) of the client and of the service in the registration of this number (8 bytes)."""
        k = concat_kdf(self.rs, b"registration", self.public, self.service, number, b"", 88)
        return (k[:32], k[32:44]), (k[44:76], k[76:])

    def register(self, cookie, token, tags, nonce=None):
        nonce = nonce or os.urandom(12)
        token = token or b""
        header = b"\xd1\x01" + self.public + nonce
        body = cookie + bytes([len(token)]) + token + tags_bytes(tags)
        body += bytes(max(0, 256 - 46 - 16 - len(body)))
        return header + seal(self.k_register, nonce, header, body)

    def open_challenge(self, datagram):
        """(cookie, the service's time in milliseconds, the address that it sees) or None."""
        plain = unseal(self.k_challenge, datagram[1:13], datagram[:13], datagram[13:])
        if plain is None:
            return None
        reader = Reader(plain)
        return reader.take(16), reader.int(8), reader.address()


def tags_bytes(tags):
    """`tags` are (tag, side, whether to watch)."""
    return bytes([len(tags)]) + b"".join(tag + bytes([side | (WATCH if watch else 0)]) for tag, side, watch in tags)


def seal_packet(kind, registration, number, keys, content):
    header = bytes([kind]) + registration + be32(number & 0xFFFFFFFF)
    return header + seal(keys[0], nonce_of(keys[1], number), header, content)


def open_packet(datagram, keys, expected):
    number = nearest(int.from_bytes(datagram[9:13], "big"), expected)
    plain = unseal(keys[0], nonce_of(keys[1], number), datagram[:13], datagram[13:])
    return None if plain is None else (number, plain)


def read_replies(content):
    """(type, fields…) one after another, up to what does not parse."""
    reader, replies = Reader(content), []
    try:
        while reader.left:
            kind = reader.int(1)
            if kind == 0:
                continue
            if kind == REGISTERED:
                registration, lifetime, time, observed = reader.take(8), reader.int(2), reader.int(8), reader.address()
                ports = [reader.int(2) for _ in range(reader.int(1))]
                second = reader.address() if reader.int(1) == 1 else None
                replies.append((kind, registration, lifetime, time, observed, ports, second))
            elif kind == PEER:
                tag = reader.take(16)
                addresses = [reader.address() for _ in range(reader.int(1))]
                replies.append((kind, tag, addresses, reader.take(reader.int(2))))
            elif kind in (ABSENT, APPEARED, VANISHED):
                replies.append((kind, reader.take(16)))
            elif kind == NOTICE:
                replies.append((kind, reader.take(reader.int(2)).decode(errors="replace")))
            elif kind == DRAINING:
                replies.append((kind,))
            elif kind == PONG:
                replies.append((kind, reader.take(8)))
            else:
                break
    except Refused:
        pass
    return replies


class Client:
    """One registration with one service over one address family, for one pair.

    `send` takes a datagram for the service, `event` takes (name, …): registered, peer, absent, appeared, notice.
    """

    def __init__(self, service, pair, token, send, event):
        self.service, self.pair, self.token, self.send, self.event = service, pair, token, send, event
        self.failures, self.registration, self.day = 0, None, None
        self.refresh_at = None

    def begin(self, now):
        self.keys, self.cookie, self.number = Keys(self.service), None, 0
        self.registration = self.server_keys = self.client_keys = None
        self.received = -1
        self._repeat(now)

    def _repeat(self, now):
        """Sends the REGISTER that is due, for the first time."""
        self.tries = 0
        self.datagram = self.keys.register(self.cookie or bytes(16), self.token if self.cookie else b"", self._tags())
        self.send(self.datagram)
        self.next_at = now + about(REPEATS[0])

    def _tags(self):
        if self.cookie is None:
            return []
        days = {self.day, (self.time - 3600_000) // 86400_000, (self.time + 3600_000) // 86400_000}
        return [(self.pair.tag(day), self.pair.own, True) for day in sorted(days)]

    def _set_time(self, time):
        self.time, self.day = time, time // 86400_000

    def receive(self, datagram, now):
        if datagram[0] == CHALLENGE and self.cookie is None:
            opened = self.keys.open_challenge(datagram)
            if opened:
                self.cookie, time, _ = opened
                self._set_time(time)
                self._repeat(now)
        elif datagram[0] == SERVER and len(datagram) >= 29 and self.cookie:
            if self.registration not in (None, datagram[1:9]):
                return
            client_keys, server_keys = self.keys.registration(datagram[1:9])
            opened = open_packet(datagram, server_keys, self.received + 1)
            if opened is None:
                return
            replies = read_replies(opened[1])
            if self.registration is None:
                if not any(reply[0] == REGISTERED for reply in replies):
                    return self._notices(replies)
                self.registration, self.client_keys, self.server_keys = datagram[1:9], client_keys, server_keys
                self.failures, self.next_at, self.refresh_at = 0, None, now + 2.5
            self.received = max(self.received, opened[0])
            for reply in replies:
                self._take(reply, now)

    def _notices(self, replies):
        for reply in replies:
            if reply[0] == NOTICE:
                self.event("notice", reply[1])

    def _take(self, reply, now):
        kind = reply[0]
        if kind == REGISTERED:
            before = self.day
            self._set_time(reply[3])
            self.event("registered", reply[4])
            if before != self.day:
                self.request(bytes([TAGS, 1]) + tags_bytes(self._tags()))
        elif kind == PEER:
            self.event("peer", *reply[2:])
        elif kind in (ABSENT, APPEARED):
            self.event("absent" if kind == ABSENT else "appeared")
        elif kind == NOTICE:
            self.event("notice", reply[1])
        elif kind == DRAINING:
            self.registration, self.next_at, self.tries = None, now + random.uniform(1, 5), len(REPEATS)

    @property
    def is_registered(self):
        return self.registration is not None

    def request(self, content):
        if not self.is_registered:
            return
        self.send(seal_packet(CLIENT, self.registration, self.number, self.client_keys, content))
        self.number += 1

    def introduce(self, kind, blob):
        """CONNECT or ANSWER."""
        tag = self.pair.tag(self.day)
        self.request(bytes([kind]) + tag + bytes([self.pair.own]) + struct.pack(">H", len(blob)) + blob)

    def close(self):
        self.request(bytes([UNREGISTER]))

    def tick(self, now):
        if self.is_registered:
            if now >= self.refresh_at:
                self.refresh_at = now + random.uniform(20, 25)
                self.request(bytes([REFRESH]))
        elif now >= self.next_at:
            self.tries += 1
            if self.tries < len(REPEATS):
                self.send(self.datagram)
                self.next_at = now + about(REPEATS[self.tries])
            elif self.tries == len(REPEATS):
                self.failures += 1
                self.next_at = now + min(60, 2 ** self.failures)
            else:
                self.begin(now)

    def deadline(self):
        return self.refresh_at if self.is_registered else self.next_at
