import Glibc
import Pinhole
import TOMLSettings

/// The person's configuration file, checked key by key.
struct ConfigurationFile {
    let path: String
    private var settings: [String: TOMLSetting] = [:]

    /// The file at `path`; without one every key has its default, unless the file was named by the person.
    init(path: String, isRequired: Bool) throws(Failure) {
        self.path = path
        guard isRequired || access(path, F_OK) == 0 else { return }
        let text = try Files.read(path)
        let all: [TOMLSetting]
        do throws(TOMLError) {
            all = try TOMLSetting.all(in: text)
        } catch {
            throw Failure(.configuration, "\(path):\(error.line): \(error.reason)")
        }
        for setting in all { try take(setting) }
    }

    private mutating func take(_ setting: TOMLSetting) throws(Failure) {
        let place = "\(path):\(setting.line)"
        if setting.key == "hooks" {
            guard setting.value == .table else {
                throw Failure(.configuration, "\(place): “\(setting.key)” must be \("a table" as Phrase)")
            }
            return
        }
        guard let key = SettingKeys.all.first(where: { $0.name == setting.key }) else {
            throw Failure(
                .configuration, "\(place): unknown key “\(setting.key)”",
                hint: "the keys are \(SettingKeys.all.map(\.name).joined(separator: ", "))")
        }
        // As with a variable of the environment, what is empty says nothing.
        guard setting.string?.isEmpty != true else { return }
        guard key.accepts(setting) else {
            throw Failure(.configuration, "\(place): “\(setting.key)” must be \(key.wanted)", hint: key.hint)
        }
        if setting.key == SettingKeys.services.name {
            for address in setting.strings ?? [] {
                do throws(Failure) {
                    _ = try ServiceText(address)
                } catch {
                    throw Failure(.configuration, "\(place): “services”: \(error.message)", hint: error.hint)
                }
            }
        }
        settings[setting.key] = setting
    }

    /// What the file says of a setting.
    subscript<Value>(key: SettingKey<Value>) -> Value? { settings[key.name].flatMap(key.inFile) }

    /// A new file: every key commented with its default, and the service if there is one.
    static func text(service: String?) -> String {
        let services =
            service.map { "services = [\"\($0)\"]" } ?? "# services = []"
        return """
            # Configuration of pinhole. A flag comes before a PINHOLE_* variable, that before config.toml in the profile
            # directory, that before this file.
            # Every key is shown with its default; an empty text says nothing.

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
            # What waits for an answer is in 'pinhole files'. If nothing is said here, a chat on a terminal asks, and a
            # command that is there for something else, like 'send', leaves what is offered meanwhile waiting.
            # accept = "all"

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
