"""DATA packets and the epochs of their keys: §3.1, §3.2 and §3.10 of Protocol.md."""

import os

from keys import (
    ROLE, Refused, be32, concat_kdf, header_mask, nonce_of, seal, sha256, unseal, verify, x25519, x25519_public)

WINDOW = 8192


def traffic(root, epoch, u, v, th):
    """(key, iv, hp) of each role in one epoch."""
    keys = concat_kdf(root, b"traffic " + be32(epoch), u, v, th, b"", 152)
    return [(k[:32], k[32:44], k[44:]) for k in (keys[:76], keys[76:])]


def protect(keys, dcid, epoch, number, frames):
    key, iv, hp = keys
    header = bytes([0x40 | epoch % 4 << 2]) + dcid + be32(number & 0xFFFFFFFF)
    sealed = seal(key, nonce_of(iv, number), header, frames)
    mask = header_mask(hp, sealed[:16])
    masked = bytes(a ^ b for a, b in zip(header[9:], mask[1:]))
    return bytes([header[0] ^ mask[0] & 0x0F]) + dcid + masked + sealed


def nearest(truncated, expected):
    """RFC 9000 A.3 for 32 bits."""
    number = expected & ~0xFFFFFFFF | truncated
    if number + 0x80000000 <= expected:
        return number + (1 << 32)
    if number > expected + 0x80000000 and number >= 1 << 32:
        return number - (1 << 32)
    return number


def unprotect(keys, epoch, datagram, expected):
    """(number, frames) if the packet is of this epoch, else None."""
    key, iv, hp = keys
    if len(datagram) < 29:
        return None
    mask = header_mask(hp, datagram[13:29])
    header = bytes([datagram[0] ^ mask[0] & 0x0F]) + datagram[1:9]
    if header[0] != 0x40 | epoch % 4 << 2:
        return None
    header += bytes(a ^ b for a, b in zip(datagram[9:13], mask[1:]))
    number = nearest(int.from_bytes(header[9:], "big"), expected)
    if number >= 1 << 62:
        return None
    plain = unseal(key, nonce_of(iv, number), header, datagram[13:])
    return None if plain is None else (number, plain)


class Epoch:
    def __init__(self, index, th, root, u, v):
        self.index, self.th, self.root = index, th, root
        self.keys = traffic(root, index, u, v, th)
        self.opened_first = self.opened_last = None  # numbers of the packets that it opened
        self.began = None


class Epochs:
    """The keys of a session, and their renewal."""

    def __init__(self, pairing, now):
        self.pair, self.u, self.v = pairing.pair, pairing.u, pairing.v
        self.present = Epoch(0, pairing.th, pairing.root, self.u, self.v)
        self.present.began = now
        self.before = None
        self.wipe_at = None
        self.next = None  # derived
        self.proven = False  # the peer's REAUTH for `next` verified
        self.reauth_acknowledged = self.opened_next = False
        self._secret = self.own_public = self.their_public = self.their_signature = None

    # Packets

    def protect(self, dcid, number, frames):
        return protect(self.present.keys[self.pair.own], dcid, self.present.index, number, frames)

    def unprotect(self, datagram, expected):
        """(epoch, number, frames) or None."""
        for epoch in (self.present, self.next if self.proven else None, self.before):
            opened = epoch and unprotect(epoch.keys[self.pair.other], epoch.index, datagram, expected)
            if opened:
                return epoch, *opened
        return None

    def in_order(self, epoch, number):
        """§3.10 rule 6: of two packets the one with the greater number is not of the older epoch."""
        for other in filter(None, (self.before, self.present, self.next)):
            if other.index > epoch.index and other.opened_first is not None and number > other.opened_first:
                return False
            if other.index < epoch.index and other.opened_last is not None and number < other.opened_last:
                return False
        return True

    def opened(self, epoch, number):
        epoch.opened_first = number if epoch.opened_first is None else min(number, epoch.opened_first)
        epoch.opened_last = number if epoch.opened_last is None else max(number, epoch.opened_last)
        if epoch is self.next:
            self.opened_next = True

    # Renewal

    def is_ready(self, now):
        return now - self.present.began >= 1 and self.before is None and self._secret is None

    def begin(self, secret=None):
        """This side's REKEY: the epoch and the key that it carries."""
        self._secret = secret or os.urandom(32)
        self.own_public = x25519_public(self._secret)
        return self.present.index + 1, self.own_public

    def take_rekey(self, index, public):
        if index <= self.present.index:
            return
        if index != self.present.index + 1 or public == self.own_public:
            raise Refused("REKEY")
        if self.their_public not in (None, public):
            raise Refused("two keys for one epoch")
        self.their_public = public

    def take_reauth(self, index, signature):
        if index <= self.present.index:
            return
        if index != self.present.index + 1 or self._secret is None:
            raise Refused("REAUTH")
        if self.their_signature not in (None, signature):
            raise Refused("two signatures for one epoch")
        self.their_signature = signature

    def _signed(self, role):
        return b" " * 64 + b"pinhole/1 rekey " + ROLE[role] + b"\0" + self.next.th

    def derive(self):
        """With both keys at hand: the signature for this side's REAUTH, once."""
        if self.next or self._secret is None or self.their_public is None:
            return None
        ours, theirs = self.own_public, self.their_public
        index = self.present.index + 1
        publics = ours + theirs if self.pair.own == 0 else theirs + ours
        th = sha256(b"pinhole/1 rekey" + self.present.th + be32(index) + publics)
        shared = x25519(self._secret, theirs)
        root = concat_kdf(shared + self.present.root, b"rekey", self.u, self.v, th, b"", 32)
        self.next = Epoch(index, th, root, self.u, self.v)
        return index, self.pair.identity.sign(self._signed(self.pair.own))

    def prove(self):
        if self.next and self.their_signature and not self.proven:
            if not verify(self.pair.other_public, self.their_signature, self._signed(self.pair.other)):
                raise Refused("REAUTH does not verify")
            self.proven = True

    def switch_if_due(self, now):
        """Whether this side now seals with the next epoch's keys."""
        if not self.proven or not (self.reauth_acknowledged or self.opened_next):
            return False
        self.before, self.present, self.next = self.present, self.next, None
        self.present.began, self.wipe_at = now, None
        self.proven = self.reauth_acknowledged = self.opened_next = False
        self._secret = self.own_public = self.their_public = self.their_signature = None
        return True

    def wipe_if_due(self, now, three_probe_timeouts):
        if self.before is None:
            return
        if self.wipe_at is None and self.present.opened_first is not None:
            self.wipe_at = now + three_probe_timeouts
        if self.wipe_at is not None and now >= self.wipe_at:
            self.before = self.wipe_at = None


class ReplayWindow:
    def __init__(self):
        self.largest, self.bits = -1, 0

    def is_new(self, number):
        if number > self.largest:
            return True
        behind = self.largest - number
        return behind < WINDOW and not self.bits >> behind & 1

    def take(self, number):
        if number > self.largest:
            self.bits = (self.bits << number - self.largest | 1) & (1 << WINDOW) - 1
            self.largest = number
        else:
            self.bits |= 1 << self.largest - number
