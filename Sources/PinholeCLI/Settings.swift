import ArgumentParser
import Pinhole

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

/// What a node is to be told, each value from the first place that has it: flag, environment, file, default.
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
    /// Whether routers are asked to forward a port.
    let mapsPorts: Bool

    init(_ options: NodeOptions, global: GlobalOptions) throws(Failure) {
        let file = try global.configurationFile()

        var services: [ServiceAddress] = []
        for text in Self.words(options.services) ?? Self.words(Console.environment("PINHOLE_SERVICES"))
            ?? file.services ?? []
        {
            services.append(try ServiceText(text).address)
        }
        self.services = services

        let tokenFile = Console.environment("PINHOLE_TOKEN_FILE") ?? file.tokenFile.map(Paths.expand)
        token = try tokenFile.map(Self.token) ?? ""

        if let port = options.port {
            self.port = port
        } else if let text = Console.environment("PINHOLE_PORT") {
            guard let port = UInt16(text) else {
                throw Failure(.configuration, "PINHOLE_PORT must be a number from 0 to 65535, not “\(text)”")
            }
            self.port = port
        } else {
            port = UInt16(file.port ?? 0)
        }

        lan = try Self.truth("PINHOLE_LAN") ?? file.lan ?? true
        mapsPorts = try Self.truth("PINHOLE_PORT_MAPPING") ?? file.portMapping ?? true

        downloads =
            options.downloads ?? Console.environment("PINHOLE_DOWNLOADS") ?? file.downloads.map(Paths.expand)
            ?? Paths.defaultDownloads

        if let accept = options.accept {
            self.accept = accept
        } else if let text = Console.environment("PINHOLE_ACCEPT") {
            guard let accept = AcceptPolicy(rawValue: text) else {
                throw Failure(.configuration, "PINHOLE_ACCEPT must be all, ask or none, not “\(text)”")
            }
            self.accept = accept
        } else {
            accept = file.accept.flatMap(AcceptPolicy.init)
        }
    }

    func nodeConfiguration(policy: NodeConfiguration.FilePolicy, allowsLoopback: Bool) -> NodeConfiguration {
        NodeConfiguration(
            services: services, serviceToken: token, port: port, downloadDirectory: downloads, filePolicy: policy,
            usesLocalNetwork: lan, mapsPorts: mapsPorts, allowsLoopback: allowsLoopback)
    }

    private static func truth(_ variable: String) throws(Failure) -> Bool? {
        guard let text = Console.environment(variable) else { return nil }
        guard let truth = Bool(text) else {
            throw Failure(.configuration, "\(variable) must be true or false, not “\(text)”")
        }
        return truth
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
