import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

/// Which offered files are taken.
enum AcceptPolicy: String, CaseIterable, ExpressibleByArgument {
    case all, ask, none

    var filePolicy: NodeConfiguration.FilePolicy {
        switch self {
        case .all: .accept
        case .ask: .ask
        case .none: .refuse
        }
    }
}

/// What becomes of a file whose name something in the download folder has.
enum ExistingPolicy: String, CaseIterable, ExpressibleByArgument {
    case rename, skip, overwrite

    var filePolicy: NodeConfiguration.ExistingFilePolicy {
        switch self {
        case .rename: .rename
        case .skip: .skip
        case .overwrite: .overwrite
        }
    }
}

/// A service address with an error that a command can show.
struct ServiceText {
    let address: ServiceAddress

    init(_ text: String) throws(Failure) {
        do throws(PinholeError) {
            address = try ServiceAddress(text)
        } catch {
            throw Failure(error)
        }
    }
}

/// The place that decided on a setting.
enum Origin: Sendable {
    case flag(String)
    case environment(String)
    case profileFile(String)
    case file(String)
    case standard

    var kind: String {
        switch self {
        case .flag: "flag"
        case .environment: "environment"
        case .profileFile: "profile-file"
        case .file: "file"
        case .standard: "default"
        }
    }

    var place: String? {
        switch self {
        case .flag(let place), .environment(let place), .profileFile(let place), .file(let place): place
        case .standard: nil
        }
    }

    var words: Phrase {
        switch self {
        case .flag(let name): "flag \(name)"
        case .environment(let name): "environment \(name)"
        case .profileFile(let path): "profile file \(path)"
        case .file(let path): "file \(path)"
        case .standard: "default"
        }
    }
}

/// What a node is to be told, each value from the first place that has it: flag, environment, the profile's file, the
/// configuration file, default.
struct Settings {
    let services: [ServiceAddress]
    /// What services that are not open to everybody want to see.
    let token: String
    let port: UInt16
    /// Whether contacts on the local network are found without a service.
    let lan: Bool
    let downloads: String
    /// nil: nothing was said, and the command decides.
    let accept: AcceptPolicy?
    let existing: ExistingPolicy
    /// What those who are invited, or whose invites are opened, are told that this person is called.
    let name: String
    /// Whether whoever opens an invite becomes a contact without being asked about.
    let acceptsInvited: Bool
    /// Whether routers are asked to forward a port.
    let mapsPorts: Bool
    /// What is kept of what was said.
    let history: HistoryPolicy
    /// Whether contacts are told when their messages were seen, and when somebody types to them.
    let readReceipts: Bool
    let typing: Bool
    /// The command that is run for each message; empty for none.
    let messageHook: [String]

    /// A setting as it is in force.
    struct Row {
        let key: String
        var json: JSON
        let origin: Origin

        /// Where the default is another for some commands.
        var exception: Phrase?

        /// As it would stand in a file.
        var line: String { "\(key) = \(json.line)" + (exception.map { "  # \($0)" } ?? "") }
    }

    /// All of them, in the order of the configuration file.
    let rows: [Row]

    init(_ options: NodeOptions, global: GlobalOptions) throws(Failure) {
        var places = Places(own: try global.profileConfigurationFile(), common: try global.configurationFile())

        let texts = try places.pick(
            "services", Self.words(options.services), "--service", "PINHOLE_SERVICES", { Self.words($0) ?? [] },
            \.services, or: []
        ) { .array($0.map { .string($0) }) }
        var services: [ServiceAddress] = []
        for text in texts { services.append(try ServiceText(text).address) }
        self.services = services

        let tokenFile = try places.text("token-file", variable: "PINHOLE_TOKEN_FILE", \.tokenFile, or: "")
        token = tokenFile.isEmpty ? "" : try Self.token(in: Paths.expand(tokenFile))

        let port = try places.pick(
            "port", options.port.map(Int.init), "--port", "PINHOLE_PORT",
            { text throws(Failure) in
                guard let port = UInt16(text) else {
                    throw Failure(.configuration, "PINHOLE_PORT must be a number from 0 to 65535, not “\(text)”")
                }
                return Int(port)
            }, \.port, or: 0
        ) { .integer(Int64($0)) }
        self.port = UInt16(port)

        mapsPorts = try places.truth("port-mapping", variable: "PINHOLE_PORT_MAPPING", \.portMapping, or: true)
        lan = try places.truth("lan", variable: "PINHOLE_LAN", \.lan, or: true)
        downloads = Paths.expand(
            try places.text(
                "downloads", options.downloads, "--downloads", variable: "PINHOLE_DOWNLOADS", \.downloads,
                or: Paths.defaultDownloads))

        let accept = try places.text(
            "accept", options.accept?.rawValue, "--accept", variable: "PINHOLE_ACCEPT", \.accept, or: "")
        self.accept = AcceptPolicy(rawValue: accept)
        guard accept.isEmpty || self.accept != nil else {
            throw Failure(.configuration, "PINHOLE_ACCEPT must be all, ask or none, not “\(accept)”")
        }
        if accept.isEmpty {
            places.rows[places.rows.count - 1].json = .string(AcceptPolicy.all.rawValue)
            places.rows[places.rows.count - 1].exception = "a chat on a terminal asks"
        }
        let existing = try places.text(
            "existing", options.existing?.rawValue, "--existing", variable: "PINHOLE_EXISTING", \.existing,
            or: ExistingPolicy.rename.rawValue)
        guard let existingPolicy = ExistingPolicy(rawValue: existing) else {
            throw Failure(.configuration, "PINHOLE_EXISTING must be rename, skip or overwrite, not “\(existing)”")
        }
        self.existing = existingPolicy

        name = try places.text("name", variable: "PINHOLE_NAME", \.name, or: Self.loginName)
        acceptsInvited = try places.truth(
            "accept-invited", options.acceptInvited ? true : nil, "--accept-invited",
            variable: "PINHOLE_ACCEPT_INVITED",
            \.acceptInvited, or: false)

        let keepsHistory = try places.truth("history", variable: "PINHOLE_HISTORY", \.history, or: true)
        let retention = try places.text(
            "history-retention", variable: "PINHOLE_HISTORY_RETENTION", \.historyRetention, or: Retention.forever)
        guard let policy = Retention(retention)?.policy else {
            throw Failure(.configuration, "PINHOLE_HISTORY_RETENTION must be \(Retention.form), not “\(retention)”")
        }
        history = keepsHistory ? policy : .off
        readReceipts = try places.truth("read-receipts", variable: "PINHOLE_READ_RECEIPTS", \.readReceipts, or: true)
        typing = try places.truth("typing", variable: "PINHOLE_TYPING", \.typing, or: true)
        messageHook = try places.pick(
            "hooks.message", nil, "", "", { [$0] }, \.messageHook, or: []
        ) { .array($0.map { .string($0) }) }
        rows = places.rows
    }

    /// The places that may say something, and what was found there.
    private struct Places {
        let own: ConfigurationFile
        let common: ConfigurationFile
        var rows: [Row] = []

        init(own: ConfigurationFile, common: ConfigurationFile) {
            self.own = own
            self.common = common
        }

        /// The value from the first place that has it.
        mutating func pick<Value>(
            _ name: String, _ flag: Value?, _ flagName: String, _ variable: String,
            _ parse: (String) throws(Failure) -> Value, _ key: (ConfigurationFile) -> Value?, or standard: Value,
            _ json: (Value) -> JSON
        ) throws(Failure) -> Value {
            let (value, origin): (Value, Origin)
            if let flag {
                (value, origin) = (flag, .flag(flagName))
            } else if !variable.isEmpty, let text = Console.environment(variable) {
                (value, origin) = (try parse(text), .environment(variable))
            } else if let found = key(own) {
                (value, origin) = (found, .profileFile(own.path))
            } else if let found = key(common) {
                (value, origin) = (found, .file(common.path))
            } else {
                (value, origin) = (standard, .standard)
            }
            rows.append(Row(key: name, json: json(value), origin: origin))
            return value
        }

        mutating func text(
            _ name: String, _ flag: String? = nil, _ flagName: String = "", variable: String,
            _ key: (ConfigurationFile) -> String?, or standard: String
        ) throws(Failure) -> String {
            try pick(name, flag, flagName, variable, { $0 }, key, or: standard) { .string($0) }
        }

        mutating func truth(
            _ name: String, _ flag: Bool? = nil, _ flagName: String = "", variable: String,
            _ key: (ConfigurationFile) -> Bool?, or standard: Bool
        ) throws(Failure) -> Bool {
            try pick(
                name, flag, flagName, variable,
                { text throws(Failure) in
                    guard let truth = Bool(text) else {
                        throw Failure(.configuration, "\(variable) must be true or false, not “\(text)”")
                    }
                    return truth
                }, key, or: standard
            ) { .bool($0) }
        }
    }

    func nodeConfiguration(policy: NodeConfiguration.FilePolicy, allowsLoopback: Bool) -> NodeConfiguration {
        NodeConfiguration(
            services: services, serviceToken: token, port: port, downloadDirectory: downloads, name: name,
            acceptsInvited: acceptsInvited, filePolicy: policy,
            existingFilePolicy: existing.filePolicy, usesLocalNetwork: lan, mapsPorts: mapsPorts, history: history,
            sendsReadReceipts: readReceipts, tellsTyping: typing, allowsLoopback: allowsLoopback)
    }

    private static var loginName: String {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "" }
        return String(cString: name)
    }

    /// The token in a file, without the end of its line.
    private static func token(in path: String) throws(Failure) -> String {
        let text = try Files.readSecret(path, what: "the token file", limit: 1 << 20)
        let token = String(text.split(whereSeparator: \.isNewline).first ?? "")
        guard (1...255).contains(token.utf8.count) else {
            throw Failure(.configuration, "\(path) must hold a token of 1 to 255 bytes in its first line")
        }
        return token
    }

    /// Several services may stand in one word, separated by commas or blanks.
    private static func words(_ text: String?) -> [String]? {
        text.map { $0.split { $0 == "," || $0.isWhitespace }.map(String.init) }
    }

    private static func words(_ texts: [String]) -> [String]? {
        texts.isEmpty ? nil : texts.flatMap { words($0) ?? [] }
    }
}
