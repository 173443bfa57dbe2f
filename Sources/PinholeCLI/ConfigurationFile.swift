import Glibc
import Pinhole
import TOMLKit

/// The person's configuration file, checked key by key.
struct ConfigurationFile {
    let path: String
    private(set) var services: [String]?
    private(set) var tokenFile: String?
    private(set) var port: Int?
    private(set) var lan: Bool?
    private(set) var downloads: String?
    private(set) var accept: String?
    private(set) var portMapping: Bool?

    /// The file at `path`; without one every key has its default, unless the file was named by the person.
    init(path: String, isRequired: Bool) throws(Failure) {
        self.path = path
        guard isRequired || access(path, F_OK) == 0 else { return }
        let text = try Files.read(path)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw Failure(.configuration, "\(path):\(error.source.begin.line): \(error.description)")
        } catch {
            throw Failure(.configuration, "\(path): \(error)")
        }
        for (key, value) in table {
            let place = "\(path)\(Self.line(of: key, in: text).map { ":\($0)" } ?? "")"
            func refuse(_ wanted: String) -> Failure {
                Failure(.configuration, "\(place): “\(key)” must be \(wanted)")
            }
            switch key {
            case "services":
                guard let array = value.array else { throw refuse("an array of service addresses") }
                var addresses: [String] = []
                for element in array {
                    guard let address = element.string else { throw refuse("an array of service addresses") }
                    do throws(Failure) {
                        _ = try ServiceText(address)
                    } catch {
                        throw Failure(.configuration, "\(place): “services”: \(error.message)", hint: error.hint)
                    }
                    addresses.append(address)
                }
                services = addresses
            case "token-file":
                guard let file = value.string, !file.isEmpty else { throw refuse("a file") }
                tokenFile = file
            case "port":
                guard let port = value.int, (0...65_535).contains(port) else {
                    throw refuse("a number from 0 to 65535")
                }
                self.port = port
            case "lan":
                guard let lan = value.bool else { throw refuse("true or false") }
                self.lan = lan
            case "downloads":
                guard let directory = value.string, !directory.isEmpty else { throw refuse("a directory") }
                downloads = directory
            case "accept":
                guard let policy = value.string, AcceptPolicy(rawValue: policy) != nil else {
                    throw refuse("\"all\", \"ask\" or \"none\"")
                }
                accept = policy
            case "port-mapping":
                guard let truth = value.bool else { throw refuse("true or false") }
                portMapping = truth
            default:
                throw Failure(
                    .configuration, "\(place): unknown key “\(key)”",
                    hint: "the keys are services, token-file, port, port-mapping, lan, downloads and accept")
            }
        }
    }

    /// The line on which a key or table is given: the library keeps positions of errors only.
    private static func line(of key: String, in text: String) -> Int? {
        let spellings = [key, "\"\(key)\"", "'\(key)'", "[\(key)", "[[\(key)"]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            for spelling in spellings where line.hasPrefix(spelling) {
                guard let next = line.dropFirst(spelling.count).first else { return index + 1 }
                if "=.] \t\r".contains(next) { return index + 1 }
            }
        }
        return nil
    }

    /// A new file: every key commented with its default, and the service if there is one.
    static func text(service: String?) -> String {
        let services =
            service.map { "services = [\"\($0)\"]" } ?? "# services = []"
        return """
            # Configuration of pinhole. A flag comes before a PINHOLE_* variable, that before this file.
            # Every key is shown with its default.

            # Signaling services to register with (PINHOLE_SERVICES, --service); several share the work, and one that
            # is down costs nothing. You and a contact need one in common: one of these, or one that you give with the
            # contact (contact add --service). "pinhole-signal://pinsrv1…@signal.example.org:41414"
            \(services)

            # A file (mode 0600) with the token that your services want to see, if they are not open to everybody
            # (PINHOLE_TOKEN_FILE).
            # token-file = ""

            # UDP port of this machine, IPv4 and IPv6; 0 lets the system choose (PINHOLE_PORT, --port).
            # port = 0

            # Whether this network's router is asked to forward a port here (PCP, NAT-PMP, UPnP), which makes any NAT
            # easy. It is given back at the end (PINHOLE_PORT_MAPPING).
            # port-mapping = true

            # Whether contacts on the same local network are found without a service (PINHOLE_LAN). What is said
            # there to find them means something to them alone.
            # lan = true

            # Where received files go (PINHOLE_DOWNLOADS, --downloads).
            # downloads = "~/Downloads"

            # Which offered files are taken: "all", "ask" or "none" (PINHOLE_ACCEPT, --accept).
            # By default a chat on a terminal asks, and everything else takes all: only contacts can offer.
            # accept = "ask"

            """
    }
}
