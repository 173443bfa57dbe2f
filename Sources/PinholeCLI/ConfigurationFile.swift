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
    private(set) var existing: String?
    private(set) var portMapping: Bool?
    private(set) var history: Bool?
    private(set) var historyRetention: String?
    private(set) var readReceipts: Bool?
    private(set) var typing: Bool?
    private(set) var messageHook: [String]?
    private(set) var name: String?
    private(set) var acceptInvited: Bool?

    /// The file at `path`; without one every key has its default, unless the file was named by the person.
    init(path: String, isRequired: Bool) throws(Failure) {
        self.path = path
        guard isRequired || access(path, F_OK) == 0 else { return }
        let text = try Files.read(path)
        if let line = Self.lineOfNamelessTable(in: text) {
            throw Failure(.configuration, "\(path):\(line): a table needs a name, as in [hooks]")
        }
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
            func refuse(_ wanted: Phrase) -> Failure {
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
            case "existing":
                guard let policy = value.string, ExistingPolicy(rawValue: policy) != nil else {
                    throw refuse("\"rename\", \"skip\" or \"overwrite\"")
                }
                existing = policy
            case "port-mapping":
                guard let truth = value.bool else { throw refuse("true or false") }
                portMapping = truth
            case "hooks":
                guard let hooks = value.table else { throw refuse("a table") }
                for (key, value) in hooks {
                    guard key == "message" else {
                        throw Failure(
                            .configuration, "\(place): unknown key “\(key)” in [hooks]", hint: "the only one is message"
                        )
                    }
                    let words = value.array?.compactMap(\.string)
                    guard let words, words.count == value.array?.count, words.first?.isEmpty != true else {
                        throw Failure(
                            .configuration, "\(place): “message” in [hooks] must be an array of words",
                            hint: "message = [\"/home/you/bin/answer\", \"--brief\"]")
                    }
                    messageHook = words
                }
            case "name":
                guard let name = value.string, !name.isEmpty, name.utf8.count <= 128 else {
                    throw refuse("a name of 1 to 128 bytes")
                }
                self.name = name
            case "accept-invited":
                guard let truth = value.bool else { throw refuse("true or false") }
                acceptInvited = truth
            case "read-receipts":
                guard let truth = value.bool else { throw refuse("true or false") }
                readReceipts = truth
            case "typing":
                guard let truth = value.bool else { throw refuse("true or false") }
                typing = truth
            case "history":
                guard let truth = value.bool else { throw refuse("true or false") }
                history = truth
            case "history-retention":
                guard let text = value.string, Retention(text) != nil else { throw refuse(Retention.form) }
                historyRetention = text
            default:
                throw Failure(
                    .configuration, "\(place): unknown key “\(key)”",
                    hint: "the keys are \(Self.keyNames)")
            }
        }
    }

    /// The line of a `[` that no name follows: the library asserts that one does, and would end the program.
    private static func lineOfNamelessTable(in text: String) -> Int? {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let place = lines.firstIndex { line in
            let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
            var rest = line.drop(while: isSpace)
            guard rest.first == UInt8(ascii: "[") else { return false }
            rest = rest.dropFirst().drop(while: isSpace)
            if rest.first == UInt8(ascii: "[") { rest = rest.dropFirst().drop(while: isSpace) }
            guard let first = rest.first else { return true }
            switch first {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "\""),
                UInt8(ascii: "'"), UInt8(ascii: "]"):
                return false
            default: return true
            }
        }
        return place.map { $0 + 1 }
    }

    /// For people who misspelled one.
    private static let keyNames =
        "services, token-file, port, port-mapping, lan, downloads, accept, existing, history, history-retention, "
        + "read-receipts, typing, name, accept-invited and hooks"

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
            # Configuration of pinhole. A flag comes before a PINHOLE_* variable, that before config.toml in the profile
            # directory, that before this file.
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

            # Whether what was said stays on this machine, sealed with your key (PINHOLE_HISTORY). Without it a message
            # is removed when it was shown, or delivered; what is not delivered yet stays.
            # history = true

            # How long it stays (PINHOLE_HISTORY_RETENTION): "forever", or a time like "30d", "12h", "8w", "1y".
            # history-retention = "forever"

            # What becomes of a file whose name something in that folder has: "rename" gives it a number, "skip" declines
            # it, "overwrite" puts it in the place of the other (PINHOLE_EXISTING, --existing).
            # existing = "rename"

            # Whether contacts are told when you have seen their messages (PINHOLE_READ_RECEIPTS). That a message has
            # arrived they hear in any case.
            # read-receipts = true

            # Whether you and your contacts see each other type (PINHOLE_TYPING).
            # typing = true

            # What people whom you invite, or whose invite you open, are told that you are called (PINHOLE_NAME); your
            # login name if nothing is said.
            # name = ""

            # Whether whoever opens an invite of yours becomes a contact without your answer (PINHOLE_ACCEPT_INVITED,
            # --accept-invited).
            # accept-invited = false

            # A command that 'pinhole daemon' runs for each message that arrives. It gets the message as a JSON object on
            # its standard input; what it writes to its standard output is the reply. It is run without a shell, with
            # little of the environment, in the home directory, and has 30 s.
            # [hooks]
            # message = ["/home/you/bin/answer", "--brief"]

            """
    }
}
