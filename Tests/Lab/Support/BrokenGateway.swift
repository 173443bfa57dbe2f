import CLab
import Foundation
import Glibc
import Synchronization

/// A port-mapping server that does what a test wants it to: it maps nothing. It serves on a thread of its own.
final class BrokenGateway: Sendable {
    enum Manner: String, CaseIterable, Sendable {
        /// It hears, and says nothing.
        case silence
        /// Random bytes, everywhere.
        case garbage
        /// It grants what it is asked for, and forwards nothing.
        case dead
        /// It grants another internal port.
        case wrongPort
        /// It grants for 0 seconds.
        case noLease
        /// Its description is somewhere else, for ever.
        case redirection
        /// Its description has no end.
        case endlessDescription
        /// Its description is another host's.
        case elsewhere
        /// Its description is its own; what that one wants to be asked is another host.
        case foreignControl
    }

    /// What was asked of it: `pcp map`, `pcp remove`, `nat-pmp map`, …, `http GET`.
    var log: [String] { state.withLock { $0.log } }

    private struct State {
        var log: [String] = []
        var isStopping = false
    }

    private let manner: Manner
    private let state = Mutex(State())
    private let mapping: Int32
    private let ssdp: Int32
    private let web: Int32

    init(_ manner: Manner, at site: Network.Site) throws(LabError) {
        self.manner = manner
        (mapping, ssdp, web) = try site.router.enter { () throws(LabError) in
            let type = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let mapping = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | type, 0)
            let ssdp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | type, 0)
            let web = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | type, 0)
            var yes: Int32 = 1
            setsockopt(web, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            var request = ip_mreqn()
            request.imr_multiaddr.s_addr = inet_addr("239.255.255.250")
            request.imr_ifindex = Int32(if_nametoindex("lan"))
            guard Self.bind(mapping, 5351) == 0, Self.bind(ssdp, 1900) == 0, Self.bind(web, 5000) == 0,
                setsockopt(
                    ssdp, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, &request, socklen_t(MemoryLayout<ip_mreqn>.size)) == 0,
                listen(web, 16) == 0
            else { throw LabError.system("serve at the gateway") }
            return (mapping, ssdp, web)
        }
        Thread.detachNewThread { self.serve() }
    }

    /// Lets the thread end.
    func stop() { state.withLock { $0.isStopping = true } }

    private static func bind(_ descriptor: Int32, _ port: UInt16) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func note(_ line: String) { state.withLock { $0.log.append(line) } }

    private func serve() {
        var clients: [Int32] = []
        while !state.withLock({ $0.isStopping }) {
            var polled = ([mapping, ssdp, web] + clients).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if manner == .endlessDescription {
                for index in polled.indices.dropFirst(3) { polled[index].events |= Int16(POLLOUT) }
            }
            guard poll(&polled, nfds_t(polled.count), 100) > 0 else { continue }
            answer(mapping) { self.mappingAnswer(to: $0) }
            answer(ssdp) { self.searchAnswer(to: $0) }
            for entry in polled.dropFirst(3) where entry.revents != 0 && !talk(entry.fd) {
                close(entry.fd)
                clients.removeAll { $0 == entry.fd }
            }
            let client = accept(web, nil, nil)
            guard client >= 0 else { continue }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            clients.append(client)
        }
        for descriptor in [mapping, ssdp, web] + clients { close(descriptor) }
    }

    private func answer(_ descriptor: Int32, _ reply: ([UInt8]) -> [UInt8]?) {
        var buffer = [UInt8](repeating: 0, count: 1500)
        var source = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &source) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let count = recvfrom(descriptor, &buffer, buffer.count, 0, address, &length)
                guard count > 0, let answer = reply(Array(buffer[..<count])) else { return }
                sendto(descriptor, answer, answer.count, 0, address, length)
            }
        }
    }
}

// MARK: PCP and NAT-PMP

extension BrokenGateway {
    private func mappingAnswer(to request: [UInt8]) -> [UInt8]? {
        if request.first == 2, request.count == 60 { return pcpAnswer(to: request) }
        guard request.first == 0, request.count >= 2 else { return nil }
        guard request.count == 12 else {
            note("nat-pmp address")
            return natPMP(128, [203, 0, 113, 10])
        }
        let lifetime = Array(request[8..<12])
        note(lifetime == [0, 0, 0, 0] ? "nat-pmp remove" : "nat-pmp map")
        let port = manner == .wrongPort ? [0, 22] : Array(request[4..<6])
        return natPMP(129, port + request[6..<8] + (manner == .noLease ? [0, 0, 0, 0] : lifetime))
    }

    private func natPMP(_ operation: UInt8, _ body: [UInt8]) -> [UInt8]? {
        switch manner {
        case .silence, .redirection, .endlessDescription, .elsewhere, .foreignControl: nil
        case .garbage: (0..<Int.random(in: 1...60)).map { _ in .random(in: 0...255) }
        case .dead, .wrongPort, .noLease: [0, operation, 0, 0] + epoch + body
        }
    }

    private func pcpAnswer(to request: [UInt8]) -> [UInt8]? {
        note(request[4..<8].allSatisfy { $0 == 0 } ? "pcp remove" : "pcp map")
        var answer = request
        answer[1] |= 0x80
        answer.replaceSubrange(8..<24, with: epoch + [UInt8](repeating: 0, count: 12))
        switch manner {
        case .silence, .redirection, .endlessDescription, .elsewhere, .foreignControl: return nil
        case .garbage: return (0..<Int.random(in: 1...60)).map { _ in .random(in: 0...255) }
        case .wrongPort: answer.replaceSubrange(40..<42, with: [0, 22])
        case .noLease: answer.replaceSubrange(4..<8, with: [0, 0, 0, 0])
        case .dead: break
        }
        return answer
    }

    private var epoch: [UInt8] {
        let seconds = UInt32(MonotonicSeconds.now)
        return withUnsafeBytes(of: seconds.bigEndian) { Array($0) }
    }

    private enum MonotonicSeconds {
        static var now: Int {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return time.tv_sec
        }
    }
}

// MARK: UPnP

extension BrokenGateway {
    private func searchAnswer(to request: [UInt8]) -> [UInt8]? {
        guard request.starts(with: Array("M-SEARCH".utf8)), manner != .silence else { return nil }
        if manner == .garbage { return (0..<400).map { _ in .random(in: 0...255) } }
        let host = manner == .elsewhere ? Network.serviceAddresses[0] : "192.168.1.1"
        return Array(
            """
            HTTP/1.1 200 OK\r
            CACHE-CONTROL: max-age=120\r
            ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r
            USN: uuid:1::urn:schemas-upnp-org:device:InternetGatewayDevice:1\r
            EXT:\r
            LOCATION: http://\(host):5000/rootDesc.xml\r
            \r

            """.utf8)
    }

    /// Returns whether the connection stays.
    private func talk(_ client: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(client, &buffer, buffer.count, 0)
        if count > 0 { note("http " + String(decoding: buffer.prefix { $0 != 0x20 }, as: UTF8.self)) }
        switch manner {
        case .endlessDescription:
            if count > 0 { return send("HTTP/1.1 200 OK\r\n\r\n<root>", to: client) }
            return count != 0 && send(String(repeating: "<device>", count: 4096), to: client)
        case .redirection where count > 0:
            let other = "http://192.168.1.1:5000/\(Int.random(in: 0...1_000_000)).xml"
            _ = send("HTTP/1.1 302 Found\r\nLocation: \(other)\r\nContent-Length: 0\r\n\r\n", to: client)
            return false
        case .foreignControl where count > 0:
            let text = Self.description(controlledBy: "http://\(Network.serviceAddresses[0]):5000/control")
            _ = send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)", to: client)
            return false
        case .silence, .garbage, .dead, .wrongPort, .noLease, .elsewhere, .redirection, .foreignControl:
            // No description: the connection ends.
            return false
        }
    }

    /// WANIPConnection:1 and what leads to it, as libminiupnpc wants to see it.
    private static func description(controlledBy url: String) -> String {
        """
        <?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
        <deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><deviceList><device>
        <deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><serviceList><service>
        <serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType>
        <controlURL>/common</controlURL></service></serviceList><deviceList><device>
        <deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><serviceList><service>
        <serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>
        <controlURL>\(url)</controlURL></service></serviceList></device></deviceList></device></deviceList>
        </device></root>
        """
    }

    private func send(_ text: String, to client: Int32) -> Bool {
        Glibc.send(client, text, text.utf8.count, Int32(MSG_NOSIGNAL)) >= 0 || errno == EAGAIN
    }
}
