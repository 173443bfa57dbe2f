"""A session with one contact: packets, frames, acknowledgement, keys and path: §3 of Protocol.md."""

import os
import random

import streams
import wire
from keys import LO, Refused
from packets import Epochs
from recovery import Received, Recovery
from streams import FIRST_FILE, ReceiveStream, SendStream

FRAMES = 1171  # bytes of frames in a datagram of 1200
SIZES = (64, 128, 256, 512, FRAMES)


class Session:
    """Bytes and time come in; `poll` gives datagrams and their destinations. `on_data` is told of stream bytes."""

    def __init__(self, pairing, address, validated, heard_bytes, on_stream, now):
        self.pairing, self.address, self.validated, self.on_stream = pairing, address, validated, on_stream
        self.epochs = Epochs(pairing, now)
        self.received, self.recovery = Received(), Recovery()
        self.began = self.last_sent = self.last_heard = self.last_talk = now
        self.confirmed = False  # a DATA packet of the peer opened
        self.closed = None  # the code of CLOSE, and whose it was
        self.out, self.incoming = {}, {}
        self.next_file = FIRST_FILE
        self.pending = {("ping",): True}  # what is to be said, once each
        self.replies = []  # (frames, size, address): answers and challenges, each a packet of its own
        self.challenges = {}
        self.files_room, self.files_sent = streams.FILES_CREDIT, 0
        self.files_limit = self.files_told = streams.FILES_CREDIT
        self.files_taken = self.files_read = 0
        self.heard_bytes, self.sent_bytes = heard_bytes, {}
        self.keep_alive_at = self._next_keep_alive(now)
        self.rekeyed = 0

    # Arriving

    def receive(self, datagram, source, ecn, now):
        """Whether the packet is of this session."""
        opened = self.epochs.unprotect(datagram, self.received.window.largest + 1)
        if opened is None:
            return False
        epoch, number, plain = opened
        if not self.received.window.is_new(number) or not self.epochs.in_order(epoch, number):
            return True
        newest = number > self.received.window.largest
        self.epochs.opened(epoch, number)
        self.confirmed, self.last_heard = True, now
        self.heard_bytes[source] = self.heard_bytes.get(source, 0) + len(datagram)
        try:
            frames = wire.read_frames(plain)
            eliciting = any(frame.type not in wire.NOT_ELICITING for frame in frames)
            self.received.take(number, eliciting, ecn, len(datagram), now)
            if newest and source != self.address and any(frame.type not in wire.PROBING for frame in frames):
                self._move(source, now)
            answered = 0
            for frame in frames:
                if frame.type == wire.PATH_CHALLENGE:
                    answered += 1
                    if answered <= 2:
                        self._answer(frame.data, source, len(datagram))
                else:
                    self._take(frame, now)
                if self.closed:
                    break
            self._renew(now)
        except Refused as violation:
            self.close(1, str(violation))
        return True

    def _take(self, frame, now):
        kind, fields = frame.type, frame.fields
        if kind in (wire.ACK, wire.ACK_ECN):
            acked, lost = self.recovery.acknowledged(frame.ranges, fields[0], now)
            for sent in acked:
                for said in sent.says:
                    self._delivered(said)
            self._again(lost)
        elif kind in (wire.STREAM, wire.STREAM_FIN):
            self._stream(fields[0], lambda s: s.take(fields[1], frame.data, kind == wire.STREAM_FIN), now)
        elif kind == wire.RESET_STREAM:
            self._stream(fields[0], lambda s: s.reset(fields[2]), now)
        elif kind == wire.STOP_SENDING:
            if fields[0] in self.out and not self.out[fields[0]].is_done:
                self.reset(fields[0], fields[1])
        elif kind == wire.MAX_DATA:
            self.files_room = max(self.files_room, fields[0])
        elif kind == wire.MAX_STREAM_DATA:
            if fields[0] in self.out:
                self.out[fields[0]].limit = max(self.out[fields[0]].limit, fields[1])
        elif kind == wire.PATH_RESPONSE:
            challenged = self.challenges.pop(frame.data, None)
            if challenged:
                self.validated.add(challenged)
        elif kind == wire.CLOSE:
            self.closed = (fields[0], "peer")
        elif kind == wire.REKEY:
            self.epochs.take_rekey(fields[0], frame.data)
        elif kind == wire.REAUTH:
            self.epochs.take_reauth(fields[0], frame.data)
        elif kind == wire.ACK_FREQUENCY:
            self.received.frequency(*fields)
        elif kind == wire.AUTH:
            raise Refused("AUTH in DATA")

    def _stream(self, stream, take, now):
        if stream not in self.incoming:
            self.incoming[stream] = ReceiveStream(stream)
        incoming = self.incoming[stream]
        if incoming.over:
            return
        was_reset, grown = incoming.over, take(incoming)
        if stream >= FIRST_FILE:
            self.files_taken += grown
            if self.files_taken > self.files_limit:
                raise Refused("beyond the credit of all files")
        data = incoming.next()
        self.last_talk = now
        incoming.over = incoming.is_whole
        if incoming.new_limit():
            self.pending["max_stream_data", stream] = True
        if stream >= FIRST_FILE:
            self.files_read += len(data)
            if self.files_read + streams.FILES_CREDIT - self.files_told >= streams.FILES_CREDIT // 4:
                self.files_limit = self.files_told = self.files_read + streams.FILES_CREDIT
                self.pending["max_data",] = True
        self.on_stream(stream, data, incoming.over)
        assert not was_reset

    def _answer(self, data, source, size):
        self.replies.append((wire.simple_frame(wire.PATH_RESPONSE, data=data), size >= 1200, source))

    def _move(self, source, now):
        self.address = source
        if source not in self.validated:
            self.challenge(source)

    def challenge(self, address, large=False):
        data = os.urandom(8)
        self.challenges[data] = address
        self.replies.append((wire.simple_frame(wire.PATH_CHALLENGE, data=data), large, address))

    # Keys

    def rekey(self, now):
        """Begins a new epoch, if the present one is ready."""
        if self.confirmed and self.epochs.is_ready(now):
            self.pending["rekey", *self.epochs.begin()] = True
            return True
        return False

    def _renew(self, now):
        epochs = self.epochs
        if epochs.their_public and not epochs.own_public:
            self.rekey(now)
        derived = epochs.derive()
        if derived:
            self.pending["reauth", *derived] = True
        epochs.prove()
        acknowledged = not epochs.opened_next
        if epochs.switch_if_due(now):
            self.rekeyed += 1
            for key in [key for key in self.pending if key[0] in ("rekey", "reauth")]:
                del self.pending[key]
            if acknowledged:
                self.pending["ping",] = True

    # Leaving

    def write(self, stream, data, finish=False):
        out = self.out.setdefault(stream, SendStream(stream))
        out.write(data)
        if finish:
            out.finish()

    def open_file_stream(self):
        self.next_file += 1
        return self.next_file - 1

    def stop(self, stream, code=0):
        self.pending["stop", stream, code] = True

    def reset(self, stream, code=0):
        self.out[stream].reset = True
        self.pending["reset", stream, code, self.out[stream].fresh] = True

    def close(self, code, reason=""):
        if not self.closed:
            self.closed = (code, reason or "here")
            self.replies.append((wire.simple_frame(wire.CLOSE, code, 0), False, self.address))

    def _delivered(self, said):
        if said[0] == "stream":
            self.out[said[1]].acknowledged(*said[2:])
        elif said[0] == "reauth" and said[1] == self.epochs.present.index + 1:
            self.epochs.reauth_acknowledged = True

    def _again(self, lost):
        for sent in lost:
            for said in sent.says:
                if said[0] == "stream":
                    if not self.out[said[1]].reset:
                        self.out[said[1]].lost(*said[2:])
                elif said[0] in ("rekey", "reauth") and said[1] <= self.epochs.present.index:
                    continue
                elif said[0] != "ping":
                    self.pending[said] = True

    def _frame(self, said):
        name = said[0]
        if name == "ping":
            return wire.varint(wire.PING)
        if name == "max_data":
            return wire.simple_frame(wire.MAX_DATA, self.files_limit)
        if name == "max_stream_data":
            return wire.simple_frame(wire.MAX_STREAM_DATA, said[1], self.incoming[said[1]].limit)
        if name == "stop":
            return wire.simple_frame(wire.STOP_SENDING, *said[1:])
        if name == "reset":
            return wire.simple_frame(wire.RESET_STREAM, *said[1:])
        return wire.epoch_frame(wire.REKEY if name == "rekey" else wire.REAUTH, *said[1:])

    def _order(self):
        return [s for s in (streams.CONTROL, streams.RECEIPTS, streams.CHAT) if s in self.out] + sorted(
            s for s in self.out if s >= FIRST_FILE)

    def _has_more(self):
        room = self.files_room - self.files_sent
        return bool(self.pending) or any(s.has_more(room if s.stream >= FIRST_FILE else 1 << 62)
                                         for s in self.out.values())

    def poll(self, now):
        """Datagrams that are to leave now, as (bytes, destination)."""
        out = []
        for frames, large, address in self.replies:
            out.append((self._seal(frames, large, [], now, address=address), address))
        self.replies = []
        if self.closed:
            return out
        self.epochs.wipe_if_due(now, 3 * self.recovery.probe_timeout())
        self._again(self.recovery.lost(now))
        probes = 0
        deadline = self.recovery.deadline()
        if deadline is not None and deadline <= now:
            self._again(self.recovery.oldest(2))
            probes = 2
            if not self._has_more():
                self.pending["ping",] = True
        if now >= self.keep_alive_at and not self.recovery.in_flight:
            self.pending["ping",] = True
        self._renew(now)
        if now - self.epochs.present.began > 120 and self.last_talk > self.epochs.present.began:
            self.rekey(now)
        if self.recovery.in_flight and now - max(self.last_heard, self.began) > 60:
            self.close(0, "silence")
        while self._has_more() and (probes or self.recovery.in_flight < self.recovery.window) and self._may_send():
            out.append((self._packet(now), self.address))
            probes = max(0, probes - 1)
        if self.received.due is not None and self.received.due <= now and self._may_send():
            bare = self.received.latest[1] < 93
            out.append((self._seal(self.received.frame(now), False, [], now, pad=not bare), self.address))
        return out

    def _room(self, address):
        """How many bytes of frames may go there: §3.8, Budget."""
        if address in self.validated:
            return FRAMES
        heard, sent = (count.get(address, 0) for count in (self.heard_bytes, self.sent_bytes))
        return min(FRAMES, 3 * heard - sent - 29)

    def _may_send(self):
        return self._room(self.address) >= 128

    def _packet(self, now):
        bound = self._room(self.address)
        frames, says = self.received.frame(now), []
        while self.pending:
            said = next(iter(self.pending))
            frame = self._frame(said)
            if len(frames) + len(frame) > bound:
                break
            del self.pending[said]
            frames += frame
            says.append(said)
        for stream in self._order():
            sending, is_file = self.out[stream], stream >= FIRST_FILE
            while True:
                room = self.files_room - self.files_sent if is_file else 1 << 62
                space = bound - len(frames) - 20
                if space <= 0 or not sending.has_more(room):
                    break
                offset, data, fin, fresh = sending.next(space, room)
                if is_file:
                    self.files_sent += fresh
                else:
                    self.last_talk = now
                if data or fin:
                    frames += wire.stream_frame(stream, offset, data, fin)
                    says.append(("stream", stream, offset, len(data), fin))
        return self._seal(frames, False, says, now, pad=frames != b"\x01")

    def _seal(self, frames, large, says, now, address=None, pad=True):
        address = address or self.address
        size = FRAMES if large else next(size for size in SIZES if size >= len(frames)) if pad else len(frames)
        if size > self._room(address):
            size = len(frames)
        eliciting = any(frame.type not in wire.NOT_ELICITING for frame in wire.read_frames(frames))
        number = self.recovery.next_number
        datagram = self.epochs.protect(self.pairing.peer_scid, number, frames + bytes(size - len(frames)))
        self.recovery.sent(len(datagram), eliciting, says, now)
        self.sent_bytes[address] = self.sent_bytes.get(address, 0) + len(datagram)
        self.last_sent, self.keep_alive_at = now, self._next_keep_alive(now)
        return datagram

    # Time

    def _next_keep_alive(self, now):
        low, high = (1.7, 2.2) if now - self.last_talk < 30 else (20, 25)
        middle = (low + high) / 2
        return now + (random.uniform(low, middle) if self.pairing.pair.own == LO else random.uniform(middle, high))

    def deadline(self):
        times = [self.received.due, self.recovery.deadline(), self.keep_alive_at]
        if self.epochs.before is not None or self.epochs.their_public:
            times.append(self.last_heard + 0.5)
        return min(time for time in times if time is not None)
