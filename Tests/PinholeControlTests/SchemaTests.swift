import Pinhole
import Testing

@testable import PinholeControl

@Suite("what rpc.discover says")
struct SchemaTests {
    @Test("every method has a name of its own, and a word for each of its members")
    func notes() throws {
        #expect(Set(Methods.all.map { $0.name }).count == Methods.all.count)
        for method in Methods.all {
            let names = try method.parameterSchema.names.union(method.resultSchema.names)
            for name in names.sorted() {
                let isKnown = method.notes[name] != nil || Self.wellKnown.contains(name)
                #expect(isKnown, "\(method.name) says nothing of “\(name)”")
            }
            #expect(!method.summary.isEmpty)
        }
    }

    /// Members of the network's reports, which Output.md explains.
    private static let wellKnown: Set<String> =
        (try? Schema(of: NetworkShape.self).names.union(Schema(of: AttemptShape.self).names)) ?? []

    @Test("the document lists them all")
    func document() async throws {
        try await Person().withWire { wire, _ in
            let document = try await wire.call("rpc.discover")
            #expect(document["openrpc"] == "1.2.6")
            let names = document["methods"]?.elements?.compactMap { $0["name"]?.text }
            #expect(names == Methods.all.map { $0.name }.sorted())
        }
    }

    @Test("a schema is learned from the type")
    func learning() throws {
        #expect(
            try Schema(of: MessageWait.Params.self)
                == .object([
                    .init(name: "to", schema: .string, isRequired: true),
                    .init(name: "id", schema: .string, isRequired: true),
                    .init(name: "timeout", schema: .number, isRequired: false),
                ]))
        let contacts = try Schema(of: ContactList.Result.self).members
        guard case .array(.object(let members)) = contacts[0].schema else {
            Issue.record("not an array of objects: \(contacts)")
            return
        }
        #expect(members.first { $0.name == "verified" }?.schema == .boolean)
        #expect(
            try Schema(of: NetworkShape.self).members.first { $0.name == "family" }?.schema
                == .nullable(.choice(["IPv4", "IPv6"])))
        #expect(try Schema(of: EventsNext.Result.self).members[0].schema == .array(.reference("Event")))
    }

    @Test("what methods answer is what their schemas say")
    func answers() async throws {
        let calls: [(String, JSON)] = [
            ("status", [:]), ("contact.list", [:]), ("message.send", ["to": "bob", "text": "x"]),
            ("history.recent", ["contact": "bob", "limit": 9]), ("net.check", ["timeout": .number(0.01)]),
            ("net.report", ["contact": "bob"]), ("events.consumers", [:]), ("events.next", ["after": 0]),
        ]
        try await Person().withWire { wire, _ in
            for (name, params) in calls {
                let answer = try await wire.call(name, params)
                let method = try #require(Methods.all.first { $0.name == name })
                try check(answer, try method.resultSchema, name)
            }
        }
    }

    private func check(_ json: JSON, _ schema: Schema, _ place: String) throws {
        switch (schema, json) {
        case (.object(let members), .object(let values)):
            for name in values.keys { #expect(members.contains { $0.name == name }, "\(place): \(name)") }
            for member in members {
                guard let value = values[member.name] else {
                    #expect(!member.isRequired, "\(place): no \(member.name)")
                    continue
                }
                try check(value, member.schema, "\(place).\(member.name)")
            }
        case (.array(let element), .array(let values)): for value in values { try check(value, element, place) }
        case (.nullable, .unknown), (.string, .string), (.integer, .integer), (.number, .number), (.number, .integer),
            (.boolean, .bool):
            break
        case (.nullable(let inner), _): try check(json, inner, place)
        case (.choice(let words), .string(let word)): #expect(words.contains(word), "\(place): \(word)")
        case (.reference("Event"), .object(let values)):
            let kind = try #require(EventSchema.kinds[values["event"]?.text ?? ""], "\(place): \(json.line)")
            let known = kind.union(EventSchema.logged).union(["v", "event"])
            #expect(Set(values.keys).isSubset(of: known), "\(place): \(json.line)")
        default: Issue.record("\(place): \(json.line) is not \(schema)")
        }
    }
}

@Suite("shapes")
struct ShapeTests {
    private static let key = Identity.generate().publicKey
    private static let path = PathReport(
        remote: "192.0.2.1:7", kind: .peerReflexive, family: .ipv4, rtt: .microseconds(31_250), datagramSize: 1400,
        hasECN: true, connectTime: .milliseconds(92), serviceRTT: nil, roundTrips: 1.25)
    private static let transfer = TransferReference(contact: key, direction: .outgoing, number: .max)

    private static let message = MessageReference(contact: key, epoch: 1, counter: .max)

    static let events: [NodeEvent] = [
        .connecting(key), .connected(key, path), .pathChanged(key, path), .disconnected(key, reason: "left"),
        .unreachable(key, PinholeError(.noDirectPath, "no path", hint: "try IPv6")),
        .message(
            IncomingMessage(
                contact: key, epoch: .max, counter: 7, text: "a\nb\u{0}\u{202e}", sentAt: 1_700_000_000_123,
                receivedAt: 1_700_000_001_000)),
        .queued(message, text: "hi", sentAt: 1), .sent(message), .delivered(message), .read(message),
        .typing(key, true), .presence(key, isOnline: false),
        .identityElsewhere("192.0.2.9:7"), .identityElsewhere(nil),
        .fileBegan(transfer, name: "x y", done: 1, total: 2), .fileWaiting(transfer, name: "x y", reason: "away"),
        .fileOffered(transfer, from: key, name: "x y", size: 1 << 40),
        .fileProgress(transfer, done: 1, total: 2), .fileReceived(transfer, path: "/x"), .fileSent(transfer),
        .fileFailed(transfer, reason: "full"), .notice("well"),
    ]

    @Test("every event crosses the socket unchanged, and has the members that are documented", arguments: events)
    func event(_ event: NodeEvent) throws {
        let json = HostEvent(event, contact: "bob", isVerified: true).json
        let back = try #require(HostEvent(try JSON(parsing: Array(json.line.utf8))))
        #expect("\(back.event)" == "\(event)")
        #expect(back.json == json)
        let kind = try #require(EventSchema.kinds[json["event"]?.text ?? ""])
        #expect(Set((json.members ?? [:]).filter { $0.value != .null }.keys).isSubset(of: kind.union(["v", "event"])))
    }

    @Test("every kind of the log is documented", arguments: LoggedEvent.Kind.allCases)
    func logged(_ kind: LoggedEvent.Kind) {
        #expect(EventSchema.kinds[kind.rawValue] != nil)
    }

    @Test("every error comes back as it was", arguments: PinholeError.Code.allCases)
    func error(_ code: PinholeError.Code) {
        let error = RPC.Failure(PinholeError(code, "what", hint: "why")).error
        #expect(error.code == code && error.message == "what" && error.hint == "why")
    }

    @Test("times come back to the millisecond", arguments: [0, 1_700_000_000_001, 253_402_300_799_999] as [UInt64])
    func times(_ time: UInt64) {
        #expect(Timestamp.milliseconds(Timestamp.text(time)) == time)
        #expect(Timestamp.milliseconds("soon") == nil)
    }

    @Test("a network report comes back as it was")
    func network() throws {
        let family = NetworkReport.Family(
            address: "192.0.2.1:7", mapping: .addressDependent, filtering: .unknown, portPreserved: nil,
            allocation: .sequential, portDelta: 2, portRange: 7...9, hairpins: false, lifetime: .seconds(117),
            portMapping: .mapped(.natPMP, port: 9, isReached: nil))
        let report = NetworkReport(
            udpWorks: true, ipv4: family, ipv6: nil, isComplete: false, services: [], verdict: "good")
        let json = JSON(encoding: NetworkShape(report))
        #expect(try json.decode(NetworkShape.self).report == report)
        #expect(json["nat6"] == .unknown, "what is not known is said to be")
    }
}
