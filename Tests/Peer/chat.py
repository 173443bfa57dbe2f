"""Messages and receipts: §3.6 of Protocol.md."""

import os
import struct

import streams
from keys import Refused

DELIVERED = 1


class Chat:
    """The outbox and the inbox of one contact, kept in `state` (see store.py)."""

    def __init__(self, state, event, clock, receipts=True):
        self.state, self.event, self.clock, self.has_receipts = state, event, clock, receipts
        self.epoch, self.counter = int.from_bytes(os.urandom(8), "big"), 0
        state.setdefault("kept", [])  # [epoch, counter, time, text] without a receipt
        state.setdefault("stored", {})  # epoch → the greatest counter on disk
        self.session = None

    # A session

    def begin(self, session):
        self.session = session
        self.messages, self.receipts = streams.Records(65560), streams.Records(64)
        for kept in self.state["kept"]:
            self._send(kept)

    def end(self):
        self.session = None

    def take(self, stream, data):
        if stream == streams.CHAT:
            for record in self.messages.take(data):
                self._message(record)
        elif self.has_receipts:
            for record in self.receipts.take(data):
                self._receipt(record)

    # Out

    def say(self, text):
        self.counter += 1
        kept = [self.epoch, self.counter, int(1000 * self.clock()), text]
        self.state["kept"].append(kept)
        self.state.save()
        if self.session:
            self._send(kept)
        return self.counter

    def _send(self, kept):
        epoch, counter, time, text = kept
        record = struct.pack(">QQQ", epoch, counter, time) + text.encode()
        self.session.write(streams.CHAT, streams.record(record))

    def _receipt(self, record):
        if len(record) < 17 or record[0] not in (1, 2):
            raise Refused("receipt")
        kind, epoch, counter = struct.unpack(">BQQ", record[:17])
        if kind == DELIVERED:
            for kept in [kept for kept in self.state["kept"] if kept[:2] == [epoch, counter]]:
                self.state["kept"].remove(kept)
                self.state.save()
                self.event("delivered", counter=counter, text=kept[3])

    # In

    def _message(self, record):
        if not 24 <= len(record) <= 65560:
            raise Refused("message")
        epoch, counter, time = struct.unpack(">QQQ", record[:24])
        if counter > self.state["stored"].get(str(epoch), 0):
            text = record[24:].decode(errors="replace")
            self.state["stored"][str(epoch)] = counter
            self.state.keep("inbox", {"epoch": epoch, "counter": counter, "time": time, "text": text})
            self.state.save()
            self.event("message", text=text, counter=counter, time=time)
        else:
            self.event("double", counter=counter)
        if self.has_receipts:
            self.session.write(streams.RECEIPTS, streams.record(struct.pack(">BQQ", DELIVERED, epoch, counter)))
