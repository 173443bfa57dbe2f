#!/usr/bin/env python3
"""A peer that speaks Pinhole's protocol, written from Protocol.md alone, to see whether that text is enough.

It has one contact. Commands come on standard input, one a line; what happens goes to standard output as JSON, one
object a line. It is for tests: nothing here is constant-time, and keys are given on the command line.

    call             reach the contact now             say TEXT         send a message
    rekey            begin a new epoch                 send PATH        offer a file
    close            end the session                   quit             leave
    frames HEX       send these bytes as a packet's  keys             print the session's keys
"""

import argparse
import json
import os
import random
import select
import socket
import sys
import time

import keys
import signaling
import streams
from chat import Chat
from contact import Contact
from files import Files
from store import State

IP_RECVTOS = 13


class Node:
    def __init__(self, options):
        self.identity = keys.Identity(bytes.fromhex(options.seed))
        self.state = State(options.directory)
        pair = keys.Pair(self.identity, keys.unbech32m("pin", options.contact))
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_RECVTOS, 1)
        self.socket.bind(("127.0.0.1", options.port))
        self.socket.setblocking(False)
        own = self.socket.getsockname()
        self.lossy, self.loss = random.Random(options.loss_seed), options.loss
        clock = lambda: time.time() + options.clock
        self.chat = Chat(self.state, self.say, clock, not options.no_receipts)
        self.files = Files(self.state, self.say, self.identity.public, pair.other_public)
        self.contact = Contact(
            pair, self.state, [parse(a) for a in options.address], self.send, self.say, self.begun, self.ended,
            self.arrived, clock)
        self.contact.own_candidates = [own]
        self.service = self.service_address = None
        if options.service:
            key, host, port = keys.service_address(options.service)
            self.service_address = (socket.gethostbyname(host), port)
            self.service = signaling.Client(
                key, pair, options.token.encode(), lambda data: self.send(data, self.service_address), self.signaled)
            self.contact.service = self.service
            self.service.begin(time.monotonic())
        self.wants_session = self.wants_epoch = False
        self.say("ready", key=self.identity.text, address="%s:%d" % own, safety=" ".join(pair.safety_number()))

    def say(self, event, /, **values):
        print(json.dumps({"event": event, **values}), flush=True)

    def send(self, datagram, address):
        if self.lossy.random() >= self.loss:
            self.socket.sendto(datagram, address)

    # Sessions

    def begun(self, session):
        self.say("session", peer="%s:%d" % session.address, sid=session.pairing.sid.hex())
        self.rekeyed = 0
        self.chat.begin(session)
        self.files.begin(session)

    def ended(self, why):
        self.chat.end()
        self.files.end()
        self.say("ended", why=why)

    def arrived(self, stream, data, over):
        if stream in (streams.CHAT, streams.RECEIPTS):
            self.chat.take(stream, data)
        elif stream == streams.CONTROL:
            self.files.take_control(data)
        elif stream >= streams.FIRST_OF_BYTES:
            if not over:
                self.contact.session.stop(stream, 1)  # nobody takes streams of any name here
        elif stream >= streams.FIRST_FILE:
            self.files.take(stream, data, over)

    def signaled(self, name, *values):
        now = time.monotonic()
        if name == "registered":
            self.contact.observed = values[0]
            self.say("registered", observed="%s:%d" % values[0])
            if self.wants_session and not self.contact.session and not self.contact.attempt:
                self.contact.call(now)
        else:
            if name in ("absent", "appeared", "notice"):
                self.say(name, **({"text": values[0]} if values else {}))
            self.contact.signaled(name, values, now)

    # The loop

    def run(self):
        self.commands = b""
        open_input = True
        while True:
            now = time.monotonic()
            due = min(self.contact.deadline(now), now + 0.1 if self.wants_epoch else now + 1)
            if self.service:
                due = min(due, self.service.deadline())
            inputs = [self.socket] + ([sys.stdin] if open_input else [])
            ready, _, _ = select.select(inputs, [], [], max(0, due - now))
            if self.socket in ready:
                self.drain()
            if sys.stdin in ready:
                data = os.read(0, 65536)
                open_input = bool(data)
                *lines, self.commands = (self.commands + data).split(b"\n")
                for line in lines:
                    if self.command(line.decode()):
                        return
            now = time.monotonic()
            if self.service:
                self.service.tick(now)
            self.contact.tick(now)
            session = self.contact.session
            if session and self.wants_epoch:
                self.wants_epoch = not session.rekey(now)
            if session and session.rekeyed != self.rekeyed:
                self.rekeyed = session.rekeyed
                self.say("epoch", number=session.epochs.present.index)

    def drain(self):
        for _ in range(256):
            try:
                datagram, ancillary, _, source = self.socket.recvmsg(65535, 64)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue
            ecn = next((data[0] & 3 for level, _, data in ancillary if level == socket.IPPROTO_IP), 0)
            if datagram and source[1] and self.lossy.random() >= self.loss:
                self.receive(datagram, source, ecn, time.monotonic())

    def receive(self, datagram, source, ecn, now):
        """§2.1"""
        first = datagram[0]
        if first == 0xC1:
            self.contact.receive_hello(datagram, source, now)
        elif first == 0xC2:
            self.contact.receive_cookie(datagram, source)
        elif (first == 0xC3 or 0x40 <= first <= 0x7F) and len(datagram) >= 29:
            self.contact.receive(datagram, source, ecn, now)
        elif first in (0xD2, 0xD4) and self.service and source == self.service_address:
            self.service.receive(datagram, now)

    def command(self, line):
        """Whether this was the last."""
        word, _, rest = line.partition(" ")
        now = time.monotonic()
        session = self.contact.session
        if word == "call":
            self.wants_session = True
            if not session:
                self.contact.call(now)
        elif word == "say":
            self.say("said", counter=self.chat.say(rest))
        elif word == "rekey":
            self.wants_epoch = True
        elif word == "send":
            self.files.offer(rest)
        elif word == "frames" and session:
            session.say_raw(bytes.fromhex(rest))
        elif word == "keys" and session:
            pairing, epoch = session.pairing, session.epochs.present
            secrets = {"ephemeral": pairing.z[:32], "root": epoch.root}
            for role in (0, 1):
                secrets["handshake %d" % role] = pairing.hs[role][0]
                secrets["traffic %d" % role] = epoch.keys[role][0]
            self.say("keys", number=epoch.index, secrets={name: key.hex() for name, key in secrets.items()})
        elif word in ("close", "quit"):
            if session:
                session.close(0)
                self.contact.tick(now)
            if word == "quit":
                if self.service:
                    self.service.close()
                self.say("bye")
                return True
        elif word:
            self.say("unknown command", text=line)
        return False


def parse(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", required=True, help="this peer's secret: 64 hexadecimal digits")
    parser.add_argument("--contact", required=True, help="the contact's key, pin1…")
    parser.add_argument("--directory", required=True, help="where messages, files and state are kept")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--service", help="pinhole-signal://…")
    parser.add_argument("--token", default="", help="the service's access token")
    parser.add_argument("--clock", type=float, default=0, help="seconds by which this peer's clock is wrong")
    parser.add_argument("--loss", type=float, default=0, help="the part of all datagrams that is lost, each way")
    parser.add_argument("--loss-seed", type=int, default=1)
    parser.add_argument("--no-receipts", action="store_true", help="neither give receipts nor take any")
    parser.add_argument("--address", action="append", default=[], help="where the contact listens, host:port")
    try:
        Node(parser.parse_args()).run()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
