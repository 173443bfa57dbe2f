package import PinholeWire

/// Answers STUN Binding requests (RFC 8489), and measures NATs for those who ask (RFC 5780). It keeps no state.
///
/// A source address is a claim here, so an answer is no larger than the protocol needs. A plain request gets
/// XOR-MAPPED-ADDRESS alone: 32 bytes for 20 over IPv4, 44 over IPv6, which with the IP and UDP headers is 1.25 and 1.35
/// times the request. RESPONSE-ORIGIN and OTHER-ADDRESS come with CHANGE-REQUEST, whose sender measures, and with each
/// answer of a service with two addresses, where RFC 5780 §6.1 wants them in the first answer (2.8 and 4.6 times the
/// payload; OTHER-ADDRESS "MUST NOT be inserted […] unless the server has a second IP address", §7.4). The rate limiter
/// bounds what any one victim can be sent.
///
/// RESPONSE-PORT (RFC 5780 §7.5) turns an answer to another port of the source's address, and to no other address: it
/// shows a client whether a mapping that it does not use lives, or is reached from outside.
package struct STUNServer: Sendable {
    package init() {}

    /// An answer, where it goes and where it leaves from.
    package struct Answer: Equatable, Sendable {
        package var datagram: [UInt8]
        package var destination: TransportAddress
        package var endpoint: LocalEndpoint
    }

    /// The answer to `datagram`; `nil` when it is not a well-formed Binding request, or asks for an answer to port 0.
    package func answer(
        _ datagram: Span<UInt8>, from source: TransportAddress, at endpoint: LocalEndpoint, in topology: Topology
    ) -> Answer? {
        // RFC 8489 §6.3: responses, and what does not parse, are discarded without a word.
        guard let request = try? STUNMessage(datagram), request.messageClass == .request else { return nil }
        guard request.unknownAttributes.isEmpty else {
            let unknown = request.unknownAttributes
            return refusal(of: request, code: 420, unknown: unknown, size: datagram.count, to: source, endpoint)
        }
        let destination = TransportAddress(source.ip, port: request.responsePort ?? source.port)
        guard destination.port != 0 else { return nil }
        let wantsChange = request.changeIP || request.changePort
        guard
            let sender = wantsChange
                ? topology.other(than: endpoint, changeIP: request.changeIP, changePort: request.changePort) : endpoint
        else {
            // RFC 5780 §6.1: a server that cannot change as asked refuses CHANGE-REQUEST as an unknown attribute.
            let unknown = [Self.changeRequest]
            return refusal(of: request, code: 420, unknown: unknown, size: datagram.count, to: source, endpoint)
        }
        var response = STUNMessage(.success, transactionID: request.transactionID)
        response.mappedAddress = source
        let other = topology.other(than: endpoint, changeIP: true, changePort: true)
        if wantsChange || other != nil { response.responseOrigin = topology.origin(of: sender) }
        if let other { response.otherAddress = topology.origin(of: other) }
        return Answer(datagram: response.encoded, destination: destination, endpoint: sender)
    }

    private func refusal(
        of request: STUNMessage, code: UInt16, unknown: [UInt16], size: Int, to source: TransportAddress,
        _ endpoint: LocalEndpoint
    ) -> Answer {
        var response = STUNMessage(.error(code: code), transactionID: request.transactionID)
        response.unknownAttributes = unknown
        // A request can name more attributes than its own size pays for only by repeating them.
        while response.encoded.count > size + Self.refusalOverhead, !response.unknownAttributes.isEmpty {
            response.unknownAttributes.removeLast()
        }
        return Answer(datagram: response.encoded, destination: source, endpoint: endpoint)
    }

    /// RFC 5780 §7.2.
    private static let changeRequest: UInt16 = 0x0003
    /// ERROR-CODE and the header of UNKNOWN-ATTRIBUTES.
    private static let refusalOverhead = 12
}
