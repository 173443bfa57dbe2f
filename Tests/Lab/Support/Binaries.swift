import Foundation

/// The built executables: beside the test bundle, or in the directory that `PINHOLE_BINARIES` names.
enum Binaries {
    static func path(_ name: String) throws(LabError) -> String {
        let path = directory.appending(path: name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw LabError("\(path) does not exist: 'swift build' makes it")
        }
        return path
    }

    private static let directory: URL = {
        if let named = ProcessInfo.processInfo.environment["PINHOLE_BINARIES"] { return URL(filePath: named) }
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: bundle).deletingLastPathComponent()
    }()
}
