import CPortMapping
import PinholeWire

/// What NAT-PMP (RFC 6886) can be asked.
enum NATPMPRequest: Equatable {
    case externalAddress
    /// A mapping of the internal port; with lifetime 0 its end. `lifetime` in seconds.
    case map(externalPort: UInt16, lifetime: UInt32)
}

/// What became of a request.
enum NATPMPAnswer: Equatable {
    /// The gateway is there; of its external address a service knows better.
    case externalAddress(epoch: UInt32)
    case mapped(Mapped)
    /// No answer, or a refusal: libnatpmp's number.
    case failed(Int32)

    struct Mapped: Equatable {
        var internalPort: UInt16
        var externalPort: UInt16
        /// Seconds.
        var lifetime: UInt32
        /// Seconds since the gateway began with an empty table.
        var epoch: UInt32
    }
}

/// libnatpmp, one request after another, each answered within ``Limits/gatewayPatience``. Confined to one thread.
final class NATPMPClient {
    private let library: OpaquePointer
    private let internalPort: UInt16
    private var queue: [NATPMPRequest] = []
    private var current: (request: NATPMPRequest, deadline: Instant)?

    /// nil when there is no route to the gateway.
    init?(gateway: IPAddress, internalPort: UInt16) {
        guard let library = pmp_open(gateway.v4Bits) else { return nil }
        self.library = library
        self.internalPort = internalPort
    }

    deinit {
        pmp_close(library)
    }

    /// Readable when `advance` has something to do; -1 while nothing is asked.
    var descriptor: Int32 { current == nil ? -1 : pmp_descriptor(library) }

    func perform(_ request: NATPMPRequest) {
        queue.append(request)
    }

    /// When `advance` is to be called at the latest, if the descriptor does not become readable before.
    func nextTimeout(at now: Instant) -> Instant? {
        guard let current else { return queue.isEmpty ? nil : now }
        let wait = pmp_wait(library)
        return wait < 0 ? current.deadline : min(current.deadline, now + .nanoseconds(wait))
    }

    /// Reads, repeats, and begins what waits. Returns an answer, after which it is to be called again.
    func advance(at now: Instant) -> (NATPMPRequest, NATPMPAnswer)? {
        if current == nil, !queue.isEmpty {
            let request = queue.removeFirst()
            let status = ask(request)
            guard status == 0 else { return (request, .failed(status)) }
            current = (request, now + Limits.gatewayPatience)
        }
        guard let (request, deadline) = current else { return nil }
        var answer = pmp_answer()
        let status = pmp_read(library, &answer)
        if status == PMP_TRY_AGAIN, now < deadline { return nil }
        current = nil
        return (request, status == 0 ? NATPMPAnswer(answer) : .failed(status))
    }

    private func ask(_ request: NATPMPRequest) -> Int32 {
        switch request {
        case .externalAddress: pmp_ask_address(library)
        case .map(let externalPort, let lifetime): pmp_ask_mapping(library, internalPort, externalPort, lifetime)
        }
    }
}

extension NATPMPAnswer {
    fileprivate init(_ answer: pmp_answer) {
        self =
            answer.is_mapping
            ? .mapped(
                Mapped(
                    internalPort: answer.internal_port, externalPort: answer.external_port, lifetime: answer.lifetime,
                    epoch: answer.epoch))
            : .externalAddress(epoch: answer.epoch)
    }
}

@available(*, unavailable)
extension NATPMPClient: Sendable {}
