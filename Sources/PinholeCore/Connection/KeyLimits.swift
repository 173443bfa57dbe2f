internal import PinholeWire

/// How long the keys of an epoch serve (protocol §3.10). A test may have shorter ones.
struct KeyLimits {
    var lifetime = Limits.epochLifetime
    var minLifetime = Limits.minEpochLifetime
    var packets = Limits.epochPackets
    var bytes = Limits.epochBytes
    var failures = Limits.epochFailures
    var maxPackets = Limits.maxPacketsPerEpoch
    var maxFailures = Limits.maxFailures
    var patience = Limits.rekeyPatience
}

/// What a peer must not do in a rekey.
enum RekeyError: Error {
    case wrongEpoch
    case twoKeys
    case badKey
    case badSignature

    var sentence: String {
        switch self {
        case .wrongEpoch: "new keys were announced for an epoch that is not the next one"
        case .twoKeys: "two keys were announced for one epoch"
        case .badKey: "a key was announced that no secret can follow from"
        case .badSignature: "the signature of new keys is not the contact's"
        }
    }
}
