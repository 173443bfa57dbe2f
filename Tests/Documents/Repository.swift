import Foundation

/// The files of the project, as tests of its documents read them.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Sources and tests by their paths, without what was built and what only holds data.
    static func code() throws -> [(path: String, text: String)] {
        var files: [(path: String, text: String)] = []
        for folder in ["Sources", "signaling", "Tests"] {
            let paths = FileManager.default.enumerator(atPath: root.appending(path: folder).path())
            while let path = paths?.nextObject() as? String {
                guard !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }),
                    [".swift", ".c", ".h", ".py"].contains(where: path.hasSuffix)
                else { continue }
                files.append(("\(folder)/\(path)", try text("\(folder)/\(path)")))
            }
        }
        return files.sorted { $0.path < $1.path }
    }
}
