"""How a contact is found and a session with it begins: §2.7 to §2.11, §4.5 and §5 of Protocol.md."""

import os
import random

import handshake
import signaling
import wire
from handshake import Attempt, Pairing
from keys import LO, Refused
from session import Session

PROBES = (0.033, 0.066, 0.132, 0.264, 0.528, 1.056, 2.0, 2.0)
DIRECT = (0.1, 0.2, 0.4, 0.8, 1.6)
CONNECT = (0.5, 1, 2, 4)


class Probe:
    """One address on the list (§5.4)."""

    def __init__(self, now, times):
        self.next_at, self.count, self.times = now, 0, times

    def sent(self, now):
        self.next_at = now + PROBES[min(self.count, len(PROBES) - 1)]
        self.count += 1


class Contact:
    """`send(datagram, address)`, `event(name, …)`, `begun(session)` and `ended()` are the node's."""

    def __init__(self, pair, state, addresses, send, event, begun, ended, on_stream, clock):
        self.pair, self.state, self.addresses = pair, state, addresses
        self.send, self.event, self.begun, self.ended, self.on_stream = send, event, begun, ended, on_stream
        self.clock = clock
        self.jar = handshake.CookieJar(pair.identity.public)
        self.attempt, self.pairings, self.waiting = None, [], []
        self.session = self.shadow = None
        self.probes, self.validated, self.challenges, self.heard_bytes = {}, set(), {}, {}
        self.service, self.own_candidates, self.observed = None, [], None
        self.answered_at = self.refused_at = -100
        self.direct = self.connect = None  # (when the next is due, how many were sent)

    # Attempts

    def call(self, now, flags=0):
        """An attempt of one's own, by all ways."""
        self._begin(now, flags=flags)
        if self.addresses:
            self.direct = (now, 0)
        if self.service and self.service.is_registered:
            self.connect = (now, 0)

    def _begin(self, now, echo_of=None, flags=0):
        ts = max(int(1000 * self.clock()), self.state.get("ts_sent", 0) + 1)
        self.state["ts_sent"] = ts
        self.state.save()
        self.attempt = Attempt(ts, now, echo_of, flags)
        self.pairings, self.waiting = [], []
        self.probes, self.validated, self.challenges, self.heard_bytes = {}, set(), {}, {}
        self.direct = self.connect = None

    def _give_up(self):
        self.attempt, self.direct, self.connect, self.probes = None, None, None, {}
        self.event("gave up")

    # §2.8

    def _is_fresh(self, plaintext, cookie_is_valid):
        own = self.attempt
        self.is_echo = own is not None and not own.is_answer and plaintext.intro_id == own.plaintext.intro_id
        return plaintext.ts > self.state.get("ts_authenticated", -1) or self.is_echo or cookie_is_valid

    def _pair_with(self, scid, plaintext, now):
        """The pairing with this plaintext, made if need be."""
        for pairing in self.pairings:
            if pairing.peer_plaintext.data == plaintext.data:
                return pairing
        must_echo = plaintext.flags & handshake.NEEDS_ECHO and not self.is_echo
        if self.attempt is None or must_echo:
            self._begin(now, echo_of=plaintext.intro_id)
        pairing = Pairing(self.pair, self.attempt, scid, plaintext)
        unproven = [p for p in self.pairings if not p.authenticated]
        if len(self.pairings) == 2 and unproven:
            self.pairings.remove(unproven[0])
        if len(self.pairings) < 2:
            self.pairings.append(pairing)
        waiting, self.waiting = self.waiting, []
        for datagram, source, ecn in waiting:
            self.receive(datagram, source, ecn, now)
        return pairing

    # Datagrams

    def receive_hello(self, datagram, source, now):
        """Whether the HELLO is this contact's."""
        direct = len(datagram) == 256 and handshake.has_valid_mac1(datagram, self.pair.identity.public)
        if not direct and self.attempt is None:
            return False
        opened = handshake.open_hello(datagram, self.pair)
        if not opened:
            return False
        scid, plaintext = opened
        if not self._is_fresh(plaintext, direct and self.jar.is_valid(datagram, source)):
            if direct and plaintext.ts != self.state.get("ts_authenticated") and now - self.refused_at >= 10:
                self.refused_at = now
                self.send(self.jar.answer(datagram, source), source)
            return True
        try:
            pairing = self._pair_with(scid, plaintext, now)
        except Refused:
            return True
        if not pairing.heard:
            self.send(self.attempt.hello(self.pair, False), source)
        self._send_hs(pairing, source, challenge=True)
        return True

    def receive_cookie(self, datagram, source):
        if self.attempt and self.attempt.take_cookie(datagram, self.pair):
            self.event("cookie")
            self.send(self.attempt.hello(self.pair, True), source)

    def receive(self, datagram, source, ecn, now):
        """HS or DATA, by its connection id."""
        if datagram[0] == handshake.HS:
            taken = self._receive_hs(datagram, source, now)
        else:
            taken = self._receive_data(datagram, source, ecn, now)
        if not taken and self.attempt and datagram[1:9] == self.attempt.scid and len(self.waiting) < 32:
            self.waiting.append((datagram, source, ecn))

    def _receive_hs(self, datagram, source, now):
        for pairing in self.pairings:
            opened = datagram[1:9] == pairing.attempt.scid and pairing.open(datagram)
            if not opened:
                continue
            frames, whole = opened
            self.heard_bytes[source] = self.heard_bytes.get(source, 0) + len(datagram)
            responses = []
            for frame in frames:
                if frame.type == wire.AUTH and not pairing.authenticated:
                    if not pairing.verifies(frame.data):
                        return True
                    pairing.authenticated = True
                    self._authenticated(pairing, source, now)
                elif frame.type == wire.PATH_CHALLENGE:
                    responses.append(frame.data)
                elif frame.type == wire.PATH_RESPONSE and frame.data in self.challenges:
                    self.validated.add(self.challenges[frame.data])
            if source not in self.probes and len(self.probes) < 32:
                self.probes[source] = Probe(now, 9)
            if responses and whole:
                self._send_hs(pairing, source, source not in self.validated, responses[:2])
            return True
        return False

    def _receive_data(self, datagram, source, ecn, now):
        for session in filter(None, (self.session, self.shadow)):
            if datagram[1:9] == session.pairing.attempt.scid and session.receive(datagram, source, ecn, now):
                session.pairing.confirmed = True
                if session is self.shadow:
                    self._take_over()
                return True
        return False

    def _authenticated(self, pairing, source, now):
        self.state["ts_authenticated"] = max(self.state.get("ts_authenticated", -1), pairing.peer_plaintext.ts)
        self.state.save()
        session = Session(pairing, source, self.validated, self.heard_bytes, self.on_stream, now)
        if self.session is None or self.session.closed:
            self.session = session
            self._begun()
        elif pairing.order > self.session.pairing.order or self.is_echo:
            self.shadow = session
            if not (self.session.confirmed and now - self.session.began >= 2):
                self._take_over()
            else:
                self.shadow_until = now + 1

    def _take_over(self):
        self.session, self.shadow = self.shadow, None
        self.ended("a newer session")
        self._begun()

    def _begun(self):
        # The other may receive more than the 1200 bytes, but so much both must carry (§3.8, Capacity).
        self.session.challenge(self.session.address, large=True)
        self.begun(self.session)

    def _send_hs(self, pairing, address, challenge, responses=()):
        challenges = []
        if challenge:
            challenges = [os.urandom(8)]
            self.challenges[challenges[0]] = address
        self.send(pairing.handshake(challenges, responses), address)

    # The service's word

    def introduction(self):
        candidates = [(0, address) for address in self.own_candidates]
        if self.observed and self.observed not in self.own_candidates:
            candidates.append((1, self.observed))
        return bytes([0x11]) + wire.candidates_bytes(candidates) + bytes(10)

    def signaled(self, name, values, now):
        """What a service said: §4.5, §4.6."""
        if name == "appeared" and not self.session:
            self.call(now)
        elif name == "peer":
            addresses, blob = values
            self._add(addresses, now, 3)
            if blob:
                self._introduced(blob, now)

    def _introduced(self, blob, now):
        opened = handshake.open_blob(blob, self.pair)
        if not opened:
            return
        scid, plaintext, introduction = opened
        if not self._is_fresh(plaintext, False) and not any(
                p.peer_plaintext.data == plaintext.data for p in self.pairings):
            if plaintext.ts == self.state.get("ts_authenticated") or now - self.refused_at < 10:
                return
            self.refused_at = now
            asking = self.attempt is not None and self.attempt.plaintext.flags & handshake.NEEDS_ECHO
            if not plaintext.flags & handshake.NEEDS_ECHO or (asking and self.pair.own == LO):
                if not asking:
                    self.call(now, flags=handshake.NEEDS_ECHO)
                return
            introduction = b""  # that of an old HELLO: it is answered, and nobody is probed for it
        echo = self.is_echo
        try:
            self._pair_with(scid, plaintext, now)
        except Refused:
            return
        if introduction:
            reader = wire.Reader(introduction)
            try:
                reader.int(1)
                self._add([address for _, address in reader.candidates()], now, 9)
            except Refused:
                return
        if not echo and now - self.answered_at >= 0.2:
            self.answered_at = now
            self.service.introduce(signaling.ANSWER, self.attempt.blob(self.pair, self.introduction()))

    def _add(self, addresses, now, times):
        for address in addresses:
            if not address[0].startswith("127."):
                continue  # §5.3: from a socket that is bound to loopback nothing else can be reached
            probe = self.probes.get(address)
            if self.attempt and probe is None and len(self.probes) < 32:
                self.probes[address] = Probe(now, times)
            elif probe:
                probe.times = max(probe.times, times)

    # Time

    def tick(self, now):
        attempt = self.attempt
        if attempt:
            confirmed = self.session and self.session.confirmed and self.session.pairing.attempt is attempt
            if confirmed:
                if now - self.session.began > 2:
                    self.attempt = None
            elif now - attempt.began > (15 if any(p.authenticated for p in self.pairings) else 10):
                self._give_up()
            else:
                self._repeat(now)
        if self.shadow and now > self.shadow_until:
            heard = self.session.last_heard > self.shadow_until - 1
            self.shadow = self.shadow if not heard else None
            if self.shadow:
                self._take_over()
        for session in filter(None, (self.session, self.shadow)):
            for datagram, address in session.poll(now):
                self.send(datagram, address)
        if self.session and self.session.closed:
            why, self.session = self.session.closed, None
            self.ended(f"CLOSE {why[0]} ({why[1]})")

    def _repeat(self, now):
        heard = any(p.heard for p in self.pairings)
        if self.direct and now >= self.direct[0] and not heard:
            for address in self.addresses:
                self.send(self.attempt.hello(self.pair, True), address)
            wait = DIRECT[self.direct[1]] if self.direct[1] < len(DIRECT) else 2
            self.direct = (now + wait * random.uniform(0.75, 1.25), self.direct[1] + 1)
        if self.connect and now >= self.connect[0] and not heard:
            self.service.introduce(signaling.CONNECT, self.attempt.blob(self.pair, self.introduction()))
            wait = CONNECT[min(self.connect[1], len(CONNECT) - 1)]
            self.connect = (now + wait * random.uniform(0.75, 1.25), self.connect[1] + 1)
        for address, probe in list(self.probes.items()):
            if now >= probe.next_at and probe.count < probe.times:
                probe.sent(now)
                if address in self.validated:
                    probe.times = min(probe.times, probe.count + 3)
                for pairing in self.pairings:
                    self._send_hs(pairing, address, challenge=True)
                if not heard:
                    self.send(self.attempt.hello(self.pair, False), address)

    def deadline(self, now):
        times = [s.deadline() for s in (self.session, self.shadow) if s]
        if self.attempt:
            times += [p.next_at for p in self.probes.values() if p.count < p.times]
            times += [due[0] for due in (self.direct, self.connect) if due] + [now + 0.2]
        return min(times, default=now + 1)
