import Pinhole
import Testing

@testable import PinholeControl

@Suite("what a client has told of")
struct ToldEventsTests {
    private let contact = Identity.generate().publicKey

    private func delivered(_ number: Int) -> NodeEvent {
        .delivered(MessageReference(contact: contact, epoch: 1, counter: UInt64(number)))
    }

    @Test("what was told is not found, and what was found is not told")
    func once() {
        var told = ToldEvents()
        told.settle(at: 5)
        #expect(told.place == 5)
        let outcomes = [
            told.hears(delivered(1)), told.finds(delivered(1)), told.finds(delivered(2)), told.finds(delivered(2)),
            told.hears(delivered(2)),
        ]
        #expect(outcomes == [true, false, true, false, false])
        // What happens twice is told twice; what no log has is not looked for.
        let others = [told.hears(delivered(1)), told.hears(.notice("any")), told.finds(.notice("any"))]
        #expect(others == [true, true, false])
    }

    @Test("the place moves on, and everything told behind it is remembered")
    func turns() {
        var told = ToldEvents()
        // The log has one event for each, and is asked when the client says so; the answer takes a while.
        var asked: Int? = 0
        for number in 1...5 * ToldEvents.limit {
            if let place = asked, number.isMultiple(of: 97) {
                told.settle(at: Int64(place))
                asked = nil
            }
            let isNews = told.hears(delivered(number))
            #expect(isNews)
            if told.turns() { asked = number }
            guard let place = told.place.map({ Int($0) }) else { continue }
            #expect(number - place <= 2 * ToldEvents.limit + 200)
            guard number.isMultiple(of: 1000) else { continue }
            var copy = told
            let found = (place + 1...number).filter { copy.finds(delivered($0)) }
            #expect(found.isEmpty)
        }
    }
}
