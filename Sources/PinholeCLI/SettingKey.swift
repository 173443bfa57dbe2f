import Pinhole
import PinholeControl
import TOMLSettings

/// A setting: what it is called in a file, in the environment and on the command line, what it may be, and what it is
/// where nobody says anything.
struct SettingKey<Value: Sendable>: AnySettingKey {
    let name: String
    /// Empty where there is none.
    var flag = ""
    var variable = ""
    let wanted: Phrase
    var hint: Phrase?
    let standard: Value
    /// Where the default is another for some commands.
    var exception: Phrase?
    /// What a file says. An empty text never comes here: it says nothing.
    let inFile: @Sendable (TOMLSetting) -> Value?
    let inEnvironment: @Sendable (String) -> Value?
    let json: @Sendable (Value) -> JSON

    func accepts(_ setting: TOMLSetting) -> Bool { inFile(setting) != nil }
}

/// A setting of any type, as far as a file is checked.
protocol AnySettingKey: Sendable {
    var name: String { get }
    /// What it must be.
    var wanted: Phrase { get }
    var hint: Phrase? { get }
    func accepts(_ setting: TOMLSetting) -> Bool
}

/// All of them.
enum SettingKeys {
    static let services = SettingKey(
        name: "services", flag: "--service", variable: "PINHOLE_SERVICES", wanted: "an array of service addresses",
        standard: [], inFile: \.strings, inEnvironment: { words(in: $0) }, json: { .array($0.map { .string($0) }) })

    static let tokenFile = text("token-file", variable: "PINHOLE_TOKEN_FILE", wanted: "a file", standard: "")

    static let port = SettingKey(
        name: "port", flag: "--port", variable: "PINHOLE_PORT", wanted: "a number from 0 to 65535", standard: UInt16(0),
        inFile: { $0.integer(in: 0...65_535).map { UInt16($0) } }, inEnvironment: { UInt16($0) },
        json: { .integer(Int64($0)) })

    static let portMapping = truth("port-mapping", variable: "PINHOLE_PORT_MAPPING", standard: true)
    static let lan = truth("lan", variable: "PINHOLE_LAN", standard: true)

    static let downloads = text(
        "downloads", flag: "--downloads", variable: "PINHOLE_DOWNLOADS", wanted: "a directory",
        standard: Paths.defaultDownloads)

    static let accept = choice(
        "accept", flag: "--accept", variable: "PINHOLE_ACCEPT", wanted: "\"all\", \"ask\" or \"none\"",
        standard: AcceptPolicy.all, exception: "a chat on a terminal asks")

    static let existing = choice(
        "existing", flag: "--existing", variable: "PINHOLE_EXISTING",
        wanted: "\"rename\", \"skip\" or \"overwrite\"", standard: ExistingPolicy.rename)

    static let history = truth("history", variable: "PINHOLE_HISTORY", standard: true)

    static let historyRetention = SettingKey(
        name: "history-retention", variable: "PINHOLE_HISTORY_RETENTION", wanted: Retention.form,
        standard: Retention.forever, inFile: { $0.string.flatMap { Retention($0) } }, inEnvironment: { Retention($0) },
        json: { .string($0.text) })

    static let readReceipts = truth("read-receipts", variable: "PINHOLE_READ_RECEIPTS", standard: true)
    static let typing = truth("typing", variable: "PINHOLE_TYPING", standard: true)

    static let ownName = text(
        "name", variable: "PINHOLE_NAME", wanted: "a name of 1 to 128 bytes", standard: Paths.loginName,
        fits: { $0.utf8.count <= 128 })

    static let acceptInvited = truth(
        "accept-invited", flag: "--accept-invited", variable: "PINHOLE_ACCEPT_INVITED", standard: false)

    static let messageHook = SettingKey(
        name: "hooks.message", wanted: "an array of words",
        hint: "message = [\"/home/you/bin/answer\", \"--brief\"]",
        standard: [], inFile: { $0.strings.flatMap { $0.first?.isEmpty == true ? nil : $0 } }, inEnvironment: { [$0] },
        json: { .array($0.map { .string($0) }) })

    /// In the order of the configuration file.
    static let all: [any AnySettingKey] = [
        services, tokenFile, port, portMapping, lan, downloads, accept, history, historyRetention, existing,
        readReceipts, typing, ownName, acceptInvited, messageHook,
    ]

    /// Several may stand in one text, separated by commas or blanks.
    static func words(in text: String) -> [String] {
        text.split { $0 == "," || $0.isWhitespace }.map(String.init)
    }

    private static func text(
        _ name: String, flag: String = "", variable: String, wanted: Phrase, standard: String,
        fits: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> SettingKey<String> {
        SettingKey(
            name: name, flag: flag, variable: variable, wanted: wanted, standard: standard,
            inFile: { $0.string.flatMap { fits($0) ? $0 : nil } }, inEnvironment: { fits($0) ? $0 : nil },
            json: { .string($0) })
    }

    private static func truth(
        _ name: String, flag: String = "", variable: String, standard: Bool
    ) -> SettingKey<Bool> {
        SettingKey(
            name: name, flag: flag, variable: variable, wanted: "true or false", standard: standard,
            inFile: \.boolean, inEnvironment: { Bool($0) }, json: { .bool($0) })
    }

    private static func choice<Choice: RawRepresentable<String> & Sendable>(
        _ name: String, flag: String, variable: String, wanted: Phrase, standard: Choice, exception: Phrase? = nil
    ) -> SettingKey<Choice> {
        SettingKey(
            name: name, flag: flag, variable: variable, wanted: wanted, standard: standard, exception: exception,
            inFile: { $0.string.flatMap { Choice(rawValue: $0) } }, inEnvironment: { Choice(rawValue: $0) },
            json: { .string($0.rawValue) })
    }
}
