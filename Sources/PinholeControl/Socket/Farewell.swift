import Pinhole

/// What a host says before it hangs up.
struct Farewell: Sendable {
    let reason: Phrase
    /// Whether the host itself ends, so that another one may come at once.
    let isOfTheHost: Bool

    init(_ reason: Phrase, isOfTheHost: Bool = false) {
        (self.reason, self.isOfTheHost) = (reason, isOfTheHost)
    }

    /// The notification by which it comes.
    static let method = "disconnected"

    func json(in language: Language) -> JSON {
        RPC.notification(Self.method, ["reason": .string(reason.text(in: language)), "ends": .bool(isOfTheHost)])
    }

    init(_ params: JSON) {
        self.init(Phrase(verbatim: params["reason"]?.text ?? ""), isOfTheHost: params["ends"] == .bool(true))
    }
}
