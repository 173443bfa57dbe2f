import CUTF8Proc
import Glibc

/// Text in the form in which it is searched, where people would call two texts the same.
///
/// Case, compatibility forms (`ﬁ`, full width) and invisible characters make no difference; nor do accents, so that
/// `cafe` finds `Café`, `ежик` finds `Ёжик` and unpointed Hebrew and Arabic find pointed. Marks that make another letter
/// do: `и` does not find `й`, `か` not `が`, and Indic vowel signs stay.
enum SearchText {
    /// UTF-8 without the bytes 0xfe and 0xff.
    static func folded(_ text: some StringProtocol) -> [UInt8] {
        var text = String(text)
        return text.withUTF8 { folded($0) }
    }

    /// The same for UTF-8; what is none folds to nothing.
    static func folded(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        guard !text.allSatisfy({ $0 < 0x80 }) else {
            return [UInt8](unsafeUninitializedCapacity: text.count) { output, initialized in
                for (index, byte) in text.enumerated() {
                    output.initializeElement(at: index, to: (0x41...0x5a).contains(byte) ? byte | 0x20 : byte)
                }
                initialized = text.count
            }
        }
        // A scalar has at least a byte, and becomes three or four in the mean at the most; else another try has the room.
        return decomposed(text, capacity: 2 * text.count + 64)
    }

    private static func decomposed(_ text: UnsafeBufferPointer<UInt8>, capacity: Int) -> [UInt8] {
        var needed = 0
        // utf8proc works in place: scalars, of which it makes UTF-8, and a zero at the end.
        let result = withUnsafeTemporaryAllocation(of: Int32.self, capacity: capacity + 1) { buffer -> [UInt8]? in
            let base = buffer.baseAddress!
            needed = utf8proc_decompose(text.baseAddress, text.count, base, capacity, decomposing)
            guard needed <= capacity else { return nil }
            guard needed > 0 else { return [] }
            let count = removeMarks(UnsafeMutableBufferPointer(start: base, count: needed))
            let size = utf8proc_reencode(base, count, composing)
            guard size > 0 else { return [] }
            return base.withMemoryRebound(to: UInt8.self, capacity: size) {
                Array(UnsafeBufferPointer(start: $0, count: size))
            }
        }
        return result ?? decomposed(text, capacity: needed)
    }

    /// Removes the marks that make no other letter. Returns how many scalars are left.
    private static func removeMarks(_ scalars: UnsafeMutableBufferPointer<Int32>) -> Int {
        var count = 0
        for scalar in scalars {
            if isAccent(scalar), !(scalar == breve && count > 0 && scalars[count - 1] == cyrillicI) { continue }
            scalars[count] = scalar == dotlessI ? latinI : scalar
            count += 1
        }
        return count
    }

    private static func isAccent(_ scalar: Int32) -> Bool {
        switch scalar {
        case 0x300...0x36f: true  // Latin, Greek, Cyrillic
        case 0x591...0x5bd, 0x5bf, 0x5c1, 0x5c2, 0x5c4, 0x5c5, 0x5c7: true  // Hebrew points
        case 0x64b...0x65f, 0x670: true  // Arabic vowels
        default: false
        }
    }

    private static let breve: Int32 = 0x306
    private static let cyrillicI: Int32 = 0x438
    private static let dotlessI: Int32 = 0x131
    private static let latinI: Int32 = 0x69
    private static let decomposing = utf8proc_option_t(
        rawValue: UTF8PROC_DECOMPOSE.rawValue | UTF8PROC_COMPAT.rawValue | UTF8PROC_CASEFOLD.rawValue
            | UTF8PROC_IGNORE.rawValue)
    private static let composing = utf8proc_option_t(rawValue: UTF8PROC_COMPOSE.rawValue | UTF8PROC_STABLE.rawValue)
}

/// What is looked for: words, all of which a text must contain, in any order; what stands in double quotes is one word.
struct SearchWords {
    /// Folded, none empty.
    let words: [[UInt8]]

    /// nil where nothing is left to look for.
    init?(_ text: String) {
        var words: [[UInt8]] = []
        // Every second part stood in quotes; a quote that is never closed is like any white space.
        let parts = text.split(omittingEmptySubsequences: false) { "\"“”„«»".contains($0) }
        for (index, part) in parts.enumerated() {
            let isQuoted = index % 2 == 1 && index < parts.count - 1
            for word in isQuoted ? [part] : part.split(whereSeparator: \.isWhitespace) {
                words.append(SearchText.folded(word))
            }
        }
        // The longest first: it is the least likely, and the others need not be looked for then.
        self.words = words.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
        if self.words.isEmpty { return nil }
    }

    func matches(_ folded: [UInt8]) -> Bool {
        folded.withUnsafeBufferPointer { text in words.allSatisfy { Self.contains($0, in: text) } }
    }

    static func contains(_ word: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> Bool {
        first(word, in: text) != nil
    }

    /// Where the word begins the first time.
    static func first(_ word: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let base = text.baseAddress, let hit = memmem(base, text.count, word, word.count) else { return nil }
        return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }
}
