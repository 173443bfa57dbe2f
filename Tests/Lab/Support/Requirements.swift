import CEmulator
import Foundation
import Glibc
import Testing

/// What a machine must offer for a laboratory: tried, not guessed.
enum Requirements {
    /// What is missing here, in words; nil when everything is there.
    static let missing: String? = {
        guard geteuid() == 0 else { return "root (namespaces and firewalls are made)" }
        for tool in ["ip", "nft", "conntrack", "miniupnpd"] where Tool.path(of: tool) == nil {
            return "`\(tool)` (apt-get install iproute2 nftables conntrack miniupnpd-nftables)"
        }
        let trial = Namespace(name: "ph\(getpid())-trial")
        defer { trial.destroy() }
        do {
            let trial = try Namespace.create(trial.name)
            try trial.nft(RouterType.fullCone.rules)
            let tun = try trial.enter { () throws(LabError) in emulator_open_device("trial", false) }
            guard tun >= 0 else { throw LabError.system("open /dev/net/tun") }
            close(tun)
        } catch {
            return "a kernel with namespaces, nftables and TUN: \(error)"
        }
        return nil
    }()

    /// Continuous integration has everything, so there a missing part is a failure.
    static let mustRun = ProcessInfo.processInfo.environment["CI"] == "true"

    /// `LAB=full`: whether everything is tried that a machine can try, however long it takes.
    static let isFull = ProcessInfo.processInfo.environment["LAB"] == "full"
}

extension Trait where Self == ConditionTrait {
    /// Runs the test where a laboratory can be built, and says why not elsewhere.
    static var needsLaboratory: Self {
        .enabled(
            if: Requirements.missing == nil || Requirements.mustRun,
            "the laboratory needs \(Requirements.missing ?? "nothing more")")
    }

    /// Runs the test only where time does not matter.
    static var fullOnly: Self { .enabled(if: Requirements.isFull, "it takes long: LAB=full") }
}

/// All suites of the laboratory run one after another: they share two cores and measure time.
@Suite(.serialized, .needsLaboratory)
enum Laboratory {}
