"""Streams, their credits, and the records in them: §3.5 and §3.6 of Protocol.md."""

from keys import Refused
from wire import Reader, varint

CONTROL, CHAT, RECEIPTS, FIRST_FILE, FIRST_OF_BYTES = 0, 1, 2, 16, 1 << 24
CREDIT, FILES_CREDIT = 512 * 1024, 4 * 1024 * 1024


class SendStream:
    def __init__(self, stream):
        self.stream, self.limit = stream, CREDIT
        self.data, self.base = bytearray(), 0  # `base`: what is acknowledged without a gap is not kept
        self.fresh = 0  # offset of the first byte that was never sent
        self.again = []  # (offset, length, fin) that were lost
        self.acked = []  # ranges beyond base
        self.finished = self.fin_sent = self.fin_acked = self.reset = False

    @property
    def end(self):
        return self.base + len(self.data)

    def write(self, data):
        self.data += data

    def finish(self):
        self.finished = True

    @property
    def is_done(self):
        return self.reset or self.finished and self.fin_acked and self.base == self.end

    def has_more(self, room):
        """`room`: the session's credit for files."""
        if self.reset:
            return False
        if self.again:
            return True
        return self.fresh < min(self.end, self.limit, self.fresh + room) or (
            self.finished and not self.fin_sent and self.fresh == self.end)

    def next(self, count, room):
        """(offset, bytes, fin) of at most `count` bytes, and how many of them are fresh."""
        while self.again:
            offset, length, fin = self.again.pop(0)
            if offset < self.base:
                length, offset = max(0, offset + length - self.base), self.base
            if not length and not (fin and not self.fin_acked):
                continue
            if length > count:
                self.again.insert(0, (offset + count, length - count, fin))
                length, fin = count, False
            at = offset - self.base
            return offset, bytes(self.data[at:at + length]), fin, 0
        length = max(0, min(count, self.end - self.fresh, self.limit - self.fresh, room))
        offset = self.fresh
        self.fresh += length
        fin = self.finished and self.fresh == self.end
        self.fin_sent |= fin
        return offset, bytes(self.data[offset - self.base:offset - self.base + length]), fin, length

    def lost(self, offset, length, fin):
        self.again.append((offset, length, fin))

    def acknowledged(self, offset, length, fin):
        self.fin_acked |= fin
        self.acked = sorted([*self.acked, (offset, offset + length)])
        while self.acked and self.acked[0][0] <= self.base:
            _, end = self.acked.pop(0)
            if end > self.base:
                del self.data[:end - self.base]
                self.base = end


class ReceiveStream:
    def __init__(self, stream):
        self.stream, self.limit, self.told = stream, CREDIT, CREDIT
        self.parts = {}  # offset → bytes beyond what was read
        self.read, self.highest, self.final = 0, 0, None
        self.over = False

    def take(self, offset, data, fin):
        """How many bytes further the stream reaches, for the session's credit."""
        end = offset + len(data)
        if end > self.limit:
            raise Refused("beyond the stream's credit")
        if self.final is not None and (end > self.final or fin and end != self.final) or fin and end < self.highest:
            raise Refused("final size")
        if fin:
            self.final = end
        grown = max(0, end - self.highest)
        self.highest = max(self.highest, end)
        if end > self.read and len(data) > len(self.parts.get(offset, b"")):
            self.parts[offset] = data
            if len(self.parts) > 8192:
                raise Refused("gaps")
        return grown

    def reset(self, final):
        if final < self.highest or self.final not in (None, final) or final > self.limit:
            raise Refused("final size")
        grown = final - self.highest
        self.highest = self.final = self.read = final
        self.over, self.parts = True, {}
        return grown

    def next(self):
        """What can be read now."""
        out = []
        for offset in sorted(self.parts):
            if offset > self.read:
                break
            data = self.parts.pop(offset)[max(0, self.read - offset):]
            out.append(data)
            self.read += len(data)
        return b"".join(out)

    @property
    def is_whole(self):
        return self.final is not None and self.read == self.final

    def new_limit(self):
        """The limit to tell, when a quarter of the window was read."""
        if self.final is None and self.read + CREDIT - self.told >= CREDIT // 4:
            self.limit = self.told = self.read + CREDIT
            return self.limit
        return None


class Records:
    """`length:varint ‖ record`, one after another."""

    def __init__(self, longest):
        self.longest, self.data = longest, b""

    def take(self, data):
        self.data += data
        while self.data:
            reader = Reader(self.data)
            try:
                length = reader.varint()
            except Refused:
                return
            if length > self.longest:
                raise Refused("a record too long")
            if reader.left < length:
                return
            record = reader.take(length)
            self.data = self.data[reader.at:]
            yield record


def record(data):
    return varint(len(data)) + data
