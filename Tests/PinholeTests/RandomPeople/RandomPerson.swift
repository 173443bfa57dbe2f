import Foundation
import PinholeCore
import PinholeCrypto
import PinholeWire
import Simulator
import TestSupport

@testable import Pinhole

/// One of ``RandomPeople``: a profile, a node that runs with it or does not, and a disk.
final class RandomPerson {
    let name: String
    let profile: Profile
    let host: NodeHost
    private let folder: String
    private let services: [ServiceAddress]
    private let world: World
    private var isObstructed = false
    /// The texts that were written to others, by their keys.
    private var said: [PublicKey: [String]] = [:]
    private static let downloads = "downloads"

    init(
        _ name: String, in world: World, at network: [Interface], _ folder: String, _ random: inout SeededRandom
    ) throws {
        self.name = name
        self.folder = folder
        self.world = world
        try FileManager.default.createDirectory(atPath: folder + "/out", withIntermediateDirectories: true)
        profile = try Profile.temporary(.generate(), contacts: [])
        services = [
            ServiceAddress(
                key: world.serviceSecret.publicKey.raw, host: "\(World.serviceAddress)", port: World.servicePorts[0])
        ].compactMap(\.self)
        let configuration = NodeConfiguration(
            services: services, downloadDirectory: "\(folder)/\(Self.downloads)", name: name,
            acceptsInvited: random.chance(0.3), filePolicy: random.chance(0.7) ? .accept : .ask,
            existingFilePolicy: NodeConfiguration.ExistingFilePolicy.allCases.randomElement(using: &random)!,
            usesLocalNetwork: false, mapsPorts: false)
        host = try NodeHost(profile, configuration, at: network, in: world)
        world.add(host)
    }

    var key: PublicKey { profile.identity.publicKey }

    /// Unix milliseconds.
    var time: UInt64 { World.unixMilliseconds + UInt64(world.now.nanoseconds / 1_000_000) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    private var downloads: String { path(isObstructed ? "elsewhere" : Self.downloads) }

    /// nil where there is none, or nobody with that key is a contact.
    func transfer(_ reference: TransferReference) throws -> StoredTransfer? {
        guard try profile.contact(with: reference.contact) != nil else { return nil }
        return try profile.store.transfer(reference)
    }

    func state(of reference: TransferReference) throws -> Transfer.State? { try transfer(reference)?.state }

    private func texts(_ direction: Message.Direction, with key: PublicKey) throws -> [Message] {
        guard try profile.contact(with: key) != nil else { return [] }
        return try profile.messages(with: key, limit: .max).filter { $0.direction == direction }
    }

    // MARK: What a person does, as a Node does it

    func say(_ text: String, to other: RandomPerson) throws {
        guard let core = host.core, let contact = try profile.contact(with: other.key), contact.obstacle == nil else {
            return
        }
        let isLive = core.liveSessions.contains(other.key)
        let message = try profile.store.append(
            [text], to: other.key, sentAt: time, as: isLive ? .sent : .queued)[0]
        said[other.key, default: []].append(text)
        host.turn { $0.endpoint.send(message, isReleased: isLive, to: other.key.key, at: $1) }
    }

    func offer(_ path: String, to key: PublicKey) throws -> StoredTransfer {
        let source = try FileSource(path)
        let transfer = try profile.record(source, to: key)
        host.turn { $0.offer(transfer, source, at: $1) }
        return transfer
    }

    func invite(for key: PublicKey?, seconds: Int) throws -> SentInvite {
        let sent = try profile.invite(
            as: name, services: services, addresses: [], for: key, expiresAt: time + UInt64(seconds) * 1000, at: time)
        contactsChanged()
        return sent
    }

    func use(_ link: InviteLink, isHonest: Bool) throws {
        guard link.inviter != key else { return }
        if isHonest {
            _ = try profile.use(link, as: nil, at: time)
        } else {
            _ = try profile.store.use(link, as: nil, at: time)
        }
        contactsChanged()
    }

    func contactsChanged() {
        host.turn { core, _ in core.reloadContacts() }
    }

    /// Something else takes the name of the folder for what is received.
    func obstruct() throws {
        guard !isObstructed, FileManager.default.fileExists(atPath: downloads) else { return }
        try FileManager.default.moveItem(atPath: downloads, toPath: path("elsewhere"))
        isObstructed = FileManager.default.createFile(atPath: path(Self.downloads), contents: Data())
    }

    func clear() throws {
        guard isObstructed else { return }
        try FileManager.default.removeItem(atPath: path(Self.downloads))
        try FileManager.default.moveItem(atPath: path("elsewhere"), toPath: path(Self.downloads))
        isObstructed = false
    }
}

// MARK: What must be true

extension RandomPerson {
    /// What is wrong with what was received; `offered` is what others sent to this person.
    func faultOfDisk(_ offered: [Offered], _ people: [RandomPerson]) throws -> String? {
        var partial: Set<String> = []
        for offer in offered {
            let known = try transfer(offer.incoming(people))
            if known?.state != .done { partial.insert(offer.partial(people)) }
            guard known?.state == .done else { continue }
            guard let tree = SourceTree("\(downloads)/\(offer.name)") else {
                return "“\(offer.name)” counts as received and is not there"
            }
            guard tree.isWhole(of: offer.tree, changed: offer.changed) else {
                return "“\(offer.name)” is not what was sent: \(tree.entries.mapValues { $0?.count })"
            }
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: downloads)) ?? [] {
            if partial.contains(name) { continue }
            guard let offer = offered.first(where: { $0.name == name }) else {
                return "\(self.name) has “\(name)” of nobody"
            }
            guard let tree = SourceTree("\(downloads)/\(name)"), tree.isWhole(of: offer.tree, changed: offer.changed)
            else { return "“\(name)” is there and is not what was sent" }
        }
        if let core = host.core {
            let open = core.incomingFiles.count
            if open > offered.count { return "\(self.name) keeps \(open) incoming transfers" }
        }
        return nil
    }

    /// What is left of transfers that have ended.
    func leftOver(_ offered: [Offered], _ people: [RandomPerson]) throws -> String? {
        var partial: Set<String> = []
        var groups: Set<String> = []
        for offer in offered {
            let isMine = people[offer.from] === self
            let state = try state(of: isMine ? offer.transfer.reference : offer.incoming(people))
            guard state == .offered || state == .accepted else { continue }
            if isMine { groups.insert(offer.key(people).token) } else { partial.insert(offer.partial(people)) }
        }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: downloads)) ?? []
        if let name = files.first(where: { $0.hasPrefix(".") && !partial.contains($0) }) {
            return "\(self.name) kept \(name)"
        }
        let sent = (try? FileManager.default.contentsOfDirectory(atPath: profile.directory + "/transfers")) ?? []
        if let name = sent.first(where: { !groups.contains($0) }) { return "\(self.name) kept the hashes \(name)" }
        guard let core = host.core else { return nil }
        let queues = core.fileQueues.keys.filter { core.incomingFiles[$0] == nil && core.outgoingFiles[$0] == nil }
        return queues.isEmpty ? nil : "\(name) kept \(queues.count) queues"
    }

    /// What is wrong with the messages that others have of this person.
    func faultOfMessages(_ people: [RandomPerson]) throws -> String? {
        for other in people where other !== self {
            let there = try other.texts(.incoming, with: key).map(\.text)
            let mine = said[other.key, default: []]
            guard there == Array(mine.prefix(there.count)) else {
                return "\(other.name) has \(there) of \(name), who said \(mine)"
            }
            let confirmed = try texts(.outgoing, with: other.key).filter { $0.state == .delivered }.count
            if confirmed > there.count { return "messages of \(name) were confirmed and are not there" }
        }
        return nil
    }
}
