package import Pinhole

extension PinholeError.Code {
    /// What a command ends with, after sysexits(3) where it has a word for it; 76, 77 and 79 are Pinhole's own.
    package var exitCode: Int32 {
        switch self {
        case .usage: 64
        case .badKey, .badData: 65
        case .noSuchFile: 66
        case .unreachableService: 69
        case .bug: 70
        case .exhausted: 71
        case .cannotWrite: 73
        case .peerOffline, .timedOut: 75
        case .keyChanged: 76
        case .wrongPassphrase: 77
        case .configuration: 78
        case .noDirectPath: 79
        case .portInUse, .identityInUse, .other: 1
        }
    }

    /// The word for it in JSON.
    package var word: String { "\(self)" }

    package init(word: String) { self = Self.allCases.first { $0.word == word } ?? .other }
}

/// An error as JSON has it.
package struct ErrorShape: Codable, Sendable, Hashable {
    package let code: String
    package let exitCode: Int32
    package let message: String
    package let hint: String?

    static let notes = [
        "code": "The kind of error.", "exitCode": "What the command line exits with.",
        "message": "What happened, in a sentence.", "hint": "What to do about it.",
    ]

    package init(_ error: PinholeError) {
        (code, exitCode) = (error.code.word, error.code.exitCode)
        (message, hint) = (error.message.spoken, error.hint?.spoken)
    }

    package var error: PinholeError {
        PinholeError(
            PinholeError.Code(word: code), Phrase(verbatim: message), hint: hint.map { Phrase(verbatim: $0) })
    }
}
