"""The half of a session that speaks: packets, what is repeated, and when: §3.2 to §3.8 of Protocol.md."""

import os
import random

import streams
import wire
from keys import LO, Refused
from recovery import Recovery
from streams import FIRST_FILE, SendStream

FRAMES = 1171  # bytes of frames in a datagram of 1200
SIZES = (64, 128, 256, 512, FRAMES)


class Sending:
    """`poll` gives datagrams and their destinations. The other half is Session, to which `pairing`, `epochs`,
    `received` and `incoming` belong."""

    def __init__(self, address, validated, heard_bytes, now):
        self.address, self.validated = address, validated
        self.recovery = Recovery()
        self.out, self.next_file = {}, FIRST_FILE
        self.pending = {("ping",): True}  # what is to be said, once each
        self.replies = []  # (frames, whether at full size, address): answers and challenges, each a packet of its own
        self.challenges = {}
        self.files_room, self.files_sent = streams.FILES_CREDIT, 0
        self.heard_bytes, self.sent_bytes = heard_bytes, {}
        self.last_sent = self.last_talk = now
        self.keep_alive_at = self._next_keep_alive(now)

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

    def challenge(self, address, large=False):
        data = os.urandom(8)
        self.challenges[data] = address
        self.replies.append((wire.simple_frame(wire.PATH_CHALLENGE, data=data), large, address))

    def say_raw(self, frames):
        """Bytes in the place of frames, as they are: for what a peer must not take."""
        self.replies.append((frames, None, self.address))

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
            pad = large is not None
            out.append((self._seal(frames, large, [], now, address=address, pad=pad), address))
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
        try:
            eliciting = any(frame.type not in wire.NOT_ELICITING for frame in wire.read_frames(frames))
        except Refused:
            eliciting = True
        number = self.recovery.next_number
        datagram = self.epochs.protect(self.pairing.peer_scid, number, frames + bytes(size - len(frames)))
        self.recovery.sent(len(datagram), eliciting, says, now)
        self.sent_bytes[address] = self.sent_bytes.get(address, 0) + len(datagram)
        self.last_sent, self.keep_alive_at = now, self._next_keep_alive(now)
        return datagram

    def _next_keep_alive(self, now):
        low, high = (1.7, 2.2) if now - self.last_talk < 30 else (20, 25)
        middle = (low + high) / 2
        return now + (random.uniform(low, middle) if self.pairing.pair.own == LO else random.uniform(middle, high))

    def deadline(self):
        times = [self.received.due, self.recovery.deadline(), self.keep_alive_at]
        if self.epochs.before is not None or self.epochs.their_public:
            times.append(self.last_heard + 0.5)
        return min(time for time in times if time is not None)
