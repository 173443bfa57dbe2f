import CPortMapping
import Glibc
import PinholeWire

/// A gateway's WAN connection service (UPnP Internet Gateway Device).
struct IGDService: Equatable {
    var controlURL: String
    var serviceType: String
}

/// What an Internet Gateway Device can be asked.
enum IGDRequest: Equatable {
    case find
    /// A mapping to the internal port, or its renewal. `lease` in seconds.
    case add(IGDService, externalPort: UInt16, lease: UInt32)
    case remove(IGDService, externalPort: UInt16)
}

/// What became of a request.
enum IGDAnswer: Equatable {
    case found(IGDService)
    case added(Entry)
    case removed
    /// UPnP's error code, or a negative one of the library.
    case failed(Int)

    /// A mapping as the gateway's own table shows it; what it does not show is nil.
    struct Entry: Equatable {
        /// Seconds; 0 is for ever.
        var lease: UInt32
        var client: IPAddress?
        var internalPort: UInt16?
    }

    /// WANIPConnection:1, 2.4.16, ConflictInMappingEntry: the port is another's.
    static let conflict = 718
    /// The process had no answer in time, or died.
    static let silence = -1000

    /// The answer of a process, as `igd_task` describes it.
    init(_ bytes: some Collection<UInt8>, to request: IGDRequest) {
        let fields = bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
        guard let status = fields.first.flatMap({ Int($0) }) else {
            self = .failed(Self.silence)
            return
        }
        switch (request, fields.count) {
        case _ where status != 0:
            self = .failed(status)
        case (.find, 3):
            self = .found(IGDService(controlURL: fields[1], serviceType: fields[2]))
        case (.add, 4):
            self = .added(
                Entry(lease: UInt32(fields[1]) ?? 0, client: IPAddress(fields[2]), internalPort: UInt16(fields[3])))
        case (.remove, 1):
            self = .removed
        case (.find, _), (.add, _), (.remove, _):
            self = .failed(Self.silence)
        }
    }
}

/// UPnP's operations, one after another, each in a process of its own that ends within ``Limits/gatewayPatience``.
/// Confined to one thread.
final class IGDClient {
    private let gateway: Gateway
    private let internalPort: UInt16
    private var queue: [IGDRequest] = []
    private var current: Running?

    private struct Running {
        let request: IGDRequest
        let task: igd_task
        let deadline: Instant
        var words = IGDWords()
    }

    init(gateway: Gateway, internalPort: UInt16) {
        self.gateway = gateway
        self.internalPort = internalPort
    }

    deinit {
        if let current { igd_end(current.task) }
    }

    /// Readable when `advance` has something to do; -1 while nothing runs.
    var descriptor: Int32 { current?.task.descriptor ?? -1 }

    func perform(_ request: IGDRequest) {
        queue.append(request)
    }

    /// What waits is forgotten, what runs is ended.
    func cancel() {
        queue.removeAll()
        if let current { igd_end(current.task) }
        current = nil
    }

    func nextTimeout(at now: Instant) -> Instant? {
        current?.deadline ?? (queue.isEmpty ? nil : now)
    }

    /// Reads, and begins what waits. Returns an answer, after which it is to be called again.
    func advance(at now: Instant) -> (IGDRequest, IGDAnswer)? {
        if current == nil, !queue.isEmpty {
            let request = queue.removeFirst()
            guard let task = begin(request) else { return (request, .failed(IGDAnswer.silence)) }
            current = Running(request: request, task: task, deadline: now + Limits.gatewayPatience)
        }
        guard var running = current else { return nil }
        running.words.read(from: running.task.descriptor)
        current = running
        guard running.words.isOver || running.deadline <= now else { return nil }
        igd_end(running.task)
        current = nil
        return (running.request, IGDAnswer(running.words.answer, to: running.request))
    }

    private func begin(_ request: IGDRequest) -> igd_task? {
        var task = igd_task()
        let (gateway, client) = (gateway.address.description, gateway.client.description)
        let status: Int32 =
            switch request {
            case .find:
                igd_begin(IGD_FIND, gateway, client, "", "", igd_mapping(), &task)
            case .add(let service, let externalPort, let lease):
                igd_begin(
                    IGD_ADD, gateway, client, service.controlURL, service.serviceType,
                    igd_mapping(external_port: externalPort, internal_port: internalPort, lease: lease), &task)
            case .remove(let service, let externalPort):
                igd_begin(
                    IGD_REMOVE, gateway, client, service.controlURL, service.serviceType,
                    igd_mapping(external_port: externalPort, internal_port: internalPort, lease: 0), &task)
            }
        return status == 0 ? task : nil
    }
}

@available(*, unavailable)
extension IGDClient: Sendable {}

/// What a process has said so far. It reads what anybody on the local network may have written, so it is not to be
/// trusted to keep to its words, or to come to an end.
struct IGDWords {
    private var bytes: [UInt8] = []
    /// Whether no more is to come, or to be heard.
    private(set) var isOver = false

    /// What was said, if that was all and not too much.
    var answer: [UInt8] { isOver && !isTooLong ? bytes : [] }

    private var isTooLong: Bool { bytes.count > Int(IGD_ANSWER_SIZE) }

    /// Reads what is there, without waiting.
    mutating func read(from descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: Int(IGD_ANSWER_SIZE) + 1)
        while !isOver {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
                isOver = isTooLong
            } else if count == 0 {
                isOver = true
            } else if errno != EINTR {
                isOver = errno != EAGAIN
                return
            }
        }
    }
}
