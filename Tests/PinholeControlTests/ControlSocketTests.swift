import Foundation
import Glibc
import Pinhole
import Testing

@testable import PinholeControl

@Suite("the control socket")
struct ControlSocketTests {
    @Test("a profile where profiles are goes by its name, any other by a number too")
    func names() {
        func path(_ profile: String, _ runtime: String? = "/run/user/7") -> String {
            ControlSocket.path(
                forProfile: profile, runtimeDirectory: runtime, usualDirectory: "/home/bob/.local/share/pinhole")
        }
        #expect(path("/home/bob/.local/share/pinhole/default") == "/run/user/7/pinhole/default.sock")
        let other = path("/elsewhere/default")
        #expect(other.hasPrefix("/run/user/7/pinhole/default-"))
        #expect(other != path("/elsewhere2/default"))
        #expect(path("/elsewhere/default", nil) == "/elsewhere/default/control.sock")
        #expect(path("/elsewhere/default", "relative") == "/elsewhere/default/control.sock")
    }

    @Test("a name that is too long for a socket address becomes a short one")
    func longNames() {
        let long = "/" + String(repeating: "x", count: 100)
        for runtime in ["/run/user/7", long, nil] {
            let path = ControlSocket.path(forProfile: long + "/p", runtimeDirectory: runtime, usualDirectory: nil)
            #expect(path.utf8.count <= ControlSocket.maximumPathLength)
        }
    }

    @Test("only the owner can reach it, and it goes with its host")
    func modes() async throws {
        let person = try Person()
        let hosting = try await person.host()
        var status = stat()
        #expect(stat(person.socket, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(stat(person.directory.path + "/run/pinhole", &status) == 0 && status.st_mode & 0o777 == 0o700)
        await hosting.stop()
        #expect(access(person.socket, F_OK) != 0)
    }

    @Test("a socket that a dead host left behind is in nobody's way")
    func stale() async throws {
        let person = try Person()
        mkdir(person.directory.path + "/run/pinhole", 0o700)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: person.socket.utf8) }
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(descriptor)
        try #require(access(person.socket, F_OK) == 0)
        let client = try await person.client(as: "first")
        #expect(client.isHosting)
        #expect(try await client.status().role == "first")
        try await client.served()
        let second = try await person.client(as: "second")
        #expect(try await second.status().role == "first")
        await second.stop()
        await client.stop()
    }

    @Test("a directory that others may write into, or that is a link, is not used")
    func directories() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/pinhole"
        symlink("/tmp", path)
        #expect(throws: PinholeError.self) { try ControlSocket.prepareDirectory(of: path + "/p.sock") }
        unlink(path)
        mkdir(path, 0o777)
        chmod(path, 0o777)
        try ControlSocket.prepareDirectory(of: path + "/p.sock")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
    }

    @Test("too many programs are refused with a reason, and let in when others have gone")
    func connections() async throws {
        let person = try Person()
        try await person.withWire { first, _ in
            _ = try await first.call("status")
            var others: [Wire] = []
            for _ in 1..<ControlLimits.connections {
                let wire = try Wire(person.socket)
                _ = try await wire.call("rpc.language", ["language": "en"])
                others.append(wire)
            }
            let refused = try Wire(person.socket)
            let line = try await refused.line()
            #expect(line?["method"] == "disconnected")
            #expect(line?["params"]?["reason"]?.text?.contains("too many") == true)
            let end = try await refused.line()
            #expect(end == nil)
            others.removeAll()
            // The host hears of it in its own time.
            for _ in 0..<1000 {
                if try await first.call("status")["connections"]?.whole == 1 { break }
                await Task.yield()
            }
            _ = try await Wire(person.socket).call("status")
        }
    }

    @Test("programs that knock while the host leaves do not bring its process down")
    func knocking() async throws {
        for _ in 0..<8 {
            let person = try Person()
            let hosting = try await person.host(patience: Patience(farewell: .milliseconds(50)))
            let knocking = (0..<32).compactMap { _ in try? Wire(person.socket) }
            #expect(knocking.count == 32)
            await hosting.stop()
            #expect(throws: PinholeError.self) { try Wire(person.socket) }
            for wire in knocking {
                // Who was not let in before hears nothing but the end.
                guard let line = try? await wire.line() else { continue }
                #expect(line["method"] == "disconnected")
            }
        }
    }

    @Test("a program that does not read events is cut off with a reason, and nobody else")
    func slowReader() async throws {
        let person = try Person()
        // Much more than what the system buffers, and a farewell that no busy machine exceeds.
        let patience = Patience(unread: 256 * 1024, farewell: .seconds(60))
        try await person.withWire(patience: patience) { slow, hosting in
            let good = try Wire(person.socket)
            _ = try await slow.call("events.subscribe")
            _ = try await good.call("events.subscribe")
            // Each is seen by the one that reads, so that the other was given it too.
            let notice = Phrase(verbatim: String(repeating: "x", count: 32 * 1024))
            let published = 64
            for _ in 0..<published {
                hosting.host.notice(notice)
                #expect(try await good.line()?["method"] == "event")
            }
            var (last, count): (JSON?, Int) = (nil, 0)
            while let line = try await slow.line() { (last, count) = (line, count + 1) }
            #expect(last?["method"] == "disconnected")
            #expect(last?["params"]?["reason"]?.text?.contains("too slow") == true)
            #expect(count < published, "a reader that stands still has \(count) lines waiting")
            slow.finishSending()
            _ = try await good.call("status")
        }
    }
}
