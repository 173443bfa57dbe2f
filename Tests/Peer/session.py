"""A session with one contact: packets, frames, acknowledgement, keys and path: §3 of Protocol.md."""

import streams
import wire
from keys import Refused
from packets import Epochs
from recovery import Received
from sending import Sending
from streams import FIRST_FILE, ReceiveStream


class Session(Sending):
    """Bytes and time come in; `poll` gives datagrams and their destinations. `on_stream` is told of stream bytes."""

    def __init__(self, pairing, address, validated, heard_bytes, on_stream, now):
        self.pairing, self.on_stream = pairing, on_stream
        super().__init__(address, validated, heard_bytes, now)
        self.epochs, self.rekeyed = Epochs(pairing, now), 0
        self.received, self.incoming = Received(), {}
        self.began = self.last_heard = now
        self.confirmed = False  # a DATA packet of the peer opened
        self.closed = None  # the code of CLOSE, and whose it was
        self.files_limit = self.files_told = streams.FILES_CREDIT
        self.files_taken = self.files_read = 0

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
        incoming = self.incoming.setdefault(stream, ReceiveStream(stream))
        if incoming.over:
            return
        grown = take(incoming)
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

    def _answer(self, data, source, size):
        self.replies.append((wire.simple_frame(wire.PATH_RESPONSE, data=data), size >= 1200, source))

    def _move(self, source, now):
        self.address = source
        if source not in self.validated:
            self.challenge(source)

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
