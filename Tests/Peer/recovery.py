"""Acknowledgement and loss recovery, the simple parts of RFC 9002: §3.7 of Protocol.md."""

from dataclasses import dataclass, field

from keys import Refused
from packets import ReplayWindow
from wire import ack_frame

GRANULARITY, MAX_ACK_DELAY = 0.001, 0.025
PACKET_THRESHOLD, TIME_THRESHOLD = 3, 9 / 8


class Received:
    """What has arrived, and when it is to be told."""

    def __init__(self):
        self.window = ReplayWindow()
        self.ranges = []  # (smallest, largest), the newest first
        self.due = None
        self.eliciting = 0  # since the last ACK
        self.latest = None  # arrival and size of the newest ack-eliciting packet
        self.codepoints = [0, 0, 0]  # ECT(0), ECT(1), CE
        self.sequence, self.threshold, self.delay, self.reordering = -1, 2, MAX_ACK_DELAY, 1

    def take(self, number, eliciting, ecn, size, now):
        in_order = number == self.window.largest + 1
        self.window.take(number)
        self._insert(number)
        if ecn:
            self.codepoints[{2: 0, 1: 1, 3: 2}[ecn]] += 1
        if not eliciting:
            return
        self.eliciting += 1
        self.latest = (now, size)
        at_once = ecn == 3 or self.eliciting >= self.threshold or (self.reordering <= 1 and not in_order)
        self.due = now if at_once else min(self.due or now + self.delay, now + self.delay)

    def _insert(self, number):
        at = 0
        while at < len(self.ranges) and self.ranges[at][0] > number + 1:
            at += 1
        low = high = number
        if at < len(self.ranges) and self.ranges[at][0] == number + 1:
            high = self.ranges.pop(at)[1]
        if at < len(self.ranges) and self.ranges[at][1] == number - 1:
            low = self.ranges.pop(at)[0]
        self.ranges.insert(at, (low, high))
        del self.ranges[32:]

    def frequency(self, sequence, threshold, delay, reordering):
        if sequence > self.sequence:
            self.sequence, self.reordering = sequence, reordering
            self.threshold = min(max(threshold, 1), 256)
            self.delay = min(max(delay, 1000), 25000) / 1e6

    def frame(self, now):
        """An ACK of everything, if there is anything that was not acknowledged."""
        if self.due is None:
            return b""
        self.due, self.eliciting = None, 0
        return ack_frame(self.ranges, int(1e6 * (now - self.latest[0])), self.codepoints)


@dataclass
class Sent:
    number: int
    time: float
    size: int
    eliciting: bool
    says: list = field(default_factory=list)  # what is to be repeated if this is lost


class Recovery:
    """What is under way, the round trip, and a window in the way of NewReno."""

    def __init__(self, initial_rtt=0.333):
        self.next_number, self.under_way = 0, {}
        self.largest_acked = -1
        self.srtt, self.rttvar, self.min_rtt, self.latest_rtt = initial_rtt, initial_rtt / 2, None, initial_rtt
        self.timeouts, self.loss_at = 0, None
        self.window, self.threshold, self.recovering_since = 12000, 1 << 60, -1.0
        self.last_eliciting = None

    @property
    def in_flight(self):
        return sum(sent.size for sent in self.under_way.values() if sent.eliciting)

    def probe_timeout(self):
        return self.srtt + max(4 * self.rttvar, GRANULARITY) + MAX_ACK_DELAY

    def sent(self, size, eliciting, says, now):
        self.under_way[self.next_number] = Sent(self.next_number, now, size, eliciting, says)
        if eliciting:
            self.last_eliciting = now
        self.next_number += 1

    def acknowledged(self, ranges, delay, now):
        """The packets that this ACK tells of first, and those that are lost by it."""
        if ranges[0][1] >= self.next_number:
            raise Refused("an ACK of what was never sent")
        acked = [s for s in list(self.under_way.values()) if any(low <= s.number <= high for low, high in ranges)]
        if not acked:
            return [], []
        for sent in acked:
            del self.under_way[sent.number]
        newest = max(acked, key=lambda s: s.number)
        if newest.number == ranges[0][1] and newest.eliciting:
            self._measure(now - newest.time, delay / 1e6)
        self.largest_acked = max(self.largest_acked, newest.number)
        self.timeouts = 0
        grown = sum(s.size for s in acked if s.time > self.recovering_since)
        self.window += grown if self.window < self.threshold else 1200 * grown // self.window
        self.window = min(self.window, 1 << 18)
        return acked, self.lost(now)

    def _measure(self, rtt, delay):
        self.latest_rtt = rtt
        if self.min_rtt is None:
            self.min_rtt, self.srtt, self.rttvar = rtt, rtt, rtt / 2
            return
        self.min_rtt = min(self.min_rtt, rtt)
        adjusted = rtt - min(delay, MAX_ACK_DELAY) if rtt - delay >= self.min_rtt else rtt
        self.rttvar = 0.75 * self.rttvar + 0.25 * abs(self.srtt - adjusted)
        self.srtt = 0.875 * self.srtt + 0.125 * adjusted

    def lost(self, now):
        limit = max(TIME_THRESHOLD * max(self.srtt, self.latest_rtt), GRANULARITY)
        self.loss_at, lost = None, []
        for sent in list(self.under_way.values()):
            if sent.number > self.largest_acked:
                continue
            if sent.number <= self.largest_acked - PACKET_THRESHOLD or sent.time + limit <= now:
                lost.append(self.under_way.pop(sent.number))
            else:
                self.loss_at = min(self.loss_at or sent.time + limit, sent.time + limit)
        if any(s.eliciting and s.time > self.recovering_since for s in lost):
            self.recovering_since = now
            self.window = self.threshold = max(self.window // 2, 2400)
        return lost

    def deadline(self):
        if self.loss_at is not None:
            return self.loss_at
        if not any(sent.eliciting for sent in self.under_way.values()):
            return None
        plain = self.probe_timeout()
        return self.last_eliciting + min(plain * 2 ** min(self.timeouts, 6), max(1.0, plain))

    def oldest(self, count):
        """What a probe timeout says again; the packets count as lost, for they mostly are."""
        self.timeouts += 1
        chosen = [s for s in self.under_way.values() if s.eliciting][:count]
        for sent in chosen:
            del self.under_way[sent.number]
        return chosen
