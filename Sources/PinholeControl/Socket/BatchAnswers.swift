import Pinhole
import Synchronization

/// The answers to the calls of a batch, as far as they have room together; an error in place of each of the others.
final class BatchAnswers: Sendable {
    private let refusals: [JSON]
    private let state: Mutex<State>

    private struct State {
        var answers: [JSON?]
        /// How much longer than their refusals the answers may still be, in bytes.
        var room: Int
    }

    /// Begins with room for a refusal of each call.
    init(to calls: [JSON], limit: Int = ControlLimits.answer) {
        refusals = calls.map { call in
            RPC.response(
                RPC.Request.id(of: call),
                RPC.Failure(
                    PinholeError(
                        .badData, "the answers of the batch are longer than \(limit) bytes together",
                        hint: "ask for this one alone")))
        }
        let room = limit - refusals.reduce(2) { $0 + Self.size($1) }
        state = Mutex(State(answers: calls.map { _ in nil }, room: room))
    }

    /// Keeps the answer to the call at `index`, or that it had no room: nothing else of it stays in memory.
    func keep(_ answer: JSON, at index: Int) {
        let more = Self.size(answer) - Self.size(refusals[index])
        state.withLock { state in
            let hasRoom = more <= max(0, state.room)
            if hasRoom { state.room -= more }
            state.answers[index] = hasRoom ? answer : refusals[index]
        }
    }

    /// Those that there are, in the order of the calls.
    var inOrder: [JSON] { state.withLock(\.answers).compactMap(\.self) }

    /// With a comma or bracket, and the line's end.
    private static func size(_ json: JSON) -> Int { json.line.utf8.count + 1 }
}
