import CConfiguration
import Glibc
import PinholeWire

/// What the command line asks for.
package enum Command: Sendable {
    case run(Configuration)
    /// Says whether the configuration, the key and the access token are right, and ends.
    case check(Configuration)
    /// Prints the service's address, making its key if there is none, and ends.
    case printAddress(Configuration)
    case help
    case version

    /// Reads `arguments`, the program's name first; options override the configuration file that they name. `read` reads
    /// a file, and `environment` a variable.
    package init(
        arguments: [String], read: (String) throws(ServerError) -> String, environment: (String) -> String?
    ) throws(ServerError) {
        let options = try Option.parse(arguments)
        if options.contains(where: { $0.name == .help }) {
            self = .help
            return
        }
        if options.contains(where: { $0.name == .version }) {
            self = .version
            return
        }
        var configuration = Configuration(key: .file(Self.defaultKeyPath(environment)))
        for option in options where option.name == .config {
            try configuration.read(try read(option.argument), file: option.argument)
        }
        try configuration.apply(options)
        try configuration.validate()
        if options.contains(where: { $0.name == .check }) {
            self = .check(configuration)
        } else if options.contains(where: { $0.name == .printAddress }) {
            self = .printAddress(configuration)
        } else {
            self = .run(configuration)
        }
    }

    /// systemd's StateDirectory, or where the XDG base directory specification puts a program's data.
    private static func defaultKeyPath(_ environment: (String) -> String?) -> String {
        if let state = environment("STATE_DIRECTORY"), !state.isEmpty { return "\(state)/service.key" }
        if let data = environment("XDG_DATA_HOME"), !data.isEmpty { return "\(data)/pinhole-signaling/service.key" }
        return "\(environment("HOME") ?? "")/.local/share/pinhole-signaling/service.key"
    }

    package static let helpText = """
        Usage: pinhole-signaling [OPTION]...

        Runs a Pinhole signaling service: it tells peers where they are seen from, and introduces two of them to each
        other. It prints its address, which clients are given, on standard output. SIGTERM or SIGINT ends it.

          --config FILE          read FILE, in which every key is explained (config/signaling.toml)
          --listen HOST:PORT     listen there; once for each of IPv4 and IPv6 (default: 0.0.0.0:41414 and [::]:41414)
          --alternate-ports A,B  further ports, for measuring NATs (default: the three after the main port)
          --second-address IP    a further address of this machine, for measuring NATs
          --key FILE             the service's secret key, made when missing
                                 (default: $STATE_DIRECTORY/service.key, or $XDG_DATA_HOME/pinhole-signaling/service.key)
          --address-host NAME    the host in the printed address (default: an address of this machine)
          --token-file FILE      only clients that show the token in FILE may register
          --check                check what --config FILE and the options say, and the files they name; then end
          --print-address        print the service's address, and end
          --help, --version

        Example: pinhole-signaling --address-host signal.example.org
        """
}

/// An option as it stood on the command line.
private struct Option {
    enum Name: Int32, CaseIterable {
        case config = 256
        case listen, alternatePorts, secondAddress, key, addressHost, tokenFile, check, printAddress, help, version

        var text: StaticString {
            switch self {
            case .config: "config"
            case .listen: "listen"
            case .alternatePorts: "alternate-ports"
            case .secondAddress: "second-address"
            case .key: "key"
            case .addressHost: "address-host"
            case .tokenFile: "token-file"
            case .check: "check"
            case .printAddress: "print-address"
            case .help: "help"
            case .version: "version"
            }
        }

        var takesArgument: Bool {
            switch self {
            case .config, .listen, .alternatePorts, .secondAddress, .key, .addressHost, .tokenFile: true
            case .check, .printAddress, .help, .version: false
            }
        }
    }

    let name: Name
    let argument: String

    static func parse(_ arguments: [String]) throws(ServerError) -> [Option] {
        var table = Name.allCases.map { name in
            option(
                name: UnsafeRawPointer(name.text.utf8Start).assumingMemoryBound(to: CChar.self),
                has_arg: name.takesArgument ? required_argument : no_argument, flag: nil, val: name.rawValue)
        }
        table.append(option(name: nil, has_arg: 0, flag: nil, val: 0))
        var words = arguments.map { $0.withCString { strdup($0) } }
        defer { for word in words { free(word) } }
        words.append(nil)
        var options: [Option] = []
        // One step for each word at most, so the end is certain.
        for step in 0...arguments.count {
            var argument: UnsafePointer<CChar>?
            let value = configuration_next_option(
                Int32(arguments.count), words, table, &argument, step == 0)
            let text = argument.map { String(cString: $0) } ?? ""
            if value == -1 { break }
            guard let name = Name(rawValue: value) else {
                throw ServerError(.usage, "\(text): no such option, or its argument is missing; see --help")
            }
            options.append(Option(name: name, argument: text))
        }
        return options
    }

    func error(_ reason: String) -> ServerError {
        ServerError(.usage, "--\(name.text) \(argument): \(reason)")
    }
}

extension Configuration {
    fileprivate mutating func apply(_ options: [Option]) throws(ServerError) {
        let listens = options.filter { $0.name == .listen }
        if !listens.isEmpty {
            listen = try listens.map { option throws(ServerError) in
                guard let address = TransportAddress(option.argument) else {
                    throw option.error("this is not an IP address and a port, as in 0.0.0.0:41414 or [::]:41414")
                }
                return address
            }
        }
        let seconds = options.filter { $0.name == .secondAddress }
        if !seconds.isEmpty {
            secondAddresses = try seconds.map { option throws(ServerError) in
                guard let ip = IPAddress(option.argument) else { throw option.error("this is not an IP address") }
                return ip
            }
        }
        for option in options {
            switch option.name {
            case .alternatePorts:
                alternatePorts = try option.argument.split(separator: ",").map { word throws(ServerError) in
                    guard let port = UInt16(word) else { throw option.error("these are not ports between commas") }
                    return port
                }
            case .key: key = .file(option.argument)
            case .addressHost: addressHost = option.argument
            case .tokenFile:
                access = .token
                tokenFile = option.argument
            case .config, .listen, .secondAddress, .check, .printAddress, .help, .version: break
            }
        }
    }
}
