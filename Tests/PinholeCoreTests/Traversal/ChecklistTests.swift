import PinholeWire
import Testing

@testable import PinholeCore

@Suite("the checklist")
struct ChecklistTests {
    private let start = Instant(nanoseconds: 0)

    /// When the addresses of the list are probed, in milliseconds, if each is probed when it is due.
    private func probes(of list: inout Checklist, from start: Instant) -> [(time: Int, route: Route)] {
        var probes: [(time: Int, route: Route)] = []
        while let due = list.nextTimeout, probes.count < 100 {
            let now = max(due, start)
            while let route = list.popDue(at: now) {
                probes.append((Int((now - self.start) / .milliseconds(1)), route))
            }
        }
        return probes
    }

    private func host(_ number: Int) -> Candidate {
        Candidate(.host, TransportAddress(IPAddress(v4: 0xc000_0201), port: UInt16(1000 + number)))
    }

    @Test("an address is probed at once and after 33, 66, 132, 264, 528, 1056, 2000 and 2000 ms")  // [CND-12]
    func schedule() {
        var list = Checklist()
        list.add(host(0), at: start)
        let times = probes(of: &list, from: start).map(\.time)
        #expect(times.first == 0)
        #expect(zip(times.dropFirst(), times).map { $0 - $1 } == [33, 66, 132, 264, 528, 1056, 2000, 2000])
    }

    @Test("an address that answered is probed three times more")  // [CND-13]
    func answered() {
        var list = Checklist()
        list.add(host(0), at: start)
        #expect(list.popDue(at: start) != nil)
        list.succeeded(Route(host(0).address))
        list.succeeded(Route(host(0).address))
        #expect(probes(of: &list, from: start).count == 3)
        list.succeeded(Route(host(0).address))
        #expect(probes(of: &list, from: start).isEmpty)
    }

    @Test("addresses join the list 5 ms apart, and one that was heard goes first")
    func pacing() {
        var list = Checklist()
        for number in 0..<4 { list.add(host(number), at: start) }
        let heard = Candidate(.peerReflexive, host(9).address)
        list.add(heard, at: start + .milliseconds(2))
        #expect(list.popDue(at: start + .milliseconds(2)) == Route(heard.address))
        var joined: [Int] = []
        for (time, route) in probes(of: &list, from: start) where route != Route(heard.address) {
            if time < 20 { joined.append(time) }
        }
        #expect(joined == [0, 5, 10, 15])
    }
}
