internal import PinholeWire

/// Who types at the moment, on both sides of a conversation. It is said again while it lasts, and ends by itself.
struct Typing {
    /// When this side last said that it types; `nil` when it does not.
    private var saidAt: Instant?
    /// Until when the peer counts as typing.
    private(set) var peerUntil: Instant?
    private var changedAt: Instant?

    /// The person types, or has stopped. Returns whether the peer is to be told.
    mutating func own(_ isTyping: Bool, at now: Instant) -> Bool {
        guard isTyping else {
            defer { saidAt = nil }
            return saidAt != nil
        }
        if let saidAt, now - saidAt < Limits.typingInterval { return false }
        saidAt = now
        return true
    }

    /// The peer says that it types, or that it has stopped. Returns whether that is news; not more than twice a second.
    mutating func peer(_ isTyping: Bool, at now: Instant) -> Bool {
        guard isTyping else {
            defer { peerUntil = nil }
            return peerUntil != nil
        }
        guard peerUntil == nil else {
            peerUntil = now + Limits.typingLifetime
            return false
        }
        if let changedAt, now - changedAt < Limits.typingPause { return false }
        changedAt = now
        peerUntil = now + Limits.typingLifetime
        return true
    }

    /// Returns whether the peer has just stopped, without saying so.
    mutating func expire(at now: Instant) -> Bool {
        guard let until = peerUntil, until <= now else { return false }
        peerUntil = nil
        return true
    }

    mutating func sessionBegan() {
        saidAt = nil
    }
}
