import PinholeWire
import TOMLSettings

extension Configuration {
    /// Takes over what `text`, the TOML of `file`, says. An unknown key or a bad value is named with its line.
    package mutating func read(_ text: String, file: String) throws(ServerError) {
        let settings: [TOMLSetting]
        do throws(TOMLError) {
            settings = try TOMLSetting.all(in: text)
        } catch {
            throw ServerError(.configuration, "\(file):\(error.line): this is not TOML: \(error.reason)")
        }
        for setting in settings where setting.value != .table || setting.key != "limits" {
            try apply(Setting(setting: setting, file: file))
        }
    }

    private mutating func apply(_ setting: Setting) throws(ServerError) {
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

/// A setting of the service's file, with the errors about it.
private struct Setting {
    let setting: TOMLSetting
    let file: String

    var key: String { setting.key }

    func string() throws(ServerError) -> String {
        guard let string = setting.string else { throw error("the value should be text in quotes") }
        return string
    }

    func strings() throws(ServerError) -> [String] {
        guard setting.elements != nil else { throw error("the value should be a list of texts in brackets") }
        guard let strings = setting.strings else { throw error("each element should be text in quotes") }
        return strings
    }

    func integer(_ range: ClosedRange<Int>) throws(ServerError) -> Int {
        try integer(setting.value, range)
    }

    func integers(_ range: ClosedRange<Int>) throws(ServerError) -> [Int] {
        guard let elements = setting.elements else { throw error("the value should be a list of numbers in brackets") }
        return try elements.map { element throws(ServerError) in try integer(element, range) }
    }

    /// What every error about this setting begins with.
    var place: String { "\(file):\(setting.line): " }

    func error(_ reason: String) -> ServerError {
        ServerError(.configuration, "\(place)\(key): \(reason)")
    }

    private func integer(_ value: TOMLSetting.Value, _ range: ClosedRange<Int>) throws(ServerError) -> Int {
        guard let integer = value.integer(in: range) else {
            throw error("the value should be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }
}
