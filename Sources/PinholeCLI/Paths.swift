import Glibc
import Pinhole

/// Where things are, by the XDG base directory specification.
enum Paths {
    static var home: String { Console.environment("HOME") ?? "/" }

    /// Where profiles are that go by a name.
    static var profiles: String { base("XDG_DATA_HOME", ".local/share") + "/pinhole" }
    /// Where they are for this account, whatever the environment says: only one directory can be that.
    static var accountProfiles: String? {
        getpwuid(getuid()).map { String(cString: $0.pointee.pw_dir) + "/.local/share/pinhole" }
    }
    /// What this account is called; empty where it is not known.
    static var loginName: String {
        getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? ""
    }
    static var defaultProfile: String { profiles + "/default" }
    static var defaultConfiguration: String { base("XDG_CONFIG_HOME", ".config") + "/pinhole/config.toml" }
    static var defaultDownloads: String { home + "/Downloads" }

    /// A path with its leading `~/` resolved, as configuration files have it.
    static func expand(_ path: String) -> String {
        path.hasPrefix("~/") ? home + path.dropFirst() : path
    }

    /// The last component.
    static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    static func isFileOrFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    }

    /// "Relative paths are to be ignored", says the specification.
    private static func base(_ variable: String, _ fallback: String) -> String {
        if let value = Console.environment(variable), value.hasPrefix("/") { return value }
        return home + "/" + fallback
    }
}
