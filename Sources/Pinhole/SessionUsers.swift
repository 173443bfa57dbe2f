/// Who uses the sessions with contacts: the last one to leave a session ends it. All of it on the loop's thread.
struct SessionUsers {
    /// Of the session that is up.
    private var present: [PublicKey: Set<ObjectIdentifier>] = [:]
    /// Of the next one.
    private var waiting: [PublicKey: Set<ObjectIdentifier>] = [:]

    var isEmpty: Bool { present.isEmpty && waiting.isEmpty }

    mutating func enter(_ user: ObjectIdentifier, with key: PublicKey, isUp: Bool) {
        if isUp {
            present[key, default: []].insert(user)
        } else {
            waiting[key, default: []].insert(user)
        }
    }

    /// Returns whether nobody is left of those for whom the session was. Who used one that has ended leaves none.
    mutating func leave(_ user: ObjectIdentifier, with key: PublicKey) -> Bool {
        let wasPresent = present[key]?.remove(user) != nil
        let wasWaiting = waiting[key]?.remove(user) != nil
        if present[key]?.isEmpty ?? false { present[key] = nil }
        if waiting[key]?.isEmpty ?? false { waiting[key] = nil }
        return (wasPresent || wasWaiting) && present[key] == nil && waiting[key] == nil
    }

    mutating func sessionBegan(with key: PublicKey) {
        guard let users = waiting.removeValue(forKey: key) else { return }
        present[key, default: []].formUnion(users)
    }

    mutating func sessionEnded(with key: PublicKey) {
        present[key] = nil
    }
}
