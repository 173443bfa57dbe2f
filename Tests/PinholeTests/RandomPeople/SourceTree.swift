import Foundation
import Simulator
import TestSupport

@testable import Pinhole

/// What a file, or a folder with what is in it, holds: bytes by their paths, nothing for a folder.
struct SourceTree: Equatable {
    var entries: [String: [UInt8]?]

    /// What is at a path now; nil where nothing is.
    init?(_ path: String) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        entries = ["": isFolder.boolValue ? nil : Self.content(path)]
        guard isFolder.boolValue else { return }
        for name in FileManager.default.enumerator(atPath: path)?.compactMap({ $0 as? String }) ?? [] {
            let child = "\(path)/\(name)"
            _ = FileManager.default.fileExists(atPath: child, isDirectory: &isFolder)
            entries[name] = isFolder.boolValue ? .some(nil) : Self.content(child)
        }
    }

    private static func content(_ path: String) -> [UInt8] {
        FileManager.default.contents(atPath: path).map { Array($0) } ?? []
    }

    var files: [String] { entries.filter { $0.value != nil }.keys.sorted() }

    /// Whether this is `other`, but for some of the files that changed.
    func isWhole(of other: SourceTree, changed: Set<String>) -> Bool {
        for (path, content) in entries where other.entries[path] != content { return false }
        return other.entries.keys.allSatisfy { entries[$0] != nil || changed.contains($0) }
    }

    /// Makes a folder with that many entries, whose files have about that many bytes together.
    static func makeFolder(_ path: String, entries count: Int, bytes: Int, _ random: inout SeededRandom) throws {
        let names = [
            "a", "b.bin", ".hidden", "Straße", "with space", "写真", "x-\(String(repeating: "long", count: 40))",
        ]
        var folders = [path]
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var rest = bytes
        for number in 0..<count {
            let name = "\(names.randomElement(using: &random)!) \(number)"
            let child = "\(folders.randomElement(using: &random)!)/\(name)"
            if random.chance(0.3) {
                try FileManager.default.createDirectory(atPath: child, withIntermediateDirectories: false)
                folders.append(child)
            } else {
                let size = random.chance(0.2) ? 0 : min(rest, Int.random(in: 0...max(1, bytes / 2), using: &random))
                rest -= size
                try makeFile(child, bytes: size, &random)
            }
        }
    }

    static func makeFile(_ path: String, bytes: Int, _ random: inout SeededRandom) throws {
        guard FileManager.default.createFile(atPath: path, contents: Data(random.bytes(bytes))) else {
            throw PinholeError(.cannotWrite, "could not write \(path)")
        }
    }
}
