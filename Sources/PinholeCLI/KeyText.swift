import Glibc
import Pinhole

/// Public keys as people give them on a command line.
enum KeyText {
    /// The key in the words of an argument: the key itself, a file that holds one, or `-` for standard input.
    static func read(_ words: [String]) throws(Failure) -> PublicKey {
        let text = words.joined(separator: " ")
        if text == "-" {
            return try key(in: try Files.read(STDIN_FILENO, named: "the input", limit: limit), of: "the input")
        }
        do throws(PinholeError) {
            return try PublicKey(text)
        } catch {
            let path = Paths.expand(text)
            guard access(path, F_OK) == 0 else { throw Failure(error) }
            return try key(in: try Files.read(path, limit: limit), of: path)
        }
    }

    private static let limit = 1 << 16

    /// The only key in a file's text.
    private static func key(in text: String, of file: String) throws(Failure) -> PublicKey {
        if let key = try? PublicKey(text) { return key }
        var keys: Set<PublicKey> = []
        var problem: PinholeError?
        for line in text.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) && line.first != "#"
        {
            do throws(PinholeError) {
                keys.insert(try PublicKey(String(line)))
            } catch {
                problem = problem ?? error
            }
        }
        if keys.count == 1, let key = keys.first { return key }
        if keys.isEmpty, let problem {
            throw Failure(.badData, "\(file) holds no key: \(problem.message)", hint: problem.hint)
        }
        guard !keys.isEmpty else { throw Failure(.badData, "\(file) holds no key") }
        throw Failure(
            .badData, "\(file) holds \(plural: keys.count, "key", "keys")", hint: "give the line of the right one")
    }
}
