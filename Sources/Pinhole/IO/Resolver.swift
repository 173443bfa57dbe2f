import Dispatch
import Glibc
package import PinholeWire

/// Why a host name gave no address.
package enum ResolverError: Error, Equatable, Sendable {
    /// The name does not exist, or has no address.
    case notFound(host: String)
    /// Nobody could be asked; it may work later.
    case unavailable(host: String, reason: String)
}

extension ResolverError {
    /// The sentence for a person.
    package var pinholeError: PinholeError {
        switch self {
        case .notFound(let host):
            PinholeError(.unreachableService, "the host name “\(host)” has no address", hint: "check its spelling")
        case .unavailable(let host, let reason):
            PinholeError(
                .unreachableService, "the host name “\(host)” cannot be looked up now: \(reason)",
                hint: "check the network connection")
        }
    }
}

/// Host names to addresses, off the loop: a look-up may block for many seconds.
package enum Resolver {
    /// The addresses of `host`, the system's preference first (RFC 6724). An address literal needs no look-up.
    package static func resolve(_ host: String, port: UInt16) async throws(ResolverError) -> [TransportAddress] {
        if let address = literal(host, port: port) { return [address] }
        let result: Result<[TransportAddress], ResolverError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: lookUp(host, port: port))
            }
        }
        return try result.get()
    }

    /// What needs no look-up.
    static func literal(_ host: String, port: UInt16) -> TransportAddress? {
        IPAddress(host).map { TransportAddress($0, port: port) }
    }

    /// The addresses of `host`, or the sentence for a person.
    static func find(_ host: String, port: UInt16) async -> Result<[TransportAddress], PinholeError> {
        do throws(ResolverError) {
            return .success(try await resolve(host, port: port))
        } catch {
            return .failure(error.pinholeError)
        }
    }

    private static func lookUp(_ host: String, port: UInt16) -> Result<[TransportAddress], ResolverError> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else { return .failure(failure(status, of: host)) }
        defer { freeaddrinfo(list) }
        var addresses: [TransportAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let ip = entry.ai_addr.flatMap({ IPAddress(UnsafePointer($0)) }) else { continue }
            addresses.append(TransportAddress(ip, port: port))
        }
        return addresses.isEmpty ? .failure(.notFound(host: host)) : .success(few(of: addresses))
    }

    /// What a status of getaddrinfo(3) means.
    static func failure(_ status: Int32, of host: String) -> ResolverError {
        switch status {
        case EAI_NONAME, noData: .notFound(host: host)
        case EAI_SYSTEM: .unavailable(host: host, reason: errorText(errno))
        default: .unavailable(host: host, reason: String(cString: gai_strerror(status)))
        }
    }

    /// glibc, `EAI_NODATA`: the name exists, and has no address.
    private static let noData: Int32 = -5

    /// The first of each family, each once: the name may be anybody's, and have thousands.
    static func few(of addresses: [TransportAddress]) -> [TransportAddress] {
        var few: [TransportAddress] = []
        for address in addresses where few.count(where: { $0.family == address.family }) < maxAddressesPerFamily {
            if !few.contains(address) { few.append(address) }
        }
        return few
    }

    private static let maxAddressesPerFamily = 4
}
