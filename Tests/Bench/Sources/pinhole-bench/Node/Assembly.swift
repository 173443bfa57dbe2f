import Glibc

/// A node with many sessions, in a process of its own, and crowds at the other ends of them, in others.
struct Assembly {
    let node: Child
    private let key: String
    private(set) var crowds: [Child] = []
    private(set) var count = 0

    /// Each member has secrets in guarded pages of their own, and a process may have 65,530 stretches of memory.
    private static let crowdLimit = 2500

    init() throws(Child.Failure) {
        node = try Child([Role.node.rawValue, Place.loopback.address], in: .loopback)
        key = try node.hear("ready")[0]
    }

    /// Makes the node know so many contacts, of which none is called yet.
    mutating func addContacts(upTo total: Int) throws(Child.Failure) {
        // In portions, so that no pipe is full on both sides.
        while count < total {
            let crowd = try crowdWithRoom()
            let portion = min(100, total - count, Self.crowdLimit - count % Self.crowdLimit)
            crowd.say("crowd \(portion) \(key)")
            for _ in 0..<portion {
                let member = try crowd.hear("member", within: 60)
                node.say("peer \(member[0]) \(member[1])")
            }
            count += portion
        }
        node.say("sync")
        _ = try node.hear("synced", within: 120)
    }

    private mutating func crowdWithRoom() throws(Child.Failure) -> Child {
        if count < crowds.count * Self.crowdLimit, let last = crowds.last { return last }
        let crowd = try Child([Role.crowd.rawValue, Place.loopback.address], in: .loopback)
        _ = try crowd.hear("ready")
        crowd.say("echo")
        crowds.append(crowd)
        return crowd
    }

    /// Calls all whom the node has no session with.
    func connect() throws(Child.Failure) {
        node.say("connect")
        do {
            _ = try node.hear("connected", within: 120)
        } catch {
            node.say("progress")
            throw Child.Failure(description: try node.hear("progress").joined(separator: " "))
        }
    }

    func memory() throws(Child.Failure) -> (resident: Int, heap: Int) {
        node.say("heap")
        return (node.resident, Int(try node.hear("heap")[0]) ?? 0)
    }

    /// Messages a second that arrive at all crowds together.
    func messageRate(over seconds: Double) throws(Child.Failure) -> Double {
        var before: [Mark] = []
        for crowd in crowds { before.append(try crowd.mark()) }
        pause(seconds)
        var rate = 0.0
        for (crowd, before) in zip(crowds, before) {
            let after = try crowd.mark()
            rate += Double(after.messages - before.messages) / (Double(after.time - before.time) / 1e9)
        }
        return rate
    }
}
