import CConfiguration
import PinholeWire

extension Configuration {
    /// Takes over what `text`, the TOML of `file`, says. An unknown key or a bad value is named with its line.
    package mutating func read(_ text: String, file: String) throws(ServerError) {
        for setting in try TOMLSetting.all(in: text, file: file) { try apply(setting) }
    }

    private mutating func apply(_ setting: TOMLSetting) throws(ServerError) {
        switch setting.key {
        case "listen":
            listen = try setting.strings().map { text throws(ServerError) in
                guard let address = TransportAddress(text) else {
                    throw setting.error("\"\(text)\" is not an IP address and a port, as in \"0.0.0.0:41414\"")
                }
                return address
            }
        case "alternate-ports":
            alternatePorts = try setting.integers(0...65_535).map { UInt16($0) }
        case "second-addresses":
            secondAddresses = try setting.strings().map { text throws(ServerError) in
                guard let ip = IPAddress(text) else { throw setting.error("\"\(text)\" is not an IP address") }
                return ip
            }
        case "address":
            let host = try setting.string()
            addressHost = host.isEmpty ? nil : host
        case "key":
            let path = try setting.string()
            if !path.isEmpty { key = .file(path) }
        case "access":
            let word = try setting.string()
            guard let named = Access(rawValue: word) else {
                throw setting.error("\"\(word)\" is neither \"open\" nor \"token\"")
            }
            access = named
            accessPlace = setting.place
        case "token-file":
            let path = try setting.string()
            tokenFile = path.isEmpty ? nil : path
        case "limits.registrations":
            capacity.registrations = try setting.integer(1...50_000_000)
        case "limits.registrations-per-source":
            capacity.registrationsPerSource = try setting.integer(1...50_000_000)
        case "limits.tags":
            capacity.tags = try setting.integer(1...500_000_000)
        case "limits.registers-per-second":
            rates.registers = RateLimiter.Rate(sustained: try setting.integer(1...1_000_000))
        case "limits.registers-per-second-per-source":
            rates.registersPerSource = RateLimiter.Rate(sustained: try setting.integer(1...1_000_000))
        case "limits.stun-per-second":
            rates.stun = RateLimiter.Rate(sustained: try setting.integer(1...10_000_000))
        case "limits.stun-per-second-per-source":
            rates.stunPerSource = RateLimiter.Rate(sustained: try setting.integer(1...10_000_000))
        default:
            throw setting.error("there is no such key")
        }
    }
}

/// A key of a TOML file with its value, and where it stands.
private struct TOMLSetting {
    enum Value {
        case string(String)
        case integer(Int64)
        case array([Value])
        case other
    }

    let key: String
    private(set) var value: Value
    let line: Int
    let file: String

    static func all(in text: String, file: String) throws(ServerError) -> [TOMLSetting] {
        var text = text
        let document = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { toml_document_parse($0.baseAddress, $0.count) }
        }
        guard let document else { throw ServerError(.configuration, "\(file): there is no memory to read it") }
        defer { toml_document_destroy(document) }
        var line: UInt32 = 0
        if let reason = toml_document_error(document, &line) {
            throw ServerError(.configuration, "\(file):\(line): this is not TOML: \(String(cString: reason))")
        }
        let entries = UnsafeBufferPointer(start: toml_document_entries(document), count: toml_document_count(document))
        var settings: [TOMLSetting] = []
        for entry in entries {
            let key = String(cString: entry.path)
            if entry.is_element, case .array(let elements)? = settings.last?.value {
                settings[settings.count - 1].value = .array(elements + [Value(entry)])
            } else if entry.kind != TOML_ENTRY_TABLE || key != "limits" {
                settings.append(TOMLSetting(key: key, value: Value(entry), line: Int(entry.line), file: file))
            }
        }
        return settings
    }

    func string() throws(ServerError) -> String {
        guard case .string(let string) = value else { throw error("the value should be text in quotes") }
        return string
    }

    func strings() throws(ServerError) -> [String] {
        guard case .array(let elements) = value else { throw error("the value should be a list of texts in brackets") }
        return try elements.map { element throws(ServerError) in
            guard case .string(let string) = element else { throw error("each element should be text in quotes") }
            return string
        }
    }

    func integer(_ range: ClosedRange<Int>) throws(ServerError) -> Int {
        try integer(value, range)
    }

    func integers(_ range: ClosedRange<Int>) throws(ServerError) -> [Int] {
        guard case .array(let elements) = value else {
            throw error("the value should be a list of numbers in brackets")
        }
        return try elements.map { element throws(ServerError) in try integer(element, range) }
    }

    /// What every error about this setting begins with.
    var place: String { "\(file):\(line): " }

    func error(_ reason: String) -> ServerError {
        ServerError(.configuration, "\(place)\(key): \(reason)")
    }

    private func integer(_ value: Value, _ range: ClosedRange<Int>) throws(ServerError) -> Int {
        guard case .integer(let integer) = value, range.contains(Int(integer)) else {
            throw error("the value should be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(integer)
    }
}

extension TOMLSetting.Value {
    init(_ entry: toml_entry) {
        switch entry.kind {
        case TOML_ENTRY_STRING:
            let bytes = UnsafeRawBufferPointer(start: entry.text, count: entry.text_length)
            self = .string(String(decoding: bytes, as: UTF8.self))
        case TOML_ENTRY_INTEGER: self = .integer(entry.integer)
        case TOML_ENTRY_ARRAY: self = .array([])
        default: self = .other
        }
    }
}
