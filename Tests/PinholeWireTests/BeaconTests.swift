import PinholeWire
import Testing

struct BeaconTests {
    @Test("beacons come back as they were, and nothing else parses")
    func codec() throws {
        let codec = Codec.beacon
        codec.roundTrips()
        for sample in codec.samples {
            let bytes = codec.encode(sample)
            for count in bytes.indices where (count - 18) % 8 != 0 || count < 26 {
                #expect(throws: WireError.malformed) { try codec.decode(Array(bytes.prefix(count))) }
            }
        }
        let bytes = codec.encode(codec.samples[0])
        #expect(throws: WireError.malformed) { try codec.decode([0xc3] + bytes.dropFirst()) }
        #expect(throws: WireError.malformed) { try codec.decode([0xc4, 2] + bytes.dropFirst(2)) }
        let most = codec.encode(codec.samples[2])
        #expect(most.count <= Limits.maxDatagramSize)
        #expect(throws: WireError.malformed) { try codec.decode(most + .init(repeating: 0, count: 8)) }
    }

    @Test("the length tells little about the number of contacts")  // [LAN-2]
    func padding() {
        for (count, padded) in [(0, 8), (1, 8), (8, 8), (9, 16), (17, 32), (33, 64), (65, 128), (128, 128)] {
            #expect(Beacon.paddedCount(count) == padded)
        }
    }

    @Test("beacons go to groups that no router passes on")  // [LAN-6]
    func groups() {
        #expect(Beacon.group(.v4).description == "239.255.80.72:41410")
        #expect(Beacon.group(.v6).description == "[ff12::5048]:41410")
        #expect(Beacon.group4.isMulticast && Beacon.group6.isMulticast)
        #expect(DatagramKind([0xc4, 1].span) == .beacon)
    }
}
