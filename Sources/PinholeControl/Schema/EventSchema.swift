import Pinhole

/// What members each kind of event has, besides `v` and `event`. Tests hold this against every event there is.
package enum EventSchema {
    /// The members that an event of the log has besides those of its kind.
    package static let logged: Set = ["cursor", "time"]

    package static let kinds: [String: Set<String>] = [
        "service-up": ["service", "observed"],
        "service-down": ["service", "reason"],
        "connecting": about,
        "connected": about.union(["path"]),
        "path-changed": about.union(["path"]),
        "disconnected": about.union(["reason"]),
        "unreachable": about.union(["reason", "hint", "code", "exitCode"]),
        "message": message.union(["from", "verified"]),
        "queued": message,
        "sent": message,
        "delivered": message,
        "read": message,
        "failed": message.union(["reason"]),
        "typing": about.union(["typing"]),
        "presence": about.union(["online"]),
        "identity-elsewhere": ["address"],
        "file-offered": file.union(["name", "size"]),
        "file-began": file.union(["name", "done", "total"]),
        "file-waiting": file.union(["name", "reason"]),
        "file-progress": file.union(["done", "total"]),
        "file-received": file.union(["path", "name", "size"]),
        "file-sent": file.union(["path", "name", "size"]),
        "file-failed": file.union(["reason", "name", "size"]),
        "contact-request": ["name", "claimedName", "key", "services", "invite", "receivedAt", "accepted"],
        "invite-answered": about.union(["answer", "reason", "hint", "code", "exitCode"]),
        "contact-changed": about.union(["change"]),
        "notice": ["text"],
    ]

    private static let about: Set = ["contact", "key"]
    private static let message = about.union(["id", "text", "sentAt", "receivedAt"])
    private static let file = about.union(["direction", "transfer"])

    private static let notes: [String: (schema: JSON, words: String)] = [
        "v": (["const": 1], "The version of this format."),
        "cursor": (["type": "integer"], "Where the event is in the log; events that are not stored have none."),
        "time": (string, "When it was stored."),
        "contact": (string, "The contact's name, or its key where it has none here."),
        "key": (string, "The contact's public key."),
        "service": (string, "The signaling service."),
        "observed": (["type": "array", "items": string], "Where the service sees this machine."),
        "reason": (string, "Why, in words that may change."),
        "hint": (string, "What helps, in words that may change."),
        "code": (string, "The kind of error."),
        "exitCode": (["type": "integer"], "What a command would exit with."),
        "path": (["type": ["object", "string"]], "The path of a session, or that of a file."),
        "from": (string, "The contact's name."),
        "verified": (["type": "boolean"], "Whether the safety numbers were compared."),
        "id": (string, "The message's name, the same on both sides."),
        "text": (string, "What was written."),
        "sentAt": (string, "When it was written, by the writer's clock."),
        "receivedAt": (string, "When it arrived, or its delivery was confirmed, by this machine's clock."),
        "direction": (["enum": ["incoming", "outgoing"]], "Which way the bytes go."),
        "transfer": (string, "The transfer's number, in hexadecimal."),
        "name": (string, "The file's name; of somebody who asks to be a contact, a name that is free."),
        "claimedName": (string, "What somebody who asks to be a contact calls themselves: a claim."),
        "services": (["type": "array", "items": string], "The signaling services that they use."),
        "invite": (string, "The invite that they used."),
        "accepted": (["type": "boolean"], "Whether they are a contact already."),
        "answer": (["enum": ["waiting", "accepted", "refused"]], "What became of the invite that was used."),
        "size": (["type": "integer"], "The file's size in bytes."),
        "typing": (["type": "boolean"], "Whether the contact is writing."),
        "online": (["type": "boolean"], "Whether there is a session with the contact."),
        "address": (string, "Where the other machine with this identity is, if that is known."),
        "done": (["type": "integer"], "The bytes that are done."),
        "total": (["type": "integer"], "All bytes."),
        "change": (string, "What changed."),
        "detail": (string, "More about it."),
    ]

    private static let string: JSON = ["type": "string"]

    static var json: JSON {
        [
            "type": "object", "required": ["v", "event"],
            "oneOf": .array(
                kinds.sorted { $0.key < $1.key }.map { kind, members in
                    var properties: [String: JSON] = ["event": ["const": .string(kind)]]
                    for member in members.union(logged).union(["v"]) {
                        guard let note = notes[member] else { continue }
                        properties[member] = .object(
                            (note.schema.members ?? [:]).merging(["description": .string(note.words)]) { $1 })
                    }
                    return ["properties": .object(properties)]
                }),
        ]
    }
}
