"""Offers, manifests and hashes of files and folders: §3.6 of Protocol.md."""

import hashlib
import os
import struct

from cryptography.hazmat.primitives.poly1305 import Poly1305

from keys import Refused
from wire import Reader, varint

GROUP = 1 << 18
OFFER = 1
FILE, FILE_WITH_HOLES, FOLDER = 1, 2, 3


def blake(purpose, key, data, number=0):
    salt = struct.pack(">QQ", number, 0)
    return hashlib.blake2b(data, digest_size=32, key=key, salt=salt, person=purpose.ljust(16, b"\0")).digest()


class Hashes:
    """The hashes of one transfer."""

    def __init__(self, sender, receiver, offer):
        self.key = blake(b"PIN-FILE-KEY-1", b"", sender + receiver + offer)

    def leaf(self, group, data):
        tag = Poly1305.generate_tag(blake(b"PIN-FILE-ONCE-1", self.key, b"", group), data)
        return blake(b"PIN-FILE-LEAF-2", self.key, tag, group)

    def tree(self, leaves):
        """RFC 6962 §2.1"""
        if len(leaves) == 1:
            return leaves[0]
        half = 1 << (len(leaves) - 1).bit_length() - 1
        return blake(b"PIN-FILE-NODE-1", self.key, self.tree(leaves[:half]) + self.tree(leaves[half:]))

    def digest(self, leaves):
        if not leaves:
            return bytes(32)
        roots, rest = b"", leaves
        for bit in reversed(range(64)):
            if len(leaves) >> bit & 1:
                roots += self.tree(rest[:1 << bit])
                rest = rest[1 << bit:]
        return blake(b"PIN-FILE-HAVE-1", self.key, struct.pack(">Q", len(leaves)) + roots)

    def root(self, leaves, trailer):
        return blake(b"PIN-FILE-ROOT-1", self.key, self.tree(leaves) + trailer)


class Entry:
    """One line of a manifest; `data` are the ranges of it that are in the content."""

    def __init__(self, kind, mode, seconds, nanoseconds, path, size=0, data=()):
        self.kind, self.mode, self.seconds, self.nanoseconds, self.path = kind, mode, seconds, nanoseconds, path
        self.size, self.data = size, data

    def bytes(self):
        path = self.path.encode()
        out = struct.pack(">BHqI", self.kind, self.mode, self.seconds, self.nanoseconds) + varint(len(path)) + path
        return out + (varint(self.size) if self.kind == FILE else b"")


def read_manifest(data, offer):
    reader, entries, folders, taken = Reader(data), [], set(), set()
    while reader.left:
        kind, mode, seconds, nanoseconds = struct.unpack(">BHqI", reader.take(15))
        path = reader.take(reader.varint())
        entry = Entry(kind, mode, seconds, nanoseconds, path.decode())
        if kind == FILE:
            entry.size = reader.varint()
            entry.data = [(0, entry.size)] if entry.size else []
        elif kind == FILE_WITH_HOLES:
            entry.size, end, entry.data = reader.varint(), 0, []
            for i in range(reader.varint()):
                gap, length = reader.varint(), reader.varint()
                if not length or i and not gap or end + gap + length > entry.size:
                    raise Refused("holes")
                entry.data.append((end + gap, end + gap + length))
                end += gap + length
        elif kind != FOLDER:
            raise Refused("kind of entry")
        names = path.split(b"/")
        if entries:
            bad = any(n in (b"", b".", b"..") or b"\0" in n or len(n) > 255 for n in names)
            if bad or len(names) > 64 or len(path) > 4096 or path in taken or b"/".join(names[:-1]) not in folders:
                raise Refused("path")
        elif path or (kind == FOLDER) != offer.is_folder:
            raise Refused("the first entry")
        if mode > 0o777 or nanoseconds >= 10**9:
            raise Refused("mode or time")
        taken.add(path)
        if kind == FOLDER:
            folders.add(path)
        entries.append(entry)
    content = len(data) + sum(end - start for entry in entries for start, end in entry.data)
    if (len(entries), content, sum(entry.size for entry in entries)) != (offer.entries, offer.content, offer.total):
        raise Refused("sizes")
    return entries


class Offer:
    def __init__(self, record):
        self.record, reader = record, Reader(record)
        reader.take(1)
        self.transfer, self.salt, shape = reader.take(8), reader.take(32), reader.int(1)
        self.entries, self.manifest, self.content, self.total = (reader.int(n) for n in (4, 4, 8, 8))
        name = reader.rest()
        self.is_folder = shape == 1
        if shape > 1 or len(name) > 255:
            raise Refused("offer")
        try:
            self.name = name.decode()
        except UnicodeDecodeError as error:
            raise Refused("name") from error
        self.groups = -(-self.content // GROUP)

    @staticmethod
    def make(is_folder, entries, manifest, content, total, name):
        sizes = struct.pack(">BIIQQ", is_folder, entries, manifest, content, total)
        return Offer(bytes([OFFER]) + os.urandom(40) + sizes + name.encode())
