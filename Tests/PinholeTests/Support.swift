import Foundation
import Glibc
import Pinhole
import TestSupport

/// A directory that is removed with its last reference.
final class TemporaryDirectory: Sendable {
    let path: String

    init(in folder: String? = nil) throws {
        let folder = folder ?? FileManager.default.temporaryDirectory.path
        path = "\(folder)/pinhole-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: [UInt8], to name: String, mode: Int = 0o600) throws {
        guard
            FileManager.default.createFile(
                atPath: path(name), contents: Data(bytes), attributes: [.posixPermissions: mode])
        else { throw PinholeError(.cannotWrite, "could not write \(path(name))") }
    }

    func read(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// The names of all entries, hidden ones too.
    var entries: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// The permission bits of a file.
func mode(of path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
}

/// Runs a program to its end and returns its status and what it printed.
@discardableResult
func run(_ program: String, _ arguments: String...) throws -> (status: Int32, output: String) {
    try run(program, arguments)
}

/// Runs a program to its end, in the calling thread's namespaces, and returns its status and what it printed.
@discardableResult
func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let outcome = Command([program] + arguments).run()
    return (outcome.status, String(decoding: outcome.output, as: UTF8.self))
}

/// The first event that is wanted.
func first<Value>(_ events: AsyncStream<NodeEvent>, _ match: (NodeEvent) -> Value?) async -> Value? {
    for await event in events { if let value = match(event) { return value } }
    return nil
}

/// The error that `body` throws, or nil.
func failure(_ body: () throws -> Void) -> PinholeError? {
    do {
        try body()
        return nil
    } catch {
        return error as? PinholeError
    }
}

/// Continuous integration has everything that tests need, so there a missing part is a failure and not a reason to skip.
let isContinuousIntegration = ProcessInfo.processInfo.environment["CI"] == "true"
