"""Offers, manifests and hashes of files: section 3.6."""

import hashlib
import struct

from cryptography.hazmat.primitives.poly1305 import Poly1305

from identities import Identity
from primitives import be32, be64, counted


def varint(value):
    length = next(n for n in (1, 2, 4, 8) if value < 1 << 8 * n - 2)
    return (value | {1: 0, 2: 1, 4: 2, 8: 3}[length] << 8 * length - 2).to_bytes(length, "big")


def file_hash(purpose, key, data, salt=bytes(16)):
    return hashlib.blake2b(data, digest_size=32, key=key, salt=salt, person=purpose.ljust(16, b"\0")).digest()


def file_case(name, sender, receiver, transfer, entries):
    """`entries` are (kind, mode, seconds, nanoseconds, path, size, [(gap, length)])."""
    manifest, data, total = b"", b"", 0
    for kind, mode, seconds, nanoseconds, path, size, ranges in entries:
        manifest += struct.pack(">BHqI", kind, mode, seconds, nanoseconds) + varint(len(path)) + path
        if kind != 3:
            manifest += varint(size)
            data += counted(size, size if kind == 1 else sum(length for _, length in ranges))
            total += size
        if kind == 2:
            manifest += varint(len(ranges)) + b"".join(varint(gap) + varint(length) for gap, length in ranges)
    content = manifest + data
    shape = 1 if entries[0][0] == 3 else 0
    offer = b"\x01" + be64(transfer) + counted(0xA0, 32) + bytes([shape]) + be32(len(entries)) + be32(len(manifest))
    offer += be64(len(content)) + be64(total) + name
    key = file_hash(b"PIN-FILE-KEY-1", b"", sender.public + receiver.public + offer)

    groups = [content[i : i + 2**18] for i in range(0, len(content), 2**18)]
    leaves = []
    for i, group in enumerate(groups):
        salt = be64(i) + bytes(8)
        tag = Poly1305.generate_tag(file_hash(b"PIN-FILE-ONCE-1", key, b"", salt), group)
        leaves.append(file_hash(b"PIN-FILE-LEAF-2", key, tag, salt))

    def tree(some):
        if len(some) == 1:
            return some[0]
        half = 1
        while 2 * half < len(some):
            half *= 2
        return file_hash(b"PIN-FILE-NODE-1", key, tree(some[:half]) + tree(some[half:]))

    def digest(count):
        peaks, at = b"", 0
        for bit in range(20, -1, -1):
            if count >> bit & 1:
                peaks += tree(leaves[at : at + 2**bit])
                at += 2**bit
        return file_hash(b"PIN-FILE-HAVE-1", key, be64(count) + peaks) if count else bytes(32)

    whole, changed = be32(0), be32(1) + be32(len(entries) - 1)
    return {
        "sender": sender.public.hex(), "receiver": receiver.public.hex(), "transfer": f"{transfer:016x}",
        "name": name.decode(), "manifest": manifest.hex(), "content_size": len(content), "total_size": total,
        "data": [{"start": size & 0xFF, "size": size if kind == 1 else sum(n for _, n in ranges)}
                 for kind, _, _, _, _, size, ranges in entries if kind != 3],
        "offer": offer.hex(), "key": key.hex(), "leaves": [leaf.hex() for leaf in leaves],
        "digests": [digest(count).hex() for count in range(len(leaves) + 1)], "tree": tree(leaves).hex(),
        "root": file_hash(b"PIN-FILE-ROOT-1", key, tree(leaves) + whole).hex(),
        "root_when_the_last_changed": file_hash(b"PIN-FILE-ROOT-1", key, tree(leaves) + changed).hex(),
    }


def files():
    one, other = Identity(counted(0x00, 32)), Identity(counted(0x20, 32))
    return [
        file_case(b"hello.txt", one, other, 0x0123456789ABCDEF, [(1, 0o644, 1_767_225_600, 5, b"", 5, [])]),
        file_case("Bücher".encode(), other, one, 0xFEDCBA9876543210, [
            (3, 0o755, 1_767_225_600, 0, b"", 0, []),
            (2, 0o600, 1_767_225_601, 999_999_999, b"holes", 10_000_000,
             [(0, 4096), (8192, 12288), (9_000_000, 70_000)]),
            (3, 0o700, -1, 0, b"old", 0, []),
            (1, 0o755, -86400, 1, b"old/large", 1_400_000, []),
            (1, 0o444, 0, 0, b"old/nothing", 0, []),
        ]),
    ]
