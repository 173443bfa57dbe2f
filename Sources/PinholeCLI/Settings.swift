import ArgumentParser
import Glibc
import Pinhole
import PinholeControl

extension AcceptPolicy: ExpressibleByArgument {}

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
        let json: JSON
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
            SettingKeys.services,
            options.services.isEmpty ? nil : options.services.flatMap { SettingKeys.words(in: $0) })
        var services: [ServiceAddress] = []
        for text in texts { services.append(try ServiceText(text).address) }
        self.services = services
        let tokenFile = try places.pick(SettingKeys.tokenFile)
        token = tokenFile.isEmpty ? "" : try Self.token(in: Paths.expand(tokenFile))
        port = try places.pick(SettingKeys.port, options.port)
        mapsPorts = try places.pick(SettingKeys.portMapping)
        lan = try places.pick(SettingKeys.lan)
        downloads = Paths.expand(try places.pick(SettingKeys.downloads, options.downloads))
        let accept = try places.pick(SettingKeys.accept, options.accept)
        self.accept = places.isStandard ? nil : accept
        let keepsHistory = try places.pick(SettingKeys.history)
        let retention = try places.pick(SettingKeys.historyRetention)
        history = keepsHistory ? retention.policy : .off
        existing = try places.pick(SettingKeys.existing, options.existing)
        readReceipts = try places.pick(SettingKeys.readReceipts)
        typing = try places.pick(SettingKeys.typing)
        name = try places.pick(SettingKeys.ownName)
        acceptsInvited = try places.pick(SettingKeys.acceptInvited, options.acceptInvited ? true : nil)
        messageHook = try places.pick(SettingKeys.messageHook)
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

        /// Whether nobody said anything of what was picked last.
        var isStandard: Bool {
            if case .standard? = rows.last?.origin { true } else { false }
        }

        /// The value from the first place that has it.
        mutating func pick<Value>(_ key: SettingKey<Value>, _ flag: Value? = nil) throws(Failure) -> Value {
            let (value, origin) = try find(key, flag)
            rows.append(Row(key: key.name, json: key.json(value), origin: origin))
            if isStandard { rows[rows.count - 1].exception = key.exception }
            return value
        }

        private func find<Value>(_ key: SettingKey<Value>, _ flag: Value?) throws(Failure) -> (Value, Origin) {
            if let flag { return (flag, .flag(key.flag)) }
            if !key.variable.isEmpty, let text = Console.environment(key.variable) {
                guard let value = key.inEnvironment(text) else {
                    throw Failure(.configuration, "\(key.variable) must be \(key.wanted), not “\(text)”")
                }
                return (value, .environment(key.variable))
            }
            if let value = own[key] { return (value, .profileFile(own.path)) }
            if let value = common[key] { return (value, .file(common.path)) }
            return (key.standard, .standard)
        }
    }

    func nodeConfiguration(policy: NodeConfiguration.FilePolicy, allowsLoopback: Bool) -> NodeConfiguration {
        NodeConfiguration(
            services: services, serviceToken: token, port: port, downloadDirectory: downloads, name: name,
            acceptsInvited: acceptsInvited, filePolicy: policy,
            existingFilePolicy: existing.filePolicy, usesLocalNetwork: lan, mapsPorts: mapsPorts, history: history,
            sendsReadReceipts: readReceipts, tellsTyping: typing, allowsLoopback: allowsLoopback)
    }

    /// The first word of a file, as the service reads its own.
    private static func token(in path: String) throws(Failure) -> String {
        let text = try Files.readSecret(path, what: "the token file", limit: 1 << 20)
        let token = String(text.split(whereSeparator: \.isWhitespace).first ?? "")
        guard (1...255).contains(token.utf8.count) else {
            throw Failure(.configuration, "\(path) must hold a token of 1 to 255 bytes")
        }
        return token
    }
}
