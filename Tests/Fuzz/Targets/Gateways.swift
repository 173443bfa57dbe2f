import PinholeWire

@testable import Pinhole

extension FuzzTarget {
    /// What routers say of the ports that they forward.
    static let gateways: [FuzzTarget] = [pcpAnswers, igdAnswers]

    private static let pcpAnswers = FuzzTarget(
        name: "pcp-answers", maxLength: 1200,
        samples: {
            let header: [UInt8] = [0, 0, 0x1c, 0x20, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 12)
            let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 203, 0, 113, 10]
            let map: [UInt8] = Array(1...12) + [17, 0, 0, 0, 0x9c, 0x40, 0xc3, 0x50] + mapped
            return [[2, 0x81, 0, 0] + header + map, [2, 0x81, 0, 8] + header + map, [2, 0x80, 0, 0] + header]
        }
    ) { bytes in
        guard let response = try? PCPResponse(bytes.span) else { return }
        must(bytes.count <= PCP.maxSize && bytes.count % 4 == 0, "\(bytes.count) bytes of an answer")
        switch response.body {
        case .announce: must(bytes[1] == 0x80, "an announcement that is none")
        case .map(let map):
            must(bytes.count >= PCP.headerSize + PCP.mapSize, "a mapping that is cut off")
            must(map.externalPort == UInt16(bytes[42]) << 8 | UInt16(bytes[43]), "another port")
        }
    }

    /// By way of the process that asks for them.
    private static let igdAnswers = FuzzTarget(
        name: "igd-answers", maxLength: 4096,
        samples: {
            let answers: [[String]] = [
                ["0", "http://192.168.1.1:5000/ctl", "urn:WANIPConnection:1"],
                ["0", "3600", "192.168.1.10", "40000"], ["0"], ["718"],
            ]
            return answers.map { $0.flatMap { Array($0.utf8) + [0] } }
        }
    ) { bytes in
        let service = IGDService(controlURL: "http://192.168.1.1/ctl", serviceType: "urn:WANIPConnection:1")
        let requests: [IGDRequest] = [
            .find, .add(service, externalPort: 40_000, lease: 3600), .remove(service, externalPort: 40_000),
        ]
        for request in requests {
            switch (IGDAnswer(bytes, to: request), request) {
            case (.found, .find), (.added, .add), (.removed, .remove):
                must(bytes.contains(0), "an answer without an end")
            case (.failed(let status), _): must(status != 0, "a failure without a reason")
            case (.found, _), (.added, _), (.removed, _): must(false, "an answer to something else")
            }
        }
    }
}
