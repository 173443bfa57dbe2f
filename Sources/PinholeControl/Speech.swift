package import Pinhole

/// The language of whom something is said to: a host speaks that of each program that is connected to it.
package enum Speech {
    @TaskLocal package static var language: Language = .current
}

extension Phrase {
    /// The sentence in the language of whom it is for.
    package var spoken: String { text(in: Speech.language) }
}
