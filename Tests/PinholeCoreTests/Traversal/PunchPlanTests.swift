import PinholeCrypto
import PinholeWire
import Testing

@testable import PinholeCore

@Suite("the plan of two profiles")
struct PunchPlanTests {
    private static let profiles: [NATProfile] = {
        var profiles: [NATProfile] = []
        for mapping in 0...4 {
            for filtering in 0...3 {
                let behavior = NATBehavior(byte: UInt8(mapping << 4 | filtering))
                for kind in 0...4 {
                    let allocation = PortAllocation(
                        kind: PortAllocation.Kind(rawValue: UInt8(kind))!, delta: 1, low: 20_000, high: 20_511,
                        last: 20_100)
                    profiles.append(NATProfile(behavior: behavior, allocation: allocation))
                }
            }
        }
        return profiles
    }()

    private func hard(_ kind: PortAllocation.Kind, last: UInt16 = 20_100) -> NATProfile {
        NATProfile(
            behavior: NATBehavior(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent),
            allocation: PortAllocation(kind: kind, delta: 1, low: 20_000, high: 20_511, last: last))
    }

    private let home = NATProfile(
        behavior: NATBehavior(mapping: .endpointIndependent, filtering: .addressAndPortDependent))

    @Test("fits the one that the other side makes")  // [PUN-3]
    func fits() {
        for own in Self.profiles {
            for peer in Self.profiles {
                let plans = (PunchPlan(own: own, peer: peer, role: .lo), PunchPlan(own: peer, peer: own, role: .hi))
                switch plans {
                case (.candidates, .candidates), (.undetermined, .undetermined), (.infeasible, .infeasible),
                    (.sweep, .sweep):
                    break
                case (.openSockets(_, _, let one), .spray(_, let other)),
                    (.spray(_, let one), .openSockets(_, _, let other)):
                    #expect(one == other)
                default:
                    Issue.record("\(own) and \(peer) lead to \(plans)")
                }
            }
        }
    }

    @Test("needs no ports to be guessed where either side lets everybody in")  // [PUN-3]
    func open() {
        for filtering in [NATBehavior.Filtering.endpointIndependent, .addressDependent] {
            let open = NATProfile(behavior: NATBehavior(mapping: .endpointIndependent, filtering: filtering))
            for peer in Self.profiles { #expect(PunchPlan(own: open, peer: peer, role: .lo) == .candidates) }
        }
    }

    @Test("is infeasible for a random NAT and any other hard one, and for no other pair")  // [PUN-3]
    func infeasible() {
        let kinds: [PortAllocation.Kind] = [.sequential, .block, .random]
        for own in kinds {
            for peer in kinds {
                let plan = PunchPlan(own: hard(own), peer: hard(peer), role: .lo)
                #expect((plan == .infeasible) == (own == .random || peer == .random))
            }
            #expect(PunchPlan(own: hard(own), peer: home, role: .lo) != .infeasible)
        }
    }

    @Test("keeps within 1100 NAT entries")  // [PUN-14]
    func budget() {
        for own in Self.profiles {
            for peer in Self.profiles {
                switch PunchPlan(own: own, peer: peer, role: .lo) {
                case .candidates, .undetermined, .infeasible: break
                case .openSockets(let count, _, _): #expect(count <= 1100)
                case .spray(let search, _), .sweep(let search, _, _): #expect(search.count <= 1100)
                }
            }
        }
    }

    @Test("waits for both counters before two counting NATs sweep again")
    func half() {
        func plan(_ own: UInt16, _ peer: UInt16) -> PunchPlan {
            PunchPlan(own: hard(.sequential, last: own), peer: hard(.sequential, last: peer), role: .hi)
        }
        #expect(!plan(1, 2).isHalf(newerThan: nil))
        #expect(plan(3, 2).isHalf(newerThan: plan(1, 2)))
        #expect(plan(1, 4).isHalf(newerThan: plan(1, 2)))
        #expect(!plan(3, 4).isHalf(newerThan: plan(1, 2)))
    }

    @Test("takes what is not known for the worst when it must go on")  // [PUN-2]
    func worst() {
        for own in Self.profiles {
            for peer in Self.profiles {
                let plan = PunchPlan(own: own.assumingTheWorst, peer: peer.assumingTheWorst, role: .lo)
                #expect(plan != .undetermined)
            }
        }
    }
}

@Suite("large punches")
struct PunchScheduleTests {
    private let one = IdentitySecret.generate().publicKey
    private let other = IdentitySecret.generate().publicKey
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test("are one at a time, and 20 s apart")  // [PUN-14]
    func apart() {
        var schedule = PunchSchedule()
        let first = [schedule.claim(one, at: start), schedule.claim(one, at: start + .seconds(1))]
        #expect(first == [true, true])
        var isFree = schedule.claim(other, at: start + .seconds(30))
        #expect(!isFree)
        schedule.release(other)
        isFree = schedule.claim(other, at: start + .seconds(30))
        #expect(!isFree)
        schedule.release(one)
        isFree = schedule.claim(other, at: start + .seconds(30))
        #expect(isFree)
        schedule.release(other)
        isFree = schedule.claim(one, at: start + .seconds(49))
        #expect(!isFree)
        isFree = schedule.claim(one, at: start + .seconds(50))
        #expect(isFree)
    }
}
