"""HELLO, blobs, cookies, transcripts and HS: §2 of Protocol.md."""

import os
import struct

import wire
from keys import (
    LO, ROLE, Refused, be32, blake2b_128, concat_kdf, lp, nonce_of, seal, sha256, unseal, verify, x25519,
    x25519_public, xseal, xunseal)

HELLO, COOKIE, HS = 0xC1, 0xC2, 0xC3
NEEDS_ECHO = 1


class Plaintext:
    """The 174 bytes that a HELLO and a blob carry (§2.2)."""

    def __init__(self, data):
        if len(data) != 174:
            raise Refused("HELLO plaintext")
        self.data, self.ephemeral = data, data[:32]
        self.ts, self.vmin, self.vmax, self.flags, self.caps = struct.unpack(">QBBHI", data[32:48])
        self.intro_id = data[48:64]
        if self.vmin > self.vmax:
            raise Refused("versions")

    @staticmethod
    def make(ephemeral, ts, flags, intro_id, versions=(1, 1)):
        head = ephemeral + struct.pack(">QBBHI", ts, *versions, flags, 0) + intro_id
        return Plaintext(head + bytes(174 - len(head)))


class Attempt:
    """One ephemeral key, one connection id, one plaintext, for 60 s at most."""

    def __init__(self, ts, now, echo_of=None, flags=0, secret=None, scid=None):
        self.secret, self.scid = secret or os.urandom(32), scid or os.urandom(8)
        self.is_answer, self.began, self.next_pn = echo_of is not None, now, 0
        self.plaintext = Plaintext.make(x25519_public(self.secret), ts, flags, echo_of or os.urandom(16))
        self.latest_mac1 = []  # of direct HELLOs, for COOKIE
        self.cookie = None

    def hello(self, pair, direct, salt=None):
        salt = salt or os.urandom(24)
        header = b"\xc1\x01" + self.scid + salt
        key = concat_kdf(pair.k_hello[pair.own], b"hello", b"", b"", salt, b"", 32)
        sealed = header + seal(key, bytes(12), header, self.plaintext.data)
        if not direct:
            return sealed + os.urandom(32)
        mac1 = blake2b_128(gate_key(pair.other_public), sealed)
        self.latest_mac1 = [mac1, *self.latest_mac1][:8]
        mac2 = blake2b_128(self.cookie, sealed + mac1) if self.cookie else bytes(16)
        return sealed + mac1 + mac2

    def blob(self, pair, introduction, salt=None):
        salt = salt or os.urandom(24)
        header = b"\x01" + self.scid + salt
        key = concat_kdf(pair.k_hello[pair.own], b"intro", b"", b"", salt, b"", 32)
        return header + seal(key, bytes(12), header, self.plaintext.data + introduction)

    def take_cookie(self, datagram, pair):
        """§2.4: whether the COOKIE was for one of the latest HELLOs."""
        if len(datagram) != 65 or datagram[1:9] != self.scid:
            return False
        key = sha256(b"pinhole/1 cookie" + pair.other_public)
        for mac1 in self.latest_mac1:
            cookie = xunseal(key, datagram[9:33], mac1, datagram[33:])
            if cookie is not None:
                self.cookie = cookie
                return True
        return False


def gate_key(public):
    return sha256(b"pinhole/1 gate" + public)


def has_valid_mac1(datagram, own_public):
    return blake2b_128(gate_key(own_public), datagram[:224]) == datagram[224:240]


def open_hello(datagram, pair):
    """The peer's connection id and plaintext, or None where the HELLO is not this contact's."""
    if len(datagram) != 256 or datagram[1] != 1:
        return None
    key = concat_kdf(pair.k_hello[pair.other], b"hello", b"", b"", datagram[10:34], b"", 32)
    plain = unseal(key, bytes(12), datagram[:34], datagram[34:224])
    return plain and (datagram[2:10], Plaintext(plain))


def open_blob(blob, pair):
    """The peer's connection id, plaintext and introduction."""
    if not 33 + 174 + 16 <= len(blob) <= 1024 or blob[0] != 1:
        return None
    key = concat_kdf(pair.k_hello[pair.other], b"intro", b"", b"", blob[9:33], b"", 32)
    plain = unseal(key, bytes(12), blob[:33], blob[33:])
    return plain and (blob[1:9], Plaintext(plain[:174]), plain[174:])


class CookieJar:
    """A listener's own cookies (§2.4), with one secret for its life: it does not live long."""

    def __init__(self, own_public, secret=None):
        self.own_public, self.secret = own_public, secret or os.urandom(32)

    def cookie(self, source):
        return blake2b_128(self.secret, wire.address_bytes(source))

    def is_valid(self, datagram, source):
        return blake2b_128(self.cookie(source), datagram[:240]) == datagram[240:]

    def answer(self, datagram, source, nonce=None):
        nonce = nonce or os.urandom(24)
        key = sha256(b"pinhole/1 cookie" + self.own_public)
        return b"\xc2" + datagram[2:10] + nonce + xseal(key, nonce, datagram[224:240], self.cookie(source))


class Pairing:
    """One own attempt and one HELLO of the peer: transcript and keys (§2.5)."""

    def __init__(self, pair, attempt, peer_scid, peer_plaintext):
        self.pair, self.attempt, self.peer_scid, self.peer_plaintext = pair, attempt, peer_scid, peer_plaintext
        own, other = attempt.plaintext, peer_plaintext
        if own.ephemeral == other.ephemeral or max(own.vmin, other.vmin) > min(own.vmax, other.vmax):
            raise Refused("pairing")
        lo, hi = (own, other) if pair.own == LO else (other, own)
        self.th = sha256(
            b"pinhole/1 handshake\0" + lp(pair.ik_lo) + lp(pair.ik_hi) + lp(lo.data) + lp(hi.data)
            + lp(b"\1" if pair.psk else b"\0"))
        self.z = x25519(attempt.secret, other.ephemeral) + pair.ss
        self.u, self.v = pair.ik_lo + lo.ephemeral, pair.ik_hi + hi.ephemeral
        hs = concat_kdf(self.z, b"hs", self.u, self.v, self.th, pair.psk, 88)
        self.hs = [(hs[:32], hs[32:44]), (hs[44:76], hs[76:])]
        self.root = concat_kdf(self.z, b"root", self.u, self.v, self.th, pair.psk, 32)
        self.sid = concat_kdf(self.z, b"sid", self.u, self.v, self.th, b"", 16)
        self.order = (lo.ts, hi.ts)  # §2.10: of two sessions the greater one stays
        self.seen = set()  # numbers of HS; an attempt is too short for a window
        self.authenticated = self.confirmed = self.heard = False

    def _signed(self, role):
        return b" " * 64 + b"pinhole/1 auth " + ROLE[role] + b"\0" + self.th

    def signature(self):
        return self.pair.identity.sign(self._signed(self.pair.own))

    def verifies(self, signature):
        return verify(self.pair.other_public, signature, self._signed(self.pair.other))

    def seal(self, frames, size):
        """An HS datagram of `size` bytes (§2.6)."""
        key, iv = self.hs[self.pair.own]
        number = self.attempt.next_pn
        self.attempt.next_pn += 1
        header = b"\xc3" + self.peer_scid + be32(number)
        return header + seal(key, nonce_of(iv, number), header, frames + bytes(size - 29 - len(frames)))

    def handshake(self, challenges=(), responses=()):
        """With AUTH until the peer showed that it has it."""
        frames = b"" if self.confirmed else wire.varint(wire.AUTH) + self.signature() + b"\0"
        frames += b"".join(wire.simple_frame(wire.PATH_RESPONSE, data=data) for data in responses)
        frames += b"".join(wire.simple_frame(wire.PATH_CHALLENGE, data=data) for data in challenges)
        return self.seal(frames, 64 if self.confirmed else 256)

    def open(self, datagram):
        """The frames of an HS of the peer, up to the first that has no place there, and whether one had none."""
        key, iv = self.hs[self.pair.other]
        number = int.from_bytes(datagram[9:13], "big")
        plain = unseal(key, nonce_of(iv, number), datagram[:13], datagram[13:])
        if plain is None or number in self.seen:
            return None
        self.seen.add(number)
        self.heard = True
        reader, frames = wire.Reader(plain), []
        while reader.left:
            try:
                frame = wire.read_frame(reader)
            except Refused:
                return frames, False
            if frame.type in (wire.AUTH, wire.PATH_CHALLENGE, wire.PATH_RESPONSE):
                frames.append(frame)
            elif frame.type not in (wire.PADDING, wire.ACK, wire.ACK_ECN):
                return frames, False
        return frames, True
