"""Files and folders, both ways: §3.6 of Protocol.md."""

import os
import struct

import streams
from keys import Refused
from transfer import FILE, FOLDER, GROUP, OFFER, Entry, Hashes, Offer, read_manifest
from wire import Reader

ACCEPT, REFUSE, BEGIN, DONE, WAIT, INQUIRE = 2, 3, 4, 5, 6, 7
CORRUPT, CANCELLED = 3, 5


class Incoming:
    """What arrives of one offer; what was verified outlives the session in `state`, and the groups in a file."""

    def __init__(self, offer, hashes, state):
        self.offer, self.hashes, self.state = offer, hashes, state
        self.key = hashes.key.hex()
        self.leaves = [bytes.fromhex(leaf) for leaf in state.setdefault("incoming", {}).get(self.key, [])]
        self.part = os.path.join(state.directory, self.key[:16] + ".part")
        self.stream, self.data = None, b""

    def accept(self):
        return struct.pack(">Q", len(self.leaves)) + self.hashes.digest(self.leaves)

    def begin(self, stream, group):
        if group > len(self.leaves):
            raise Refused("begins beyond what is here")
        self.stream = stream
        del self.leaves[group:]

    def take(self, data):
        """Whole groups go to the disk as they are verified; Refused where a hash is another."""
        self.data += data
        while len(self.leaves) < self.offer.groups:
            group = len(self.leaves)
            size = min(GROUP, self.offer.content - group * GROUP)
            if len(self.data) < size + 32:
                return
            leaf = self.hashes.leaf(group, self.data[:size])
            if leaf != self.data[size:size + 32]:
                raise Refused("a group's hash")
            with open(self.part, "r+b" if os.path.exists(self.part) else "wb") as file:
                file.seek(group * GROUP)
                file.write(self.data[:size])
            self.leaves.append(leaf)
            self.data = self.data[size + 32:]
            self.state["incoming"][self.key] = [leaf.hex() for leaf in self.leaves]
            self.state.save()

    def finish(self, folder):
        """At the end of the stream: the place where it is, under its final name."""
        reader = Reader(self.data)
        count = reader.int(4)
        changed = {reader.int(4) for _ in range(count)}
        trailer = self.data[:reader.at]
        if reader.rest() != self.hashes.root(self.leaves, trailer):
            raise Refused("the root")
        with open(self.part, "rb") as content:
            entries = read_manifest(content.read(self.offer.manifest), self.offer)
            os.makedirs(folder, exist_ok=True)
            place = os.path.join(folder, safe(self.offer.name))
            for index, entry in enumerate(entries):
                self._make(entry, os.path.join(place, entry.path) if entry.path else place, content, index in changed)
        os.remove(self.part)
        del self.state["incoming"][self.key]
        self.state.save()
        return place

    @staticmethod
    def _make(entry, path, content, is_changed):
        if entry.kind == FOLDER:
            os.makedirs(path, exist_ok=True)
            return
        with open(os.devnull if is_changed else path, "wb") as file:
            for start, end in entry.data:
                file.seek(start)
                file.write(content.read(end - start))
            if not is_changed:
                file.truncate(entry.size)


class Outgoing:
    """A file or a folder on its way; its content is kept in memory."""

    def __init__(self, path, sender, receiver):
        self.path, is_folder = path, os.path.isdir(path)
        entries, data = [], []
        for place, inner in walk(path):
            status = os.stat(place)
            seconds, nanoseconds = divmod(status.st_mtime_ns, 10**9)
            if os.path.isdir(place):
                entries.append(Entry(FOLDER, status.st_mode & 0o777, seconds, nanoseconds, inner))
                continue
            with open(place, "rb") as file:
                data.append(file.read())
            entries.append(Entry(FILE, status.st_mode & 0o777, seconds, nanoseconds, inner, len(data[-1])))
        manifest = b"".join(entry.bytes() for entry in entries)
        self.content = manifest + b"".join(data)
        total = sum(map(len, data))
        name = os.path.basename(path.rstrip("/"))
        self.offer = Offer.make(is_folder, len(entries), len(manifest), len(self.content), total, name)
        self.hashes = Hashes(sender, receiver, self.offer.record)
        self.groups = [self.content[i:i + GROUP] for i in range(0, len(self.content), GROUP)]
        self.leaves = [self.hashes.leaf(i, group) for i, group in enumerate(self.groups)]
        self.stream = None

    def first_group(self, groups, digest):
        """Where to begin for a receiver that has so much."""
        return groups if groups <= len(self.leaves) and self.hashes.digest(self.leaves[:groups]) == digest else 0

    def stream_from(self, group):
        trailer = bytes(4)
        pieces = [g + leaf for g, leaf in zip(self.groups[group:], self.leaves[group:])]
        return b"".join(pieces) + trailer + self.hashes.root(self.leaves, trailer)


def safe(name):
    """A name that means a file in the folder, whatever the peer wrote."""
    name = name.replace("\0", "").replace("/", "_")
    return "unnamed" if name in ("", ".", "..") else name


def walk(path):
    """(place, path within the offered one) of everything, folders before what is in them."""
    yield path, ""
    for folder, names, files in os.walk(path):
        names.sort()
        for name in sorted(names) + sorted(files):
            place = os.path.join(folder, name)
            yield place, os.path.relpath(place, path)


class Files:
    """All transfers with one contact. Everything that is offered is taken."""

    def __init__(self, state, event, own, contact):
        self.state, self.event, self.own, self.contact = state, event, own, contact
        self.outgoing, self.session = {}, None
        self.ended = set()

    def begin(self, session):
        self.session, self.incoming, self.early = session, {}, {}
        self.records = streams.Records(1024)
        for transfer in self.outgoing.values():
            transfer.stream = None
            self._say(transfer.offer.record)

    def end(self):
        self.session = None

    def offer(self, path):
        transfer = Outgoing(path, self.own, self.contact)
        self.outgoing[transfer.offer.transfer] = transfer
        if self.session:
            self._say(transfer.offer.record)

    def _say(self, record):
        self.session.write(streams.CONTROL, streams.record(record))

    # Records

    def take_control(self, data):
        for record in self.records.take(data):
            reader = Reader(record)
            kind, transfer = reader.int(1), reader.take(8)
            if kind == OFFER:
                offer = Offer(record)
                incoming = Incoming(offer, Hashes(self.contact, self.own, record), self.state)
                self.incoming[transfer] = incoming
                self.event("offer", name=offer.name, number=len(incoming.leaves))
                self._say(bytes([ACCEPT]) + transfer + incoming.accept())
            elif kind == BEGIN and transfer in self.incoming:
                stream, group = reader.int(8), reader.int(8)
                self.incoming[transfer].begin(stream, group)
                for data, over in self.early.pop(stream, []):
                    self.take(stream, data, over)
            elif kind == ACCEPT and transfer in self.outgoing:
                self._accepted(self.outgoing[transfer], reader.int(8), reader.take(32))
            elif kind == DONE and transfer in self.outgoing:
                self.event("file sent", name=self.outgoing.pop(transfer).offer.name)
                self.ended.add(transfer)
            elif kind in (REFUSE, WAIT):
                reason = reader.int(1)
                self.event("refused" if kind == REFUSE else "waiting", reason=str(reason))
                gone = (self.outgoing if kind == REFUSE else {}).pop(transfer, None)
                if gone:
                    self.ended.add(transfer)
                if gone and gone.stream is not None:
                    self.session.reset(gone.stream)
                self.incoming.pop(transfer, None)
            elif kind == INQUIRE:
                if transfer in self.ended:
                    self._say(bytes([REFUSE]) + transfer + bytes([CANCELLED]))
            elif kind not in (ACCEPT, BEGIN, DONE):
                raise Refused("kind of file record")

    def _accepted(self, transfer, groups, digest):
        first = transfer.first_group(groups, digest)
        transfer.stream = self.session.open_file_stream()
        self.event("sending", name=transfer.offer.name, number=first)
        self._say(bytes([BEGIN]) + transfer.offer.transfer + struct.pack(">QQ", transfer.stream, first))
        self.session.write(transfer.stream, transfer.stream_from(first), finish=True)

    # Content

    def take(self, stream, data, over):
        found = [t for t in self.incoming.values() if t.stream == stream]
        if not found:
            self.early.setdefault(stream, []).append((data, over))
            return
        incoming = found[0]
        before = len(incoming.leaves)
        try:
            incoming.take(data)
            if len(incoming.leaves) > before:
                self.event("groups", name=incoming.offer.name, number=len(incoming.leaves))
            if over:
                place = incoming.finish(os.path.join(self.state.directory, "files"))
                self.event("file", name=incoming.offer.name, file=place)
                self._say(bytes([DONE]) + incoming.offer.transfer)
        except Refused as error:
            self.event("corrupt", name=incoming.offer.name, why=str(error))
            self._say(bytes([REFUSE]) + incoming.offer.transfer + bytes([CORRUPT]))
            over = True
        if over:
            del self.incoming[incoming.offer.transfer]
