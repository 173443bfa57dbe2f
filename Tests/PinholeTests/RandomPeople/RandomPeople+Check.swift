import Foundation
import PinholeWire
import Simulator

@testable import Pinhole

// What must be true, after each deed and in the end.

extension RandomPeople {
    func check() throws {
        for index in lines.indices {
            let all = try people[lines[index].maker].profile.store.invites(at: people[0].time)
            let sent = all.first { $0.id == lines[index].sent.id }
            if let fault = lines[index].fault(now: sent?.state, people, since: before) { throw violation(fault) }
        }
        for (index, person) in people.enumerated() {
            if let fault = try person.faultOfDisk(offered.filter { $0.to == index }, people) { throw violation(fault) }
            if let fault = try person.faultOfMessages(people) { throw violation(fault) }
            if let fault = try faultOfContacts(index) { throw violation(fault) }
        }
        for offer in offered {
            let sent = try people[offer.from].transfer(offer.transfer.reference)
            guard sent?.state == .done else { continue }
            let taken = try people[offer.to].transfer(offer.incoming(people))
            if taken?.state != .done { throw violation("“\(offer.name)” was confirmed and is not there") }
        }
        if let stranger = wire.stranger() { throw violation("a datagram went to \(stranger)") }
    }

    /// Whether a person has a contact for no reason.
    private func faultOfContacts(_ index: Int) throws -> String? {
        let person = people[index]
        for contact in try person.profile.contacts() {
            guard let other = people.firstIndex(where: { $0.key == contact.key }) else {
                return "\(person.name) has a contact who is nobody"
            }
            let isInitial = min(index, other) == 0 && max(index, other) == 1
            let hasUsed = lines.contains { $0.maker == other && $0.users.contains(index) }
            let hasAccepted = lines.contains { $0.maker == index && $0.acceptedKey == contact.key }
            guard isInitial || hasUsed || hasAccepted else {
                return "\(person.name) has the contact \(contact.name) without an invite"
            }
            // Without an answer nobody becomes one; what was written to who refused keeps him.
            guard contact.standing == .known, hasUsed, !isInitial, !hasAccepted else { continue }
            let isAccepted = lines.contains { $0.maker == other && $0.acceptedKey == person.key }
            let isKept = try isUsed(contact.key, by: person)
            if !isAccepted, !isKept { return "\(contact.name) never accepted \(person.name)" }
        }
        return nil
    }

    private func isUsed(_ key: PublicKey, by person: RandomPerson) throws -> Bool {
        try !person.profile.messages(with: key, limit: 1).isEmpty || !person.profile.transfers(with: key).isEmpty
    }

    /// Everything is put right; then all that was accepted arrives, and nothing is left over.
    func end() throws -> Summary {
        world.trace?("── all is well again")
        wire.clearUp(world)
        for person in people {
            try person.clear()
            person.host.diesSoon = false
            try person.host.start()
        }
        for one in people.indices {
            for other in people.indices { try block(one, other, false) }
        }
        let limit = world.now + Self.patience
        while world.now < limit {
            for one in people.indices {
                try decide(one, true)
                for transfer in try open(one, .incoming) where transfer.state == .offered {
                    people[one].host.turn { core, _ in core.accept(transfer.reference) }
                }
            }
            before = world.now
            world.run(for: .seconds(5))
            try check()
            if try isSettled { break }
            try remind()
        }
        try check()
        if let missing = try missing() { throw violation(missing) }
        before = world.now
        world.run(for: .seconds(30))
        for (index, person) in people.enumerated() {
            if let left = try person.leftOver(offered.filter { $0.to == index || $0.from == index }, people) {
                throw violation(left)
            }
        }
        try check()
        var summary = Summary()
        for offer in offered where try people[offer.from].state(of: offer.transfer.reference) == .done {
            if offer.tree.entries[""] == .some(nil) { summary.folders += 1 } else { summary.files += 1 }
        }
        summary.requests = lines.filter { $0.hasBeenRequested }.count
        summary.meetings = lines.filter { $0.acceptedKey != nil }.count
        summary.messages = texts
        return summary
    }

    /// Whether two can reach each other, as both see it.
    private func areContacts(_ one: Int, _ other: Int) throws -> Bool {
        try [(one, other), (other, one)].allSatisfy { one, other in
            try people[one].profile.contact(with: people[other].key)?.standing == .known
        }
    }

    /// Who has given something up writes to those who wait for it, so that they meet.
    private func remind() throws {
        for index in offered.indices where try !offered[index].isReminded && waitsInVain(offered[index]) {
            offered[index].isReminded = true
            texts += 1
            let (sender, receiver) = (people[offered[index].from], people[offered[index].to])
            try sender.say("\(sender.name) \(texts)", to: receiver)
        }
    }

    /// Whether its sender has given something up, and its receiver has not heard so.
    private func waitsInVain(_ offer: Offered) throws -> Bool {
        guard try areContacts(offer.from, offer.to) else { return false }
        let states = try (
            people[offer.from].state(of: offer.transfer.reference), people[offer.to].state(of: offer.incoming(people))
        )
        switch states {
        case (.refused, .offered), (.refused, .accepted), (.failed, .offered), (.failed, .accepted): return true
        default: return false
        }
    }

    private var isSettled: Bool {
        get throws { try missing() == nil }
    }

    /// What has not come to its end, though it could have.
    private func missing() throws -> String? {
        for offer in offered where try areContacts(offer.from, offer.to) {
            let states = try (
                people[offer.from].state(of: offer.transfer.reference),
                people[offer.to].state(of: offer.incoming(people))
            )
            if try waitsInVain(offer) {
                return "nobody told \(people[offer.to].name) that “\(offer.name)” will not come"
            }
            let isGone = !FileManager.default.fileExists(atPath: offer.path)
            switch states.0 {
            case .done: continue
            case .refused, .failed:
                if offer.isGivenUp || !offer.changed.isEmpty || isGone { continue }
                return "“\(offer.name)” came to nothing"
            // What is gone may come back with its disk, and then it was waited for.
            case .offered where isGone, .accepted where isGone: continue
            case .offered, .accepted, nil: return "“\(offer.name)” never arrived: \(states)"
            }
        }
        for one in people.indices {
            for other in people.indices where try one != other && areContacts(one, other) {
                let waiting = try people[one].profile.outbox(to: people[other].key)
                if !waiting.isEmpty { return "\(waiting.count) messages of \(people[one].name) never arrived" }
            }
            for contact in try people[one].profile.contacts() {
                if case .invited = contact.standing { return "\(contact.name) never answered \(people[one].name)" }
            }
        }
        return nil
    }

    func violation(_ sentence: String) -> Violation {
        Violation(seed: seed, deeds: deeds, sentence: sentence)
    }
}
