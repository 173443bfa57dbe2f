import Foundation
import Glibc
import Synchronization

/// What a laboratory leaves behind when its process dies, and how that goes away.
enum Stale {
    private static let count = Mutex(0)

    /// `ph<pid>-<n>-`, so that a name tells whose it is.
    static func newPrefix() -> String {
        "ph\(getpid())-\(count.withLock { $0 += 1; return $0 })-"
    }

    /// A shell that waits until its standard input ends, in an orderly way or because we died, and then kills and removes
    /// everything whose name begins with `prefix`.
    static func reaper(prefix: String, directory: String) throws(LabError) -> Program {
        let script = """
            exec >/dev/null 2>&1
            cat
            for space in \(Namespace.directory)/\(prefix)*; do
                { kill -9 $(ip netns pids "${space##*/}"); ip netns del "${space##*/}"; } &
            done
            wait
            rm -rf '\(directory)'
            """
        return try Program("/bin/sh", ["-c", script], named: "reaper", ownSession: true)
    }

    /// Removes, once per process, what dead processes left in spite of their reapers.
    static let sweepOnce: Void = {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: Namespace.directory)) ?? [] where isStale(name) {
            Namespace(name: name).destroy()
        }
        for name in (try? files.contentsOfDirectory(atPath: "/tmp")) ?? [] where isStale(name) && name.hasSuffix("-lab")
        {
            try? files.removeItem(atPath: "/tmp/\(name)")
        }
    }()

    /// Whether the process that a name speaks of is dead.
    static func isStale(_ name: String) -> Bool {
        guard let match = name.wholeMatch(of: /ph(\d+)-.*/), let pid = pid_t(match.1) else { return false }
        return kill(pid, 0) != 0 && errno == ESRCH
    }
}
