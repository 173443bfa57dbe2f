"""Integers, addresses and frames: the conventions, §3.3 and §5 of Protocol.md."""

import ipaddress
import struct
from dataclasses import dataclass, field

from keys import Refused, be32

PADDING, PING, ACK, ACK_ECN, RESET_STREAM, STOP_SENDING = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
STREAM, STREAM_FIN, MAX_DATA, MAX_STREAM_DATA = 0x0E, 0x0F, 0x10, 0x11
PATH_CHALLENGE, PATH_RESPONSE, CLOSE = 0x1A, 0x1B, 0x1C
AUTH, CANDIDATES, OBSERVED_ADDRESS, REKEY, REAUTH, ACK_FREQUENCY = 0x20, 0x21, 0x22, 0x23, 0x24, 0xAF
NOT_ELICITING = (PADDING, ACK, ACK_ECN, CLOSE)
PROBING = (PADDING, PATH_CHALLENGE, PATH_RESPONSE)


def varint(value):
    for length, bound in ((1, 1 << 6), (2, 1 << 14), (4, 1 << 30), (8, 1 << 62)):
        if value < bound:
            data = bytearray(value.to_bytes(length, "big"))
            data[0] |= {1: 0x00, 2: 0x40, 4: 0x80, 8: 0xC0}[length]
            return bytes(data)
    raise Refused("beyond 2^62")


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if self.left < count:
            raise Refused("too short")
        self.at += count
        return self.data[self.at - count:self.at]

    def rest(self):
        return self.take(self.left)

    def int(self, count):
        return int.from_bytes(self.take(count), "big")

    def varint(self):
        first = self.int(1)
        length = 1 << (first >> 6)
        return (first & 0x3F) << 8 * (length - 1) | self.int(length - 1)

    def address(self):
        kind = self.int(1)
        if kind not in (4, 6):
            raise Refused("address family")
        ip = ipaddress.ip_address(self.take(4 if kind == 4 else 16))
        mapped = getattr(ip, "ipv4_mapped", None)
        return str(mapped or ip), self.int(2)

    def candidates(self):
        count = self.int(1)
        if count > 16:
            raise Refused("too many candidates")
        found = []
        for _ in range(count):
            kind = self.int(1)
            if kind > 3:
                raise Refused("kind of candidate")
            found.append((kind, self.address()))
        return found


def address_bytes(address):
    ip = ipaddress.ip_address(address[0].partition("%")[0])
    return bytes([ip.version]) + ip.packed + struct.pack(">H", address[1])


def candidates_bytes(candidates):
    return bytes([len(candidates)]) + b"".join(bytes([kind]) + address_bytes(a) for kind, a in candidates)


@dataclass
class Frame:
    type: int
    fields: tuple = ()
    data: bytes = b""
    ranges: list = field(default_factory=list)  # of ACK: (smallest, largest), the newest first


FIXED = {RESET_STREAM: 3, STOP_SENDING: 2, MAX_DATA: 1, MAX_STREAM_DATA: 2, ACK_FREQUENCY: 4}


def read_ack(reader, kind):
    largest, delay, count, first = (reader.varint() for _ in range(4))
    if count > 31 or first > largest:
        raise Refused("ACK")
    ranges = [(largest - first, largest)]
    for _ in range(count):
        gap, length = reader.varint(), reader.varint()
        top = ranges[-1][0] - gap - 2
        if top < 0 or length > top:
            raise Refused("ACK range")
        ranges.append((top - length, top))
    counts = tuple(reader.varint() for _ in range(3)) if kind == ACK_ECN else ()
    return Frame(kind, (delay, *counts), ranges=ranges)


def ack_frame(ranges, delay, counts=(0, 0, 0)):
    """`ranges` are the newest first."""
    ranges = ranges[:32]
    out = varint(ACK_ECN if any(counts) else ACK)
    out += varint(ranges[0][1]) + varint(delay) + varint(len(ranges) - 1) + varint(ranges[0][1] - ranges[0][0])
    for (above, _), (low, high) in zip(ranges, ranges[1:]):
        out += varint(above - high - 2) + varint(high - low)
    return out + (b"".join(varint(count) for count in counts) if any(counts) else b"")


def read_frame(reader):
    kind = reader.varint()
    if kind in (PADDING, PING):
        return Frame(kind)
    if kind in (ACK, ACK_ECN):
        return read_ack(reader, kind)
    if kind in FIXED:
        return Frame(kind, tuple(reader.varint() for _ in range(FIXED[kind])))
    if kind in (STREAM, STREAM_FIN):
        stream, offset, length = reader.varint(), reader.varint(), reader.varint()
        if offset + length >= 1 << 62:
            raise Refused("STREAM beyond 2^62")
        return Frame(kind, (stream, offset), reader.take(length))
    if kind in (PATH_CHALLENGE, PATH_RESPONSE):
        return Frame(kind, data=reader.take(8))
    if kind == CLOSE:
        code = reader.varint()
        return Frame(kind, (code,), reader.take(reader.varint()))
    if kind == AUTH:
        signature = reader.take(64)
        reader.take(reader.varint())
        return Frame(kind, data=signature)
    if kind == CANDIDATES:
        return Frame(kind, tuple(reader.candidates()))
    if kind == OBSERVED_ADDRESS:
        return Frame(kind, (reader.address(),))
    if kind in (REKEY, REAUTH):
        return Frame(kind, (reader.int(4),), reader.take(32 if kind == REKEY else 64))
    raise Refused(f"frame type {kind:#x}")


def read_frames(data):
    """All frames but PADDING, up to CLOSE."""
    reader, frames = Reader(data), []
    while reader.left:
        if reader.data[reader.at] == PADDING:
            reader.at += 1
            continue
        frames.append(read_frame(reader))
        if frames[-1].type == CLOSE:
            break
    return frames


def stream_frame(stream, offset, data, fin):
    kind = STREAM_FIN if fin else STREAM
    return varint(kind) + varint(stream) + varint(offset) + varint(len(data)) + data


def simple_frame(kind, *values, data=b""):
    """A frame of varints and then bytes."""
    return varint(kind) + b"".join(varint(value) for value in values) + data


def epoch_frame(kind, epoch, data):
    return varint(kind) + be32(epoch) + data
