"""Safety words, invites and twins: §1.5, §1.6, §3.13 and §4.11 of Protocol.md."""

import hashlib
import pathlib
import re

from keys import (
    Identity, Refused, be32, blake2b_128, check_public, concat_kdf, lp, sha256, unbech32m, unseal, verify)
from wire import Reader, address_bytes

# BIP 39's list is where the other implementation has it; that it is the list its hash tells.
WORD_LIST = pathlib.Path(__file__).parent.parent.parent / "Sources/PinholeCrypto/WordList.swift"
WORD_LIST_HASH = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"


def word_list():
    text = WORD_LIST.read_text()
    start = text.index("abandon")
    words = re.findall("[a-z]+", text[start:text.index("zoo", start) + 3])
    if sha256("".join(word + "\n" for word in words).encode()).hex() != WORD_LIST_HASH:
        raise Refused("not the list of BIP 39")
    return words


def bip39(entropy):
    bits = int.from_bytes(entropy + sha256(entropy)[:1], "big") >> 8 - len(entropy) // 4
    count = 3 * len(entropy) // 4
    words = word_list()
    return [words[bits >> 11 * (count - 1 - i) & 2047] for i in range(count)]


def safety_words(pair):
    return bip39(hashlib.sha512(b"pinhole/1 safety words\0" + lp(pair.ik_lo) + lp(pair.ik_hi)).digest()[:24])


def read_name_and_places(reader):
    name = reader.take(reader.int(1))
    if len(name) > 128:
        raise Refused("a name too long")
    places = []
    for _ in range(reader.int(1)):
        kind = reader.int(1)
        key = reader.take(32) if kind == 1 else None
        port = reader.int(2)
        places.append((key, reader.take(reader.int(1)).decode(), port))
        if kind > 1:
            raise Refused("kind of place")
    if len(places) > 4:
        raise Refused("places")
    return name.decode(), places


class Invite:
    def __init__(self, text):
        data = unbech32m("pinhole://add/", "".join(text.split()))
        self.content, self.signature = data[:-64], data[-64:]
        reader = Reader(self.content)
        version, flags = reader.int(1), reader.int(1)
        if version != 1 or flags > 1:
            raise Refused("an invite of a later protocol")
        self.inviter, self.secret, self.expiry = check_public(reader.take(32)), reader.take(16), reader.int(4)
        self.binding = reader.take(16) if flags else b""
        self.name, self.places = read_name_and_places(reader)
        if not verify(self.inviter, self.signature, b" " * 64 + b"pinhole/1 invite\0" + self.content):
            raise Refused("the signature")
        self.guest = Identity(concat_kdf(self.secret, b"invite", self.inviter, b"", b"", b"", 32))

    def is_for(self, public):
        return not self.binding or self.binding == sha256(b"pinhole/1 invite for\0" + public)[:16]

    def signed(self, session, name_and_places):
        return (b" " * 64 + b"pinhole/1 invited\0" + lp(self.inviter) + lp(self.guest.public) + lp(session)
                + name_and_places)

    def introduction(self, identity, session, name_and_places):
        """The record with which the invited one says who he is."""
        proof = identity.sign(self.signed(session, name_and_places))
        return b"\1" + identity.public + proof + name_and_places


class Twin:
    """What two nodes with one identity share: § Two nodes with one identity."""

    def __init__(self, identity):
        self.key = concat_kdf(identity.seed, b"twin", identity.public, b"", b"", b"", 32)
        self.blob_key = concat_kdf(self.key, b"twin blob", b"", b"", b"", b"", 32)

    def tag(self, day):
        return concat_kdf(self.key, b"twin tag", b"", b"", be32(day), b"", 16)

    def open_blob(self, blob):
        """instance, challenge, echo, side"""
        reader = Reader(unseal(self.blob_key, blob[:12], b"", blob[12:]))
        return reader.int(8), reader.int(8), reader.int(8), reader.int(1)

    def beacon_key(self, epoch):
        return concat_kdf(self.key, b"beacon twin", b"", b"", be32(epoch), b"", 32)

    def beacon_entry(self, epoch, nonce, address):
        return blake2b_128(self.beacon_key(epoch), nonce + address_bytes(address))[:8]
