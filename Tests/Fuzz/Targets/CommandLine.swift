import Foundation
import Pinhole
import PinholeControl
import PinholeCrypto

@testable import PinholeCLI

extension FuzzTarget {
    /// What the command reads of a person's files.
    static let commandLine: [FuzzTarget] = [contactFile, configurationFile]

    private static let contactFile = FuzzTarget(
        name: "contact-file", maxLength: 2048,
        samples: {
            let key = alice.publicKey.text
            return [
                "# comment\nalice \(key) 192.0.2.1:7000 pinhole-signal://pinsrv1qx5@signal.example.org:41414\n\nbob \(key)\n",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 alice@example\n",
                #"{"contacts": [{"name": "alice", "key": "\#(key)", "addresses": ["[::1]:1"], "services": []}]}"#,
            ].map { Array($0.utf8) }
        }
    ) { bytes in
        guard let entries = try? ContactFile.entries(in: String(decoding: bytes, as: UTF8.self), of: "file") else {
            return
        }
        must(entries.count <= bytes.count, "more contacts than bytes")
        for case .failure(let failure) in entries {
            must(failure.exitCode != 0 && !failure.message.english.isEmpty, "a failure without a reason")
        }
    }

    /// In memory: what is tried is what is read, not the disk.
    private static let configurationPath = "/dev/shm/pinhole-fuzz-\(getpid()).toml"

    private static let configurationFile = FuzzTarget(
        name: "configuration-file", maxLength: 2048,
        samples: {
            [
                """
                services = []
                port = 7000
                lan = false
                downloads = "~/in"
                accept = "ask"
                existing = "skip"
                history-retention = "30d"
                name = "Alice"
                [hooks]
                message = ["/bin/cat", "-n"]
                """, "port = 70000", "port = 1\n [ [ ]\n", "[.a]\n", "'lan' = 1\n\"typing\" = true\n[[hooks]]\n",
                ConfigurationFile.text(service: nil),
            ].map { Array($0.utf8) }
        }
    ) { bytes in
        let path = configurationPath
        guard (try? Data(bytes).write(to: URL(filePath: path))) != nil else { return }
        defer { unlink(path) }
        do throws(Failure) {
            let file = try ConfigurationFile(path: path, isRequired: true)
            for address in file[SettingKeys.services] ?? [] {
                must((try? ServiceText(address)) != nil, "a service that is none")
            }
            must((file[SettingKeys.ownName]?.utf8.count ?? 1) <= 128, "a name that is too long")
        } catch {
            let message = error.message.english
            must(message.hasPrefix(path), "an error without its file: \(message)")
        }
    }
}
