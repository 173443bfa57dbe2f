import Foundation
import PinholeCore
import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport

@testable import Pinhole

/// Three people with nodes to whom random things happen, and what must be true of their files, folders and invites after
/// each of them. Alice and Bob are contacts; Carol comes to know others by invites alone.
///
/// What happens comes from a seed or from a list. In the end all is put right, and then nothing that was accepted may be
/// missing. Set `SWIFT_DETERMINISTIC_HASHING` for a seed to repeat the order of dictionaries too. What the node draws from the
/// system, as the numbers of transfers, is another each time: a failure may need several tries to come again.
final class RandomPeople {
    struct Violation: Error, CustomStringConvertible {
        let seed: UInt64
        /// What had happened by then.
        let deeds: [PeopleDeed]
        let sentence: String

        var description: String {
            "seed \(seed), after \(deeds.count) deeds: \(sentence)\n  \(deeds.map { "\($0)" }.joined(separator: ",\n  "))"
        }
    }

    struct Summary: Equatable {
        var files = 0, folders = 0, requests = 0, meetings = 0, messages = 0
    }

    let world: World
    private let folder: TemporaryDirectory
    private(set) var people: [RandomPerson] = []
    let seed: UInt64
    var deeds: [PeopleDeed] = []
    private var random: SeededRandom
    let wire: Wire
    private var networks = 0
    var lines: [InviteLine] = []
    var offered: [Offered] = []
    var texts = 0
    var before = Instant(nanoseconds: 0)

    static let names = ["alice", "bob", "carol"]

    /// How long all may take to arrive once nothing is in the way.
    static let patience: Duration = .seconds(900)

    private init(seed: UInt64) throws {
        self.seed = seed
        random = SeededRandom(seed: seed ^ 0xdeed)
        world = World(seed: seed)
        wire = Wire(seed: seed)
        folder = try TemporaryDirectory()
        for name in Self.names {
            networks += 1
            let network = world.makeNetwork(
                networks, PeopleDeed.networks.randomElement(using: &random)!)
            let person = try RandomPerson(name, in: world, at: network, folder.path(name), &random)
            person.host.heard = { [unowned self] in wire.remember($0, from: $1, to: $2) }
            people.append(person)
        }
        for (person, other) in [(0, 1), (1, 0)] {
            try people[person].profile.add(Contact(name: people[other].name, key: people[other].key))
        }
        world.tap = { [unowned self] in wire.pass($0) }
        for person in people {
            wire.places.visited(person.host.interfaces)
            try person.host.start()
        }
        world.run(for: .seconds(5))
    }

    /// Runs a world of `count` random deeds. Throws what was not as it must be.
    static func run(seed: UInt64, deeds count: Int, trace: ((String) -> Void)? = nil) throws -> Summary {
        try run(seed: seed, trace) { people in
            for _ in 0..<count { try people.happen(.random(among: names.count, using: &people.random)) }
        }
    }

    /// Runs what once went wrong.
    static func run(
        seed: UInt64, _ deeds: [PeopleDeed], trace: ((String) -> Void)? = nil
    ) throws -> Summary {
        try run(seed: seed, trace) { people in for deed in deeds { try people.happen(deed) } }
    }

    private static func run(
        seed: UInt64, _ trace: ((String) -> Void)?, _ happenings: (RandomPeople) throws -> Void
    ) throws -> Summary {
        try ReplayableRandom.run(seed: seed) {
            Result {
                let people = try RandomPeople(seed: seed)
                people.world.trace = trace
                defer { for person in people.people { person.host.kill() } }
                try happenings(people)
                return try people.end()
            }
        }.get()
    }

    private func happen(_ deed: PeopleDeed) throws {
        deeds.append(deed)
        world.trace?("── \(deed)")
        before = world.now
        do {
            try perform(deed)
        } catch let error as PinholeError {
            // What a person is told who asks for what cannot be; nothing else is in order.
            guard [.usage, .badData, .badKey, .keyChanged].contains(error.code) else {
                throw violation("\(deed) failed: \(error)")
            }
            world.trace?("   \(error)")
        }
        for person in people { wire.places.visited(person.host.interfaces) }
        var pause = Weather.pauses.randomElement(using: &random)!
        if case .pass(let seconds) = deed { pause = .seconds(seconds) }
        world.run(for: pause)
        try check()
    }
}

// MARK: What happens

extension RandomPeople {
    private func perform(_ deed: PeopleDeed) throws {
        switch deed {
        case .say(let one, let other):
            texts += 1
            try people[one].say("\(people[one].name) \(texts)", to: people[contact(of: one, or: other)])
        case .disconnect(let one, let other):
            let key = people[other].key.key
            people[one].host.turn { $0.endpoint.disconnect(from: key, at: $1) }
        case .sendFile(let one, let other, let bytes): try send(one, other, entries: nil, bytes: bytes)
        case .sendFolder(let one, let other, let entries, let bytes):
            try send(one, other, entries: entries, bytes: bytes)
        case .change(let one): try change(one)
        case .takeBack(let one): try giveUp(one, .outgoing, .cancelled)
        case .refuse(let one): try giveUp(one, .incoming, .declined)
        case .accept(let one): try accept(one)
        case .block(let one, let other): try block(one, other, true)
        case .unblock(let one, let other): try block(one, other, false)
        case .invite(let one, let bound, let seconds):
            let sent = try people[one].invite(for: bound.map { people[$0].key }, seconds: seconds)
            lines.append(InviteLine(maker: one, sent: sent, bound: bound))
        case .use(let one, let number, let isHonest):
            // One of the newer ones of somebody else.
            let others = lines.indices.filter { lines[$0].maker != one }.suffix(4)
            guard !others.isEmpty else { return }
            let line = others[others.startIndex + number % others.count]
            // Who is to be remembered before he reaches its maker.
            let isNew = lines[line].users.insert(one).inserted
            do {
                try people[one].use(lines[line].sent.link, isHonest: isHonest)
            } catch {
                if isNew { lines[line].users.remove(one) }
                throw error
            }
        case .revoke(let one):
            guard let line = lines.last(where: { $0.maker == one }) else { return }
            try people[one].profile.revokeInvite(line.sent.id)
            people[one].contactsChanged()
        case .decide(let one, let accepting): try decide(one, accepting)
        case .weather(let weather): wire.happen(weather, in: world, &random)
        case .flushNAT(let one): people[one].host.interfaces.forEach { $0.nat?.flush() }
        case .move(let one, let type):
            networks += 1
            people[one].host.move(to: world.makeNetwork(networks % 200 + 1, type))
            world.findRouters()
        case .kill(let one): people[one].host.kill()
        case .killSoon(let one): people[one].host.diesSoon = true
        case .start(let one):
            // One who does not run, if there is one.
            let dead = people[one].host.core == nil ? people[one] : people.first { $0.host.core == nil }
            try dead?.host.start()
        case .obstruct(let one): try people[one].obstruct()
        case .clear(let one): try people[one].clear()
        case .pass: break
        }
    }

    /// Somebody's contact, if he has one: `other` rather than another one.
    private func contact(of one: Int, or other: Int) throws -> Int {
        let known = try people.indices.filter { try people[one].profile.contact(with: people[$0].key) != nil }
        return known.contains(other) ? other : known.first ?? other
    }

    private func send(_ one: Int, _ other: Int, entries: Int?, bytes: Int) throws {
        let other = try contact(of: one, or: other)
        let (sender, receiver) = (people[one], people[other])
        guard sender.host.core != nil, let contact = try sender.profile.contact(with: receiver.key),
            contact.obstacle == nil
        else { return }
        let name = "\(sender.name)-\(offered.count)"
        let path = sender.path("out/\(name)")
        if let entries {
            try SourceTree.makeFolder(path, entries: entries, bytes: bytes, &random)
        } else {
            try SourceTree.makeFile(path, bytes: bytes, &random)
        }
        guard let tree = SourceTree(path) else { return }
        let transfer = try sender.offer(path, to: receiver.key)
        offered.append(Offered(from: one, to: other, transfer: transfer, name: name, path: path, tree: tree))
    }

    private func change(_ one: Int) throws {
        guard let index = offered.lastIndex(where: { $0.from == one }) else { return }
        guard let file = offered[index].tree.files.randomElement(using: &random) else { return }
        offered[index].changed.insert(file)
        let path = offered[index].path + (file.isEmpty ? "" : "/" + file)
        if random.chance(0.3) {
            try? FileManager.default.removeItem(atPath: path)
        } else {
            try SourceTree.makeFile(path, bytes: Int.random(in: 0...50_000, using: &random), &random)
        }
    }

    private func giveUp(
        _ one: Int, _ direction: TransferReference.Direction, _ reason: FileRecord.Refusal
    ) throws {
        guard people[one].host.core != nil, let reference = try open(one, direction).first?.reference else { return }
        let index = offered.firstIndex { $0.isNamed(reference, by: one, people) }
        if let index { offered[index].isGivenUp = true }
        people[one].host.turn { $0.giveUp(reference, reason, at: $1) }
    }

    private func accept(_ one: Int) throws {
        guard let first = try open(one, .incoming).first(where: { $0.state == .offered }) else { return }
        people[one].host.turn { core, _ in core.accept(first.reference) }
    }

    /// The transfers of somebody that are not over, the oldest first.
    func open(_ one: Int, _ direction: TransferReference.Direction) throws -> [StoredTransfer] {
        try people[one].profile.contacts()
            .flatMap { try people[one].profile.store.transfers(with: $0.key, unfinished: true) }
            .filter { $0.reference.direction == direction }
    }

    func block(_ one: Int, _ other: Int, _ isBlocked: Bool) throws {
        guard let contact = try people[one].profile.contact(with: people[other].key) else { return }
        try people[one].profile.setBlocked(contact.name, isBlocked)
        people[one].contactsChanged()
    }

    func decide(_ one: Int, _ accepting: Bool) throws {
        guard let request = try people[one].profile.requests().first else { return }
        if accepting {
            _ = try people[one].profile.accept(request)
        } else {
            try people[one].profile.decline(request)
        }
        people[one].contactsChanged()
    }
}
